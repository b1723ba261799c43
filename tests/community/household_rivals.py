"""What can come at the same moment in a household: who comes, leaves, claims, and is told of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared import ids
from shared.auth import SIGNED_IN, Caller, Grant, Right, Role
from tests.community.household_story import phone_bound, told
from tests.harness.interleavings import Rivals
from tests.harness.recorder import Recorder, Trigger

_ON = {"pay": True, "open": True, "order": False, "vote": False}


def scenes(
    recorder: Recorder,
    chief: Caller,
    manager: Caller,
    community_id: str,
    signed_in: tuple[str, dict[str, str]],
) -> Iterator[Rivals]:
    """An owner, a child and a tenant live in a room; the tenant, who signs in, claims it as well.

    Parameters
    ----------
    signed_in
        The tenant's id, and the event with which they sign in.
    """
    somebody, signs_in = signed_in
    room_id = ids.room_id(community_id, "1", "1", "101")
    url, scope = f"/rooms/{room_id}", ids.room_scope(room_id)
    owner = Caller("per_" + "w" * 26, (Grant(Role.OWNER, scope),), SIGNED_IN)
    let = Grant(Role.TENANT, scope, frozenset({Right.VOTE}))
    tenant, other = Caller(somebody, (let,), SIGNED_IN), Caller(somebody, (), SIGNED_IN)
    for person, relation in ((owner, "owner"), (tenant, "tenant"), (_anyone("k"), "family_member")):
        bound = {"person_id": person.person_id, "relation": relation}
        recorder.request(manager, "POST", f"{url}/residents", bound, 201)
    works = {"person_id": somebody, "role": "technician", "scope": community_id}
    recorder.request(manager, "POST", "/grants", {**works, "name": "小吴"}, 201)
    recorder.start("follow_people", queued(told("PhoneBound", **phone_bound(somebody))))
    wanted = {"relation": "family_member"}
    made = recorder.request(other, "POST", f"{url}/claims", wanted, 201, key="claim-first")
    claim = f"/claims/{made['claim_id']}"
    yield _household(chief, manager, owner, tenant, url, signs_in)
    yield _claims(chief, manager, other, url, claim, signs_in)
    third, wanted = Caller("per_" + "s" * 26, (), SIGNED_IN), {"relation": "tenant"}
    made = recorder.request(third, "POST", f"{url}/claims", wanted, 201, key="claim-third")
    claim = f"/claims/{made['claim_id']}"
    yield _people(chief, manager, (owner, tenant, third), url, claim, signs_in)


def _anyone(letter: str) -> Caller:
    return Caller("per_" + letter * 26, (), SIGNED_IN)


def _staff(of: Recorder, chief: Caller, manager: Caller, somebody: str) -> list[Trigger]:
    """Who decides may be dismissed, or appointed again; the tenant may come to work here."""
    scope = manager.grants[0].scope
    own = {"person_id": manager.person_id, "role": "community_manager", "scope": scope}
    works = {"person_id": somebody, "role": "butler", "scope": scope}
    return [
        of.asking(chief, "POST", "/grants", {**own, "name": "陈总"}),
        of.asking(chief, "POST", "/revocations", {**own, "reason": "离职"}),
        of.asking(manager, "POST", "/grants", {**works, "name": "小周"}),
        of.asking(manager, "POST", "/revocations", _dismissed(somebody, scope)),
    ]


def _dismissed(person_id: str, scope: str) -> dict[str, str]:
    return {"person_id": person_id, "role": "technician", "scope": scope, "reason": "离职"}


def _household(
    chief: Caller,
    manager: Caller,
    owner: Caller,
    tenant: Caller,
    url: str,
    signs_in: dict[str, str],
) -> Rivals:
    """The owner adds somebody, switches the tenant's rights and sells; the tenant moves out."""
    community_id = owner.grants[0].scope.split("/")[0]
    added = {"person_id": tenant.person_id, "relation": "family_member"}
    switched = {"relation": "tenant", "rights": _ON}
    moved = _gone(tenant, "tenant")
    return lambda of: [
        *_staff(of, chief, manager, tenant.person_id),
        of.asking(tenant, "POST", f"{url}/claims", {"relation": "owner"}, key="claim-home"),
        of.asking(owner, "POST", f"{url}/members", added),
        of.asking(owner, "PUT", f"{url}/residents/{tenant.person_id}/rights", switched),
        of.asking(owner, "POST", f"{url}/departures", _gone(owner, "owner")),
        of.asking(owner, "POST", f"{url}/departures", moved),
        of.asking(tenant, "POST", f"{url}/departures", moved),
        of.asking(manager, "POST", f"{url}/residents", {**added, "relation": "owner"}),
        of.asking(manager, "POST", f"{url}/residents", {**added, "relation": "tenant"}),
        of.asking(owner, "GET", f"{url}/residents"),
        of.asking(tenant, "GET", "/me/homes"),
        of.asking(owner, "GET", "/me"),
        of.asking(manager, "GET", f"/grants?scope={community_id}"),
        of.starting("authorize", signs_in),
    ]


