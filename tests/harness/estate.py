"""An estate to play in: a company, a community with a manager, and its house register."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from openpyxl import Workbook

from local.client import Answer
from local.estate import registers
from tests.harness.people import People, Someone

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


def ok(answer: Answer, status: int = 200) -> Any:
    """The answer's body, if it has the status."""
    assert answer.status == status, answer.json
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
    manager = estate.manager.client
    path = registers.upload(manager, estate.community_id, "台账.xlsx", workbook(rows))
    return registers.commit(manager, path, registers.wait_for_dry_run(manager, path))


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
