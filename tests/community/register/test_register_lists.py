"""A list of rooms is all of one edition of its building, whatever an import does meanwhile."""

from __future__ import annotations

import itertools
from functools import partial

import pytest

from chalicelib.community import permissions
from chalicelib.community.register import actions, shapes, store
from chalicelib.community.register.model import Room
from shared import aws, ids
from shared.errors import Conflict, Invalid
from shared.table import Page
from tests.community.register.moments import Moments
from tests.community.register.scene import NOW, Register, a_register, rows_of, take
from tests.conftest import Cloud
from tests.harness.calls import heard
from tests.harness.turns import Worker, take_turns

OLD = {"101": 8_000, "102": 8_000}
NEW = {"101": 9_000, "102": 9_000, "201": 9_000}
Seen = dict[str, int | None] | None
"""Room number → area; None where the list was ended by `list_changed`."""


@pytest.fixture
def register(cloud: Cloud) -> Register:
    return a_register(cloud)


@pytest.fixture
def room_by_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import whose rooms take a transaction each, as those of a tower take several."""
    monkeypatch.setattr(store, "_CHUNK", 1)


def listed(register: Register, limit: int) -> Seen:
    """All pages of the list of building 3, begun once."""
    caller = register.caller(permissions.VIEW_REGISTER)
    found: dict[str, int | None] = {}
    cursor = None
    while True:
        try:
            _, part = actions.list_rooms(caller, register.community_id, "3", limit, cursor)
        except Conflict as conflict:
            if conflict.code != "list_changed":
                raise
            return None
        found |= {room.number: room.built_area_dm2 for room, _ in part.items}
        cursor = part.next_cursor
        if cursor is None:
            return found


def an_import(register: Register, old: dict[str, int], new: dict[str, int]) -> shapes.BuildingTask:
    """The one task of an import that makes new rooms of old ones."""
    register.bring_in(*rows_of("3", old))
    (task,) = register.begin(register.dry_run_of(*rows_of("3", new)))
    return task


@pytest.fixture
def moments(moto_cloud: Cloud, room_by_room: None) -> tuple[Register, Moments]:
    """A register, and the states through which an import of building 3 takes it."""
    register = a_register(moto_cloud)
    task = an_import(register, OLD, NEW)
    return register, Moments("community", register.table, partial(take, task))


def test_no_order_of_reads_and_writes_shows_old_rooms_beside_new_ones(
    moments: tuple[Register, Moments],
) -> None:
    register, states = moments
    seen = []
    for order, view in states.orders(partial(listed, register, 2)):
        assert view in (OLD, NEW, None), order
        seen.append(view)
    # Every end is met: one that never is would prove little.
    assert all(end in seen for end in (OLD, NEW, None))


def test_a_reader_that_looks_at_the_building_only_once_is_found_out(
    moments: tuple[Register, Moments], monkeypatch: pytest.MonkeyPatch
) -> None:
    register, states = moments

    def carelessly() -> Seen:
        once = store.get_building(register.community_id, "3")
        with monkeypatch.context() as patch:
            patch.setattr(store, "get_building", lambda *_: once)
            return listed(register, 100)

    views = [view for _, view in states.orders(carelessly)]
    assert any(view not in (OLD, NEW, None) for view in views)


@pytest.mark.parametrize("limit", [1, 100])
def test_every_read_of_a_list_sees_every_write_before_it(moto_cloud: Cloud, limit: int) -> None:
    """No emulator reads late, so what is asked for must do."""
    register = a_register(moto_cloud)
    register.bring_in(*rows_of("3", OLD))
    asked: list[bool] = []
    aws.client("dynamodb").meta.events.register(
        "provide-client-params.dynamodb",
        lambda params, **_: asked.append(params.get("ConsistentRead", False)),
    )
    assert listed(register, limit) == OLD
    assert asked
    assert all(asked)


@pytest.mark.parametrize(("number", "before"), [("101", 8_000), ("201", None)])
def test_a_single_room_is_the_old_one_or_the_new_one_in_every_order(
    moments: tuple[Register, Moments], number: str, before: int | None
) -> None:
    register, states = moments
    seen = set()
    for order, view in states.orders(partial(register.areas_one_by_one, "3", [number])):
        seen.add(view.get(number))
        assert seen <= {before, 9_000}, order
    assert seen == {before, 9_000}


def test_a_new_room_is_known_from_the_flip_on(moments: tuple[Register, Moments]) -> None:
    register, states = moments
    scope = f"{register.community_id}/3/1/201"
    known = sorted(states.orders(lambda: store.room_exists(scope)))
    at_one_moment = [view for order, view in known if len(set(order)) == 1]
    # Before the flip: nothing, the claim, and three rooms staged.  From then on as many again.
    assert at_one_moment == [False] * 5 + [True] * 5


@pytest.mark.parametrize("cloud", ["emulator"], indirect=True)
@pytest.mark.usefixtures("room_by_room")
def test_a_reader_and_an_import_that_take_turns_show_one_edition(register: Register) -> None:
    """The reader starts, so much of an import happens, and the reader goes on."""
    ends = []
    for n, (reads, calls) in enumerate(itertools.product((1, 2, 4), (7, 8, 9, 11))):
        old, new = dict.fromkeys(NEW, 8_000 + n), dict.fromkeys(NEW, 9_000 + n)
        task = an_import(register, old, new)
        with heard() as heard_calls:
            heard_calls.before = take_turns
            reading = Worker(partial(listed, register, 2))
            importing = Worker(partial(take, task))
            reading.advance(reads)
            importing.advance(calls)
            view = reading.finish()
            importing.finish()
        assert view in (old, new, None), (reads, calls)
        ends.append("ended" if view is None else "old" if view == old else "new")
        assert listed(register, 2) == new
    assert {"old", "ended"} <= set(ends)


def test_a_list_that_an_import_ended_begins_again_with_the_new_rooms(register: Register) -> None:
    register.bring_in(*rows_of("3", OLD))
    first = page(register, None)
    assert page(register, first.next_cursor).items[0][0].number == "102"
    register.bring_in(*rows_of("3", NEW))
    with pytest.raises(Conflict, match="list_changed"):
        page(register, first.next_cursor)
    assert page(register, None).items[0][0].built_area_dm2 == 9_000


def test_a_list_goes_on_while_a_room_is_corrected_and_while_another_building_is_imported(
    register: Register,
) -> None:
    register.bring_in(*rows_of("3", OLD))
    cursor = page(register, None).next_cursor
    register.bring_in(*rows_of("4", NEW))
    correct(register, "102", 8_500)
    assert page(register, cursor).items[0][0].built_area_dm2 == 8_500


@pytest.mark.parametrize("forged", ["x", ".", "imp_1.", ".x", "imp_1.x", "imp_1.e30", "..", "\n."])
def test_a_cursor_that_names_no_position_is_refused(moto_cloud: Cloud, forged: str) -> None:
    register = a_register(moto_cloud)
    register.bring_in(*rows_of("3", OLD))
    with pytest.raises(Invalid) as refused:
        page(register, forged)
    assert [(found.path, found.code) for found in refused.value.findings] == [
        ("query:cursor", "bad_cursor")
    ]


def test_a_cursor_that_names_another_edition_shows_nothing(moto_cloud: Cloud) -> None:
    register = a_register(moto_cloud)
    register.bring_in(*rows_of("3", OLD))
    _, _, position = str(page(register, None).next_cursor).partition(".")
    for edition in ("", "imp_1", register.dry_run_of(*rows_of("3", NEW)).id):
        with pytest.raises(Conflict, match="list_changed"):
            page(register, f"{edition}.{position}")


def page(register: Register, cursor: str | None) -> Page[tuple[Room, int]]:
    """A page of one room of building 3."""
    caller = register.caller(permissions.VIEW_REGISTER)
    return actions.list_rooms(caller, register.community_id, "3", 1, cursor)[1]


def correct(register: Register, number: str, area: int) -> None:
    caller = register.caller(permissions.EDIT_ROOM)
    room_id = ids.room_id(register.community_id, "3", "1", number)
    _, _, version = actions.get_room(caller, room_id)
    wanted = shapes.EditRoom(version=version, built_area_dm2=area)
    actions.edit_room(caller, room_id, wanted, NOW)
