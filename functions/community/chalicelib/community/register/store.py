"""What the house register keeps of buildings and rooms; its imports stand in `imports`.

Access patterns
---------------
1. a community's buildings          Query  pk = {community}#buildings#all, sk = {building}
2. a building's state               Get    pk = {community}#building#{building}, sk = building
3. a building's rooms, a page       Query  the same partition, sk begins with room#
4. one room with its building       Get    2, then Get of sk = room#{unit}#{number}

A building changes as a whole, though it may have more rooms than one transaction takes:

- claim: the building takes the import's name, if nobody changed it since the dry run and the
  import is still on its way in: one that is finished, and told of again, begins nothing;
- stage: every changed room gets its `staged` body beside the one that holds, as long as the
  claim stands;
- flip: one transaction of the building, with its event, and its row in the list of buildings;
  from here this import is the building's edition, and the bodies it staged count;
- fold: staged bodies become the rooms' own, and the building is free again.

A reader takes a room's staged body exactly if the building's edition staged it.  An import is the
edition once and never again, so rooms that were read between two sights of one edition are all of
that edition.  Each step can be repeated, and a crash between any two leaves the building all old
or all new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.community.register import imports
from chalicelib.community.register.model import Room, RoomKey
from chalicelib.community.register.rules import MAX_ROOMS_PER_BUILDING, Building, Phase
from shared import events, grants
from shared.auth import Grant
from shared.errors import Conflict, invalid
from shared.outbox import Outbox
from shared.table import MAX_LIMIT, Page, Record, Refused, Transaction, page

_CHUNK = 50
"""Rooms per transaction: a room is at most 4 KB, a transaction 4 MB and 100 items."""
_MAX_READS = 5
_MARK = "."
"""Between edition and position in the cursor of a list of rooms; it stands in neither."""


class _Building(Record):
    rooms = NumberAttribute()
    phase = UnicodeAttribute()
    import_id = UnicodeAttribute()
    edition = UnicodeAttribute(default="")


class _BuildingRow(Record):
    rooms = NumberAttribute()


class _Room(Record):
    body = UnicodeAttribute(null=True)
    staged = UnicodeAttribute(null=True)
    staged_by = UnicodeAttribute(null=True)


def list_buildings(community_id: str) -> list[Building]:
    """All buildings of a community (at most a few hundred), in the order of their names."""
    found, cursor = [], None
    while True:
        # Consistently: a dry run or an export that follows a commit must not miss its buildings.
        part = page(
            _BuildingRow,
            f"{community_id}#buildings#all",
            limit=MAX_LIMIT,
            cursor=cursor,
            consistent=True,
        )
        found += [Building(community_id, row.sk, int(row.rooms)) for row in part.items]
        cursor = part.next_cursor
        if cursor is None:
            return sorted(found, key=lambda building: (len(building.name), building.name))


def get_building(community_id: str, name: str) -> Building:
    """A building's state; one that is not there yet has version None."""
    item = _Building.find(_building_key(community_id, name), "building")
    if item is None:
        return Building(community_id, name)
    return Building(
        community_id,
        name,
        rooms=int(item.rooms),
        phase=Phase(item.phase),
        import_id=item.import_id,
        edition=item.edition,
        version=item.version,
        outbox=item.outbox,
    )


def list_rooms(
    community_id: str, name: str, limit: int, cursor: str | None
) -> tuple[Building, Page[tuple[Room, int]]] | None:
    """A page of a building's rooms with their versions, by unit and number.

    All pages of a list show one edition of the building, which the cursor names.  None where there
    is no such building.

    Raises
    ------
    Conflict
        `list_changed`: another edition came since the list was begun.
    Invalid
        The cursor is not one that this list gave out.
    """
    if cursor:
        edition, _, start = cursor.partition(_MARK)
        if not start:
            raise invalid("query:cursor", "bad_cursor")
    else:
        edition, start = get_building(community_id, name).edition, ""
    found = page(
        _Room,
        _building_key(community_id, name),
        limit=limit,
        cursor=start,
        range_condition=_Room.sk.startswith("room#"),
        consistent=True,
    )
    building = get_building(community_id, name)
    if not building.rooms:
        # It is not there, or nothing but claimed by its first import.
        return None
    if building.edition != edition:
        raise Conflict("list_changed")
    rooms = [(_effective(item, building), _version(item, building)) for item in found.items]
    return building, Page(
        tuple((room, version) for room, version in rooms if room is not None),
        f"{edition}{_MARK}{found.next_cursor}" if found.next_cursor else None,
    )


def whole_building(community_id: str, name: str) -> tuple[Building, dict[RoomKey, Room]] | None:
    """A building and every room of it at one moment, for a dry run or an export.

    None where the building kept changing under the reader.
    """
    building = get_building(community_id, name)
    for _ in range(_MAX_READS):
        found = [_effective(item, building) for item in _room_items(building)]
        after = get_building(community_id, name)
        if after == building:
            return building, {room.key: room for room in found if room is not None}
        building = after
    return None


def get_room(room_scope: str) -> tuple[Building, Room, int, Outbox] | None:
    """One room with its building, its version and what it announced of late."""
    community_id, name, unit, number = room_scope.split("/")
    building = get_building(community_id, name)
    item = _Room.find(_building_key(community_id, name), _room_sort_key((name, unit, number)))
    room = _effective(item, building) if item else None
    if item is None or room is None:
        return None
    return building, room, _version(item, building), item.outbox


