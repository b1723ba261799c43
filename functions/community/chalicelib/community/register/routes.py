"""The routes of the house register (房产台账): imports, buildings, rooms and exports."""

from __future__ import annotations

from chalicelib.community import permissions
from chalicelib.community.register import actions, fields, shapes
from shared.app import Routes
from shared.requests import Call, CommunityId, NoQuery, PageQuery, RoomId

routes = Routes()


@routes.endpoint(
    "POST",
    "/communities/{community_id}/imports",
    allows=permissions.IMPORT_REGISTER,
    takes=shapes.RequestImport,
    gives=shapes.OpenedImport,
    status=201,
    errors=["idempotency_key_reused", "stale_version"],
    keyed=True,
)
def request_import(
    call: Call[shapes.RequestImport, NoQuery], community_id: CommunityId
) -> shapes.OpenedImport:
    """Open an import of a house register file (房产台账) and get the form to post it with."""
    return shapes.opened(
        *actions.request_import(call.caller, community_id, call.body, call.key, call.now)
    )


@routes.endpoint(
    "GET",
    "/communities/{community_id}/imports",
    allows=permissions.IMPORT_REGISTER,
    query=PageQuery,
    gives=shapes.ImportPage,
)
def list_imports(call: Call[None, PageQuery], community_id: CommunityId) -> shapes.ImportPage:
    """List a community's imports, newest first."""
    found = actions.list_imports(call.caller, community_id, call.query.limit, call.query.cursor)
    return shapes.import_page(found, call.language)


@routes.endpoint(
    "GET",
    "/imports/{import_id}",
    allows=permissions.IMPORT_REGISTER,
    gives=shapes.Import,
)
def get_import(call: Call[None, NoQuery], import_id: fields.ImportId) -> shapes.Import:
    """Show an import: its dry run's totals, or what became of each building."""
    return shapes.imported(actions.get_import(call.caller, import_id), call.language)


@routes.endpoint(
    "GET",
    "/imports/{import_id}/rows",
    allows=permissions.IMPORT_REGISTER,
    query=shapes.RowQuery,
    gives=shapes.RowPage,
    errors=["no_dry_run"],
)
def list_import_rows(
    call: Call[None, shapes.RowQuery], import_id: fields.ImportId
) -> shapes.RowPage:
    """List what a dry run would do to each room."""
    return shapes.row_page(*actions.list_import_rows(call.caller, import_id, call.query))


@routes.endpoint(
    "GET",
    "/imports/{import_id}/findings",
    allows=permissions.IMPORT_REGISTER,
    query=shapes.FindingQuery,
    gives=shapes.FindingPage,
    errors=["no_dry_run"],
)
def list_import_findings(
    call: Call[None, shapes.FindingQuery], import_id: fields.ImportId
) -> shapes.FindingPage:
    """List what a dry run found wrong: sheet, row, column, reason."""
    return shapes.finding_page(
        *actions.list_import_findings(call.caller, import_id, call.query), call.language
    )


@routes.endpoint(
    "POST",
    "/imports/{import_id}/commit",
    allows=permissions.IMPORT_REGISTER,
    takes=shapes.CommitImport,
    gives=shapes.Import,
    status=202,
    errors=["stale_version", "not_in_this_state", "dry_run_expired", "nothing_to_commit"],
)
def commit_import(
    call: Call[shapes.CommitImport, NoQuery], import_id: fields.ImportId
) -> shapes.Import:
    """Apply the dry run that the caller has seen, building by building."""
    found = actions.commit_import(call.caller, import_id, call.body.version, call.now)
    return shapes.imported(found, call.language)


@routes.endpoint(
    "GET",
    "/communities/{community_id}/buildings",
    allows=permissions.VIEW_REGISTER,
    gives=shapes.BuildingList,
)
def list_buildings(call: Call[None, NoQuery], community_id: CommunityId) -> shapes.BuildingList:
    """List a community's buildings (楼栋)."""
    return shapes.building_list(actions.list_buildings(call.caller, community_id))


@routes.endpoint(
    "GET",
    "/communities/{community_id}/buildings/{building}/rooms",
    allows=permissions.VIEW_REGISTER,
    query=PageQuery,
    gives=shapes.RoomPage,
    errors=["list_changed"],
)
def list_rooms(
    call: Call[None, PageQuery], community_id: CommunityId, building: fields.BuildingName
) -> shapes.RoomPage:
    """List a building's rooms (房屋)."""
    query = call.query
    return shapes.room_page(
        *actions.list_rooms(call.caller, community_id, building, query.limit, query.cursor)
    )


@routes.endpoint("GET", "/rooms/{room_id}", allows=permissions.VIEW_REGISTER, gives=shapes.Room)
def get_room(call: Call[None, NoQuery], room_id: RoomId) -> shapes.Room:
    """Show a room, its owners masked."""
    return shapes.room(*actions.get_room(call.caller, room_id))


@routes.endpoint(
    "PATCH",
    "/rooms/{room_id}",
    allows=permissions.EDIT_ROOM,
    takes=shapes.EditRoom,
    gives=shapes.Room,
    errors=["stale_version", "building_busy"],
)
def edit_room(call: Call[shapes.EditRoom, NoQuery], room_id: RoomId) -> shapes.Room:
    """Correct a room's use, state, areas or note by hand."""
    return shapes.room(*actions.edit_room(call.caller, room_id, call.body, call.now))


@routes.endpoint(
    "POST",
    "/communities/{community_id}/exports",
    allows=permissions.EXPORT_REGISTER,
    takes=shapes.ExportRegister,
    gives=shapes.Export,
    status=201,
    errors=["building_busy", "idempotency_key_reused", "stale_version"],
    limits=["too_many_exports"],
    keyed=True,
)
def export_register(
    call: Call[shapes.ExportRegister, NoQuery], community_id: CommunityId
) -> shapes.Export:
    """Write the house register to a file in the form it came in."""
    url = actions.export_register(call.caller, community_id, call.body, call.key, call.now)
    return shapes.Export(url=url)
