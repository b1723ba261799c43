"""What is done with households: load, decide, save."""

from __future__ import annotations

from datetime import datetime

from chalicelib.community import permissions, standing
from chalicelib.community.holdings import changing
from chalicelib.community.holdings import store as holdings
from chalicelib.community.households import rules, shapes
from chalicelib.community.register import store as register_store
from chalicelib.community.rules import Holding, Standing, check_binding, check_scope
from chalicelib.community.store import get_communities
from shared import grants, ids
from shared.auth import RESIDENTS, Caller, Grant, Level, Role, level_of
from shared.errors import Conflict, NotFound, invalid
from shared.table import Page


def bind_resident(
    caller: Caller, room_id: str, wanted: shapes.BindResident, now: datetime
) -> Holding:
    """Bind a resident to a room that the register knows (RA-31); twice changes nothing."""
    scope = ids.room_scope(room_id)
    caller.require(scope)
    if not register_store.room_exists(scope):
        raise NotFound
    return _bind(
        caller, scope, wanted, standing.basis(caller.grants, permissions.BINDERS, scope), now
    )


def add_member(caller: Caller, room_id: str, wanted: shapes.AddMember, now: datetime) -> Holding:
    """Bind somebody to one's own room (RA-32), as its owner by the table's own word."""
    scope = ids.room_scope(room_id)
    caller.require(scope)
    return _bind(caller, scope, wanted, (Grant(Role.OWNER, scope),), now)


def _bind(
    caller: Caller,
    scope: str,
    wanted: shapes.BindResident | shapes.AddMember,
    basis: tuple[Grant, ...],
    now: datetime,
) -> Holding:
    person_id, role = wanted.person_id, Role(wanted.relation)
    holding = rules.bound(person_id, role, scope, wanted.until, caller.person_id, now)
    check_binding(caller.person_id, holding)
    try:
        return changing.begin(holding, basis)
    except holdings.Full as full:
        raise Conflict("too_many_residents", limit=rules.MAX_RESIDENTS) from full


def switch_rights(
    caller: Caller, room_id: str, person_id: str, wanted: shapes.SwitchRights, now: datetime
) -> Holding:
    """Leave somebody in one's own room exactly these rights; felt within the minute."""
    scope = ids.room_scope(room_id)
    caller.require(scope)
    holding = changing.holding_of(person_id, Role(wanted.relation), scope)
    on = shapes.switched_on(wanted.rights)
    change = rules.switch(holding, on, caller.person_id, now)
    return holding if change is None else changing.save([change], (Grant(Role.OWNER, scope),))


def unbind_resident(
    caller: Caller, room_id: str, wanted: shapes.UnbindResident, now: datetime
) -> Holding:
    """End a binding, and the rights with it, in one transaction."""
    scope, role = ids.room_scope(room_id), Role(wanted.relation)
    caller.require(scope)
    holding = changing.holding_of(wanted.person_id, role, scope)
    basis = _may_end(caller, holding, now)
    try:
        return changing.leave(holding, caller.person_id, now, wanted.reason, basis)
    except Conflict:
        if caller.person_id == holding.person_id:
            # The write takes this very right away, and cannot rely on it as well.
            grants.require_held(holding.person_id, (holding.grant,))
        raise


def _may_end(caller: Caller, holding: Holding, now: datetime) -> tuple[Grant, ...]:
    """The stored grants by which the caller may end a binding.

    Raises
    ------
    NotFound
        They may not.
    """
    roles = caller.roles_on(holding.scope)
    if roles & permissions.BINDERS:
        return standing.basis(caller.grants, permissions.BINDERS, holding.scope)
    if caller.person_id == holding.person_id:
        lapsed = holding.standing is Standing.ACTIVE and not holding.holds(now)
        if lapsed and not (roles & RESIDENTS) - {holding.role}:
            # What has lapsed lets nobody in, whatever the gateway remembers; another right does.
            raise NotFound
        return ()
    if Role.OWNER in roles and rules.may_send_away(holding.role):
        return (Grant(Role.OWNER, holding.scope),)
    raise NotFound


def list_residents(
    caller: Caller, room_id: str, limit: int, cursor: str | None, now: datetime
) -> Page[Holding]:
    """Who is or was bound to a room; for its owner, who lives there now."""
    scope = ids.room_scope(room_id)
    caller.require(scope)
    if caller.roles_on(scope) & permissions.LIST_RESIDENTS.roles - RESIDENTS:
        return holdings.list_residents(scope, limit, cursor)
    return holdings.list_household(scope, limit, cursor, now)


def list_users(
    caller: Caller, community_id: str, building: str | None, limit: int, cursor: str | None
) -> Page[rules.AppUser]:
    """A page of those who live in a community, or in one building of it, by room (PJ-27)."""
    scope = ids.community_of(community_id, "com")
    if building is not None:
        scope = check_scope(f"{scope}/{building}", "query:building")
        if level_of(scope) is not Level.BUILDING:
            raise invalid("query:building", "not_a_scope")
    caller.require(scope)
    return holdings.list_users(scope, limit, cursor)


def list_homes(caller: Caller, now: datetime) -> list[rules.Home]:
    """The caller's homes by the table's own word, with the names of their communities."""
    stored = grants.held_by(caller.own(), consistent=True)
    held = [one for one in stored if one.grant.role in RESIDENTS and one.holds(now)]
    community_ids = sorted({one.grant.scope.split("/")[0] for one in held})
    names = {one.id: one.name for one in get_communities(community_ids).values()}
    return [
        rules.Home(one.grant, one.until, names.get(one.grant.scope.split("/")[0])) for one in held
    ]
