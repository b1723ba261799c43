"""From nothing to a resident at home: company, community, house register, grants, bindings."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from typing import Any

import pytest
import urllib3
from openpyxl import Workbook

from tests.harness.people import Answer, People, Someone, call

_HEADINGS = ["楼栋号", "单元号", "楼层", "房号", "房屋用途", "建筑面积", "业主姓名", "联系电话"]


def workbook(rows: list[list[object]]) -> bytes:
    """A register file as a property firm keeps it."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["清河家园房产台账"])
    sheet.append(_HEADINGS)
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def building(name: str, floors: int, area: float = 89.43) -> list[list[object]]:
    """The rows of a building with two rooms on each floor."""
    return [
        [name, "1单元", f, f"{f}{n:02d}", "住宅", area, f"业主{f}{n}", f"1380013{f:02d}{n:02d}"]
        for f in range(1, floors + 1)
        for n in (1, 2)
    ]


def post_file(form: dict[str, Any], body: bytes) -> int:
    """Post a file with a presigned form, as a browser would; the status that S3 answers."""
    fields = {**form["fields"], "file": ("register.xlsx", body)}
    answered = urllib3.request("POST", form["url"], fields=fields, retries=False)
    assert answered.status < 300, answered.data
    return answered.status


def wait_for(person: Someone, path: str, states: set[str]) -> dict[str, Any]:
    """The import once it has left the given states."""
    for _ in range(150):
        found: dict[str, Any] = person.call("GET", path).json
        if found["state"] not in states:
            return found
        time.sleep(0.2)
    raise AssertionError(f"still {found['state']}")


def ok(answer: Answer, status: int = 200) -> Any:
    """The answer's body, if it has the status."""
    assert answer.status == status, answer.body
    return answer.json


@dataclass(frozen=True)
class Estate:
    """A community with a manager, ready for its register."""

    community_id: str
    company_id: str
    manager: Someone


@pytest.fixture(scope="module")
def estate(people: People) -> Estate:
    admin = people.admin()
    company = ok(
        admin.call(
            "POST",
            "/community/companies",
            {"name": "安居物业", "credit_code": "91320114MA1MABCD0K"},
        ),
        201,
    )
    chief, manager = people.named("estate-chief"), people.named("estate-manager")
    grant = {"person_id": chief.person_id, "role": "company_admin", "name": "陈总"}
    ok(admin.call("POST", "/community/grants", {**grant, "scope": company["company_id"]}), 201)
    chief = people.again(chief)
    community = ok(
        chief.call(
            "POST",
            "/community/communities",
            {
                "company_id": company["company_id"],
                "name": "清河家园",
                "address": "南京市雨花台区清河路18号",
            },
        ),
        201,
    )
    community_id = community["community_id"]
    chief = people.again(chief)
    grant = {"person_id": manager.person_id, "role": "community_manager", "name": "李经理"}
    ok(chief.call("POST", "/community/grants", {**grant, "scope": community_id}), 201)
    return Estate(community_id, company["company_id"], people.again(manager))


def test_a_register_is_shown_before_it_is_applied_and_twice_changes_nothing(
    estate: Estate,
) -> None:
    manager = estate.manager
    imports = f"/community/communities/{estate.community_id}/imports"
    rows = [*building("1栋", 30), *building("2#", 3)]
    rows[-1][5] = "零"

    opened = ok(manager.call("POST", imports, {"file_name": "台账.xlsx"}), 201)
    assert post_file(opened["upload"], workbook(rows)) in (200, 204)
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
    buildings = ok(
        manager.call("GET", f"/community/communities/{estate.community_id}/buildings")
    )
    assert buildings == {"items": [{"building": "1", "rooms": 60}]}
    rooms = ok(
        manager.call(
            "GET", f"/community/communities/{estate.community_id}/buildings/1/rooms?limit=100"
        )
    )["items"]
    assert len(rooms) == 60
    assert rooms[0]["owners"] == [{"name": "业***", "phones": ["138****0101"]}]

    again = ok(manager.call("POST", imports, {"file_name": "台账.xlsx"}), 201)
    post_file(again["upload"], workbook(building("1栋", 30)))
    shown = wait_for(
        manager, f"/community/imports/{again['import_id']}", {"awaiting_file"}
    )
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
