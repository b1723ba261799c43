"""What importing a register would do to each room: decided here, applied elsewhere (D12).

A blank cell never erases, an absent room is never deleted, and a new owner is only proposed: a
transfer has its own chain (PJ-19). Importing the same file twice finds everything unchanged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

import msgspec
from msgspec.structs import replace

from chalicelib.community.register.model import (
    Kind,
    Owner,
    Payer,
    RegisterRow,
    Room,
    RoomKey,
    State,
)
from chalicelib.community.register.people import busy_numbers, without_claims
from chalicelib.community.register.rooms import same_person

Value = str | int | date | tuple[Owner, ...] | None
_STATED = (
    "floor",
    "code",
    "use",
    "state",
    "built_area_dm2",
    "inner_area_dm2",
    "handed_over_on",
    "billing_from",
    "note",
)


class Change(msgspec.Struct, frozen=True):
    """A field that gets another value."""

    field: str
    old: Value
    new: Value


class Proposal(msgspec.Struct, frozen=True):
    """The owners a file names in place of the room's; nobody means the developer."""

    owners: tuple[Owner, ...]
    payer: Payer


class Outcome(msgspec.Struct, frozen=True):
    """What importing does to one room.

    `room` is the room after the commit: None only if a new one is blocked. `changes` are applied by
    the commit even where a transfer is proposed; the `proposal` never is. `row` is None if absent.
    """

    kind: Kind
    key: RoomKey
    row: RegisterRow | None
    room: Room | None
    changes: tuple[Change, ...] = ()
    proposal: Proposal | None = None


def plan_import(
    existing: Iterable[Room], rows: Sequence[RegisterRow], blocked: Collection[str] = ()
) -> tuple[Outcome, ...]:
    """The outcome of each row in the file's order, then the absent rooms of its buildings.

    Parameters
    ----------
    existing
        Every room of the community.
    rows, blocked
        `Reading.rooms` and `Reading.blocked_buildings`: nothing in a blocked building changes.

    Returns
    -------
    tuple[Outcome, ...]
        Rooms of buildings that the file does not name are not listed. Source: D12.
    """
    rooms = {room.key: room for room in existing}
    outcomes = [
        Outcome(Kind.BLOCKED, row.key, row, rooms.get(row.key))
        if row.building in blocked
        else _outcome(rooms.get(row.key), row)
        for row in rows
    ]
    busy = _busy_after(rooms, outcomes)
    settled = [_settled(outcome, rooms.get(outcome.key), busy) for outcome in outcomes]
    named = {row.building for row in rows}
    stated = {row.key for row in rows}
    absent = [
        Outcome(Kind.ABSENT, key, None, room)
        for key, room in rooms.items()
        if room.building in named and key not in stated
    ]
    return (*settled, *absent)


def counts(outcomes: Iterable[Outcome]) -> dict[Kind, int]:
    """How many rooms each kind of outcome has, every kind named."""
    found = Counter(outcome.kind for outcome in outcomes)
    return {kind: found[kind] for kind in Kind}


def _outcome(room: Room | None, row: RegisterRow) -> Outcome:
    if room is None:
        return Outcome(Kind.NEW, row.key, row, _new_room(row))
    after = replace(
        room,
        **{field: getattr(row, field) for field in _STATED if getattr(row, field) is not None},
    )
    if row.payer is None:
        return Outcome(Kind.UNCHANGED, row.key, row, after)
    if _same_people(room, row):
        return Outcome(
            Kind.UNCHANGED, row.key, row, replace(after, owners=_updated(room.owners, row.owners))
        )
    if not room.owners and room.payer is Payer.OWNER and row.owners:
        # Nobody was known: the owner is filled in, not replaced.
        return Outcome(Kind.UNCHANGED, row.key, row, replace(after, owners=row.owners))
    return Outcome(
        Kind.TRANSFER_PROPOSED, row.key, row, after, proposal=Proposal(row.owners, row.payer)
    )


def _new_room(row: RegisterRow) -> Room:
    unsold = row.state is State.UNSOLD and not row.owners
    return Room(
        building=row.building,
        unit=row.unit,
        floor=row.floor,
        number=row.number,
        original=row.original,
        code=row.code,
        use=row.use,
        state=row.state,
        built_area_dm2=row.built_area_dm2,
        inner_area_dm2=row.inner_area_dm2,
        owners=row.owners,
        payer=row.payer or (Payer.DEVELOPER if unsold else Payer.OWNER),
        handed_over_on=row.handed_over_on,
        billing_from=row.billing_from,
        note=row.note,
    )


def _same_people(room: Room, row: RegisterRow) -> bool:
    """Whether the row names the owners the room has, in any order."""
    if not row.owners:
        return not room.owners and room.payer is row.payer
    return len(room.owners) == len(row.owners) and all(
        sum(same_person(owner, other) for other in row.owners) == 1 for owner in room.owners
    )


def _updated(owners: tuple[Owner, ...], stated: tuple[Owner, ...]) -> tuple[Owner, ...]:
    """The owners with what the file adds: a blank number or phone erases nothing."""
    updated: list[Owner] = []
    for owner in owners:
        said = next(other for other in stated if same_person(owner, other))
        phones = said.phones or owner.phones
        updated.append(
            replace(
                owner,
                id_number=said.id_number or owner.id_number,
                phones=phones,
                may_claim=said.may_claim if said.phones else owner.may_claim,
            )
        )
    return tuple(updated)


def _busy_after(rooms: Mapping[RoomKey, Room], outcomes: Iterable[Outcome]) -> frozenset[str]:
    after = {key: room.owners for key, room in rooms.items()}
    after |= {outcome.key: outcome.room.owners for outcome in outcomes if outcome.room is not None}
    return busy_numbers(after.items())


def _settled(outcome: Outcome, before: Room | None, busy: Collection[str]) -> Outcome:
    """The outcome once it is known which phones stand on too many rooms to claim one."""
    if outcome.kind is Kind.BLOCKED or outcome.room is None:
        return outcome
    room = replace(outcome.room, owners=without_claims(outcome.room.owners, busy))
    proposal = outcome.proposal
    if proposal is not None:
        proposal = replace(proposal, owners=without_claims(proposal.owners, busy))
    if before is None:
        return replace(outcome, room=room)
    changes = _changes(before, room)
    kind = Kind.CHANGED if changes and outcome.kind is Kind.UNCHANGED else outcome.kind
    return replace(outcome, kind=kind, room=room, changes=changes, proposal=proposal)


def _changes(before: Room, after: Room) -> tuple[Change, ...]:
    return tuple(
        Change(field, getattr(before, field), getattr(after, field))
        for field in (*_STATED, "owners")
        if getattr(before, field) != getattr(after, field)
    )
