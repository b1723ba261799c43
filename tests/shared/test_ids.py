"""Ids sort by time, never repeat, and show their community; what is forged does not exist."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import ids
from shared.errors import NotFound

NOW = datetime(2026, 11, 22, 4, 5, 6, 789_000, UTC)
MOMENTS = st.integers(0, 4_102_444_800_000).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
COMMUNITIES = st.text(ids.ALPHABET, min_size=8, max_size=8).map("com_{}".format)
KINDS = st.sampled_from(["rep", "imp", "pho", "gra"])
ROOM_PARTS = st.text("0123456789ABC甲乙", min_size=1, max_size=6)


@given(MOMENTS, st.integers(1, 10_000_000))
def test_a_later_millisecond_sorts_later(moment: datetime, later_ms: int) -> None:
    assert ids.ulid(moment) < ids.ulid(moment + timedelta(milliseconds=later_ms))


def test_ids_of_one_instant_never_repeat() -> None:
    made = {ids.new_id("rep", "com_7k2m9x4a", NOW) for _ in range(10_000)}
    assert len(made) == 10_000


def test_communities_of_different_facts_do_not_meet() -> None:
    made = {ids.derived_community_id("co_1", f"key-{number}") for number in range(1_000)}
    assert len(made) == 1_000
    assert {ids.community_of(community, "com") for community in made} == made


def test_the_layout_is_that_of_a_ulid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "random_bytes", lambda count: b"\xff" * count)
    made = ids.ulid(datetime(2016, 7, 30, 22, 36, 16, 385_000, UTC))
    # The time part of the specification's own example, 01ARYZ6S41, in lower case.
    assert made == "01aryz6s41" + "z" * 16


@given(KINDS, COMMUNITIES, MOMENTS)
def test_the_community_is_legible_in_every_id(kind: str, community: str, now: datetime) -> None:
    assert ids.community_of(ids.new_id(kind, community, now), kind) == community
    assert ids.community_of(ids.derived_id(kind, community, "who", "key"), kind) == community
    assert ids.community_of(community, "com") == community


@given(COMMUNITIES, ROOM_PARTS, ROOM_PARTS, ROOM_PARTS)
def test_a_room_is_named_by_its_register_key(
    community: str, building: str, unit: str, number: str
) -> None:
    room = ids.room_id(community, building, unit, number)
    assert ids.community_of(room, "room") == community
    assert ids.room_parts(room) == (community, building, unit, number)
    assert ids.room_scope(room) == f"{community}/{building}/{unit}/{number}"


@given(st.text(max_size=60), KINDS | st.sampled_from(["com", "room", "co"]))
def test_a_forged_id_does_not_exist(text: str, kind: str) -> None:
    with pytest.raises(NotFound):
        ids.community_of(text, kind)


GOOD = "rep_7k2m9x4a_01kb3wmpt8c2v5f0d9h1j4n6q7"


@pytest.mark.parametrize(
    "forged",
    [
        "",
        GOOD + "\n",
        GOOD + "0",
        GOOD[:-1],
        GOOD.upper(),
        " " + GOOD,
        GOOD.replace("_", "-"),
        GOOD.replace("7k2m9x4a", "7k2m9x4u"),  # u is not of the alphabet
        GOOD.replace("7k2m9x4a", "7k2m9x4a/3"),
        GOOD.replace("7k2m9x4a", "７k2m9x4a"),  # a full-width digit
        GOOD.replace("rep_", "imp_"),
        GOOD.replace("7k2m9x4a_", ""),
        "rep_7k2m9x4a#ticket#_" + "0" * 26,
    ],
)
def test_what_is_nearly_an_id_does_not_exist(forged: str) -> None:
    assert ids.community_of(GOOD, "rep") == "com_7k2m9x4a"
    with pytest.raises(NotFound):
        ids.community_of(forged, "rep")


@pytest.mark.parametrize(
    "forged",
    [
        "room_7k2m9x4a_3-1",
        "room_7k2m9x4a_3-1-502-1",
        "room_7k2m9x4a_3-1-50/2",
        "room_7k2m9x4a_3-1-50#2",
        "room_7k2m9x4a_3--502",
        "room_7k2m9x4a_3-1-" + "5" * 33,
        "room_7k2m9x4a_3-1-5 02",
        "room_7k2m9x4a_3-1-502\n",
        "com_7k2m9x4a_3-1-502",
    ],
)
def test_what_is_nearly_a_room_does_not_exist(forged: str) -> None:
    with pytest.raises(NotFound):
        ids.community_of(forged, "room")
    with pytest.raises(NotFound):
        ids.room_parts(forged)


def test_the_same_facts_always_give_the_same_id() -> None:
    made = ids.derived_id("rep", "com_7k2m9x4a", "per_1", "key-0001")
    assert made == ids.derived_id("rep", "com_7k2m9x4a", "per_1", "key-0001")
    others = [
        ids.derived_id("rep", "com_7k2m9x4a", "per_1", "key-0002"),
        ids.derived_id("rep", "com_7k2m9x4a", "per_2", "key-0001"),
        ids.derived_id("rep", "com_7k2m9x4a", "per_1key", "-0001"),
    ]
    assert len({made, *others}) == 4


def test_a_person_is_one_issuers_one_subject() -> None:
    person = ids.person_id("https://issuer.example", "subject-1")
    assert person == ids.person_id("https://issuer.example", "subject-1")
    assert ids.is_person_id(person)
    assert person != ids.person_id("https://other.example", "subject-1")
    assert person != ids.person_id("https://issuer.example", "subject-2")


@pytest.mark.parametrize("text", ["", "per_", "per_1", "co_" + "0" * 26, "per_" + "0" * 27])
def test_what_is_no_person_is_not_taken_for_one(text: str) -> None:
    assert not ids.is_person_id(text)


def test_a_thing_of_the_platform_is_known_by_its_kind() -> None:
    company = ids.derived_platform_id("co", "per_1", "key")
    assert ids.check_platform_id(company, "co") == company
    for forged in (company + "0", company.replace("co_", "per_"), "co_", GOOD):
        with pytest.raises(NotFound):
            ids.check_platform_id(forged, "co")
