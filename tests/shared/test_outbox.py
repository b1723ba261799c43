"""However often an item changes, the sweeper sees each of its events before the item forgets it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from shared import outbox
from shared.outbox import EMPTY, HOUR, KEPT_FOR, MAX_KEPT, Outbox, hour_of
from shared.sweeper import SETTLED

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


def text(at: datetime) -> str:
    return json.dumps({"at": at.isoformat()})


def told_after(changes: Iterable[datetime], absent: range = range(0)) -> list[timedelta | None]:
    """How long after each change of one item a sweep tells it, or None if none does.

    Parameters
    ----------
    absent
        The hours, counted from the first change, in which no sweep comes.
    """
    waiting = sorted(changes)
    first, item = waiting[0], EMPTY
    seen: dict[str, datetime] = {}
    read_to = hour_of(first - HOUR)
    sweep = first.replace(minute=10)
    while sweep < waiting[-1] + timedelta(hours=120):
        for at in [at for at in waiting if sweep - HOUR <= at < sweep]:
            item = item.announcing(text(at))
        newest = hour_of(sweep - SETTLED - HOUR)
        if (sweep - first) // HOUR not in absent:
            # As in `shared.sweeper`: from the hour that was read last to the newest that is over.
            if item.sweep_hour is not None and read_to <= item.sweep_hour <= newest:
                for one in item.texts:
                    seen.setdefault(one, sweep)
            read_to = newest
        sweep += HOUR
    return [seen[text(at)] - at if text(at) in seen else None for at in waiting]


def late(delays: list[timedelta | None]) -> list[timedelta | None]:
    """Those that are not told within 28 hours."""
    return [delay for delay in delays if delay is None or delay > timedelta(hours=28)]


def every(minutes: int, hours: int) -> list[datetime]:
    return [NOW + minutes * _MINUTE * n for n in range(hours * 60 // minutes)]


def test_an_event_is_told_when_the_stream_can_bring_it_no_more() -> None:
    (delay,) = told_after([NOW])
    assert delay is not None
    assert timedelta(hours=25) <= delay <= timedelta(hours=27)


@pytest.mark.parametrize("minutes", [60, 61, 90, 25 * 60, 26 * 60, 27 * 60])
def test_an_item_that_changes_again_and_again_is_told_in_time(minutes: int) -> None:
    assert late(told_after(every(minutes, 24 * 14))) == []


@pytest.mark.parametrize("seed", range(20))
def test_an_item_that_changes_at_any_times_is_told_in_time(seed: int) -> None:
    chance = random.Random(seed)
    changes = {NOW + _MINUTE * chance.randrange(60 * 24 * 9) for _ in range(chance.randrange(200))}
    assert late(told_after(changes | {NOW})) == []


@pytest.mark.parametrize("begins", range(20, 80, 7))
def test_a_sweeper_that_is_down_for_twenty_hours_loses_nothing(begins: int) -> None:
    assert None not in told_after(every(60, 24 * 7), range(begins, begins + 20))


def test_a_rule_by_which_an_item_always_flees_the_sweeper_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox, "_sweep_hour", lambda _, at: hour_of(at + outbox.SWEPT_AFTER))
    assert None in told_after(every(60, 24 * 14))


def test_what_is_old_is_forgotten_at_the_next_change() -> None:
    first = EMPTY.announcing(text(NOW))
    later = first.announcing(text(NOW + KEPT_FOR - _MINUTE))
    assert len(later.texts) == 2
    assert len(later.announcing(text(NOW + KEPT_FOR)).texts) == 2


def test_an_item_keeps_no_more_than_it_has_room_for() -> None:
    item = EMPTY
    for number in range(MAX_KEPT + 5):
        item = item.announcing(text(NOW + number * _MINUTE))
    assert len(item.texts) == MAX_KEPT
    assert item.texts[-1] == text(NOW + (MAX_KEPT + 4) * _MINUTE)


def test_the_hour_stands_while_the_sweeper_may_still_read_it() -> None:
    hour = hour_of(NOW + timedelta(hours=25))
    assert EMPTY.announcing(text(NOW)).sweep_hour == hour
    for hours in (1, 25, 26):
        at = text(NOW + timedelta(hours=hours))
        assert Outbox((), hour).announcing(at).sweep_hour == hour
    at = text(NOW + timedelta(hours=27))
    assert Outbox((), hour).announcing(at).sweep_hour == hour_of(NOW + timedelta(hours=52))


def test_what_an_item_may_not_say_any_more_goes_from_its_events() -> None:
    said = {"at": NOW.isoformat(), "data": {"name": "小钱", "role": "butler"}}
    before = EMPTY.announcing(json.dumps(said)).announcing(text(NOW + HOUR))
    after = before.without("name")
    assert json.loads(after.texts[0]) == {**said, "data": {"name": "", "role": "butler"}}
    assert (after.texts[1], after.sweep_hour) == (before.texts[1], before.sweep_hour)
    assert after.without("name") == after


def test_what_goes_leaves_what_it_has_not_told_to_what_stays() -> None:
    hours = timedelta(hours=1)
    stays = EMPTY.announcing(text(NOW + 2 * hours))
    goes = EMPTY.announcing(text(NOW)).announcing(text(NOW + 5 * hours))
    left = stays.inheriting([goes, EMPTY], NOW + 6 * hours)
    assert left.texts == tuple(text(NOW + n * hours) for n in (0, 2, 5))
    assert left.sweep_hour == goes.sweep_hour
    # What is swept at an hour that is over was told then, and is told again with what comes next.
    late = NOW + 27 * hours
    assert stays.inheriting([goes], late).sweep_hour == stays.sweep_hour
    assert goes.inheriting([EMPTY], late).announcing(text(late)).sweep_hour == hour_of(
        late + outbox.SWEPT_AFTER
    )
