"""The log beside its model, at random (F3), and what the machine says where it is broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import pytest

from chalicelib.audit import rules, seals, store
from chalicelib.audit.seals import Kind
from shared import auth
from tests.audit.machine import AuditMachine
from tests.harness.families import Tally
from tests.harness.machines import World, a_world, attack, caught

pytestmark = pytest.mark.family("F3")

EXAMPLES = 40
# What a run must have met, or it attacked less than it seems.
MET = {
    *("heard", "known", "sealed", "found", "whole", "unsealed"),
    *("row_changed", "row_missing", "row_added"),
    *("not_found", "one_search", "ends_before_it_begins", "too_long_a_time"),
}
Break = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
def world() -> Iterator[World]:
    """The log on empty tables."""
    with a_world("audit") as made:
        yield made


def test_the_log_does_what_its_model_says(world: World, tally: Tally) -> None:
    attack(AuditMachine, world, tally, EXAMPLES)
    assert set(world.seen) >= MET, f"never met: {sorted(MET - set(world.seen))}"


def a_name_is_kept(patch: pytest.MonkeyPatch) -> None:
    """What an event says of a name stands in the log for ever."""
    patch.setattr(rules, "WITHHELD", frozenset())


def no_scope_is_asked(patch: pytest.MonkeyPatch) -> None:
    """Whoever has the permission somewhere, has it everywhere."""
    patch.setattr(auth.Caller, "require", lambda self, scope: setattr(self, "checked", True))


def a_person_is_found_by_their_own_hands_alone(patch: pytest.MonkeyPatch) -> None:
    """Whom an activity was done to, or in whose name, is not found by it."""
    find = rules.people
    patch.setattr(rules, "people", lambda activity: find(activity)[:1])


def an_hour_is_sealed_before_it_is_over(patch: pytest.MonkeyPatch) -> None:
    """Rows come into an hour that has its seal."""
    patch.setattr(seals, "newest_over", seals.hour_of)


def seals_stand_alone(patch: pytest.MonkeyPatch) -> None:
    """No seal is chained to the one before."""
    write = seals.write
    patch.setattr(seals, "write", lambda hour, before, lines: write(hour, "", lines))


def empty_hours_are_left_out(patch: pytest.MonkeyPatch) -> None:
    """An hour without rows has no seal, so nobody misses one that was emptied."""
    add = store.add_seal
    patch.setattr(store, "add_seal", lambda seal: add(seal) if seal.rows else None)


def a_check_counts_rows_alone(patch: pytest.MonkeyPatch) -> None:
    """A row that was changed is a row."""
    compare = seals.compare
    patch.setattr(
        seals,
        "compare",
        lambda *of: [one for one in compare(*of) if one.kind is not Kind.ROW_CHANGED],
    )


def an_event_is_heard_as_often_as_it_comes(patch: pytest.MonkeyPatch) -> None:
    """Each delivery of an event is an activity of its own."""
    add = store.add_activity
    heard: Counter[str] = Counter()

    def again(activity: store.Activity, people: tuple[str, ...]) -> None:
        add(replace(activity, id=activity.id + "0" * heard[activity.id]), people)
        heard[activity.id] += 1

    patch.setattr(store, "add_activity", again)


def a_cache_between_requests(patch: pytest.MonkeyPatch) -> None:
    """A container remembers what it showed to somebody before."""
    patch.setattr(store, "list_activities", cache(store.list_activities))


BREAKS: tuple[Break, ...] = (
    a_name_is_kept,
    no_scope_is_asked,
    a_person_is_found_by_their_own_hands_alone,
    an_hour_is_sealed_before_it_is_over,
    seals_stand_alone,
    empty_hours_are_left_out,
    a_check_counts_rows_alone,
    an_event_is_heard_as_often_as_it_comes,
    a_cache_between_requests,
)


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.__name__)
def test_the_machine_notices(broken: Break, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch)
    said = caught(AuditMachine, world, EXAMPLES)
    print(f"after {world.steps} steps: {said[:500]}")
