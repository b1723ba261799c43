"""Who finds what in the log, that they looked, and what of an event is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.audit import rules
from chalicelib.audit.model import Search
from local.places import FUNCTIONS
from shared import clock, events, ids
from shared.auth import Grant, Role
from shared.errors import NotFound
from tests.audit.scene import (
    AUDITOR,
    CLERK_ID,
    COMMUNITY,
    COMPANY,
    COMPANY_AUDITOR,
    DAUGHTER_ID,
    GRANT_ID,
    MANAGER,
    RESIDENT_ID,
    TICKET,
    Log,
    Person,
    granted,
    happened,
)

ELSEWHERE = "com_8m3n0y5b"


def ids_of(found: list[dict[str, Any]]) -> list[str]:
    return [one["activity_id"] for one in found]


def test_an_activity_says_who_did_what_to_what_in_whose_name(log_on: Log) -> None:
    event = happened(2, for_id=DAUGHTER_ID)
    assert log_on.hear(event) == []
    (found,) = log_on.found(AUDITOR, f"subject_id={TICKET}")
    assert found["received_at"] >= found["at"]
    assert {name: found[name] for name in found.keys() - {"at", "received_at"}} == {
        "activity_id": f"{TICKET}:2",
        "type": "RepairAssigned",
        "source": "repairs",
        "community_id": COMMUNITY,
        "subject_id": TICKET,
        "version": 2,
        "actor_id": CLERK_ID,
        "for_id": DAUGHTER_ID,
        "data": {"state": "dispatched", "reporter_id": RESIDENT_ID},
        "stray": False,
    }


def test_a_person_is_found_as_hands_as_name_as_subject_and_where_data_name_them(log: Log) -> None:
    log.hear(
        happened(1, actor_id=RESIDENT_ID, data={}),
        happened(2, for_id=RESIDENT_ID, data={}),
        happened(3, id=f"{RESIDENT_ID}:3", subject_id=RESIDENT_ID, data={}),
        happened(4),
        happened(5, data={}),
    )
    found = log.found(AUDITOR, f"person_id={RESIDENT_ID}")
    assert set(ids_of(found)) == {f"{TICKET}:{n}" for n in (1, 2, 4)} | {f"{RESIDENT_ID}:3"}


def test_an_event_that_comes_again_is_recorded_once_even_hours_later(log: Log) -> None:
    event = happened(1)
    assert log.hear(event, event) == []
    before = log.items()
    assert log.hear(event) == []
    assert log.items() == before


def test_the_newest_comes_first_and_both_instants_are_included(log: Log) -> None:
    at = clock.now()
    times = [at.replace(hour=hour) for hour in (3, 9, 5, 7)]
    log.hear(*(happened(n, at=moment) for n, moment in enumerate(times, 1)))
    found = log.found(AUDITOR, f"person_id={CLERK_ID}")
    assert ids_of(found) == [f"{TICKET}:{n}" for n in (2, 4, 3, 1)]
    since, until = clock.to_text(times[2]), clock.to_text(times[3])
    span = f"since={since}&until={until}"
    assert ids_of(log.found(AUDITOR, f"person_id={CLERK_ID}&{span}")) == [
        f"{TICKET}:4",
        f"{TICKET}:3",
    ]


def test_a_company_s_auditor_finds_what_happened_in_its_communities_alone(log: Log) -> None:
    elsewhere = happened(
        1, id="rep_8m3n0y5b_x:1", community_id=ELSEWHERE, subject_id=f"rep_8m3n0y5b_{'1' * 26}"
    )
    log.hear(happened(1), elsewhere)
    person = f"person_id={CLERK_ID}"
    here = log.found(COMPANY_AUDITOR, f"{person}&community_id={COMMUNITY}")
    assert ids_of(here) == [f"{TICKET}:1"]
    assert len(log.found(AUDITOR, person)) == 2
    for query in (
        person,
        f"{person}&community_id={ELSEWHERE}",
        f"community_id={ELSEWHERE}",
        "community_id=platform",
        f"subject_id=rep_8m3n0y5b_{'1' * 26}",
        f"subject_id={GRANT_ID}",
    ):
        assert log.call(COMPANY_AUDITOR, "GET", f"/activities?{query}").status == 404, query


@pytest.mark.parametrize(
    "who",
    [MANAGER, Person("per_" + "p" * 26, (Grant(Role.PLATFORM_ADMIN, "platform"),))],
    ids=["manager", "platform admin"],
)
def test_nobody_but_an_auditor_looks_into_the_log(log: Log, who: Person) -> None:
    log.hear(happened(1))
    assert log.call(who, "GET", f"/activities?community_id={COMMUNITY}").status == 404
    wanted = {"since": "2026-11-22T04:00:00Z", "until": "2026-11-22T05:00:00Z"}
    for one in (who, COMPANY_AUDITOR):
        assert log.call(one, "POST", "/checks", wanted).status == 404


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=5", "one_search"),
        (f"person_id={CLERK_ID}&subject_id={TICKET}", "one_search"),
        (f"subject_id={TICKET}&community_id={COMMUNITY}", "one_search"),
        (
            f"person_id={CLERK_ID}&since=2026-11-22T04:00:00Z&until=2026-11-22T03:00:00Z",
            "ends_before_it_begins",
        ),
    ],
)
def test_a_search_names_one_thing_and_a_time_that_can_be(log: Log, query: str, code: str) -> None:
    answer = log.call(AUDITOR, "GET", f"/activities?{query}")
    assert answer.status == 400
    assert [error["code"] for error in answer.json["errors"]] == [code]
    assert log.items("search") == []


def test_a_search_is_an_activity_that_is_recorded_once_and_makes_no_other(log: Log) -> None:
    for _ in range(3):
        log.found(AUDITOR, f"person_id={CLERK_ID}")
    (search,) = log.items("search")
    told = events.decode(search["event"]["S"])
    assert (told.type, told.actor_id, told.data) == (
        "ActivitySearched",
        AUDITOR.person_id,
        {"person_id": CLERK_ID},
    )
    before = log.items()
    assert log.hear(told, told) == []
    new = [item["pk"]["S"].split("#")[1] for item in log.items() if item not in before]
    assert sorted(new) == ["heard", "log", "log"]
    # Who was looked for is told of it as well.
    assert ids_of(log.found(AUDITOR, f"person_id={CLERK_ID}")) == [told.id]


def test_nobody_is_answered_whose_search_could_not_be_kept(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(event: events.Event) -> None:
        raise RuntimeError("the table is out of reach")

    log.hear(happened(1))
    monkeypatch.setattr("chalicelib.audit.store.add_search", fail)
    answer = log.call(AUDITOR, "GET", f"/activities?person_id={CLERK_ID}")
    assert (answer.status, answer.json["code"]) == (500, "internal_error")


def test_a_row_that_somebody_put_elsewhere_is_shown_as_stray(log: Log) -> None:
    log.hear(happened(1))
    row = log.items("log")[0]
    log.put({**row, "pk": {"S": "platform#log#2020-01"}})
    found = log.found(AUDITOR, f"person_id={CLERK_ID}")
    assert sorted(one["stray"] for one in found) == [False, True]


def test_the_log_keeps_no_name(log: Log) -> None:
    log.hear(granted("鹤望兰"))
    assert "鹤望兰" not in json.dumps(log.items(), ensure_ascii=False)
    (found,) = log.found(AUDITOR, f"subject_id={GRANT_ID}")
    assert found["data"] == {"person_id": CLERK_ID, "role": "technician", "scope": COMMUNITY}


def test_data_beyond_their_bound_are_kept_as_size_and_digest() -> None:
    small = {"text": "x" * (rules.MAX_DATA_BYTES - 12)}
    assert rules.kept_data(small) == small
    kept = rules.kept_data({"text": "x" * (rules.MAX_DATA_BYTES - 11)})
    assert kept.keys() == {"bytes", "sha256"}
    assert kept["bytes"] == rules.MAX_DATA_BYTES + 1


def test_an_activity_has_at_most_eight_people(log: Log) -> None:
    many = {f"id{n}": f"per_{letter * 26}" for n, letter in enumerate(ids.ALPHABET)}
    log.hear(happened(1, data=many))
    assert len(log.items("log")) == rules.MAX_PEOPLE


@pytest.mark.parametrize(
    ("search", "scope"),
    [
        (Search(person_id=CLERK_ID), "platform"),
        (Search(person_id=CLERK_ID, place=COMMUNITY), COMMUNITY),
        (Search(place="platform"), "platform"),
        (Search(place=COMPANY), COMPANY),
        (Search(subject_id=TICKET), COMMUNITY),
        (Search(subject_id="room_7k2m9x4a_3-1-502"), COMMUNITY),
        (Search(subject_id=f"{COMMUNITY}/3"), COMMUNITY),
        (Search(subject_id=COMPANY), COMPANY),
        (Search(subject_id=GRANT_ID), "platform"),
        (Search(subject_id=CLERK_ID), "platform"),
    ],
)
def test_a_search_needs_the_right_where_what_it_names_belongs(search: Search, scope: str) -> None:
    assert rules.scope_of(search) == scope


@pytest.mark.parametrize("place", [TICKET, "com_", f"{COMMUNITY}/3", "nowhere", "co_1"])
def test_a_place_is_a_community_a_company_or_the_platform(place: str) -> None:
    with pytest.raises(NotFound):
        rules.scope_of(Search(place=place))


def test_no_function_may_change_or_delete_what_the_log_keeps() -> None:
    """Appending is the only way: no policy but for the queue's grants a change or a deletion."""
    for path in (FUNCTIONS / "audit" / ".chalice").glob("policy-*.json"):
        granted = [one for s in json.loads(path.read_text())["Statement"] for one in s["Action"]]
        changing = [one for one in granted if "Update" in one or "Delete" in one]
        assert [one for one in changing if one != "sqs:DeleteMessage"] == [], path.name
