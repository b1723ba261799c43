"""Rows of one room into one room: co-owners if the rows agree, errors if they do not (D12)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from chalicelib.community.register.headings import HEADINGS, Field
from chalicelib.community.register.model import (
    Finding,
    Owner,
    Payer,
    Problem,
    RegisterRow,
    RoomKey,
    error,
    warning,
)
from chalicelib.community.register.people import busy_numbers, without_claims

MAX_CO_OWNERS = 10
_AGREEING = (
    Field.INNER_AREA,
    Field.FLOOR,
    Field.CODE,
    Field.USE,
    Field.STATE,
    Field.HANDED_OVER_ON,
    Field.BILLING_FROM,
)


def joined(rows: Iterable[RegisterRow]) -> tuple[tuple[RegisterRow, ...], tuple[Finding, ...]]:
    """One row per room, in the order of their first rows, with what was found in joining them.

    Rows of the same room with the same built-up area and different owners are co-owners (共有人);
    a different area, or any other disagreement, is an error in each of the rows. Source: D12.
    """
    groups: dict[RoomKey, list[RegisterRow]] = defaultdict(list)
    for row in rows:
        groups[row.key].append(row)
    rooms: list[RegisterRow] = []
    findings: list[Finding] = []
    for group in groups.values():
        room, repeated = _one_room(group)
        rooms.append(room)
        disagreement = _disagreement(group)
        if disagreement is None:
            findings.extend(_finding(row, Field.ROOM, warning("room_repeated")) for row in repeated)
        else:
            findings.extend(_finding(row, *disagreement) for row in group)
    return tuple(rooms), tuple(findings)


def settle_claims(
    rooms: Sequence[RegisterRow],
) -> tuple[tuple[RegisterRow, ...], tuple[Finding, ...]]:
    """The rooms, nobody able to claim by a phone that stands on more than five of them (D12)."""
    busy = busy_numbers((room.key, room.owners) for room in rooms)
    settled: list[RegisterRow] = []
    findings: list[Finding] = []
    for room in rooms:
        if any(phone.number in busy for owner in room.owners for phone in owner.phones):
            findings.append(_finding(room, Field.PHONES, warning("phone_on_many_rooms")))
        settled.append(replace(room, owners=without_claims(room.owners, busy)))
    return tuple(settled), tuple(findings)


def _disagreement(group: Sequence[RegisterRow]) -> tuple[Field, Problem] | None:
    if len({row.sheet for row in group}) > 1:
        return Field.ROOM, error("room_on_two_sheets")
    numbers = ", ".join(str(row.rows[0]) for row in group)
    if len({row.built_area_dm2 for row in group} - {None}) > 1:
        return Field.BUILT_AREA, error("room_areas_differ", rows=numbers)
    for field in _AGREEING:
        if len({getattr(row, field) for row in group} - {None}) > 1:
            return field, error("room_rows_disagree", rows=numbers)
    if {Payer.OWNER, Payer.DEVELOPER} <= {row.payer for row in group}:
        return Field.OWNER, error("room_rows_disagree", rows=numbers)
    if sum(len(row.owners) for row in group) > MAX_CO_OWNERS:
        return Field.OWNER, error("too_many_co_owners", limit=MAX_CO_OWNERS)
    return None


def _one_room(group: Sequence[RegisterRow]) -> tuple[RegisterRow, list[RegisterRow]]:
    """The room of a group, first stated value winning, and the rows that add no owner to it."""
    room, *others = group
    repeated: list[RegisterRow] = []
    for row in others:
        new = tuple(owner for owner in row.owners if not _is_among(owner, room.owners))
        if not new:
            repeated.append(row)
        room = replace(
            room,
            rows=room.rows + row.rows,
            owners=room.owners + new,
            payer=room.payer or row.payer,
            built_area_dm2=room.built_area_dm2 or row.built_area_dm2,
            note=_both(room.note, row.note),
            **{
                field: getattr(row, field) if getattr(room, field) is None else getattr(room, field)
                for field in _AGREEING
            },
        )
    return room, repeated


def same_person(one: Owner, other: Owner) -> bool:
    """Whether two entries name one person: the same name, and no two different identity numbers."""
    if one.name != other.name:
        return False
    return one.id_number is None or other.id_number is None or one.id_number == other.id_number


def _is_among(owner: Owner, owners: Iterable[Owner]) -> bool:
    return any(same_person(owner, other) for other in owners)


def _both(one: str | None, other: str | None) -> str | None:
    if one is None or other is None or one == other:
        return one or other
    return f"{one}；{other}"


def _finding(row: RegisterRow, field: Field, problem: Problem) -> Finding:
    return Finding(
        row.sheet,
        row.rows[0],
        HEADINGS[field],
        problem.severity,
        problem.code,
        problem.params,
        row.building,
    )
