"""What onboarding keeps of applications.

Access patterns
---------------
1. one application                     Get       pk = platform#application#{id}, sk = application
2. a new application                   Transact  the same key, its credit code's:
                                                 pk = platform#codes#{code}, sk = application,
                                                 and its applicant's quota
3. a step of an application            Transact  the same key, on version and state, its credit
                                                 code's where that is taken or left, and the
                                                 reviewer's grant, which must still stand
4. what a person applied for           Query     by_applicant, newest first
5. applications that wait              Query     by_state, platform#open, longest wait first
6. applications that ended in a month  Query     by_state, platform#closed#{yyyy-mm}, newest first

A write carries its event; 4 to 6 read summaries that the indexes hold, never the applications.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pynamodb.attributes import UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from chalicelib.onboarding import trail
from chalicelib.onboarding.model import Application, Kind, State, Summary
from chalicelib.onboarding.rules import HOLDING, same_application
from shared import clock, events, grants, ids
from shared.auth import PLATFORM, Grant
from shared.errors import Conflict
from shared.quotas import Quota, put_within
from shared.table import Page, Record, Refused, Transaction, page

_SUMMARY = [
    *("id", "kind", "name", "credit_code", "state", "version"),
    *("applicant_id", "applied_at", "submitted_at", "reviewer_id", "ended_at"),
]
_OPEN = "platform#open"


class _ByApplicant(GlobalSecondaryIndex["_ApplicationItem"]):  # type: ignore[no-untyped-call]  # untyped upstream
    class Meta:
        index_name = "by_applicant"
        projection = IncludeProjection(_SUMMARY)

    applicant_key = UnicodeAttribute(hash_key=True)
    applied_at = UTCDateTimeAttribute(range_key=True)


class _ByState(GlobalSecondaryIndex["_ApplicationItem"]):  # type: ignore[no-untyped-call]  # untyped upstream
    class Meta:
        index_name = "by_state"
        projection = IncludeProjection(_SUMMARY)

    state_key = UnicodeAttribute(hash_key=True)
    listed_at = UTCDateTimeAttribute(range_key=True)


class _ApplicationItem(Record):
    id = UnicodeAttribute()
    kind = UnicodeAttribute()
    name = UnicodeAttribute()
    credit_code = UnicodeAttribute()
    state = UnicodeAttribute()
    applicant_id = UnicodeAttribute()
    applied_at = UTCDateTimeAttribute()
    submitted_at = UTCDateTimeAttribute()
    reviewer_id = UnicodeAttribute(null=True)
    ended_at = UTCDateTimeAttribute(null=True)
    qualification_ids = UnicodeAttribute()
    introduction = UnicodeAttribute()
    timeline = UnicodeAttribute()

    applicant_key = UnicodeAttribute()
    state_key = UnicodeAttribute()
    listed_at = UTCDateTimeAttribute()
    by_applicant = _ByApplicant()
    by_state = _ByState()


class _CodeItem(Record):
    application_id = UnicodeAttribute()


def add_application(
    application: Application, event: events.Event, quotas: Sequence[Quota]
) -> Application:
    """Store a new application, take its credit code and raise quotas, all or nothing.

    Returns
    -------
    Application
        The one that is stored now: for a request that comes again, what its first coming made.

    Raises
    ------
    Conflict
        `credit_code_taken`; `idempotency_key_reused`: the key made another one before; `busy`:
        other writes kept colliding with this one.
    Limited
        The code of the first quota that is used up.
    """
    items = _to_item(application, event), _code_item(application)
    stored = put_within(PLATFORM, quotas, *items)
    return application if stored is None else _met(application, stored)


def get_application(application_id: str) -> Application | None:
    """The application with this id, or None; NotFound if it is no application's id."""
    item = _ApplicationItem.find(*_key(application_id))
    return _to_application(item) if item else None


def save_application(
    application: Application, before: Application, event: events.Event, basis: Sequence[Grant] = ()
) -> None:
    """Store what one step made of `before`, if that is what is still stored.

    Parameters
    ----------
    basis
        The grants by which a reviewer takes the step; they must still stand.

    Raises
    ------
    NotFound
        One of these was taken away since the authorizer saw it; nothing is stored.
    Conflict
        `stale_version`: somebody else was faster.
    """
    try:
        with grants.relying_on(application.timeline[-1].actor_id, basis) as transaction:
            _put_step(transaction, application, before, event)
            if before.state in HOLDING and application.state not in HOLDING:
                transaction.delete_blind(_code_item(before))
    except Refused as refused:
        if not _stands(application):
            raise Conflict("stale_version") from refused


