"""What onboarding keeps of an approved company's progress.

Access patterns
---------------
1. the communities of a company      Query     pk = platform#opened#{company}, sk = {community}
2. what somebody has reached         BatchGet  pk = platform#reached#{person, company or
                                               community}, sk = {milestone}
3. something was reached             Put       the keys of 1 and 2; it stays so

Events come in any order, so each is kept by itself and they meet when they are read.
"""

from __future__ import annotations

from chalicelib.onboarding.guidance.progress import Milestone
from shared.table import Record, Refused, page

MAX_COMMUNITIES = 20
"""A company that has opened more needs no guidance."""


class _Mark(Record):
    pass


def keep_opened(company_id: str, community_id: str) -> None:
    """Keep that a company opened a community; told twice changes nothing."""
    _keep(_Mark(f"platform#opened#{company_id}", community_id))


def keep_reached(whose: str, milestone: Milestone) -> None:
    """Keep that a person, a company or a community has reached a milestone."""
    _keep(_Mark(*_key(whose, milestone)))


def reached(person_id: str, company_id: str) -> set[Milestone]:
    """What a company has reached, its administrator's account included; two calls."""
    opened = page(_Mark, f"platform#opened#{company_id}", limit=MAX_COMMUNITIES, cursor=None)
    communities = [mark.sk for mark in opened.items]
    keys = [
        _key(person_id, Milestone.ACCOUNT),
        *(_key(one, Milestone.STAFF) for one in (company_id, *communities)),
        *(_key(one, Milestone.REGISTER) for one in communities),
    ]
    found = {Milestone(mark.sk) for mark in _Mark.batch_get(keys)}
    return found | ({Milestone.COMMUNITY} if communities else set())


def _keep(mark: _Mark) -> None:
    try:
        mark.put()
    except Refused as refused:
        if refused.stored is None:
            raise


def _key(whose: str, milestone: Milestone) -> tuple[str, str]:
    return f"platform#reached#{whose}", milestone.value