def _claims(
    chief: Caller, manager: Caller, other: Caller, url: str, claim: str, signs_in: dict[str, str]
) -> Rivals:
    """Somebody claims the room, and again as something else, while staff decide."""
    community_id = manager.grants[0].scope
    room = ids.room_scope(url.rpartition("/")[2])
    facts = (other.person_id, room, "tenant", "claim-tenant")
    coming = ids.derived_id("clm", community_id, *facts)
    added = {"person_id": other.person_id, "relation": "family_member"}
    confirmed, refused = ({"confirm": sure, "reason": "已核对"} for sure in (True, False))
    return lambda of: [
        *_staff(of, chief, manager, other.person_id),
        of.asking(manager, "POST", f"{url}/residents", added),
        of.starting("authorize", signs_in),
        of.asking(other, "POST", f"{url}/claims", {"relation": "family_member"}, key="claim-again"),
        of.asking(other, "POST", f"{url}/claims", {"relation": "tenant"}, key="claim-tenant"),
        of.asking(manager, "POST", f"{claim}/decision", confirmed),
        of.asking(manager, "POST", f"{claim}/decision", refused),
        of.asking(other, "POST", f"{claim}/withdrawal"),
        of.asking(other, "GET", claim),
        of.asking(other, "GET", f"/claims/{coming}"),
        of.asking(manager, "GET", f"/claims?scope={community_id}"),
        of.asking(other, "GET", "/me/homes"),
        of.asking(manager, "GET", f"{url}/residents"),
    ]


def _people(
    chief: Caller,
    manager: Caller,
    people: tuple[Caller, Caller, Caller],
    url: str,
    claim: str,
    signs_in: dict[str, str],
) -> Rivals:
    """People turn out to be one, or are erased, while they come, leave and claim."""
    owner, tenant, other = people
    merged = {"person_id": tenant.person_id, "into_id": "per_" + "v" * 26}
    switched = {"relation": "tenant", "rights": _ON}
    added = {"person_id": "per_" + "v" * 26, "relation": "tenant"}
    works = {"person_id": tenant.person_id, "role": "butler", "scope": manager.grants[0].scope}
    confirmed = {"confirm": True, "reason": "已核对"}
    return lambda of: [
        of.starting("follow_people", queued(told("PhoneBound", **phone_bound(other.person_id)))),
        of.starting("follow_people", queued(told("PersonsMerged", **merged))),
        of.starting("follow_people", queued(told("PersonErased", person_id=other.person_id))),
        of.starting("follow_people", queued(told("PersonErased", person_id=owner.person_id))),
        of.starting("authorize", signs_in),
        of.asking(manager, "POST", "/grants", {**works, "name": "小周"}),
        of.asking(manager, "POST", "/revocations", _dismissed(tenant.person_id, works["scope"])),
        of.asking(chief, "GET", f"/grants?scope={chief.grants[0].scope}"),
        of.asking(owner, "PUT", f"{url}/residents/{tenant.person_id}/rights", switched),
        of.asking(owner, "POST", f"{url}/members", added),
        of.asking(tenant, "POST", f"{url}/departures", _gone(tenant, "tenant")),
        of.asking(manager, "POST", f"{url}/residents", added),
        of.asking(other, "POST", f"{url}/claims", {"relation": "owner"}, key="claim-owner"),
        of.asking(manager, "POST", f"{claim}/decision", confirmed),
        of.asking(other, "POST", f"{claim}/withdrawal"),
        of.asking(owner, "GET", f"{url}/residents"),
        of.asking(tenant, "GET", "/me/homes"),
        of.asking(other, "GET", claim),
        of.asking(manager, "GET", f"/claims?scope={owner.grants[0].scope.split('/')[0]}"),
    ]


def _gone(person: Caller, relation: str) -> dict[str, str]:
    return {"person_id": person.person_id, "relation": relation, "reason": "搬走"}


def queued(body: str) -> dict[str, Any]:
    """What a queue hands its function: one message."""
    return {"Records": [{"messageId": "m0", "eventSource": "aws:sqs", "body": body}]}