def save_resubmission(application: Application, before: Application, event: events.Event) -> None:
    """Store an application that is put right, and take its credit code, all or nothing.

    Raises
    ------
    Conflict
        `stale_version`: somebody else was faster; `credit_code_taken`: somebody else applied with
        the code meanwhile.
    """
    try:
        with Transaction() as transaction:
            _put_step(transaction, application, before, event)
            transaction.put(_code_item(application))
    except Refused as refused:
        if _stands(application):
            return
        if refused.stored is not None and refused.stored["pk"]["S"] == _code_key(application):
            raise Conflict("credit_code_taken") from refused
        raise Conflict("stale_version") from refused


def list_applied(person_id: str, limit: int, cursor: str | None) -> Page[Summary]:
    """What a person applied for, newest first."""
    index = _ApplicationItem.by_applicant
    return _list(index, _applicant_key(person_id), limit, cursor, newest=True)


def list_open(limit: int, cursor: str | None) -> Page[Summary]:
    """The applications that wait for a decision, the longest wait first."""
    return _list(_ApplicationItem.by_state, _OPEN, limit, cursor)


def list_closed(month: str, limit: int, cursor: str | None) -> Page[Summary]:
    """The applications that ended in a month (`2026-11`, in the estate's zone), newest first."""
    return _list(_ApplicationItem.by_state, f"platform#closed#{month}", limit, cursor, newest=True)


def _met(wanted: Application, stored: dict[str, Any]) -> Application:
    """The application that stands in the place of a new one, if it was the same request."""
    if stored["pk"]["S"] == _code_key(wanted):
        raise Conflict("credit_code_taken")
    known = _to_application(_ApplicationItem.from_raw_data(stored))
    if not same_application(known, wanted):
        raise Conflict("idempotency_key_reused")
    return known


def _put_step(
    transaction: Transaction, application: Application, before: Application, event: events.Event
) -> None:
    item = _to_item(application, event)
    item.version = before.version
    transaction.put(item, _ApplicationItem.state == before.state.value)


def _stands(application: Application) -> bool:
    """Whether this very step is stored already: the answer to it was lost."""
    stored = get_application(application.id)
    return stored is not None and stored.timeline == application.timeline


def _list(
    index: Any, pk: str, limit: int, cursor: str | None, newest: bool = False
) -> Page[Summary]:
    found = page(_ApplicationItem, pk, limit=limit, cursor=cursor, index=index, newest_first=newest)
    return Page(tuple(Summary(**_summary(item)) for item in found.items), found.next_cursor)


def _key(application_id: str) -> tuple[str, str]:
    return f"platform#application#{ids.check_platform_id(application_id, 'app')}", "application"


def _applicant_key(person_id: str) -> str:
    return f"platform#applicant#{person_id}"


def _code_key(application: Application) -> str:
    return f"platform#codes#{application.credit_code}"


def _code_item(application: Application) -> _CodeItem:
    return _CodeItem(_code_key(application), "application", application_id=application.id)


def _to_item(application: Application, event: events.Event) -> _ApplicationItem:
    if application.ended_at is None:
        state_key, listed_at = _OPEN, application.submitted_at
    else:
        month = clock.estate_date(application.ended_at).isoformat()[:7]
        state_key, listed_at = f"platform#closed#{month}", application.ended_at
    item = _ApplicationItem(
        *_key(application.id),
        id=application.id,
        kind=application.kind.value,
        name=application.name,
        credit_code=application.credit_code,
        state=application.state.value,
        applicant_id=application.applicant_id,
        applied_at=application.applied_at,
        submitted_at=application.submitted_at,
        reviewer_id=application.reviewer_id,
        ended_at=application.ended_at,
        qualification_ids=_json(list(application.qualification_ids)),
        introduction=application.introduction,
        timeline=_json([trail.to_plain(entry) for entry in application.timeline]),
        applicant_key=_applicant_key(application.applicant_id),
        state_key=state_key,
        listed_at=listed_at,
    )
    item.announce(application.outbox, event)
    return item


def _to_application(item: _ApplicationItem) -> Application:
    return Application(
        **_summary(item),
        qualification_ids=tuple(json.loads(item.qualification_ids)),
        introduction=item.introduction,
        timeline=tuple(trail.from_plain(plain) for plain in json.loads(item.timeline)),
        outbox=item.outbox,
    )


def _summary(item: _ApplicationItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": Kind(item.kind),
        "name": item.name,
        "credit_code": item.credit_code,
        "state": State(item.state),
        "applicant_id": item.applicant_id,
        "applied_at": item.applied_at,
        "submitted_at": item.submitted_at,
        "version": item.version,
        "reviewer_id": item.reviewer_id,
        "ended_at": item.ended_at,
    }


def _json(value: Any) -> str:
    # Chinese as it is: escaped it would take twice the write units.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
