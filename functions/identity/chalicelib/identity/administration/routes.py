"""The routes of user administration (用户管理)."""

from __future__ import annotations

from chalicelib.identity import permissions
from chalicelib.identity.administration import actions, shapes
from chalicelib.identity.administration.shapes import (
    Disclose,
    FindPersons,
    GiveCause,
    JoinedQuery,
    MergeInto,
)
from chalicelib.identity.persons.shapes import PersonLine, line
from shared.app import Routes
from shared.requests import Call, NoQuery, PersonId

routes = Routes()


@routes.endpoint(
    "GET",
    "/persons",
    allows=permissions.ADMINISTER_PEOPLE,
    query=JoinedQuery,
    gives=shapes.PersonPage,
)
def list_persons(call: Call[None, JoinedQuery]) -> shapes.PersonPage:
    """List who joined in a month, newest first."""
    query = call.query
    month = query.joined_in(call.now)
    return shapes.persons(actions.list_persons(call.caller, month, query.limit, query.cursor))


@routes.endpoint(
    "POST",
    "/persons/search",
    allows=permissions.ADMINISTER_PEOPLE,
    takes=FindPersons,
    gives=shapes.PersonsFound,
)
def find_persons(call: Call[FindPersons, NoQuery]) -> shapes.PersonsFound:
    """Find people by their phone or their name, exactly."""
    return shapes.found(actions.find_persons(call.caller, *call.body.sought()))


@routes.endpoint(
    "GET",
    "/persons/{person_id}",
    allows=permissions.ADMINISTER_PEOPLE,
    gives=shapes.ShownPerson,
)
def get_person(call: Call[None, NoQuery], person_id: PersonId) -> shapes.ShownPerson:
    """Show a person, masked."""
    return shapes.person(actions.get_person(call.caller, person_id))


@routes.endpoint(
    "POST",
    "/persons/{person_id}/freeze",
    allows=permissions.ADMINISTER_PEOPLE,
    takes=GiveCause,
    gives=PersonLine,
    errors=["stale_version", "busy"],
)
def freeze_person(call: Call[GiveCause, NoQuery], person_id: PersonId) -> PersonLine:
    """Freeze a person (冻结): no sign-in, and no right within a minute."""
    frozen = actions.freeze_person(call.caller, person_id, call.body.reason, call.now)
    return line(frozen)


@routes.endpoint(
    "POST",
    "/persons/{person_id}/unfreeze",
    allows=permissions.ADMINISTER_PEOPLE,
    takes=GiveCause,
    gives=PersonLine,
    errors=["stale_version", "busy"],
)
def unfreeze_person(call: Call[GiveCause, NoQuery], person_id: PersonId) -> PersonLine:
    """Lift a freeze (解冻)."""
    lifted = actions.unfreeze_person(call.caller, person_id, call.body.reason, call.now)
    return line(lifted)


@routes.endpoint(
    "POST",
    "/persons/{person_id}/merge",
    allows=permissions.MERGE_PEOPLE,
    takes=MergeInto,
    gives=PersonLine,
    errors=["merge_asked", "not_mergeable", "stale_version", "busy"],
)
def ask_merge(call: Call[MergeInto, NoQuery], person_id: PersonId) -> PersonLine:
    """Ask for a duplicate to be merged (合并) into a person; a second administrator agrees."""
    return line(actions.ask_merge(call.caller, person_id, call.body.into_id, call.now))


@routes.endpoint(
    "POST",
    "/persons/{person_id}/merge/approval",
    allows=permissions.MERGE_PEOPLE,
    takes=MergeInto,
    gives=PersonLine,
    errors=["no_such_merge", "second_person_needed", "not_mergeable", "stale_version", "busy"],
)
def approve_merge(call: Call[MergeInto, NoQuery], person_id: PersonId) -> PersonLine:
    """Agree to a merge that another administrator asked for."""
    return line(actions.approve_merge(call.caller, person_id, call.body.into_id, call.now))


@routes.endpoint(
    "POST",
    "/persons/{person_id}/erasure",
    allows=permissions.ADMINISTER_PEOPLE,
    takes=GiveCause,
    gives=PersonLine,
    errors=["wards_first", "stale_version", "busy"],
)
def erase_person(call: Call[GiveCause, NoQuery], person_id: PersonId) -> PersonLine:
    """Erase a person (注销), who asked for it or must be; it cannot be undone."""
    erased = actions.erase_person(call.caller, person_id, call.body.reason, call.now)
    return line(erased)


@routes.endpoint(
    "POST",
    "/persons/{person_id}/disclosures",
    allows=permissions.UNMASK,
    takes=Disclose,
    gives=shapes.Disclosed,
    status=201,
    errors=["busy", "idempotency_key_reused"],
    limits=["too_many_disclosures"],
    keyed=True,
)
def disclose_person(call: Call[Disclose, NoQuery], person_id: PersonId) -> shapes.Disclosed:
    """See details of somebody of one's own scope in full (查看完整信息); the log says who saw."""
    body = call.body
    details = actions.disclose_person(
        call.caller, person_id, body.fields, body.reason, call.key, call.now
    )
    return shapes.disclosed(details, body.fields)