def room_exists(room_scope: str) -> bool:
    """Whether the register knows this room: one call, but for one that is new in a fold."""
    community_id, name, unit, number = room_scope.split("/")
    item = _Room.find(_building_key(community_id, name), _room_sort_key((name, unit, number)))
    if item is None:
        return False
    # A body of its own counts in every edition; one that is only staged may count or not.
    return item.body is not None or get_room(room_scope) is not None


def save_room(
    building: Building,
    room: Room,
    version: int,
    before: Outbox,
    announcing: events.Event,
    basis: Sequence[Grant],
) -> bool:
    """Store one corrected room and raise its building's version, so that a dry run notices.

    False where the room or its building changed first.

    Parameters
    ----------
    before
        What the room announced of late.
    basis
        The grants that the actor must still have at the moment of the write.

    Raises
    ------
    NotFound
        One of these was taken away since the authorizer saw it; nothing is stored.
    """
    item = _room_item(building, room.key, version)
    item.body = _encode(room)
    item.announce(before, announcing)
    try:
        with grants.relying_on(announcing.actor_id, basis) as transaction:
            transaction.put(item)
            transaction.put(_building_item(building))
    except Refused:
        return False
    return True


def claim_building(building: Building) -> Building | None:
    """Store a building's claim; None where it changed first.

    Raises
    ------
    Ended
        The import that claims it is finished: its event came again, or too late.
    """
    try:
        taking = imports.while_committing(building.community_id, building.import_id)
        with taking as transaction:
            transaction.put(_building_item(building))
    except Refused:
        return None
    return replace(building, version=(building.version or 0) + 1)


def save_building(building: Building) -> Building | None:
    """Store that a building is free again; None where it changed first."""
    try:
        _building_item(building).put()
    except Refused:
        return None
    return replace(building, version=(building.version or 0) + 1)


def flip_building(building: Building, announcing: events.Event) -> Building | None:
    """Let the staged rooms count, with the event; None where the building changed first."""
    item = _building_item(building, announcing)
    row = _BuildingRow(f"{building.community_id}#buildings#all", building.name)
    try:
        with Transaction() as transaction:
            transaction.put(item)
            transaction.update(row, [_BuildingRow.rooms.set(building.rooms)])
    except Refused:
        return None
    return replace(building, version=(building.version or 0) + 1, outbox=item.outbox)


def stage_rooms(building: Building, rooms: Mapping[RoomKey, Room]) -> bool:
    """Set the new bodies of rooms beside those that hold; False where a room changed first.

    Rooms that are already staged as wanted are left alone, so a repeat writes only the rest.
    """
    stored = {item.sk: item for item in _room_items(building)}
    changed = []
    for key, room in rooms.items():
        item = stored.get(_room_sort_key(key)) or _room_item(building, key, None)
        body = _encode(room)
        if item.staged_by != building.import_id or item.staged != body:
            item.staged, item.staged_by = body, building.import_id
            changed.append(item)
    return _write(building, changed)


def fold_rooms(building: Building) -> bool:
    """Make the staged bodies of the building's import the rooms' own; False where one changed."""
    changed = [item for item in _room_items(building) if item.staged_by == building.import_id]
    for item in changed:
        item.body, item.staged, item.staged_by = item.staged, None, None
    return _write(building, changed)


def _building_key(community_id: str, name: str) -> str:
    return f"{community_id}#building#{name}"


def _room_sort_key(key: RoomKey) -> str:
    # By length first, so that rooms come floor by floor: 101, 201, 1001.  Padding would do that
    # too, but make 1, 01 and 0001 one room, for whoever writes the id of a room by hand.
    return "#".join(["room", *(f"{len(part):02}{part}" for part in key[1:])])


def _building_item(building: Building, announcing: events.Event | None = None) -> _Building:
    item = _Building(
        _building_key(building.community_id, building.name),
        "building",
        rooms=building.rooms,
        phase=building.phase.value,
        import_id=building.import_id,
        edition=building.edition,
        version=building.version,
    )
    item.announce(building.outbox, announcing)
    return item


def _room_item(building: Building, key: RoomKey, version: int | None) -> _Room:
    return _Room(
        _building_key(building.community_id, building.name), _room_sort_key(key), version=version
    )


def _room_items(building: Building) -> list[_Room]:
    """Every room item of a building, consistently: what is staged must not be missed."""
    results = _Room.query(
        _building_key(building.community_id, building.name),
        range_key_condition=_Room.sk.startswith("room#"),
        consistent_read=True,
        limit=MAX_ROOMS_PER_BUILDING + 1,
    )
    return list(results)


def _write(building: Building, items: list[_Room]) -> bool:
    """Store rooms while the building is as this step read it; False where it or a room is not.

    Without that, an import that lost its claim would stage over the rooms of the one that took it.
    """
    key = _building_key(building.community_id, building.name)
    try:
        for start in range(0, len(items), _CHUNK):
            with Transaction() as transaction:
                still = _Building.version == building.version
                transaction.require(_Building, key, "building", still)
                for item in items[start : start + _CHUNK]:
                    item.announce(item.outbox)
                    transaction.put(item)
    except Refused:
        return False
    return True


def _effective(item: _Room, building: Building) -> Room | None:
    body = item.staged if item.staged_by == building.edition else item.body
    return msgspec.json.decode(body, type=Room) if body else None


def _version(item: _Room, building: Building) -> int:
    """The version of a room whose staged body counts is the one that the fold will give it."""
    return int(item.version) + (item.staged_by == building.edition)


def _encode(room: Room) -> str:
    return msgspec.json.encode(room).decode()
