"""Two who change one building at once: imports, and a correction by hand."""

from __future__ import annotations

import itertools
from functools import partial

import pytest

from chalicelib.community import permissions
from chalicelib.community.register import actions, shapes, store
from chalicelib.community.register.rules import Import, ImportState, Outcome, Phase
from shared import aws, ids
from shared.errors import Conflict
from tests.community.register.register_files import csv_of
from tests.community.register.scene import NOW, Register, a_register, notification, rows_of, take
from tests.conftest import Cloud
from tests.harness.calls import Crash, heard
from tests.harness.turns import Worker, take_turns

OLD = {"101": 8_000, "102": 8_000, "103": 8_000}
SCHEDULES = list(itertools.product(range(8), (1, 4, 6)))
"""So many calls of the one, then so many of the other, then the one to its end."""


@pytest.fixture
def register(cloud: Cloud) -> Register:
    return a_register(cloud)


def only_task(register: Register, found: Import) -> shapes.BuildingTask:
    (task,) = register.begin(found)
    return task


def race(
    register: Register,
    first: shapes.BuildingTask,
    second: shapes.BuildingTask,
    turns: tuple[int, int],
) -> tuple[Outcome, Outcome, int, list[dict[str, int | None]]]:
    """Both outcomes, how many events there were, and what a reader saw at each change of turn."""
    seen = []
    with heard() as calls:
        calls.before = take_turns
        one, two = Worker(partial(take, first)), Worker(partial(take, second))
        one.advance(turns[0])
        seen.append(register.areas("3"))
        two.advance(turns[1])
        seen.append(register.areas("3"))
        one_result = one.finish()
        seen.append(register.areas("3"))
        two_result = two.finish()
        registered = [e for e in calls.events if e.type == "BuildingRegistered"]
    assert len({event.id for event in registered}) == len(registered)
    return one_result.outcome, two_result.outcome, len(registered), seen


@pytest.mark.parametrize("cloud", ["emulator"], indirect=True)
@pytest.mark.parametrize("second_saw_the_first_claim", [False, True])
def test_of_two_imports_into_one_building_one_counts_whole(
    second_saw_the_first_claim: bool, register: Register
) -> None:
    """The second import's dry run saw the building as it was, or already claimed by the first."""
    register.bring_in(*rows_of("3", OLD))
    outcomes = set()
    for n, turns in enumerate(SCHEDULES):
        old = register.areas("3")
        wanted = {"101": 10_000 + n, "102": 10_000 + n}, {"102": 20_000 + n, "103": 20_000 + n}
        first = only_task(register, register.dry_run_of(*rows_of("3", wanted[0])))
        if second_saw_the_first_claim:
            with heard(crash_after=2), pytest.raises(Crash):
                actions.commit_building(first, NOW)
        second = only_task(register, register.dry_run_of(*rows_of("3", wanted[1])))
        one, two, announced, seen = race(register, first, second, turns)
        whole = [old, old | wanted[0], old | wanted[1]]
        assert all(view in whole for view in seen), (turns, seen)
        assert {one, two} == {Outcome.COMMITTED, Outcome.STALE}, turns
        assert announced == 1
        assert register.areas("3") == whole[1 if one is Outcome.COMMITTED else 2], turns
        assert store.get_building(register.community_id, "3").phase is Phase.FREE
        outcomes.add((one, two))
    # A race that the same one always wins would prove little.
    assert len(outcomes) == 2


def test_a_dry_run_of_a_building_that_moved_on_is_stale(register: Register) -> None:
    register.bring_in(*rows_of("3", OLD))
    late = register.dry_run_of(*rows_of("3", {"101": 9_000}))
    assert register.bring_in(*rows_of("3", {"102": 9_100})).state is ImportState.COMMITTED
    done = register.commit(late)
    assert done.state is ImportState.PARTLY_COMMITTED
    assert [plan.outcome for plan in done.buildings] == [Outcome.STALE]
    assert register.areas("3") == OLD | {"102": 9_100}


def test_a_correction_by_hand_makes_the_dry_run_before_it_stale(register: Register) -> None:
    register.bring_in(*rows_of("3", OLD), *rows_of("4", OLD))
    late = register.dry_run_of(*rows_of("3", {"101": 9_000}), *rows_of("4", {"101": 9_000}))
    correct(register, "101", 8_500)
    done = register.commit(late)
    assert [plan.outcome for plan in done.buildings] == [Outcome.STALE, Outcome.COMMITTED]
    assert register.areas("3") == OLD | {"101": 8_500}
    assert register.areas("4") == OLD | {"101": 9_000}


