"""From nothing to a resident at home: company, community, house register, grants, bindings."""

from __future__ import annotations

import time

import pytest

from tests.harness.estate import (
    Estate,
    building,
    found_estate,
    ok,
    post_file,
    wait_for,
    workbook,
)
from tests.harness.people import People, call


@pytest.fixture(scope="module")
def estate(people: People) -> Estate:
    return found_estate(people, "estate")


def test_a_register_is_shown_before_it_is_applied_and_twice_changes_nothing(
    estate: Estate,
) -> None:
    manager = estate.manager
    imports = f"/community/communities/{estate.community_id}/imports"
    rows = [*building("1栋", 30), *building("2#", 3)]
    rows[-1][5] = "零"

    opened = ok(manager.call("POST", imports, {"file_name": "台账.xlsx"}), 201)
    assert post_file(opened["upload"], workbook(rows), "台账.xlsx") in (200, 204)
    path = f"/community/imports/{opened['import_id']}"
    shown = wait_for(manager, path, {"awaiting_file"})
    assert shown["state"] == "ready"
    assert shown["totals"]["new"] == 60
    assert shown["totals"]["blocked"] == 6
    found = ok(manager.call("GET", f"{path}/findings"))["items"]
    assert [(f["sheet"], f["row"], f["column"]) for f in found] == [("Sheet", 68, "建筑面积")]
    assert ok(manager.call("GET", f"/community/communities/{estate.community_id}/buildings")) == {
        "items": []
    }

    ok(manager.call("POST", f"{path}/commit", {"version": shown["version"]}), 202)
    done = wait_for(manager, path, {"committing"})
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

    again = ok(manager.call("POST", imports, {"file_name": "台账.xlsx"}), 201)
    post_file(again["upload"], workbook(building("1栋", 30)), "台账.xlsx")
    shown = wait_for(manager, f"/community/imports/{again['import_id']}", {"awaiting_file"})
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
    assert call(clerk.base_url, "GET", path).status == 401
    assert call(clerk.base_url, "GET", path, token=clerk.token[:-4] + "AAAA").status == 401
