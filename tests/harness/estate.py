"""An estate to play in: a company, a community with a manager, and its house register."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from typing import Any

import urllib3
from openpyxl import Workbook

from tests.harness.people import Answer, People, Someone

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


def post_file(form: dict[str, Any], body: bytes, name: str) -> int:
    """Post a file with a presigned form, as a browser would; the status that S3 answers."""
    fields = {**form["fields"], "file": (name, body)}
    answered = urllib3.request("POST", form["url"], fields=fields, retries=False)
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


def found_estate(people: People, name: str) -> Estate:
    """A new company with one community; its manager is called `<name>-manager`."""
    admin = people.admin()
    company = ok(
        admin.call(
            "POST",
            "/community/companies",
            {"name": "安居物业", "credit_code": "91320114MA1MABCD0K"},
        ),
        201,
    )
    chief, manager = people.named(f"{name}-chief"), people.named(f"{name}-manager")
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


def import_register(estate: Estate, rows: list[list[object]]) -> dict[str, Any]:
    """Take a register in, from the upload to the end of its commit."""
    manager = estate.manager
    imports = f"/community/communities/{estate.community_id}/imports"
    opened = ok(manager.call("POST", imports, {"file_name": "台账.xlsx"}), 201)
    post_file(opened["upload"], workbook(rows), "register.xlsx")
    path = f"/community/imports/{opened['import_id']}"
    shown = wait_for(manager, path, {"awaiting_file"})
    ok(manager.call("POST", f"{path}/commit", {"version": shown["version"]}), 202)
    return wait_for(manager, path, {"committing"})


def employ(
    people: People, estate: Estate, username: str, role: str, name: str, scope: str | None = None
) -> Someone:
    """A person with a role in the community, signed in anew."""
    person = people.named(username)
    grant = {"person_id": person.person_id, "role": role, "name": name}
    ok(
        estate.manager.call(
            "POST", "/community/grants", {**grant, "scope": scope or estate.community_id}
        ),
        201,
    )
    return people.again(person)


def house(people: People, estate: Estate, username: str, room: str) -> Someone:
    """A resident bound to a room such as `1-1-101`, signed in anew."""
    person = people.named(username)
    path = f"/community/rooms/{room_id(estate, room)}/residents"
    ok(
        estate.manager.call("POST", path, {"person_id": person.person_id, "relation": "owner"}),
        201,
    )
    return people.again(person)


def room_id(estate: Estate, room: str) -> str:
    """The id of a room such as `1-1-101`."""
    return f"room_{estate.community_id.removeprefix('com_')}_{room}"