def test_no_room_is_corrected_while_its_building_takes_an_import(register: Register) -> None:
    register.bring_in(*rows_of("3", OLD))
    task = only_task(register, register.dry_run_of(*rows_of("3", {"101": 9_000})))
    # After the claim, and after the rooms were staged and the building has flipped.
    for calls in (2, 4):
        with heard(crash_after=calls), pytest.raises(Crash):
            actions.commit_building(task, NOW)
        with pytest.raises(Conflict, match="building_busy"):
            correct(register, "103", 8_500)
    take(task)
    correct(register, "103", 8_500)
    assert register.areas("3") == OLD | {"101": 9_000, "103": 8_500}


@pytest.mark.parametrize("cloud", ["emulator"], indirect=True)
def test_a_correction_during_a_commit_is_kept_or_refused_but_never_lost(
    register: Register,
) -> None:
    register.bring_in(*rows_of("3", OLD))
    ends = set()
    for n, turns in enumerate(itertools.product((0, 1, 2, 4, 6, 9), (2, 4, 5))):
        old = register.areas("3")
        task = only_task(register, register.dry_run_of(*rows_of("3", {"101": 10_000 + n})))
        with heard() as calls:
            calls.before = take_turns
            importing = Worker(partial(take, task))
            correcting = Worker(partial(corrected, register, "103", 20_000 + n))
            importing.advance(turns[0])
            correcting.advance(turns[1])
            imported = importing.finish().outcome is Outcome.COMMITTED
            kept = correcting.finish()
        changes = {"101": 10_000 + n} if imported else {}
        changes |= {"103": 20_000 + n} if kept else {}
        assert register.areas("3") == old | changes, turns
        ends.add((imported, kept))
    assert {(True, False), (False, True)} <= ends


@pytest.mark.parametrize("cloud", ["emulator"], indirect=True)
def test_a_reader_of_the_whole_building_sees_one_moment_of_it(register: Register) -> None:
    """The reader starts, so much of an import happens, and the reader goes on."""
    numbers = [f"{floor}{n:02d}" for floor in range(1, 27) for n in (1, 2)]
    for n, (reads, calls) in enumerate(itertools.product((1, 2), range(5, 11))):
        old, new = register.areas("3"), dict.fromkeys(numbers, 8000 + n)
        task = only_task(register, register.dry_run_of(*rows_of("3", new)))
        with heard() as heard_calls:
            heard_calls.before = take_turns
            reading = Worker(partial(register.areas, "3"))
            importing = Worker(partial(take, task))
            reading.advance(reads)
            importing.advance(calls)
            assert reading.finish() in (old, new), (reads, calls)
            importing.finish()
        assert register.areas("3") == new


@pytest.mark.parametrize("calls", range(13))
def test_of_two_files_read_at_once_the_one_that_was_shown_is_committed(
    moto_cloud: Cloud, calls: int
) -> None:
    """A form was posted twice: so much of the first file is read, all of the second, then on."""
    register = a_register(moto_cloud)
    one = {"101": 10_000, "102": 10_000}
    other = {"101": 20_000, "103": 20_000, "104": 20_000}
    wanted = shapes.RequestImport(file_name="台账.csv")
    opened, form = actions.request_import(
        register.caller(), register.community_id, wanted, "key-0001", NOW
    )
    key = form.fields["key"]
    aws.client("s3").put_object(Bucket=register.bucket, Key=key, Body=csv_of(*rows_of("3", one)))
    with heard() as heard_calls:
        heard_calls.before = take_turns
        first = Worker(partial(was_read, key))
        first.advance(calls)
        file = csv_of(*rows_of("3", other))
        aws.client("s3").put_object(Bucket=register.bucket, Key=key, Body=file)
        was_read(key)
        first.finish()
    found = register.imported(opened.id)
    rows, _ = actions.list_import_rows(register.caller(), found.id, shapes.RowQuery())
    shown = next(areas for areas in (one, other) if len(areas) == found.totals.rows)
    assert {row.number for row in rows} == shown.keys()
    register.commit(found)
    assert register.areas("3") == shown


def was_read(key: str) -> bool:
    try:
        actions.read_register(notification(key), NOW)
    except actions.Busy:
        return False
    return True


def test_a_reader_gives_up_on_a_building_that_never_rests(moto_cloud: Cloud) -> None:
    register = a_register(moto_cloud)
    register.bring_in(*rows_of("3", OLD))
    with heard() as calls:

        def disturb(operation: str) -> None:
            if operation == "Query":
                calls.before = None
                correct(register, "101", 8_000 + len(calls.operations))
                calls.before = disturb

        calls.before = disturb
        assert store.whole_building(register.community_id, "3") is None


def correct(register: Register, number: str, area: int) -> None:
    room_id = ids.room_id(register.community_id, "3", "1", number)
    caller = register.caller(permissions.EDIT_ROOM)
    _, _, version = actions.get_room(caller, room_id)
    wanted = shapes.EditRoom(version=version, built_area_dm2=area)
    actions.edit_room(caller, room_id, wanted, NOW)


def corrected(register: Register, number: str, area: int) -> bool:
    try:
        correct(register, number, area)
    except Conflict:
        return False
    return True
