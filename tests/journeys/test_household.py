"""A family in its home over HTTP: claimed, confirmed, shared with a tenant, and left again."""

from __future__ import annotations

import pytest

from tests.harness.estate import Estate, building, found_estate, house, import_register, ok, room_id
from tests.harness.people import People


@pytest.fixture(scope="module")
def estate(people: People) -> Estate:
    made = found_estate(people, "household")
    assert import_register(made, building("1栋", 2))["state"] == "committed"
    return made


def test_a_family_lives_together_and_a_tenant_moves_out(estate: Estate, people: People) -> None:
    room = f"/community/rooms/{room_id(estate, '1-1-101')}"
    owner, child, tenant = (people.named(f"household-{who}") for who in ("owner", "child", "let"))

    # Who the register does not know waits for staff, whatever was wrong with their word.
    wanted = {"relation": "owner"}
    claim = ok(owner.call("POST", f"{room}/claims", wanted, "household-claim"), 201)
    assert claim["state"] == "pending"
    again = ok(owner.call("POST", f"{room}/claims", wanted, "household-claim"), 201)
    assert again == claim
    waiting = ok(estate.manager.call("GET", f"/community/claims?scope={estate.community_id}/1"))
    assert [one["claim_id"] for one in waiting["items"]] == [claim["claim_id"]]
    path = f"/community/claims/{claim['claim_id']}"
    decided = {"confirm": True, "reason": "已核对房产证"}
    ok(estate.manager.call("POST", f"{path}/decision", decided))
    assert ok(owner.call("GET", path))["state"] == "confirmed"
    owner = people.again(owner)

    for person, relation in ((child, "family_member"), (tenant, "tenant")):
        added = {"person_id": person.person_id, "relation": relation}
        bound = ok(owner.call("POST", f"{room}/members", added), 201)
        assert bound["rights"] == {"pay": True, "open": True, "order": True, "vote": False}
    rights = {"pay": False, "open": True, "order": False, "vote": False}
    url = f"{room}/residents/{tenant.person_id}/rights"
    switched = ok(owner.call("PUT", url, {"relation": "tenant", "rights": rights}))
    assert switched["rights"] == rights
    refused = owner.call("PUT", url, {"relation": "tenant", "rights": {**rights, "vote": True}})
    assert (refused.status, refused.json["errors"][0]["code"]) == (400, "not_for_this_relation")
    tenant = people.again(tenant)
    (home,) = ok(tenant.call("GET", "/community/me/homes"))["items"]
    assert (home["relation"], home["rights"]) == ("tenant", rights)
    lives_here = {one["person_id"] for one in ok(owner.call("GET", f"{room}/residents"))["items"]}
    assert lives_here == {owner.person_id, child.person_id, tenant.person_id}
    # Staff see who lives in the building; residents do not.
    users = f"/community/communities/{estate.community_id}/residents?building=1"
    listed = ok(estate.manager.call("GET", users))["items"]
    assert {(one["person_id"], one["relation"]) for one in listed} == {
        (owner.person_id, "owner"),
        (child.person_id, "family_member"),
        (tenant.person_id, "tenant"),
    }
    assert owner.call("GET", users).status == 404
    # Neither sends the other away, and what is forbidden looks like what is not there.
    evicted = {"person_id": owner.person_id, "relation": "owner", "reason": "不想住了"}
    assert tenant.call("POST", f"{room}/departures", evicted).status == 404

    gone = {"person_id": tenant.person_id, "relation": "tenant", "reason": "租约到期"}
    assert ok(owner.call("POST", f"{room}/departures", gone))["standing"] == "ended"
    left = {one["person_id"] for one in ok(estate.manager.call("GET", users))["items"]}
    assert left == {owner.person_id, child.person_id}
    # With the old token: what asks the table knows it at once, all else within the minute.
    assert ok(tenant.call("GET", "/community/me/homes"))["items"] == []
    community = f"/community/communities/{estate.community_id}"
    assert people.again(tenant).call("GET", community).status == 404

    sold = {"person_id": owner.person_id, "relation": "owner", "reason": "已过户"}
    ok(owner.call("POST", f"{room}/departures", sold))
    added = {"person_id": tenant.person_id, "relation": "tenant"}
    assert owner.call("POST", f"{room}/members", added).status == 404
    assert ok(people.again(child).call("GET", "/community/me/homes"))["items"] == []


def test_one_person_has_several_homes(estate: Estate, people: People) -> None:
    house(people, estate, "household-landlord", "1-1-201")
    landlord = house(people, estate, "household-landlord", "1-1-202")
    homes = ok(landlord.call("GET", "/community/me/homes"))["items"]
    assert [home["room_id"][-7:] for home in homes] == ["1-1-201", "1-1-202"]
    assert {home["community_name"] for home in homes} == {"清河家园"}
