"""How a holding begins, changes and ends: with its right, its event and its household, at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from chalicelib.community import rules
from chalicelib.community.holdings import store
from chalicelib.community.households.rules import Household, who_leaves_too
from chalicelib.community.lasting import last_day
from chalicelib.community.rules import Change, Holding, Step
from chalicelib.community.store import get_community
from shared import events, grants, ids
from shared.auth import RESIDENTS, Grant, Right, Role
from shared.errors import Conflict, NotFound
from shared.grants import Held

SOURCE = "community"
LAPSED = "lapsed"
"""Why a mandate ended, where its last day was over."""


def begin(wanted: Holding, basis: Sequence[Grant]) -> Holding:
    """Store that somebody holds a role; twice changes nothing.

    Parameters
    ----------
    basis
        The stored grants by which the giver may.

    Raises
    ------
    Conflict
        `too_many_grants`, or `stale_version` where somebody was faster.
    Full
        The room has as many residents as it may have.
    """
    previous = store.get_holding(wanted.person_id, wanted.role, wanted.scope)
    change = rules.begin(previous, wanted)
    if change is None:
        assert previous is not None  # without one it would begin
        return previous
    company_id = room_for_more(wanted) if change.step is Step.BEGINS else ""
    return save([change], basis, company_id)


def end_lapsed(wanted: Holding, held: Iterable[Held]) -> None:
    """Store that an officer's mandates for other firms ended, whose last day is over.

    Of an officer's grant there is one row, which such a mandate fills until somebody ends it.
    """
    officers = (one.grant for one in held if one.grant.role is wanted.role is Role.PROPERTY_OFFICER)
    keys = [(wanted.person_id, each.role, each.scope) for each in officers]
    for one in store.get_holdings([key for key in keys if key[2] != wanted.scope]):
        ended = rules.end(one, one.by, wanted.at, LAPSED, by_platform=one.by_platform)
        if ended is not None and not one.holds(wanted.at):
            # Nobody's right is asked: whoever gave it said then that it ends.
            save([ended], ())


def room_for_more(wanted: Holding) -> str:
    """The company in whose name a holding is given, if its person may hold more of it.

    Raises
    ------
    Conflict
        `too_many_grants`.
    """
    company_id = company_of(wanted.scope)
    held = grants.held_by(wanted.person_id)
    of_company = sum(one.company_id == company_id for one in held)
    rules.check_room_for_more(len(held), of_company)
    return company_id


def company_of(scope: str) -> str:
    """Whose a scope is: the company's, or the platform's own."""
    root = scope.split("/")[0]
    community = get_community(root) if root.startswith("com_") else None
    return community.company_id if community else root


def leave(
    previous: Holding,
    by: str,
    now: datetime,
    reason: str,
    basis: Sequence[Grant],
    *,
    by_platform: bool = False,
) -> Holding:
    """Store that somebody leaves a room, and with the last owner the family; twice is once."""
    change = rules.end(previous, by, now, reason, by_platform=by_platform)
    if change is None:
        return previous
    household = store.get_household(previous.scope)
    others = [(*one, previous.scope) for one in who_leaves_too(household, previous)]
    changes = [change]
    for one in store.get_holdings(others):
        ended = rules.end(one, by, now, reason, by_platform=by_platform)
        changes += [ended] if ended else []
    return save(changes, basis, household=household.after(changes))


def save(
    changes: Sequence[Change],
    basis: Sequence[Grant],
    company_id: str = "",
    household: Household | None = None,
) -> Holding:
    """Store changes and tell of them; the first holding as it is stored then.

    Raises
    ------
    Conflict
        `stale_version`: somebody was faster, and not with the same.
    """
    told = [(change, announcement(change)) for change in changes]
    holding = changes[0].holding
    if store.save_changes(told, basis, company_id, household):
        return holding
    stored = store.get_holding(holding.person_id, holding.role, holding.scope)
    if stored is None or (stored.standing, stored.off, stored.until, stored.mandate) != (
        *(holding.standing, holding.off, holding.until, holding.mandate),
    ):
        raise Conflict("stale_version")
    return stored


def announcement(change: Change) -> events.Event:
    """The event that tells of a change."""
    holding = change.holding
    data: dict[str, object] = {
        "person_id": holding.person_id,
        "role": holding.role.value,
        "scope": holding.scope,
        "name": holding.name,
    }
    until = last_day(holding.until)
    if holding.role in RESIDENTS:
        data["rights"] = [right.value for right in Right if right not in holding.off]
        data["until"] = until.isoformat() if until else None
    elif until is not None:
        data["until"] = until.isoformat()
    told = events.happened(
        change.told_as,
        SOURCE,
        ids.derived_platform_id("gra", holding.person_id, holding.role, holding.scope),
        (holding.version or 0) + 1,
        at=holding.at,
        community_id=holding.scope.split("/")[0],
        actor_id=holding.by,
        data=data,
    )
    if holding.role is Role.PROPERTY_OFFICER and holding.by == holding.person_id:
        # An officer resigns in their own name, not in that of the firm that they leave.
        return msgspec.structs.replace(told, for_id="")
    return told


def holding_of(person_id: str, role: Role, scope: str) -> Holding:
    """What somebody holds or held; NotFound if that is nothing."""
    found = store.get_holding(person_id, role, scope)
    if found is None:
        raise NotFound
    return found
