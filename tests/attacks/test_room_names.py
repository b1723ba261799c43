"""A room has one name; a spelling that looks like it reaches nothing."""

from __future__ import annotations

import pytest

from chalicelib.community import permissions
from chalicelib.community.households import actions, shapes
from chalicelib.community.register import actions as register_actions
from chalicelib.community.register import store
from shared import ids
from shared.auth import Caller, Grant, Role
from shared.errors import NotFound
from tests.community.register.scene import NOW, Register, a_register, rows_of
from tests.conftest import Cloud

BUTLER = ids.person_id("test", "butler")
STRANGER = ids.person_id("test", "stranger")


@pytest.fixture
def register(moto_cloud: Cloud) -> Register:
    return a_register(moto_cloud)


@pytest.mark.parametrize(
    "spelling", ["3-01-502", "3-0001-502", "3-1-0502", "3-0001-000502", "3-1-00502", "03-1-502"]
)
def test_zeros_in_front_are_not_the_same_room(register: Register, spelling: str) -> None:
    register.bring_in(*rows_of("3", {"502": 8_943}))
    ghost = f"room_{register.community_id.removeprefix('com_')}_{spelling}"
    caller = Caller(BUTLER, (Grant(Role.BUTLER, register.community_id),), permissions.BIND_RESIDENT)
    wanted = shapes.BindResident(person_id=STRANGER, relation="tenant")
    with pytest.raises(NotFound):
        # It would hold a key to the room, and stand in no list of the room's residents.
        actions.bind_resident(caller, ghost, wanted, NOW)
    with pytest.raises(NotFound):
        register_actions.get_room(register.caller(permissions.VIEW_REGISTER), ghost)


def test_rooms_that_differ_by_a_zero_are_two_rooms(register: Register) -> None:
    committed = register.bring_in(*rows_of("3", {"01A": 100, "1A": 200}))
    assert committed.state == "committed"
    assert register.areas("3") == {"01A": 100, "1A": 200}


def test_rooms_come_floor_by_floor(register: Register) -> None:
    register.bring_in(*rows_of("3", dict.fromkeys(("1001", "201", "101"), 100)))
    found = store.list_rooms(register.community_id, "3", 10, None)
    assert found is not None
    assert [room.number for room, _ in found[1].items] == ["101", "201", "1001"]
