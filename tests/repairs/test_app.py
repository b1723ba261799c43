"""Every way into repairs, through the app as its functions run it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from chalicelib.repairs import shapes, store, trail
from chalicelib.repairs.model import Action, State
from shared.auth import Grant, Role
from tests.harness.gateway import Answer
from tests.repairs import pictures
from tests.repairs.api import (
    ALL,
    PHOTO,
    REPORT,
    announced,
    ok,
    reported,
    take,
    taken_photo,
    through,
)
from tests.repairs.scene import (
    BUTLER,
    BUTLER_NEXT_DOOR,
    COMMUNITY,
    DISPATCHER,
    ELSEWHERE,
    FAMILY,
    FOREIGN_DISPATCHER,
    FOREIGN_RESIDENT,
    FOREIGN_WORKER,
    GUARD,
    NEIGHBOUR,
    NEIGHBOUR_ROOM,
    NOBODY,
    OTHER_WORKER,
    RESIDENT,
    WORKER,
    Person,
    Repairs,
    technician,
)


def test_a_repair_travels_from_the_report_to_the_rating(repairs: Repairs) -> None:
    photo_id = taken_photo(repairs, RESIDENT, PHOTO)
    ticket = through(repairs, *ALL, photo_ids=[photo_id])
    assert (ticket["state"], ticket["state_zh"]) == ("closed", "已完成")
    assert ticket["rating"] == {"speed": 5, "attitude": 4, "quality": 5}
    assert ticket["assignee_name"] == "王师傅"
    seen = ok(repairs.call(RESIDENT, "GET", f"/tickets/{ticket['ticket_id']}"))
    assert [entry["action"] for entry in seen["timeline"]] == ["report", *ALL]
    kept = store.get_ticket(ticket["ticket_id"])
    assert kept is not None
    assert trail.verify(kept.id, kept.timeline) is None
    assert [entry["hash"] for entry in seen["timeline"]] == [e.hash for e in kept.timeline]
    assert [photo["state"] for photo in seen["photos"]] == ["ready", "ready"]
    assert all("X-Amz-Signature" in photo["thumbnail_url"] for photo in seen["photos"])
    assert seen["photos"][0]["photo_id"] == photo_id
    assert announced(repairs) == ["RepairRated"]


def test_the_longest_comment_stands_in_the_trail_as_the_document_promises(
    repairs: Repairs,
) -> None:
    ticket = through(repairs, Action.ASSIGN, Action.ACCEPT, Action.START, Action.FINISH)
    rating = {"speed": 5, "attitude": 5, "quality": 5, "comment": "好" * 500}
    url = f"/tickets/{ticket['ticket_id']}"
    ok(repairs.call(RESIDENT, "POST", f"{url}/rating", {**rating, "version": ticket["version"]}))
    shown = msgspec.convert(ok(repairs.call(RESIDENT, "GET", url)), shapes.TicketWithTrail)
    assert shown.timeline[-1].note == rating["comment"]


def test_a_job_can_be_returned_and_a_report_withdrawn(repairs: Repairs) -> None:
    ticket = through(repairs, Action.ASSIGN, Action.RETURN)
    assert (ticket["state"], ticket["assignee_id"]) == ("new", None)
    ticket = ok(take(repairs, Action.WITHDRAW, ticket, RESIDENT))
    assert ticket["state"] == "withdrawn"
    assert announced(repairs) == ["RepairWithdrawn"]


@pytest.mark.parametrize("who", [NEIGHBOUR, FAMILY, GUARD, OTHER_WORKER, FOREIGN_DISPATCHER])
def test_whom_a_ticket_does_not_concern_cannot_tell_it_from_an_absent_one(
    repairs: Repairs, who: Person
) -> None:
    ticket = through(repairs, Action.ASSIGN)
    absent = ticket["ticket_id"][:-1] + ("0" if ticket["ticket_id"][-1] != "0" else "1")
    hidden = repairs.call(who, "GET", f"/tickets/{ticket['ticket_id']}")
    assert hidden.status == 404
    assert hidden.json == repairs.call(who, "GET", f"/tickets/{absent}").json


@pytest.mark.parametrize("who", [RESIDENT, WORKER, DISPATCHER, BUTLER])
def test_whom_a_ticket_concerns_sees_it(repairs: Repairs, who: Person) -> None:
    ticket = through(repairs, Action.ASSIGN)
    seen = ok(repairs.call(who, "GET", f"/tickets/{ticket['ticket_id']}"))
    assert seen["ticket_id"] == ticket["ticket_id"]


def test_a_butler_of_another_building_sees_neither_the_ticket_nor_its_line_in_the_list(
    repairs: Repairs,
) -> None:
    ticket = reported(repairs)
    assert repairs.call(BUTLER_NEXT_DOOR, "GET", f"/tickets/{ticket['ticket_id']}").status == 404
    url = f"/tickets?community_id={COMMUNITY}"
    assert ok(repairs.call(BUTLER_NEXT_DOOR, "GET", url))["items"] == []
    assert len(ok(repairs.call(BUTLER, "GET", url))["items"]) == 1


def test_a_resident_who_moved_out_is_a_stranger(repairs: Repairs) -> None:
    ticket = reported(repairs)
    moved = Person(RESIDENT.person_id, (Grant(Role.OWNER, f"{COMMUNITY}/4/1/101"),))
    assert repairs.call(moved, "GET", f"/tickets/{ticket['ticket_id']}").status == 404
    assert take(repairs, Action.WITHDRAW, ticket, moved).status == 404


@pytest.mark.parametrize(
    ("action", "before", "strangers"),
    [
        (Action.ASSIGN, (), [RESIDENT, WORKER, BUTLER, GUARD, FOREIGN_DISPATCHER]),
        (Action.ACCEPT, ALL[:1], [RESIDENT, DISPATCHER, OTHER_WORKER, FOREIGN_WORKER]),
        (Action.RETURN, ALL[:1], [RESIDENT, DISPATCHER, OTHER_WORKER, FOREIGN_WORKER]),
        (Action.START, ALL[:2], [RESIDENT, DISPATCHER, OTHER_WORKER, FOREIGN_WORKER]),
        (Action.FINISH, ALL[:3], [RESIDENT, DISPATCHER, OTHER_WORKER, FOREIGN_WORKER]),
        (Action.RATE, ALL[:4], [FAMILY, NEIGHBOUR, WORKER, DISPATCHER, FOREIGN_RESIDENT]),
        (Action.WITHDRAW, (), [FAMILY, NEIGHBOUR, WORKER, DISPATCHER, FOREIGN_RESIDENT]),
    ],
)
def test_a_step_is_hidden_from_all_whose_it_is_not(
    repairs: Repairs, action: Action, before: tuple[Action, ...], strangers: list[Person]
) -> None:
    ticket = through(repairs, *before)
    kept = repairs.items()
    for who in (*strangers, NOBODY):
        assert take(repairs, action, ticket, who).status == 404
    assert take_unsigned(repairs, ticket).status == 401
    assert [i for i in repairs.items() if i["sk"]["S"] == "ticket"] == [
        i for i in kept if i["sk"]["S"] == "ticket"
    ]


def take_unsigned(repairs: Repairs, ticket: dict[str, Any]) -> Answer:
    url = f"/tickets/{ticket['ticket_id']}/start"
    return repairs.call(None, "POST", url, {"version": ticket["version"]})


def test_nobody_reports_for_a_room_that_is_not_theirs(repairs: Repairs) -> None:
    for who in (NEIGHBOUR, FOREIGN_RESIDENT, WORKER, DISPATCHER, NOBODY):
        answer = repairs.call(who, "POST", "/tickets", REPORT, Idempotency_Key="key-0001")
        assert answer.status == 404
    assert repairs.items() == []


def test_a_report_sent_twice_is_one_ticket(repairs: Repairs) -> None:
    first, second = reported(repairs), reported(repairs)
    assert first == second
    assert sum(item["sk"]["S"] == "ticket" for item in repairs.items()) == 1


def test_a_key_used_for_another_report_is_a_conflict(repairs: Repairs) -> None:
    reported(repairs)
    other = {**REPORT, "description": "灯坏了，晚上看不见"}
    answer = repairs.call(RESIDENT, "POST", "/tickets", other, Idempotency_Key="key-0001")
    assert (answer.status, answer.json["code"]) == (409, "idempotency_key_reused")


def test_a_step_sent_twice_is_taken_once(repairs: Repairs) -> None:
    ticket = through(repairs, Action.ASSIGN)
    first, second = (ok(take(repairs, Action.ACCEPT, ticket, WORKER)) for _ in range(2))
    assert first == second
    assert first["version"] == ticket["version"] + 1


def test_a_step_on_an_older_version_and_one_out_of_order_are_conflicts(repairs: Repairs) -> None:
    ticket = through(repairs, Action.ASSIGN)
    stale = {**ticket, "version": 1}
    answer = take(repairs, Action.WITHDRAW, stale, RESIDENT)
    assert (answer.status, answer.json["code"]) == (409, "stale_version")
    answer = take(repairs, Action.START, ticket, WORKER)
    assert (answer.status, answer.json["code"]) == (409, "not_in_this_state")
    assert answer.json["params"] == {"state": "dispatched"}


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"description": "漏水"}, "description", "too_short"),
        ({"description": "漏水    "}, "description", "too_short"),
        ({"description": "漏" * 1001}, "description", "too_long"),
        ({"title": "漏" * 61}, "title", "too_long"),
        ({"kind": "life"}, "kind", "wrong_choice"),
        ({"place": None}, "place", "wrong_type"),
        ({"photo_ids": ["pho_7k2m9x4a_x"]}, "photo_ids[0]", "no_such_photo"),
        ({"photo_ids": ["x" * 5] * 10}, "photo_ids", "too_many"),
        ({"floor": 5}, "floor", "unknown_field"),
    ],
)
def test_a_report_that_does_not_fit_is_told_where_and_stored_nowhere(
    repairs: Repairs, changes: dict[str, Any], path: str, code: str
) -> None:
    body = {**REPORT, **changes}
    answer = repairs.call(RESIDENT, "POST", "/tickets", body, Idempotency_Key="key-0001")
    assert answer.status == 400
    assert [(e["path"], e["code"]) for e in answer.json["errors"]] == [(path, code)]
    assert repairs.items() == []


def test_a_report_without_its_key_is_refused(repairs: Repairs) -> None:
    answer = repairs.call(RESIDENT, "POST", "/tickets", REPORT)
    assert answer.status == 400
    assert answer.json["errors"][0]["path"] == "header:Idempotency-Key"
    assert repairs.items() == []


def test_a_photo_of_somebody_else_looks_like_one_that_is_not_there(repairs: Repairs) -> None:
    theirs = taken_photo(repairs, NEIGHBOUR, PHOTO)
    mine = taken_photo(repairs, RESIDENT, PHOTO)
    body = {**REPORT, "photo_ids": [mine, theirs]}
    answer = repairs.call(RESIDENT, "POST", "/tickets", body, Idempotency_Key="key-0001")
    assert answer.status == 400
    found = [(e["path"], e["code"]) for e in answer.json["errors"]]
    assert found == [("photo_ids[1]", "no_such_photo")]


def test_a_photo_sent_to_another_community_cannot_be_attached_here(repairs: Repairs) -> None:
    """T1, though its sender lives in both."""
    there = Grant(Role.OWNER, f"{ELSEWHERE}/3/1/502")
    both = replace(RESIDENT, grants=(*RESIDENT.grants, there))
    place = {"community_id": ELSEWHERE, "content_type": "image/jpeg", "size_bytes": 5000}
    form = ok(repairs.call(both, "POST", "/photos", place, Idempotency_Key="photo-0001"), 201)
    body = {**REPORT, "photo_ids": [form["photo_id"]]}
    answer = repairs.call(both, "POST", "/tickets", body, Idempotency_Key="key-0001")
    assert answer.status == 400
    found = [(e["path"], e["code"]) for e in answer.json["errors"]]
    assert found == [("photo_ids[0]", "no_such_photo")]


def test_a_refused_photo_cannot_be_attached(repairs: Repairs) -> None:
    photo_id = taken_photo(repairs, RESIDENT, pictures.page())
    body = {**REPORT, "photo_ids": [photo_id]}
    answer = repairs.call(RESIDENT, "POST", "/tickets", body, Idempotency_Key="key-0001")
    assert answer.json["errors"][0]["code"] == "photo_refused"


def test_a_photo_on_its_way_is_shown_as_awaited_without_a_link(repairs: Repairs) -> None:
    body = {"community_id": COMMUNITY, "content_type": "image/jpeg", "size_bytes": 5000}
    answer = repairs.call(RESIDENT, "POST", "/photos", body, Idempotency_Key="photo-0001")
    photo_id = ok(answer, 201)["photo_id"]
    ticket = reported(repairs, photo_ids=[photo_id])
    seen = ok(repairs.call(RESIDENT, "GET", f"/tickets/{ticket['ticket_id']}"))
    assert seen["photos"] == [
        {
            "photo_id": photo_id,
            "state": "awaited",
            "refusal": None,
            "url": None,
            "thumbnail_url": None,
        }
    ]


def test_a_job_cannot_be_given_to_who_is_no_technician_here(repairs: Repairs) -> None:
    ticket = reported(repairs)
    url = f"/tickets/{ticket['ticket_id']}/assignment"
    store.keep_technician(COMMUNITY, technician(OTHER_WORKER, active=False, version=2))
    for worker in (OTHER_WORKER, RESIDENT, FOREIGN_WORKER):
        body = {"worker_id": worker.person_id, "version": 1}
        answer = repairs.call(DISPATCHER, "POST", url, body)
        assert answer.json["errors"][0]["code"] == "not_a_technician"
    assert ok(repairs.call(RESIDENT, "GET", f"/tickets/{ticket['ticket_id']}"))["version"] == 1


def test_the_worker_finishes_with_photos_of_their_own(repairs: Repairs) -> None:
    ticket = through(repairs, *ALL[:3])
    url = f"/tickets/{ticket['ticket_id']}/completion"
    body: dict[str, Any] = {"photo_ids": [], "version": ticket["version"]}
    assert repairs.call(WORKER, "POST", url, body).json["errors"][0]["path"] == "photo_ids"
    body["photo_ids"] = [taken_photo(repairs, RESIDENT, PHOTO)]
    assert repairs.call(WORKER, "POST", url, body).json["errors"][0]["code"] == "no_such_photo"


def test_all_states_have_words_in_both_languages(repairs: Repairs) -> None:
    from chalicelib.repairs import texts

    assert set(texts.STATES) == set(State)
    assert all(zh and en for zh, en in texts.STATES.values())


def test_a_neighbours_room_is_a_room_of_its_own(repairs: Repairs) -> None:
    body = {**REPORT, "room_id": NEIGHBOUR_ROOM}
    answer = repairs.call(NEIGHBOUR, "POST", "/tickets", body, Idempotency_Key="key-0001")
    assert ok(answer, 201)["room_id"] == NEIGHBOUR_ROOM
