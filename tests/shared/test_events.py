"""Events reach the bus whole or come again, and one bad message never holds up its neighbours."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from shared import aws, events
from shared.auth import SIGNED_IN, Caller, calling
from shared.events import Event, RelayFailed
from tests.conftest import Cloud

NOW = datetime(2026, 11, 22, 4, 5, 6, 789_000, UTC)
REPORTED = events.happened(
    "ThingMade",
    "things",
    "thi_7k2m9x4a_01kb3wmpt8c2v5f0d9h1j4n6q7",
    3,
    at=NOW,
    community_id="com_7k2m9x4a",
    actor_id="per_1",
    data={"colour": "red"},
)


def record(number: int) -> dict[str, Any]:
    event = msgspec.structs.replace(REPORTED, id=f"thing:{number}", version=number)
    return {"NewImage": {"event": {"S": events.encode(event)}}}


@pytest.fixture(autouse=True)
def bus_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack gives the bus's name."""
    monkeypatch.setenv("BUS", "bus")


class Bus:
    """What the events client saw, and what it answers."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *, failing_batch: int | None = None
    ) -> None:
        self.batches: list[list[dict[str, Any]]] = []
        self._failing_batch = failing_batch
        make_call = type(aws.client("events"))._make_api_call

        def look_on(client: Any, operation: str, request: dict[str, Any]) -> Any:
            if operation != "PutEvents":
                return make_call(client, operation, request)
            self.batches.append(request["Entries"])
            answer = make_call(client, operation, request)
            if len(self.batches) - 1 == self._failing_batch:
                answer["FailedEntryCount"] = 1
            return answer

        monkeypatch.setattr(type(aws.client("events")), "_make_api_call", look_on)
        aws.client("events").create_event_bus(Name="bus")


def test_an_event_is_named_by_its_subject_and_version() -> None:
    assert REPORTED.id == "thi_7k2m9x4a_01kb3wmpt8c2v5f0d9h1j4n6q7:3"
    assert (
        events.happened(
            "ThingMade",
            "things",
            REPORTED.subject_id,
            3,
            at=NOW,
            community_id="com_7k2m9x4a",
            actor_id="per_1",
            data={"colour": "red"},
        )
        == REPORTED
    )


def test_a_written_event_is_read_back() -> None:
    assert events.decode(events.encode(REPORTED)) == REPORTED


@pytest.mark.parametrize("text", ["", "{}", '{"id": 5}', "null"])
def test_what_is_no_event_is_refused(text: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        events.decode(text)


def test_the_bus_gets_each_event_as_it_was_written(
    moto_cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = Bus(monkeypatch)
    text = events.encode(REPORTED)
    assert events.relay([{"NewImage": {"event": {"S": text}}}]) == 1
    assert bus.batches == [
        [
            {
                "EventBusName": "bus",
                "Source": "linli.things",
                "DetailType": "ThingMade",
                "Time": NOW,
                "Resources": [REPORTED.subject_id],
                "Detail": text,
            }
        ]
    ]


@pytest.mark.parametrize(
    ("count", "batches"), [(1, [1]), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])]
)
def test_events_go_ten_at_a_time_in_their_order(
    moto_cloud: Cloud, monkeypatch: pytest.MonkeyPatch, count: int, batches: list[int]
) -> None:
    bus = Bus(monkeypatch)
    assert events.relay([record(number) for number in range(count)]) == count
    assert [len(batch) for batch in bus.batches] == batches
    sent = [json.loads(entry["Detail"])["id"] for batch in bus.batches for entry in batch]
    assert sent == [f"thing:{number}" for number in range(count)]


def test_changes_that_announce_nothing_are_left_out(
    moto_cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = Bus(monkeypatch)
    silent: list[dict[str, Any]] = [
        {"Keys": {"pk": {"S": "p"}}},  # a deletion has no new image
        {"NewImage": {"pk": {"S": "p"}}},
        {"NewImage": {"event": {"NULL": True}}},
    ]
    assert events.relay(silent) == 0
    assert bus.batches == []
    assert events.relay([*silent, record(1)]) == 1


@pytest.mark.parametrize("failing_batch", [0, 1])
def test_an_event_that_the_bus_refused_brings_the_batch_again(
    moto_cloud: Cloud, monkeypatch: pytest.MonkeyPatch, failing_batch: int
) -> None:
    bus = Bus(monkeypatch, failing_batch=failing_batch)
    with pytest.raises(RelayFailed, match="1 of 20 events not taken"):
        events.relay([record(number) for number in range(20)])
    assert [len(batch) for batch in bus.batches] == [10, 10]


def test_what_is_no_event_holds_up_none_of_its_neighbours(
    moto_cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = Bus(monkeypatch)
    bad = {"NewImage": {"event": {"S": "{}"}}}
    with pytest.raises(RelayFailed, match="1 of 3 are no events"):
        events.relay([record(0), bad, record(1)])
    assert [len(batch) for batch in bus.batches] == [2]


def test_no_call_to_the_bus_is_larger_than_it_takes(
    moto_cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = Bus(monkeypatch)
    large = msgspec.structs.replace(REPORTED, data={"plan": "x" * 100_000})
    records = [{"NewImage": {"event": {"S": events.encode(large)}}}] * 5
    assert events.relay(records) == 5
    assert [len(batch) for batch in bus.batches] == [2, 2, 1]


def test_an_event_too_large_for_the_bus_is_not_announced() -> None:
    too_large = msgspec.structs.replace(REPORTED, data={"plan": "x" * 200_000})
    with pytest.raises(AssertionError, match="ThingMade is too large"):
        events.encode(too_large)


def message(event: Event) -> str:
    """The body that a rule of the bus puts into a queue."""
    return json.dumps({"id": "of the bus", "detail": json.loads(events.encode(event))})


def test_a_queued_event_is_the_one_that_was_announced() -> None:
    assert events.from_queue(message(REPORTED)) == REPORTED


BAD_BODIES = ["", "not json", "{}", '{"detail": {}}', '{"detail": null}', "[]", "5"]


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("bad", [*BAD_BODIES, "refused by its taker"])
def test_a_bad_message_fails_alone_wherever_it_stands(position: int, bad: str) -> None:
    taken: list[int] = []
    logged: list[str] = []

    def take(event: Event, now: datetime) -> None:
        if event.version == 99:
            raise RuntimeError("this one cannot be taken")
        taken.append(event.version)

    bodies = [message(msgspec.structs.replace(REPORTED, version=n)) for n in range(2)]
    refused = message(msgspec.structs.replace(REPORTED, version=99))
    bodies.insert(position, refused if bad == "refused by its taker" else bad)
    batch = [(f"m{i}", body) for i, body in enumerate(bodies)]
    answer = events.consume(batch, take, logged.append)
    assert answer == {"batchItemFailures": [{"itemIdentifier": f"m{position}"}]}
    assert taken == [0, 1]
    assert logged == [f"m{position}"]


def test_a_batch_without_failures_answers_that_there_were_none() -> None:
    answer = events.each(
        [("m1", "a"), ("m2", "b")], lambda body, now: None, lambda message_id: None
    )
    assert answer == {"batchItemFailures": []}


def test_a_failure_is_told_while_its_reason_is_at_hand() -> None:
    reasons: list[BaseException | None] = []
    events.each(
        [("m1", "{")], lambda body, _: json.loads(body), lambda _: reasons.append(sys.exception())
    )
    assert isinstance(reasons[0], ValueError)


def test_an_event_names_whose_hands_it_were_and_in_whose_name() -> None:
    acting = Caller("per_grandmother", (), SIGNED_IN, acting_id="per_daughter")
    with calling(acting):
        own = _made(actor_id="per_grandmother")
        other = _made(actor_id="per_clerk")
    by_themselves = _made(actor_id="per_grandmother")
    assert (own.actor_id, own.for_id) == ("per_daughter", "per_grandmother")
    assert (other.actor_id, other.for_id) == ("per_clerk", "")
    assert (by_themselves.actor_id, by_themselves.for_id) == ("per_grandmother", "")
    assert events.decode(events.encode(own)) == own


def _made(actor_id: str) -> events.Event:
    return events.happened(
        "RepairReported",
        "repairs",
        "rep_7k2m9x4a_1",
        1,
        at=NOW,
        community_id="com_7k2m9x4a",
        actor_id=actor_id,
    )
