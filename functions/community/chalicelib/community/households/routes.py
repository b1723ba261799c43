"""The routes of households (家庭): who lives in a room, their rights, their homes."""

from __future__ import annotations

from chalicelib.community import permissions
from chalicelib.community.households import actions, shapes
from shared.app import Routes
from shared.auth import SIGNED_IN
from shared.requests import Call, CommunityId, NoQuery, PageQuery, PersonId, RoomId

routes = Routes()


@routes.endpoint(
    "POST",
    "/rooms/{room_id}/residents",
    allows=permissions.BIND_RESIDENT,
    takes=shapes.BindResident,
    gives=shapes.Resident,
    status=201,
    errors=["stale_version", "too_many_grants", "too_many_residents"],
)
def bind_resident(call: Call[shapes.BindResident, NoQuery], room_id: RoomId) -> shapes.Resident:
    """Bind a resident to a room (房屋信息绑定)."""
    found = actions.bind_resident(call.caller, room_id, call.body, call.now)
    return shapes.resident(found, call.now)


@routes.endpoint(
    "POST",
    "/rooms/{room_id}/departures",
    allows=permissions.END_BINDING,
    takes=shapes.UnbindResident,
    gives=shapes.Resident,
    errors=["stale_version"],
)
def unbind_resident(call: Call[shapes.UnbindResident, NoQuery], room_id: RoomId) -> shapes.Resident:
    """End a binding to a room: one's own, or that of somebody who moves out."""
    found = actions.unbind_resident(call.caller, room_id, call.body, call.now)
    return shapes.resident(found, call.now)


@routes.endpoint(
    "GET",
    "/rooms/{room_id}/residents",
    allows=permissions.LIST_RESIDENTS,
    query=PageQuery,
    gives=shapes.ResidentPage,
)
def list_residents(call: Call[None, PageQuery], room_id: RoomId) -> shapes.ResidentPage:
    """List who is or was bound to a room; its owner sees who lives there now."""
    query, now = call.query, call.now
    found = actions.list_residents(call.caller, room_id, query.limit, query.cursor, now)
    return shapes.resident_page(found, now)


@routes.endpoint(
    "GET",
    "/communities/{community_id}/residents",
    allows=permissions.LIST_USERS,
    query=shapes.UserQuery,
    gives=shapes.UserPage,
)
def list_users(call: Call[None, shapes.UserQuery], community_id: CommunityId) -> shapes.UserPage:
    """List who lives in a community or a building of it, by room (手机端用户管理)."""
    query = call.query
    found = actions.list_users(call.caller, community_id, query.building, query.limit, query.cursor)
    return shapes.user_page(found, call.now)


@routes.endpoint(
    "POST",
    "/rooms/{room_id}/members",
    allows=permissions.MANAGE_HOUSEHOLD,
    takes=shapes.AddMember,
    gives=shapes.Resident,
    status=201,
    errors=["stale_version", "too_many_grants", "too_many_residents"],
)
def add_member(call: Call[shapes.AddMember, NoQuery], room_id: RoomId) -> shapes.Resident:
    """Add a family member or a tenant to one's own home (家庭成员管理)."""
    found = actions.add_member(call.caller, room_id, call.body, call.now)
    return shapes.resident(found, call.now)


@routes.endpoint(
    "PUT",
    "/rooms/{room_id}/residents/{person_id}/rights",
    allows=permissions.MANAGE_HOUSEHOLD,
    takes=shapes.SwitchRights,
    gives=shapes.Resident,
    errors=["stale_version"],
)
def switch_rights(
    call: Call[shapes.SwitchRights, NoQuery], room_id: RoomId, person_id: PersonId
) -> shapes.Resident:
    """Switch what a family member or a tenant may do in one's own home."""
    found = actions.switch_rights(call.caller, room_id, person_id, call.body, call.now)
    return shapes.resident(found, call.now)


@routes.endpoint("GET", "/me/homes", allows=SIGNED_IN, gives=shapes.HomeList)
def list_homes(call: Call[None, NoQuery]) -> shapes.HomeList:
    """List one's own homes, as they are this very moment."""
    return shapes.home_list(actions.list_homes(call.caller, call.now))
