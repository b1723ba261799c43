"""A building takes an import in whole or not at all, whenever the function dies."""

from __future__ import annotations

import itertools

import pytest

from chalicelib.community.register import actions, shapes, store
from chalicelib.community.register.rules import ImportState, Outcome, Phase
from shared import aws
from tests.community.register.register_files import csv_of
from tests.community.register.scene import NOW, Register, a_register, notification, rows_of, take
from tests.conftest import Cloud
from tests.harness.calls import Crash, heard

NUMBERS = [f"{floor}{n:02d}" for floor in range(1, 18) for n in range(1, 5)]
ONE_TRANSACTION, TWO_TRANSACTIONS = 3, 53


@pytest.fixture
def register(cloud: Cloud) -> Register:
    return a_register(cloud)


def crashes(task: shapes.BuildingTask, after: int) -> bool:
    """Run a task that dies after so many calls; whether it did not get to its end before."""
    with heard(crash_after=after):
        try:
            actions.commit_building(task, NOW)
        except Crash:
            return True
    return False


def seen(register: Register, numbers: list[str]) -> dict[str, int | None]:
    """What readers of the building see, who must all see the same."""
    whole = register.areas("3")
    few = [*numbers[:2], *numbers[-1:]]
    assert register.areas_one_by_one("3", few) == {n: whole[n] for n in few if n in whole}
    return whole


# moto takes seconds for what the emulator does in one, so it gets the small building.
@pytest.mark.parametrize(
    ("cloud", "rooms", "calls_in_all"),
    [("moto", ONE_TRANSACTION, 9), ("emulator", TWO_TRANSACTIONS, 11)],
    indirect=["cloud"],
)
def test_a_crash_after_any_call_leaves_the_building_all_old_or_all_new(
    register: Register, rooms: int, calls_in_all: int
) -> None:
    numbers = NUMBERS[:rooms]
    old: dict[str, int] = {}
    points = 0
    for point in itertools.count(1):
        new = dict.fromkeys(numbers, 8000 + point)
        found = register.dry_run_of(*rows_of("3", new))
        (task,) = register.begin(found)
        with heard() as calls:
            crashed = crashes(task, point)
            assert seen(register, numbers) in (old, new)
            result = actions.commit_building(task, NOW)
            again = actions.commit_building(task, NOW)
        assert result == again
        assert result.outcome is Outcome.COMMITTED
        assert seen(register, numbers) == new
        assert [e.type for e in calls.events] == ["BuildingRegistered"]
        building = store.get_building(register.community_id, "3")
        assert (building.phase, building.rooms) == (Phase.FREE, rooms)
        old = new
        if not crashed:
            break
        points += 1
    # Read, claim, file, rooms, stage (1 or 2), flip, rooms, fold (1 or 2), free.
    assert points == calls_in_all


@pytest.mark.parametrize("cloud", ["emulator"], indirect=True)
def test_a_crash_in_the_recovery_from_a_crash_changes_nothing_of_it(register: Register) -> None:
    numbers = NUMBERS[:ONE_TRANSACTION]
    old: dict[str, int] = {}
    pairs = 0
    # Every second call here; each of them alone is crashed after above.
    for first in range(1, 10, 2):
        for second in itertools.count(1):
            new = dict.fromkeys(numbers, 8000 + 100 * first + second)
            (task,) = register.begin(register.dry_run_of(*rows_of("3", new)))
            assert crashes(task, first)
            crashed_again = crashes(task, second)
            assert seen(register, numbers) in (old, new)
            assert actions.commit_building(task, NOW).outcome is Outcome.COMMITTED
            assert seen(register, numbers) == new
            old = new
            if not crashed_again:
                break
            pairs += 1
    assert pairs >= 20


def test_a_dry_run_that_dies_after_any_call_is_made_again(register: Register) -> None:
    file = csv_of(*rows_of("3", {"101": 8_000}), *rows_of("4", {"101": 8_000}))
    for point in itertools.count(1):
        wanted = shapes.RequestImport(file_name="台账.csv")
        opened, form = actions.request_import(
            register.caller(), register.community_id, wanted, f"key-{point:08d}", NOW
        )
        key = form.fields["key"]
        aws.client("s3").put_object(Bucket=register.bucket, Key=key, Body=file)
        with heard(crash_after=point) as calls:
            try:
                actions.read_register(notification(key), NOW)
                crashed = False
            except Crash:
                crashed = True
        actions.read_register(notification(key), NOW)
        found = register.imported(opened.id)
        assert (found.state, found.totals.new) == (ImportState.READY, 2)
        assert register.areas("3") == {}
        if not crashed:
            break
    assert calls.counted["PutObject"] == 4
    assert point > len(calls.operations) >= 10


@pytest.mark.parametrize(
    ("calls", "outcome", "later_said"),
    [
        (1, Outcome.FAILED, Outcome.STALE),
        (2, Outcome.FAILED, Outcome.STALE),
        (5, Outcome.FAILED, Outcome.STALE),
        (6, Outcome.COMMITTED, Outcome.COMMITTED),
    ],
    ids=["read", "claimed", "staged", "flipped"],
)
def test_a_building_whose_task_gave_up_is_free_or_committed_but_never_left_claimed(
    register: Register, calls: int, outcome: Outcome, later_said: Outcome
) -> None:
    old, new = {"101": 8_000}, {"101": 9_000}
    register.bring_in(*rows_of("3", old))
    found = register.dry_run_of(*rows_of("3", new))
    (task,) = register.begin(found)
    assert crashes(task, calls)
    failed = shapes.BuildingResult(building="3", outcome=Outcome.FAILED)
    finish = shapes.FinishTask(import_id=found.id, results=[failed])
    actions.finish_import(finish, NOW)
    assert [plan.outcome for plan in register.imported(found.id).buildings] == [outcome]
    kept = new if outcome is Outcome.COMMITTED else old
    assert register.areas("3") == kept
    # A task that comes back after all, or with its event a day later, begins nothing that the
    # import has already written down as failed; an import that comes later finds it free.
    assert take(task).outcome is later_said
    assert register.areas("3") == kept
    later = register.bring_in(*rows_of("3", {"102": 7_000}))
    assert later.state is ImportState.COMMITTED
