"""What is kept of claims.

Access patterns
---------------
1. one claim                         Get    pk = {community}#claim#{claim}
2. claims that wait, a page          Query  by_waiting: {community}#claims#waiting, below a scope
3. what a person claimed of late     Get    pk = platform#claimant#{person}
4. how often a phone claimed         (3)    pk = platform#quotas#{hash}, sk = claims#{day}

A claim changes in one transaction with its claimant, and with the binding that it becomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from chalicelib.community.claims.rules import Claim, Claimant, State
from chalicelib.community.holdings import store as holdings
from chalicelib.community.rules import Change
from shared import events, grants, ids, quotas
from shared.auth import PLATFORM, Grant, Role
from shared.quotas import Quota
from shared.table import Page, Record, Refused, page

_SHOWN = ["id", "room_id", "person_id", "role", "state", "claimed_at", "by", "at", "reason"]


class _ByWaiting(GlobalSecondaryIndex["_Claim"]):  # type: ignore[no-untyped-call]  # untyped upstream
    class Meta:
        index_name = "by_waiting"
        projection = IncludeProjection(_SHOWN)

    waiting_key = UnicodeAttribute(hash_key=True)
    waiting_place = UnicodeAttribute(range_key=True)


class _Claim(Record):
    id = UnicodeAttribute()
    room_id = UnicodeAttribute()
    person_id = UnicodeAttribute()
    role = UnicodeAttribute()
    state = UnicodeAttribute()
    claimed_at = UTCDateTimeAttribute()
    by = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    reason = UnicodeAttribute()
    waiting_key = UnicodeAttribute(null=True)
    waiting_place = UnicodeAttribute(null=True)

    by_waiting = _ByWaiting()


class _Claimant(Record):
    open = UnicodeAttribute()
    day = UnicodeAttribute()
    today = NumberAttribute()


def get_claim(claim_id: str) -> Claim | None:
    """One claim."""
    item = _Claim.find(*_key(claim_id))
    return _to_claim(item) if item else None


def list_waiting(scope: str, limit: int, cursor: str | None) -> Page[Claim]:
    """A page of the claims on rooms of a community, a building or a unit that wait, by room."""
    found = page(
        _Claim,
        _waiting_key(scope),
        limit=limit,
        cursor=cursor,
        index=_Claim.by_waiting,
        range_condition=_ByWaiting.waiting_place.startswith(f"{scope}/"),
    )
    return Page(tuple(_to_claim(item) for item in found.items), found.next_cursor)


def get_claimant(person_id: str) -> Claimant:
    """What somebody has claimed of late."""
    item = _Claimant.find(_claimant_key(person_id), "claimant")
    if item is None:
        return Claimant(person_id)
    return Claimant(
        person_id,
        open=msgspec.json.decode(item.open, type=dict[str, str]),
        day=date.fromisoformat(item.day),
        today=int(item.today),
        version=item.version,
    )


def save_claim(
    claim: Claim,
    claimant: Claimant,
    announcing: events.Event,
    basis: Sequence[Grant] = (),
    limits: Sequence[Quota] = (),
    binding: tuple[Change, events.Event] | None = None,
    company_id: str = "",
) -> bool:
    """Store a claim's step, its claimant, quotas and the binding it becomes, all or nothing.

    False where somebody was faster with one of them.

    Parameters
    ----------
    basis
        The grants that whoever takes the step must still have at the moment of the write.
    limits
        What a new claim is counted against.
    binding
        What a confirmed claim makes of the claimant, if they are not bound already.

    Raises
    ------
    NotFound
        One of these was taken away since the authorizer saw it; nothing is stored.
    Limited
        The code of the first quota that is used up.
    Full
        The room has as many residents as it may have.
    """
    try:
        with grants.relying_on(claim.by, basis) as transaction:
            transaction.put(_claim_item(claim, announcing))
            transaction.put(_claimant_item(claimant))
            quotas.spend(transaction, PLATFORM, limits)
            holdings.add_changes(transaction, [binding] if binding else [], company_id)
    except Refused as refused:
        holdings.check_room(refused)
        if refused.stored is not None:
            quotas.refuse_spent(refused.stored, limits)
        return False
    return True


def _key(claim_id: str) -> tuple[str, str]:
    return f"{ids.community_of(claim_id, 'clm')}#claim#{claim_id}", "claim"


def _waiting_key(scope: str) -> str:
    return f"{scope.split('/')[0]}#claims#waiting"


def _claimant_key(person_id: str) -> str:
    return f"platform#claimant#{person_id}"


def _claim_item(claim: Claim, announcing: events.Event) -> _Claim:
    waits = claim.state is State.PENDING
    item = _Claim(
        *_key(claim.id),
        id=claim.id,
        room_id=ids.room_id(*claim.scope.split("/")),
        person_id=claim.person_id,
        role=claim.role.value,
        state=claim.state.value,
        claimed_at=claim.claimed_at,
        by=claim.by,
        at=claim.at,
        reason=claim.reason,
        waiting_key=_waiting_key(claim.scope) if waits else None,
        waiting_place=f"{claim.scope}#{claim.id}" if waits else None,
        version=claim.version,
    )
    item.announce(claim.outbox, announcing)
    return item


def _claimant_item(claimant: Claimant) -> _Claimant:
    assert claimant.day is not None  # a claim was made on it
    return _Claimant(
        _claimant_key(claimant.person_id),
        "claimant",
        open=msgspec.json.encode(claimant.open).decode(),
        day=claimant.day.isoformat(),
        today=claimant.today,
        version=claimant.version,
    )


def _to_claim(item: _Claim) -> Claim:
    return Claim(
        id=item.id,
        scope=ids.room_scope(item.room_id),
        person_id=item.person_id,
        role=Role(item.role),
        state=State(item.state),
        claimed_at=item.claimed_at,
        by=item.by,
        at=item.at,
        reason=item.reason,
        version=item.version,
        outbox=item.outbox,
    )
