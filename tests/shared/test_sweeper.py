"""A sweep reads what is due, page by page, and goes on where the last one ended."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared import aws, events, sweeper
from shared.events import RelayFailed
from shared.outbox import EMPTY
from shared.table import Record, Refused
from tests.conftest import Cloud

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
DUE = NOW + timedelta(hours=26)
_PLACES = [("com_1#thing#a", "1"), ("com_1#thing#a", "2"), ("com_1#thing#b", "1"),
           ("com_2#thing#a", "1"), ("com_2#thing#c", "9")]  # fmt: skip


class _Item(Record):
    pass


def event(subject: str, version: int, at: datetime = NOW) -> events.Event:
    return events.happened(
        "ThingMade", "things", subject, version, at=at, community_id="com_1", actor_id="per_1"
    )


def put(pk: str, sk: str, at: datetime = NOW, changes: int = 1) -> None:
    """An item that announced each of its changes, a minute after the other."""
    before, version = EMPTY, None
    for number in range(changes):
        item = _Item(pk, sk, version=version)
        item.announce(before, event(f"{pk}/{sk}", number + 1, at + timedelta(minutes=number)))
        item.put()
        before, version = item.outbox, item.version


@pytest.fixture
def told(cloud: Cloud, things_table: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of events as they are put on the bus."""
    monkeypatch.setenv("TABLE", os.environ["THINGS_TABLE"])
    monkeypatch.setenv("BUS", "default")
    found: list[str] = []

    def sent(params: dict[str, Any], **_: object) -> None:
        entries = json.loads(params["body"])["Entries"]
        found.extend(json.loads(entry["Detail"])["id"] for entry in entries)

    aws.client("events").meta.events.register("before-call.events.PutEvents", sent)
    return found


def test_what_is_due_is_told_once_with_all_that_the_item_announced(told: list[str]) -> None:
    put("com_1#thing#a", "1", changes=3)
    assert sweeper.sweep(NOW + timedelta(hours=24)).told == 0
    swept = sweeper.sweep(DUE)
    assert (swept.told, swept.left_out, swept.finished) == (3, 0, True)
    assert told == ["com_1#thing#a/1:1", "com_1#thing#a/1:2", "com_1#thing#a/1:3"]


def test_an_hour_is_read_once_more_in_the_next_sweep_and_then_no_more(told: list[str]) -> None:
    put("com_1#thing#a", "1")
    counts = [sweeper.sweep(DUE + timedelta(hours=hours)).told for hours in range(4)]
    assert counts == [1, 1, 0, 0]


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_no_item_is_left_out_between_two_pages(
    told: list[str], monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    for pk, sk in _PLACES:
        put(pk, sk)
    monkeypatch.setattr(sweeper, "MAX_LIMIT", limit)
    assert sweeper.sweep(DUE).told == len(_PLACES)
    assert sorted(told) == [f"{pk}/{sk}:1" for pk, sk in _PLACES]


def test_what_one_sweep_has_no_time_for_is_the_next_ones(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, (pk, sk) in enumerate(_PLACES):
        put(pk, sk, NOW + timedelta(hours=number))
    monkeypatch.setattr(sweeper, "MAX_LIMIT", 1)
    monkeypatch.setattr(sweeper, "MAX_PAGES", 2)
    due = DUE + timedelta(hours=len(_PLACES))
    sweeps = [sweeper.sweep(due) for _ in range(3)]
    assert [swept.finished for swept in sweeps] == [False, False, True]
    assert len(set(told)) == len(_PLACES)


def test_what_the_bus_did_not_take_is_told_by_the_next_sweep(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put("com_1#thing#a", "1")

    def refused(parsed: dict[str, Any], **_: object) -> None:
        parsed["FailedEntryCount"] = 1

    emitter = aws.client("events").meta.events
    emitter.register("after-call.events.PutEvents", refused)
    with pytest.raises(RelayFailed):
        sweeper.sweep(DUE)
    emitter.unregister("after-call.events.PutEvents", refused)
    assert sweeper.sweep(DUE).told == 1


def test_what_the_bus_never_takes_holds_up_nothing_behind_it(
    told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, (pk, sk) in enumerate(_PLACES):
        put(pk, sk, NOW + timedelta(hours=number))
    monkeypatch.setattr(sweeper, "MAX_LIMIT", 1)
    first = f"{_PLACES[0][0]}/{_PLACES[0][1]}:1"

    def refused(parsed: dict[str, Any], **_: object) -> None:
        parsed["FailedEntryCount"] = int(told[-1] == first)

    aws.client("events").meta.events.register("after-call.events.PutEvents", refused)
    with pytest.raises(RelayFailed):
        sweeper.sweep(DUE + timedelta(hours=len(_PLACES)))
    assert set(told) == {f"{pk}/{sk}:1" for pk, sk in _PLACES}


def test_of_two_sweeps_at_once_one_stops(told: list[str]) -> None:
    put("com_1#thing#a", "1")
    swept: list[int] = []

    def meanwhile(**_: object) -> None:
        if not swept:
            swept.append(0)
            swept[0] = sweeper.sweep(DUE).told

    emitter = aws.client("dynamodb").meta.events
    emitter.register("before-call.dynamodb.BatchGetItem", meanwhile)
    with pytest.raises(Refused):
        sweeper.sweep(DUE)
    emitter.unregister("before-call.dynamodb.BatchGetItem", meanwhile)
    assert swept == [1]


def test_a_change_that_announces_nothing_loses_none_of_before(told: list[str]) -> None:
    put("com_1#thing#a", "1")
    item = _Item.find("com_1#thing#a", "1")
    assert item is not None
    item.announce(item.outbox)
    item.put()
    stored = _Item.find("com_1#thing#a", "1")
    assert stored is not None
    assert "event" not in stored.serialize()
    assert len(stored.outbox.texts) == 1
    assert sweeper.sweep(DUE).told == 1


def test_an_item_that_announces_nothing_is_not_in_the_index(told: list[str]) -> None:
    _Item("com_1#thing#a", "1").put()
    assert sweeper.sweep(DUE).told == 0


def test_what_is_no_event_is_counted_and_holds_up_none_of_its_neighbours(
    told: list[str], things_table: None
) -> None:
    put("com_1#thing#a", "1", changes=2)
    item = _Item.find("com_1#thing#a", "1")
    assert item is not None
    item.earlier = ["{}"]
    item.put()
    swept = sweeper.sweep(DUE)
    assert (swept.told, swept.left_out) == (1, 1)
