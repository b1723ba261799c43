"""The invented estate: one seed, one estate; nothing in it that a register reader would refuse."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date

import pytest

from chalicelib.community.register.model import Severity
from chalicelib.community.register.reading import Reading, read_register
from chalicelib.community.register.sheet import read_sheets
from local.estate import workbook
from local.estate.invent import Human, credit_check, id_check, organisation_check
from local.estate.plan import ROOMS, Community, Estate, plan
from shared import ids
from shared.auth import RESIDENTS, Role


@pytest.fixture(scope="module")
def estate() -> Estate:
    return plan()


@pytest.fixture(scope="module")
def readings(estate: Estate) -> dict[str, Reading]:
    return {
        community.name: read_register(read_sheets(workbook.write(community)))
        for community in estate.communities
    }


def owners(estate: Estate) -> set[Human]:
    return {
        owner
        for community in estate.communities
        for room in community.rooms
        for owner in room.owners
    }


def usernames(community: Community) -> list[str]:
    staff = [member.username for member in community.staff]
    return staff + [binding.username for binding in community.bindings]


def test_the_same_seed_gives_the_same_estate(estate: Estate) -> None:
    assert plan() == estate
    assert plan(1) != estate


def test_two_companies_run_three_communities_of_600_rooms(estate: Estate) -> None:
    assert len(estate.companies) == 2
    assert len({community.name for community in estate.communities}) == 3
    assert sum(len(community.rooms) for community in estate.communities) == ROOMS


def test_every_register_is_read_without_an_error_into_the_rooms_it_was_made_of(
    estate: Estate, readings: dict[str, Reading]
) -> None:
    for community in estate.communities:
        reading = readings[community.name]
        assert [f for f in reading.findings if f.severity is Severity.ERROR] == []
        read = [(room.key, room.built_area_dm2, len(room.owners)) for room in reading.rooms]
        made = [(room.key, room.built_dm2, len(room.owners)) for room in community.rooms]
        assert read == made


def test_a_register_has_all_that_real_ones_have(readings: dict[str, Reading]) -> None:
    rooms = [room for reading in readings.values() for room in reading.rooms]
    assert {room.use for room in rooms} == {"residential", "shop", "parking"}
    assert {room.state for room in rooms} == {
        "unsold", "sold", "vacant", "occupied", "let", "renovating",
    }  # fmt: skip
    assert {room.payer for room in rooms} == {"owner", "developer"}
    assert any(len(room.owners) == 2 for room in rooms)
    assert any(room.note for room in rooms)
    assert any(room.unit == "0" for room in rooms)
    assert any(len(owner.phones) == 2 for room in rooms for owner in room.owners)


def test_an_inner_area_is_smaller_than_the_built_up_one(estate: Estate) -> None:
    for community in estate.communities:
        for room in community.rooms:
            assert 0 < room.inner_dm2 < room.built_dm2


def test_charging_starts_when_a_room_is_handed_over(estate: Estate) -> None:
    for community in estate.communities:
        for room in community.rooms:
            if room.handed_over_on is None:
                assert room.billing_from is None
            else:
                assert room.billing_from is not None
                assert room.handed_over_on < room.billing_from
                assert room.billing_from.day == 1


def test_no_two_people_share_a_phone_an_identity_number_or_a_name(estate: Estate) -> None:
    people = owners(estate)
    assert len(people) > 500
    for told in ("phone", "id_number", "name"):
        assert len({getattr(person, told) for person in people}) == len(people)


def test_nobody_can_be_real(estate: Estate) -> None:
    for person in owners(estate):
        # No province is numbered 39, and no operator has 154.
        assert person.id_number.startswith("39")
        assert re.fullmatch(r"154\d{8}", person.phone)
    for company in estate.companies:
        assert company.credit_code.startswith("9139")


def test_identity_numbers_are_of_grown_up_people_and_check(estate: Estate) -> None:
    for person in owners(estate):
        born = date.fromisoformat(person.id_number[6:14])
        assert date(1950, 1, 1) <= born <= date(2004, 1, 1)
        assert id_check(person.id_number[:17]) == person.id_number[17]


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_identity_numbers_of_the_standard_check(number: str) -> None:
    """The examples of GB 11643-1999."""
    assert id_check(number[:17]) == number[17]


def test_credit_codes_of_the_standard_check() -> None:
    """The example of GB 32100-2015, whose ninth to seventeenth characters are GB 11714's."""
    assert organisation_check("M000100Y") == "4"
    assert credit_check("91350100M000100Y4") == "3"


def test_user_names_are_easy_to_type_and_unique(estate: Estate) -> None:
    found = [one.username for company in estate.companies for one in company.staff]
    found += [estate.admin.username, estate.auditor.username, estate.stranger.username]
    found += [member.username for member in (*estate.officers, estate.host)]
    for community in estate.communities:
        found += usernames(community)
    homes = [one for one in found if found.count(one) > 1]
    assert len(set(homes)) == 1, "only whoever has two homes is named twice"
    assert all(re.fullmatch(r"[a-z]+(\.[a-z]+\d?)?", username) for username in found)


def test_every_community_has_its_people(estate: Estate) -> None:
    for community in estate.communities:
        roles = [one.role for one in community.staff]
        wanted = {Role.COMMUNITY_MANAGER, Role.DISPATCHER, Role.CASHIER, Role.GATE_GUARD}
        assert wanted <= set(roles)
        assert roles.count(Role.TECHNICIAN) in (3, 4)
        buildings = {room.key[0] for room in community.rooms}
        butlers = [one.building for one in community.staff if one.role is Role.BUTLER]
        assert set(butlers) <= buildings
        assert len(butlers) == 2


def test_residents_live_in_rooms_of_the_register(estate: Estate) -> None:
    bindings = [one for community in estate.communities for one in community.bindings]
    assert len({one.username for one in bindings}) >= 20
    assert {one.relation for one in bindings} == RESIDENTS
    for community in estate.communities:
        for one in community.bindings:
            assert one.room in community.rooms
            if one.relation is Role.OWNER:
                assert one.name in [owner.name.text for owner in one.room.owners]
            if one.relation is Role.TENANT:
                assert one.room.state == "出租"


def test_residents_report_what_is_broken_where_they_live(estate: Estate) -> None:
    for community in estate.communities:
        homes = {(one.username, one.room) for one in community.bindings}
        assert len(community.complaints) == 2
        assert {(one.username, one.room) for one in community.complaints} <= homes


def test_one_person_is_at_home_under_two_companies(estate: Estate) -> None:
    homes = defaultdict(set)
    for company in estate.companies:
        for community in company.communities:
            for one in community.bindings:
                homes[one.username].add(company.name)
    assert sorted(len(companies) for companies in homes.values())[-2:] == [1, 2]


def test_every_room_has_an_id(estate: Estate) -> None:
    for community in estate.communities:
        for room in community.rooms:
            assert ids.room_parts(ids.room_id("com_7k2m9x4a", *room.key))[1:] == room.key
