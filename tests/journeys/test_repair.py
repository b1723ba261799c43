"""A repair on the running platform: reported with a photo, dispatched, mended, rated, counted."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import urllib3
from PIL import Image

from tests.harness.people import People, Someone
from tests.journeys.test_estate import building, ok, post_file, wait_for, workbook
from tests.repairs import pictures

_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Household:
    """A community with a register, its staff, and a resident at home."""

    community_id: str
    room_id: str
    manager: Someone
    dispatcher: Someone
    worker: Someone
    resident: Someone


def until(ask: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
    """What `ask` answers once it is good."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        found = ask()
        if good(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def appoint(people: People, by: Someone, role: str, scope: str, name: str) -> Someone:
    """Give a new person a role; the person with a token that knows it."""
    who = people.named(f"repair-{role.replace('_', '-')}")
    grant = {"person_id": who.person_id, "role": role, "scope": scope, "name": name}
    ok(by.call("POST", "/community/grants", grant), 201)
    return people.again(who)


@pytest.fixture(scope="module")
def household(people: People) -> Household:
    admin = people.admin()
    company = ok(
        admin.call(
            "POST",
            "/community/companies",
            {"name": "和顺物业", "credit_code": "91320114MA1MABCD1K"},
        ),
        201,
    )
    chief = appoint(people, admin, "company_admin", company["company_id"], "赵总")
    wanted = {
        "company_id": company["company_id"],
        "name": "映月花园",
        "address": "南京市雨花台区映月路6号",
    }
    community_id = ok(chief.call("POST", "/community/communities", wanted), 201)["community_id"]
    chief = people.again(chief)
    manager = appoint(people, chief, "community_manager", community_id, "孙经理")
    imports = f"/community/communities/{community_id}/imports"
    opened = ok(manager.call("POST", imports, {"file_name": "台账.xlsx"}), 201)
    post_file(opened["upload"], workbook(building("3栋", 6)))
    path = f"/community/imports/{opened['import_id']}"
    shown = wait_for(manager, path, {"awaiting_file"})
    ok(manager.call("POST", f"{path}/commit", {"version": shown["version"]}), 202)
    assert wait_for(manager, path, {"committing"})["state"] == "committed"
    rooms = f"/community/communities/{community_id}/buildings/3/rooms?limit=100"
    room_id = ok(manager.call("GET", rooms))["items"][0]["room_id"]
    resident = people.named("repair-resident")
    binding = {"person_id": resident.person_id, "relation": "owner"}
    ok(manager.call("POST", f"/community/rooms/{room_id}/residents", binding), 201)
    return Household(
        community_id,
        room_id,
        manager,
        appoint(people, manager, "dispatcher", community_id, "钱调度"),
        appoint(people, manager, "technician", community_id, "王师傅"),
        people.again(resident),
    )


def send_photo(who: Someone, community_id: str, raw: bytes) -> str:
    """Upload a photo; its id."""
    body = {"community_id": community_id, "content_type": "image/jpeg", "size_bytes": len(raw)}
    given = ok(who.call("POST", "/repairs/photos", body), 201)
    assert post_file(given, raw) in (200, 204)
    photo_id: str = given["photo_id"]
    return photo_id


def test_a_repair_travels_from_the_report_to_the_rating(household: Household) -> None:
    resident, worker, dispatcher = household.resident, household.worker, household.dispatcher
    technicians = f"/repairs/technicians?community_id={household.community_id}"
    until(lambda: ok(dispatcher.call("GET", technicians))["items"], lambda found: len(found) == 1)

    photo_id = send_photo(resident, household.community_id, pictures.jpeg(3000, 2000))
    report = {
        "room_id": household.room_id,
        "place": "own",
        "kind": "normal",
        "category": "water",
        "description": "厨房水管漏水，地上有水",
        "photo_ids": [photo_id],
    }
    key = {"Idempotency-Key": "journey-0001"}
    ticket = ok(resident.call("POST", "/repairs/tickets", report, **key), 201)
    assert ok(resident.call("POST", "/repairs/tickets", report, **key), 201) == ticket
    path = f"/repairs/tickets/{ticket['ticket_id']}"

    def step(who: Someone, name: str, **facts: Any) -> None:
        nonlocal ticket
        body = {**facts, "version": ticket["version"]}
        ticket = ok(who.call("POST", f"{path}/{name}", body))

    step(dispatcher, "assignment", worker_id=worker.person_id)
    assert [job["ticket_id"] for job in ok(worker.call("GET", "/repairs/my-jobs"))["items"]] == [
        ticket["ticket_id"]
    ]
    step(worker, "acceptance")
    step(worker, "start")
    after = send_photo(worker, household.community_id, pictures.jpeg())
    step(worker, "completion", photo_ids=[after], note="已更换水管")
    step(resident, "rating", speed=5, attitude=5, quality=4, comment="很快")
    assert ticket["state"] == "closed"

    seen = until(
        lambda: ok(resident.call("GET", path)),
        lambda found: {photo["state"] for photo in found["photos"]} == {"ready"},
    )
    assert [entry["action"] for entry in seen["timeline"]] == [
        *("report", "assign", "accept", "start", "finish", "rate")
    ]
    shown = urllib3.request("GET", seen["photos"][0]["url"])
    assert shown.status == 200
    assert shown.headers["Content-Type"] == "image/jpeg"
    image = Image.open(io.BytesIO(shown.data))
    assert (image.size, len(image.getexif())) == ((2048, 1365), 0)
    assert not [trace for trace in pictures.TRACES if trace in shown.data]

    statistics = f"/community/communities/{household.community_id}/statistics"
    counts = until(
        lambda: ok(household.manager.call("GET", statistics)),
        lambda found: found["repairs_rated"] == 1,
    )
    assert (counts["repairs_reported"], counts["repairs_finished"]) == (1, 1)


def test_a_page_that_pretends_to_be_a_photo_is_refused_before_anyone_sees_it(
    household: Household,
) -> None:
    resident = household.resident
    photo_id = send_photo(resident, household.community_id, pictures.page())
    report = {
        "room_id": household.room_id,
        "place": "public",
        "kind": "emergency",
        "category": "lift",
        "description": "电梯停在三楼不动",
    }

    def attach() -> Any:
        return resident.call("POST", "/repairs/tickets", {**report, "photo_ids": [photo_id]})

    answer = until(attach, lambda found: found.status != 201)
    assert answer.status == 400
    assert answer.json["errors"][0]["code"] == "photo_refused"


def test_strangers_and_the_revoked_see_no_ticket(household: Household, people: People) -> None:
    listed = f"/repairs/tickets?community_id={household.community_id}"
    stranger = people.named("repair-stranger")
    assert stranger.call("GET", listed).status == 404
    worker = household.worker
    grant = {"person_id": worker.person_id, "role": "technician", "scope": household.community_id}
    reason = {"reason": "离职"}
    ok(household.manager.call("POST", "/community/revocations", {**grant, **reason}))
    technicians = f"/repairs/technicians?community_id={household.community_id}"
    until(
        lambda: ok(household.dispatcher.call("GET", technicians))["items"],
        lambda found: found == [],
    )
    assert people.again(worker).call("GET", "/repairs/my-jobs").status == 404
