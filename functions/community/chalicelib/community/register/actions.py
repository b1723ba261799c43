"""What the house register does: take a file in, show what it would change, apply it, export it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from chalicelib.community import standing
from chalicelib.community.register import exports, imports, report, rules, shapes, store
from chalicelib.community.register.exports import Export
from chalicelib.community.register.model import (
    MAX_FILE_BYTES,
    Finding,
    RegisterRefused,
    Room,
    RoomKey,
)
from chalicelib.community.register.rules import Building, Import, Outcome, Step
from shared import events, files, ids
from shared.auth import Caller, Grant
from shared.errors import Conflict, NotFound
from shared.files import Upload
from shared.outbox import Outbox
from shared.table import Page

SOURCE = "community"
_EXPORT_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
UPLOAD_TYPE = "application/octet-stream"
"""The form fixes one type; what a file really is, its bytes say."""


def request_import(
    caller: Caller, community_id: str, wanted: shapes.RequestImport, key: str, now: datetime
) -> tuple[Import, Upload]:
    """Open an import and give a form to post its file with; the same key opens the same one."""
    caller.require(ids.community_of(community_id, "com"))
    request = ids.derived_id("req", community_id, caller.person_id, key)
    opened = Import(
        # By time, so that a list of imports shows the newest first.
        id=ids.new_id("imp", community_id, now),
        community_id=community_id,
        file_name=wanted.file_name,
        created_by=caller.person_id,
        created_at=now,
        expires_at=now + files.LINK_LIFETIME,
    )
    stored = imports.open_import(opened, request)
    if stored is None:
        raise Conflict("stale_version")
    if stored.file_name != wanted.file_name:
        raise Conflict("idempotency_key_reused")
    return stored, files.upload_form(_upload_key(stored.id), UPLOAD_TYPE, MAX_FILE_BYTES, now)


def get_import(caller: Caller, import_id: str) -> Import:
    """One import with its totals."""
    community_id = ids.community_of(import_id, "imp")
    caller.require(community_id)
    return _get_import(community_id, import_id)


def list_imports(caller: Caller, community_id: str, limit: int, cursor: str | None) -> Page[Import]:
    """A community's imports, newest first."""
    caller.require(ids.community_of(community_id, "com"))
    return imports.list_imports(community_id, limit, cursor)


def list_import_rows(
    caller: Caller, import_id: str, query: shapes.RowQuery
) -> tuple[list[report.RowReport], int | None]:
    """A page of what a dry run says of each row."""
    found = get_import(caller, import_id)
    rules.check_has_dry_run(found)
    return report.read_rows(found.dry_run_id, query.outcome, int(query.cursor), query.limit)


def list_import_findings(
    caller: Caller, import_id: str, query: shapes.FindingQuery
) -> tuple[list[Finding], int | None]:
    """A page of what a dry run found wrong in the file."""
    found = get_import(caller, import_id)
    rules.check_has_dry_run(found)
    return report.read_findings(found.dry_run_id, int(query.cursor), query.limit)


def read_register(notification: str, now: datetime) -> None:
    """Read an uploaded file and show what it would change; nothing of the register moves.

    A file that comes again, or that no import waits for, changes nothing.
    """
    for key in files.uploaded_keys(notification):
        import_id = key.rpartition("/")[2]
        community_id = ids.community_of(import_id, "imp")
        found = imports.get_import(community_id, import_id)
        if found is not None and found.state is rules.ImportState.AWAITING_FILE:
            _dry_run(found, key)
        # A file that nobody waits for holds owners' names and numbers all the same.
        files.delete(key)


def commit_import(caller: Caller, import_id: str, version: int, now: datetime) -> Import:
    """Apply a dry run that the caller has seen, building by building; twice changes nothing.

    It decides who owns what, so the caller's right is asked of the table.
    """
    found = get_import(caller, import_id)
    begun = rules.commit(found, version, now)
    if begun is None:
        return found
    event = events.happened(
        "RegisterImportCommitted",
        SOURCE,
        import_id,
        version + 1,
        at=now,
        community_id=found.community_id,
        actor_id=caller.person_id,
        data={
            "import_id": import_id,
            "tasks": [
                {
                    "import_id": import_id,
                    "building": plan.building,
                    "base_version": plan.base_version,
                    "dry_run_id": found.dry_run_id,
                    "actor_id": caller.person_id,
                }
                for plan in found.buildings
                if plan.outcome is Outcome.PENDING
            ],
        },
    )
    stored = imports.commit_import(begun, event, _basis(caller, found.community_id))
    if stored is None:
        raise Conflict("stale_version")
    return stored


