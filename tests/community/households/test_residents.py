"""Who is bound to a room: all whom staff ask for, and for its owner whoever lives there now."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.community import permissions
from chalicelib.community.holdings import store as holdings
from chalicelib.community.households import actions, shapes
from chalicelib.community.households.rules import MAX_RESIDENTS, Household
from chalicelib.community.rules import Holding
from local.apps import load_app
from shared import clock, ids
from shared.auth import Caller, Grant, Role
from shared.errors import Invalid
from shared.table import Page
from tests.community.estate import BINDER, CHILD, RESIDENT, Estate, an_estate
from tests.community.register.scene import CLERK, NOW
from tests.conftest import Cloud
from tests.harness.calls import heard
from tests.harness.gateway import send

LATER = NOW + timedelta(days=3)
GONE = [f"per_{number:026}" for number in range(30)]
STAYED = [f"per_{number + 500:026}" for number in range(5)]


@pytest.fixture
def estate(moto_cloud: Cloud) -> Estate:
    """One room from which many have moved, between whose ids those of who stayed stand."""
    made = an_estate(moto_cloud)
    for person_id in (*GONE, *STAYED):
        bind(made, person_id, "tenant")
        if person_id in GONE:
            leave(made, person_id)
    return made


def room(estate: Estate) -> str:
    return ids.room_id(estate.community_id, "3", "1", "502")


def staff(estate: Estate) -> Caller:
    manager = (Grant(Role.COMMUNITY_MANAGER, estate.community_id),)
    return Caller(BINDER, manager, permissions.LIST_RESIDENTS)


def owner(estate: Estate) -> Caller:
    own = Grant(Role.OWNER, f"{estate.community_id}/3/1/502")
    return Caller(RESIDENT, (own,), permissions.LIST_RESIDENTS)


def bind(estate: Estate, person_id: str, relation: Any, days: int | None = None) -> None:
    until = None if days is None else clock.estate_date(NOW) + timedelta(days=days)
    wanted = shapes.BindResident(person_id=person_id, relation=relation, until=until)
    allowed = Caller(BINDER, staff(estate).grants, permissions.BIND_RESIDENT)
    actions.bind_resident(allowed, room(estate), wanted, NOW)


def leave(estate: Estate, person_id: str) -> None:
    gone = shapes.UnbindResident(person_id=person_id, relation="tenant", reason="搬走")
    allowed = Caller(BINDER, staff(estate).grants, permissions.END_BINDING)
    actions.unbind_resident(allowed, room(estate), gone, NOW)


def pages(estate: Estate, caller: Caller, limit: int) -> list[Page[Holding]]:
    found = [actions.list_residents(caller, room(estate), limit, None, LATER)]
    while found[-1].next_cursor is not None:
        cursor = found[-1].next_cursor
        found.append(actions.list_residents(caller, room(estate), limit, cursor, LATER))
    return found


def listed(estate: Estate, caller: Caller, limit: int) -> list[str]:
    return [one.person_id for page in pages(estate, caller, limit) for one in page.items]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 100])
def test_an_owner_turns_the_pages_of_who_lives_there_now(estate: Estate, limit: int) -> None:
    found = pages(estate, owner(estate), limit)
    # Whole pages, until nobody is left.
    assert {len(page.items) for page in found[:-1]} <= {limit}
    assert 0 < len(found[-1].items) <= limit
    assert listed(estate, owner(estate), limit) == sorted([*STAYED, RESIDENT, CHILD, CLERK])


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_no_cursor_of_an_owner_names_anybody_but_who_is_shown(estate: Estate, limit: int) -> None:
    bind(estate, GONE[0], "tenant", days=1)
    for page in pages(estate, owner(estate), limit):
        cursor = page.next_cursor
        named = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)) if cursor else b""
        assert [one for one in GONE if one.encode() in named] == []
        assert not cursor or page.items[-1].person_id.encode() in named


def test_staff_still_see_everybody_who_was_ever_bound(estate: Estate) -> None:
    everybody = sorted([*GONE, *STAYED, RESIDENT, CHILD, CLERK])
    assert listed(estate, staff(estate), 7) == everybody
    both = Caller(BINDER, (*staff(estate).grants, *owner(estate).grants), staff(estate).permission)
    assert listed(estate, both, 100) == everybody


def test_a_lease_that_ran_out_is_shown_to_staff_alone(estate: Estate) -> None:
    bind(estate, GONE[0], "tenant", days=1)
    assert GONE[0] not in listed(estate, owner(estate), 2)
    assert GONE[0] in listed(estate, staff(estate), 2)


def test_who_leaves_between_two_pages_hides_nobody(estate: Estate) -> None:
    first = actions.list_residents(owner(estate), room(estate), 2, None, LATER)
    leave(estate, first.items[-1].person_id)
    rest = actions.list_residents(owner(estate), room(estate), 100, first.next_cursor, LATER)
    seen = [one.person_id for one in (*first.items, *rest.items)]
    assert seen == sorted([*STAYED, RESIDENT, CHILD, CLERK])


def test_who_comes_in_the_place_of_another_while_an_owner_looks_is_shown(estate: Estate) -> None:
    read = holdings.get_household
    with pytest.MonkeyPatch.context() as patch:

        def meanwhile(scope: str) -> Household:
            found = read(scope)
            patch.undo()
            leave(estate, STAYED[0])
            bind(estate, GONE[0], "tenant")
            return found

        patch.setattr(holdings, "get_household", meanwhile)
        page = actions.list_residents(owner(estate), room(estate), 100, None, LATER)
    shown = [one.person_id for one in page.items]
    assert shown == sorted([GONE[0], *STAYED[1:], RESIDENT, CHILD, CLERK])


def test_a_full_household_is_two_calls_and_an_empty_room_one(estate: Estate) -> None:
    for number in range(MAX_RESIDENTS - 8):
        bind(estate, f"per_{number + 700:026}", "family_member")
    with heard() as calls:
        assert len(pages(estate, owner(estate), 100)[0].items) == MAX_RESIDENTS
    assert calls.counted == {"GetItem": 1, "BatchGetItem": 1}
    empty = Grant(Role.OWNER, f"{estate.community_id}/3/1/503")
    caller = Caller(RESIDENT, (empty,), permissions.LIST_RESIDENTS)
    other = ids.room_id(estate.community_id, "3", "1", "503")
    with heard() as calls:
        assert actions.list_residents(caller, other, 5, None, LATER) == Page((), None)
    assert calls.counted == {"GetItem": 1}


def test_a_cursor_of_another_room_is_refused(estate: Estate) -> None:
    other = ids.room_id(estate.community_id, "3", "1", "503")
    caller = Caller(
        RESIDENT,
        (Grant(Role.OWNER, f"{estate.community_id}/3/1/503"),),
        permissions.LIST_RESIDENTS,
    )
    cursor = pages(estate, owner(estate), 2)[0].next_cursor
    for wrong in (cursor, "not a cursor"):
        with pytest.raises(Invalid):
            actions.list_residents(caller, other, 2, wrong, LATER)


def test_an_owner_asks_through_the_door_and_gets_no_longer_page_than_asked(
    estate: Estate,
) -> None:
    url = f"/rooms/{room(estate)}/residents?limit=3"
    answer = send(
        load_app("community").app, "GET", url, person_id=RESIDENT, grants=owner(estate).grants
    )
    assert (answer.status, len(answer.json["items"])) == (200, 3), answer.text
    assert answer.json["next_cursor"]
