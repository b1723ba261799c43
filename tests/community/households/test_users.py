"""Who lives in a community: who is listed, for whom, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.community import permissions
from chalicelib.community.households import actions, shapes
from chalicelib.community.households.rules import AppUser
from chalicelib.community.rules import Standing
from local.apps import load_app
from shared import ids
from shared.auth import Caller, Grant, Role
from tests.community.estate import BINDER, CHILD, RESIDENT, WORKER, Estate, an_estate
from tests.community.register.scene import CLERK, NOW
from tests.conftest import Cloud
from tests.harness.gateway import Answer, send

APP = load_app("community").app


@pytest.fixture
def estate(moto_cloud: Cloud) -> Estate:
    return an_estate(moto_cloud)


def ask(estate: Estate, query: str = "", role: Role = Role.BUTLER, below: str = "") -> Answer:
    url = f"/communities/{estate.community_id}/residents?{query}"
    grants = (Grant(role, f"{estate.community_id}{below}"),)
    return send(APP, "GET", url, person_id=CLERK, grants=grants)


def listed(estate: Estate, query: str = "") -> list[tuple[Any, ...]]:
    answer = ask(estate, query)
    assert answer.status == 200, answer.text
    items = answer.json["items"]
    return [(one["room_id"][14:], one["person_id"], one["relation"]) for one in items]


def binder(estate: Estate) -> Caller:
    manager = (Grant(Role.COMMUNITY_MANAGER, estate.community_id),)
    return Caller(BINDER, manager, permissions.BIND_RESIDENT)


def test_users_are_listed_room_by_room_page_by_page(estate: Estate) -> None:
    lives = {("3-1-502", RESIDENT, "owner"), ("3-1-502", CHILD, "family_member")}
    assert set(listed(estate)) == lives | {("3-1-502", CLERK, "tenant")}
    first = ask(estate, "limit=2").json
    second = ask(estate, f"limit=2&cursor={first['next_cursor']}").json
    assert [len(page["items"]) for page in (first, second)] == [2, 1]
    assert listed(estate, "building=3") == listed(estate)
    assert listed(estate, "building=33") == []


@pytest.mark.parametrize("building", ["", "3%2F1", "3%23", "..", "x", "3%0A", "3" * 21])
def test_what_is_no_building_is_refused(estate: Estate, building: str) -> None:
    answer = ask(estate, f"building={building}")
    assert (answer.status, answer.json["errors"][0]["path"]) == (400, "query:building")


def test_a_butler_of_a_building_asks_for_that_building_and_nothing_else(estate: Estate) -> None:
    assert len(ask(estate, "building=3", below="/3").json["items"]) == 3
    for query in ("", "building=33"):
        assert ask(estate, query, below="/3").status == 404
    for role in (Role.OWNER, Role.FAMILY_MEMBER, Role.TENANT):
        assert ask(estate, "building=3", role, "/3/1/502").status == 404


def test_who_leaves_is_listed_no_longer_and_who_comes_back_once(estate: Estate) -> None:
    room = ids.room_id(estate.community_id, "3", "1", "502")
    child = ("3-1-502", CHILD, "family_member")
    gone = shapes.UnbindResident(person_id=CHILD, relation="family_member", reason="搬走")
    back = shapes.BindResident(person_id=CHILD, relation="family_member")
    actions.unbind_resident(binder(estate), room, gone, NOW)
    assert child not in listed(estate)
    actions.bind_resident(binder(estate), room, back, NOW)
    assert listed(estate).count(child) == 1


def test_a_lease_that_ran_out_is_shown_as_ended() -> None:
    let = AppUser(WORKER, Role.TENANT, "com_7k2m9x4a/3/1/502", NOW, NOW + timedelta(days=1))
    assert let.standing(NOW) is Standing.ACTIVE
    assert let.standing(NOW + timedelta(days=1)) is Standing.ENDED
    assert replace(let, until=None).standing(NOW + timedelta(days=9)) is Standing.ACTIVE