def commit_building(task: shapes.BuildingTask, now: datetime) -> shapes.BuildingResult:
    """Bring an import into one building, all of its rooms or none; may be repeated at any point.

    Raises
    ------
    Busy
        A room or the building changed under this step; the step must be taken again.
    """
    community_id = ids.community_of(task.import_id, "imp")
    building = store.get_building(community_id, task.building)
    while True:
        step = rules.next_step(building, task.import_id, task.base_version)
        if step is Step.DONE:
            return shapes.BuildingResult(building=task.building, outcome=Outcome.COMMITTED)
        if step is Step.STALE:
            return shapes.BuildingResult(building=task.building, outcome=Outcome.STALE)
        try:
            building = _take(step, building, task, now)
        except imports.Ended:
            return shapes.BuildingResult(building=task.building, outcome=Outcome.STALE)


def finish_import(task: shapes.FinishTask, now: datetime) -> shapes.FinishedImport:
    """Write down what became of each building of an import."""
    community_id = ids.community_of(task.import_id, "imp")
    found = _get_import(community_id, task.import_id)
    outcomes = {r.building: _settled(r, community_id, task.import_id) for r in task.results}
    finished = rules.finish(found, outcomes)
    if finished is None:
        return shapes.FinishedImport(import_id=found.id, state=found.state)
    event = events.happened(
        "RegisterImportFinished",
        SOURCE,
        task.import_id,
        (found.version or 0) + 1,
        at=now,
        community_id=community_id,
        actor_id=found.created_by,
        data={"state": finished.state.value},
    )
    if imports.save_import(finished, event) is None:
        raise Busy
    return shapes.FinishedImport(import_id=found.id, state=finished.state)


def list_buildings(caller: Caller, community_id: str) -> list[Building]:
    """A community's buildings that the caller may see."""
    reach = caller.reach(ids.community_of(community_id, "com"))
    buildings = store.list_buildings(community_id)
    return [b for b in buildings if rules.within(f"{community_id}/{b.name}", reach)]


def list_rooms(
    caller: Caller, community_id: str, name: str, limit: int, cursor: str | None
) -> tuple[Building, Page[tuple[Room, int]]]:
    """A page of a building's rooms."""
    caller.require(f"{ids.community_of(community_id, 'com')}/{name}")
    # What no room's id could hold names no building, and makes no key either.
    ids.room_parts(ids.room_id(community_id, name, "0", "0"))
    found = store.list_rooms(community_id, name, limit, cursor)
    if found is None:
        raise NotFound
    return found


def get_room(caller: Caller, room_id: str) -> tuple[Building, Room, int]:
    """One room."""
    building, room, version, _ = _get_room(caller, room_id)
    return building, room, version


def edit_room(
    caller: Caller, room_id: str, wanted: shapes.EditRoom, now: datetime
) -> tuple[Building, Room, int]:
    """Correct one room by hand, if it is still the version that the caller saw.

    Charges go by what a room is and how large, so the caller's right is asked of the table.
    """
    building, room, version, before = _get_room(caller, room_id)
    edited = shapes.edited(room, wanted)
    if edited == room:
        return building, room, version
    if version != wanted.version:
        raise Conflict("stale_version")
    if building.phase is not rules.Phase.FREE:
        raise Conflict("building_busy")
    rules.check_areas(edited.built_area_dm2, edited.inner_area_dm2)
    event = events.happened(
        "RoomCorrected",
        SOURCE,
        room_id,
        version + 1,
        at=now,
        community_id=building.community_id,
        actor_id=caller.person_id,
    )
    basis = _basis(caller, f"{building.community_id}/{building.name}")
    if not store.save_room(building, edited, version, before, event, basis):
        raise Conflict("stale_version")
    return building, edited, version + 1


def export_register(
    caller: Caller, community_id: str, wanted: shapes.ExportRegister, key: str, now: datetime
) -> str:
    """Write a community's register to a file in the form it came in; a five-minute link to it."""
    # Only this function and `read_register` have the sheets layer.
    from chalicelib.community.register import export

    caller.require(ids.community_of(community_id, "com"))
    rooms: list[Room] = []
    for row in store.list_buildings(community_id):
        whole = store.whole_building(community_id, row.name)
        if whole is None:
            raise Conflict("building_busy")
        rooms += whole[1].values()
    export_id = ids.derived_id("exp", community_id, caller.person_id, key)
    made = Export(export_id, community_id, wanted.format, len(rooms), caller.person_id, now)
    # It has names and numbers in full: told before it is there, by a right that still stands.
    exports.note(made, _basis(caller, community_id))
    name = f"exports/{community_id}/{export_id}.{wanted.format}"
    body = export.to_xlsx(rooms) if wanted.format == "xlsx" else export.to_csv(rooms)
    files.write(name, body, _EXPORT_TYPES[wanted.format])
    return files.download_link(name, f"house-register-{community_id}.{wanted.format}")


