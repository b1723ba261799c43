"""From nothing to a resident at home: company, community, house register, grants, bindings."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from local.estate import registers
from tests.harness.estate import Estate, building, found_estate, ok, workbook
from tests.harness.people import People


@pytest.fixture(scope="module")
def estate(people: People) -> Estate:
    return found_estate(people, "estate")


def test_a_register_is_shown_before_it_is_applied_and_twice_changes_nothing(
    estate: Estate,
) -> None:
    manager = estate.manager
    rows = [*building("1栋", 30), *building("2#", 3)]
    rows[-1][5] = "零"

    path = registers.upload(manager.client, estate.community_id, "台账.xlsx", workbook(rows))
    shown = registers.wait_while(manager.client, path, "awaiting_file")
    assert shown["state"] == "ready"
    assert shown["totals"]["new"] == 60
    assert shown["totals"]["blocked"] == 6
    found = ok(manager.call("GET", f"{path}/findings"))["items"]
    assert [(f["sheet"], f["row"], f["column"]) for f in found] == [("Sheet", 68, "建筑面积")]
    assert ok(manager.call("GET", f"/community/communities/{estate.community_id}/buildings")) == {
        "items": []
    }

    ok(manager.call("POST", f"{path}/commit", {"version": shown["version"]}), 202)
    done = registers.wait_while(manager.client, path, "committing")
    assert done["state"] == "partly_committed"
    assert [(b["building"], b["outcome"]) for b in done["buildings"]] == [
        ("1", "committed"),
        ("2", "blocked"),
    ]
    buildings = ok(manager.call("GET", f"/community/communities/{estate.community_id}/buildings"))
    assert buildings == {"items": [{"building": "1", "rooms": 60}]}
    rooms = ok(
        manager.call(
            "GET", f"/community/communities/{estate.community_id}/buildings/1/rooms?limit=100"
        )
    )["items"]
    assert len(rooms) == 60
    assert rooms[0]["owners"] == [{"name": "业***", "phones": ["138****0101"]}]

    same = workbook(building("1栋", 30))
    path = registers.upload(manager.client, estate.community_id, "台账.xlsx", same)
    shown = registers.wait_for_dry_run(manager.client, path)
    assert shown["totals"]["unchanged"] == 60
    assert [b["outcome"] for b in shown["buildings"]] == ["unchanged"]


def test_a_removed_role_is_refused_and_a_stranger_sees_nothing(
    estate: Estate, people: People
) -> None:
    clerk = people.named("estate-butler")
    manager = estate.manager
    path = f"/community/communities/{estate.community_id}/buildings"
    assert clerk.call("GET", path).status == 404
    grant = {"person_id": clerk.person_id, "role": "butler", "scope": estate.community_id}
    ok(manager.call("POST", "/community/grants", {**grant, "name": "小周"}), 201)
    clerk = people.again(clerk)
    assert clerk.call("GET", path).status == 200
    ok(manager.call("POST", "/community/revocations", {**grant, "reason": "离职"}))
    assert people.again(clerk).call("GET", path).status == 404
    # The gateway may still know what the authorizer said of the old token, for a minute at most.
    deadline = time.monotonic() + 60
    while clerk.call("GET", path).status != 404:
        assert time.monotonic() < deadline
        time.sleep(1)
    assert replace(clerk.client, token=None).ask("GET", path).status == 401
    forged = str(clerk.client.token)[:-4] + "AAAA"
    assert replace(clerk.client, token=forged).ask("GET", path).status == 401
