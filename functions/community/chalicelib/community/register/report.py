"""The dry run on file, as it is read: what an import says of each row, what a commit writes.

Three kinds of object under `imports/{community}/{dry run}/`: `rows.json` and `findings.json` for
people, owners masked, and `buildings/{building}.json` for the commit.  What is applied is read
from there, so it is what was shown.  A form may be posted twice, and a file be read twice at once:
what differs is written under another id, and the import names the one that counts.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from chalicelib.community.register.model import Finding, Kind, Room, RoomKey
from shared import files, ids

_MAX_REPORT_BYTES = 64 * 1024 * 1024
T = TypeVar("T")


class FieldChange(msgspec.Struct, frozen=True):
    """A field that gets another value, both as people read them."""

    field: str
    before: str | None
    after: str | None


class RowReport(msgspec.Struct, frozen=True):
    """What an import would do to one room, and where the file speaks of it."""

    sheet: str
    rows: tuple[int, ...]
    building: str
    unit: str
    number: str
    original: str
    outcome: Kind
    changes: tuple[FieldChange, ...]
    proposed_owners: tuple[str, ...]


class BuildingChanges(msgspec.Struct, frozen=True):
    """The rooms that a commit writes into one building, and how many it then has."""

    rooms: tuple[Room, ...]
    rooms_after: int

    @property
    def by_key(self) -> dict[RoomKey, Room]:
        """The rooms by their keys."""
        return {room.key: room for room in self.rooms}


def read_rows(
    dry_run_id: str, only: Kind | None, start: int, limit: int
) -> tuple[list[RowReport], int | None]:
    """Row reports from `start` on, of one kind or all; and where the next page starts."""
    rows = _read(dry_run_id, "rows", list[RowReport])
    return _slice([row for row in rows if only in (None, row.outcome)], start, limit)


def read_findings(dry_run_id: str, start: int, limit: int) -> tuple[list[Finding], int | None]:
    """Findings from `start` on, and where the next page starts."""
    return _slice(_read(dry_run_id, "findings", list[Finding]), start, limit)


def read_building(dry_run_id: str, name: str) -> BuildingChanges:
    """What the commit writes into a building."""
    return _read(dry_run_id, f"buildings/{name}", BuildingChanges)


def _slice(items: list[T], start: int, limit: int) -> tuple[list[T], int | None]:
    stop = start + limit
    return items[start:stop], stop if stop < len(items) else None


def key(dry_run_id: str, part: str) -> str:
    """Where a part of a dry run stands in the bucket."""
    return f"imports/{ids.community_of(dry_run_id, 'dry')}/{dry_run_id}/{part}.json"


def _read(dry_run_id: str, part: str, kind: type[T]) -> T:
    body = files.read(key(dry_run_id, part), _MAX_REPORT_BYTES)
    if body is None:
        # Which part is left out: the name of a building may be anything that a task said.
        raise LookupError(f"the dry run {dry_run_id} lacks a part")
    return msgspec.json.decode(body, type=kind)
