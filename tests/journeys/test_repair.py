"""One repair from the report to the rating, over HTTP, and the event of each step as it travels."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from local.client import fetch, post_file
from tests.harness.estate import (
    Estate,
    building,
    employ,
    found_estate,
    house,
    import_register,
    ok,
    room_id,
)
from tests.harness.people import People, Someone
from tests.repairs import pictures


@pytest.fixture(scope="module")
def estate(people: People) -> Estate:
    made = found_estate(people, "repair")
    assert import_register(made, building("1栋", 2))["state"] == "committed"
    return made


def send_photo(person: Someone, estate: Estate, body: bytes) -> str:
    """A photo uploaded as the app does it."""
    form = ok(
        person.call(
            "POST",
            "/repairs/photos",
            {
                "community_id": estate.community_id,
                "content_type": "image/jpeg",
                "size_bytes": len(body),
            },
        ),
        201,
    )
    post_file(form, "photo.jpg", body)
    photo_id: str = form["photo_id"]
    return photo_id


def step(person: Someone, ticket: dict[str, Any], verb: str, **body: Any) -> dict[str, Any]:
    """The ticket after one step."""
    path = f"/repairs/tickets/{ticket['ticket_id']}/{verb}"
    taken: dict[str, Any] = ok(person.call("POST", path, {"version": ticket["version"], **body}))
    return taken


def until(condition: Any, seconds: float = 30) -> Any:
    """What `condition` gives once it is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return found


def test_a_repair_travels_from_the_report_to_the_rating(estate: Estate, people: People) -> None:
    manager = estate.manager
    resident = house(people, estate, "repair-resident", "1-1-101")
    dispatcher = employ(people, estate, "repair-dispatcher", "dispatcher", "小王")
    worker = employ(people, estate, "repair-worker", "technician", "刘师傅")
    statistics = f"/community/communities/{estate.community_id}/statistics"

    photo_id = send_photo(resident, estate, pictures.jpeg(3000, 2000))
    report = {
        "room_id": room_id(estate, "1-1-101"),
        "place": "own",
        "kind": "normal",
        "category": "water",
        "description": "厨房水管漏水，地上都是水。",
        "photo_ids": [photo_id],
    }
    key = "journey-repair-1"
    ticket = ok(resident.call("POST", "/repairs/tickets", report, key), 201)
    again = ok(resident.call("POST", "/repairs/tickets", report, key), 201)
    assert again["ticket_id"] == ticket["ticket_id"]

    technicians = f"/repairs/technicians?community_id={estate.community_id}"
    until(lambda: ok(dispatcher.call("GET", technicians))["items"])
    ticket = step(dispatcher, ticket, "assignment", worker_id=worker.person_id)
    assert ticket["assignee_name"] == "刘师傅"
    ticket = step(worker, ticket, "acceptance")
    ticket = step(worker, ticket, "start")
    after = send_photo(worker, estate, pictures.jpeg())
    ticket = step(worker, ticket, "completion", photo_ids=[after], note="已更换水管")
    ticket = step(resident, ticket, "rating", speed=5, attitude=5, quality=4, comment="很快")
    assert ticket["state"] == "closed"

    path = f"/repairs/tickets/{ticket['ticket_id']}"

    def with_photos() -> Any:
        seen = ok(resident.call("GET", path))
        return seen if all(photo["url"] for photo in seen["photos"]) else None

    shown = until(with_photos)
    assert [entry["action"] for entry in shown["timeline"]] == [
        "report",
        "assign",
        "accept",
        "start",
        "finish",
        "rate",
    ]
    assert len({entry["hash"] for entry in shown["timeline"]}) == 6
    picture = fetch(shown["photos"][0]["url"])
    assert not [trace for trace in pictures.TRACES if trace in picture]
    with Image.open(io.BytesIO(picture)) as opened:
        assert (opened.format, opened.size) == ("JPEG", (2048, 1365))
        assert not opened.getexif()

    def all_counted() -> Any:
        found = ok(manager.call("GET", statistics))
        return found if found["repairs_rated"] == 1 else None

    counted = until(all_counted)
    # Each event was heard, and however often it came it counted once.
    time.sleep(1)
    assert ok(manager.call("GET", statistics)) == counted
    assert counted["repairs_reported"] == 1
    assert counted["repairs_finished"] == 1
    assert counted["repairs_withdrawn"] == 0


def test_a_stranger_a_neighbour_and_nobody_see_nothing_of_it(
    estate: Estate, people: People
) -> None:
    resident = house(people, estate, "repair-resident", "1-1-101")
    neighbour = house(people, estate, "repair-neighbour", "1-1-102")
    stranger = people.named("repair-stranger")
    report = {
        "room_id": room_id(estate, "1-1-101"),
        "place": "own",
        "kind": "emergency",
        "category": "electric",
        "description": "家里突然停电了。",
    }
    ticket = ok(resident.call("POST", "/repairs/tickets", report), 201)
    path = f"/repairs/tickets/{ticket['ticket_id']}"
    absent = path[:-4] + ("0000" if not path.endswith("0000") else "1111")
    answers = [person.call("GET", path) for person in (neighbour, stranger)]
    answers.append(neighbour.call("GET", absent))
    assert [answer.status for answer in answers] == [404, 404, 404]
    for answer in answers:
        seen = {k: v for k, v in answer.json.items() if k != "request_id"}
        assert seen == {k: v for k, v in answers[0].json.items() if k != "request_id"}
    assert replace(resident.client, token=None).ask("GET", path).status == 401
    assert neighbour.call("POST", "/repairs/tickets", report).status == 404


def test_a_page_that_pretends_to_be_a_photo_is_refused_before_anyone_sees_it(
    estate: Estate, people: People
) -> None:
    resident = house(people, estate, "repair-resident", "1-1-101")
    photo_id = send_photo(resident, estate, pictures.page())
    report = {
        "room_id": room_id(estate, "1-1-101"),
        "place": "public",
        "kind": "emergency",
        "category": "lift",
        "description": "电梯停在三楼不动",
        "photo_ids": [photo_id],
    }
    ticket = ok(resident.call("POST", "/repairs/tickets", report), 201)

    def examined() -> Any:
        (photo,) = ok(resident.call("GET", f"/repairs/tickets/{ticket['ticket_id']}"))["photos"]
        return photo if photo["state"] != "awaited" else None

    photo = until(examined)
    assert (photo["state"], photo["refusal"]) == ("refused", "not_a_photo")
    assert (photo["url"], photo["thumbnail_url"]) == (None, None)
    answer = resident.call("POST", "/repairs/tickets", report)
    assert answer.status == 400
    assert answer.json["errors"][0]["code"] == "photo_refused"


def test_a_revoked_technician_gets_no_more_jobs(estate: Estate, people: People) -> None:
    dispatcher = employ(people, estate, "repair-dispatcher", "dispatcher", "小王")
    worker = employ(people, estate, "repair-leaver", "technician", "周师傅")
    technicians = f"/repairs/technicians?community_id={estate.community_id}"

    def listed() -> bool:
        known = ok(dispatcher.call("GET", technicians))["items"]
        return worker.person_id in {found["person_id"] for found in known}

    until(listed)
    grant = {"person_id": worker.person_id, "role": "technician", "scope": estate.community_id}
    ok(estate.manager.call("POST", "/community/revocations", {**grant, "reason": "离职"}))
    until(lambda: not listed())
    assert people.again(worker).call("GET", "/repairs/my-jobs").status == 404
