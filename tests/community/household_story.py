"""Everything that can be asked of households and claims, and told of people, asked once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from shared import clock, events, ids, vault
from shared.auth import SIGNED_IN, Caller, Grant, Right, Role
from tests.harness import canaries
from tests.harness.recorder import Recorder

_RIGHTS = {"pay": False, "open": True, "order": True, "vote": False}


def tell(recorder: Recorder, manager: Caller, community_id: str, count: int) -> None:
    """From the claim of a home to the day on which its people are merged, erased and gone."""
    room_id = ids.room_id(community_id, "1", "1", "101")
    owner = _claimed_by_phone(recorder, room_id)
    _lived_in(recorder, owner, room_id)
    _claimed(recorder, manager, community_id, count)
    _sold(recorder, owner, room_id)
    _merged_and_erased(recorder, manager, room_id)


def _person(letter: str, *grants: Grant) -> Caller:
    return Caller("per_" + letter * 26, grants, SIGNED_IN)


def _claimed_by_phone(recorder: Recorder, room_id: str) -> Caller:
    """Somebody has the phone and the name that the register has."""
    owner = _person("w")
    _heard(recorder, "PhoneBound", **phone_bound(owner.person_id))
    url = f"/rooms/{room_id}/claims"
    claim = recorder.request(owner, "POST", url, {"relation": "owner"}, 201, key="claim-owner")
    assert claim["state"] == "confirmed"
    return _person("w", Grant(Role.OWNER, ids.room_scope(room_id)))


def phone_bound(person_id: str) -> dict[str, object]:
    """What `identity` tells of a phone that somebody has bound."""
    phone, name = canaries.OWNER_PHONE, canaries.OWNER_NAME
    return {
        "person_id": person_id,
        "person_version": 1,
        "phone": vault.blind("phone", phone),
        "name": vault.blind("name", name),
    }


def _lived_in(recorder: Recorder, owner: Caller, room_id: str) -> None:
    """The owner adds a child and a tenant, and the tenant moves out again."""
    url, scope = f"/rooms/{room_id}", ids.room_scope(room_id)
    off = frozenset(right for right in Right if not _RIGHTS[right])
    child, tenant = _person("k"), _person("t", Grant(Role.TENANT, scope, off))
    added = {"person_id": child.person_id, "relation": "family_member"}
    recorder.request(owner, "POST", f"{url}/members", added, 201)
    until = (clock.estate_date(clock.now()) + timedelta(days=365)).isoformat()
    let = {"person_id": tenant.person_id, "relation": "tenant", "until": until}
    recorder.request(owner, "POST", f"{url}/members", let, 201)
    switched = {"relation": "tenant", "rights": _RIGHTS}
    recorder.request(owner, "PUT", f"{url}/residents/{tenant.person_id}/rights", switched)
    recorder.request(owner, "GET", f"{url}/residents?limit=100")
    recorder.request(tenant, "GET", "/me/homes")
    gone = {"person_id": tenant.person_id, "relation": "tenant", "reason": canaries.said("搬走")}
    recorder.request(tenant, "POST", f"{url}/departures", gone)


def _claimed(recorder: Recorder, manager: Caller, community_id: str, count: int) -> None:
    """Others claim rooms: one takes it back, one is refused, one confirmed."""
    scope = f"{community_id}/1"
    claims = []
    for number in range(count + 2):
        claimant = Caller(f"per_{number + 50:026}", (), SIGNED_IN)
        url = f"/rooms/{ids.room_id(community_id, '1', '1', '101')}/claims"
        wanted = {"relation": "family_member"}
        key = f"claim-{number:04}"
        claims.append((claimant, recorder.request(claimant, "POST", url, wanted, 201, key=key)))
    recorder.request(manager, "GET", f"/claims?scope={scope}&limit=100")
    for (claimant, claim), confirm in zip(claims[:2], (True, False), strict=True):
        decided = {"confirm": confirm, "reason": canaries.said("已核对")}
        recorder.request(manager, "POST", f"/claims/{claim['claim_id']}/decision", decided)
        recorder.request(claimant, "GET", f"/claims/{claim['claim_id']}")
    recorder.request(manager, "GET", f"/communities/{community_id}/residents?building=1&limit=100")
    claimant, claim = claims[2]
    recorder.request(claimant, "POST", f"/claims/{claim['claim_id']}/withdrawal")


def _sold(recorder: Recorder, owner: Caller, room_id: str) -> None:
    """The last owner leaves, and the family with them."""
    sold = {"person_id": owner.person_id, "relation": "owner", "reason": canaries.said("已过户")}
    recorder.request(owner, "POST", f"/rooms/{room_id}/departures", sold)


def _merged_and_erased(recorder: Recorder, manager: Caller, room_id: str) -> None:
    """Two records are one person, who works and lives here, and is erased in the end."""
    first, second = _person("p").person_id, _person("q").person_id
    lives = {"person_id": first, "relation": "owner"}
    recorder.request(manager, "POST", f"/rooms/{room_id}/residents", lives, 201)
    works = {"role": "butler", "scope": ids.room_scope(room_id).split("/")[0]}
    given = {"person_id": first, **works, "name": canaries.STAFF_NAME}
    recorder.request(manager, "POST", "/grants", given, 201)
    url = f"/rooms/{room_id}/claims"
    recorder.request(
        Caller(first, (), SIGNED_IN), "POST", url, {"relation": "tenant"}, 201, key="claim-first"
    )
    _heard(recorder, "PersonsMerged", person_id=first, into_id=second)
    _heard(recorder, "PersonErased", person_id=second)


def _heard(recorder: Recorder, type: str, **data: object) -> None:
    message = {"messageId": "m0", "eventSource": "aws:sqs", "body": told(type, **data)}
    answer = recorder.start("follow_people", {"Records": [message]})
    assert answer == {"batchItemFailures": []}


def told(type: str, **data: object) -> str:
    """A message of the queue with an event of `identity`."""
    event: Any = events.happened(
        type,
        "identity",
        str(data["person_id"]),
        len(type),
        at=clock.now(),
        community_id="platform",
        actor_id="per_" + "z" * 26,
        data=data,
    )
    return json.dumps({"detail": json.loads(events.encode(event))})


def waiting(_: Recorder, count: int) -> list[str]:
    """So many people who have bound a phone."""
    return [told("PhoneBound", **phone_bound(f"per_{number:026}")) for number in range(count)]