def _basis(caller: Caller, scope: str) -> tuple[Grant, ...]:
    """The stored grants by which the caller may do this on a scope."""
    return standing.basis(caller.grants, caller.permission.roles, scope)


class Busy(Exception):
    """Somebody else changed this between our reading and our writing; take the step again."""


def _take(step: Step, building: Building, task: shapes.BuildingTask, now: datetime) -> Building:
    """The building after one step towards an import."""
    if step is Step.CLAIM:
        after = store.claim_building(rules.claim(building, task.import_id))
    elif step is Step.STAGE:
        wanted = report.read_building(task.dry_run_id, building.name)
        if not store.stage_rooms(building, wanted.by_key):
            raise Busy
        event = events.happened(
            "BuildingRegistered",
            SOURCE,
            f"{building.community_id}/{building.name}",
            (building.version or 0) + 1,
            at=now,
            community_id=building.community_id,
            actor_id=task.actor_id,
            data={
                "building": building.name,
                "rooms": wanted.rooms_after,
                "import_id": task.import_id,
            },
        )
        after = store.flip_building(rules.flip(building, wanted.rooms_after), event)
    else:
        if not store.fold_rooms(building):
            raise Busy
        after = store.save_building(rules.free(building))
    if after is None:
        raise Busy
    return after


def _settled(result: shapes.BuildingResult, community_id: str, import_id: str) -> Outcome:
    """What became of a building; one whose task gave up is not left claimed for ever.

    The table is the truth: rooms that count are committed, though the task did not live to say so.
    """
    if result.outcome is not Outcome.FAILED:
        return result.outcome
    building = store.get_building(community_id, result.building)
    if building.import_id != import_id:
        return Outcome.FAILED
    if building.phase is not rules.Phase.STAGING:
        return Outcome.COMMITTED
    if store.save_building(rules.release(building)) is None:
        raise Busy
    return Outcome.FAILED


def _dry_run(found: Import, key: str) -> None:
    # Only this function and `export_register` have the sheets layer.
    from chalicelib.community.register import dry_run, reading, sheet

    try:
        body = files.read(key, MAX_FILE_BYTES)
        if body is None:
            return
        read = reading.read_register(sheet.read_sheets(body))
        named = {row.building for row in read.rooms}
        if len(named) > rules.MAX_BUILDINGS:
            raise RegisterRefused("too_many_buildings", limit=rules.MAX_BUILDINGS)
        named.update(b.name for b in store.list_buildings(found.community_id))
        buildings, existing = _whole_buildings(found.community_id, sorted(named))
        dry_run_id = _dry_run_id(found, body, buildings)
        totals, plans = dry_run.write(dry_run_id, read, buildings, existing)
    except files.TooBig:
        _refuse(found, RegisterRefused("file_too_large", limit_mb=MAX_FILE_BYTES >> 20))
        return
    except RegisterRefused as refusal:
        _refuse(found, refusal)
        return
    if imports.save_import(rules.read(found, dry_run_id, totals, plans)) is None:
        raise Busy


def _dry_run_id(found: Import, body: bytes, buildings: Mapping[str, Building]) -> str:
    """The id of what this file would do to these buildings: read again, it is the same dry run."""
    seen = (f"{building.name} {building.version}" for building in buildings.values())
    return ids.derived_id("dry", found.community_id, found.id, sha256(body).hexdigest(), *seen)


def _whole_buildings(
    community_id: str, names: list[str]
) -> tuple[dict[str, Building], dict[str, dict[RoomKey, Room]]]:
    buildings, rooms = {}, {}
    for name in names:
        whole = store.whole_building(community_id, name)
        if whole is None:
            raise Busy
        buildings[name], rooms[name] = whole
    return buildings, rooms


def _refuse(found: Import, refusal: RegisterRefused) -> None:
    if imports.save_import(rules.refuse(found, refusal.code, refusal.params)) is None:
        raise Busy


def _get_room(caller: Caller, room_id: str) -> tuple[Building, Room, int, Outbox]:
    scope = ids.room_scope(room_id)
    caller.require(scope)
    found = store.get_room(scope)
    if found is None:
        raise NotFound
    return found


def _get_import(community_id: str, import_id: str) -> Import:
    found = imports.get_import(community_id, import_id)
    if found is None:
        raise NotFound
    return found


def _upload_key(import_id: str) -> str:
    return f"quarantine/{ids.community_of(import_id, 'imp')}/{import_id}"
