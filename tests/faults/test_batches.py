"""No poison in a batch holds up, loses or doubles what its neighbours do, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import combinations, cycle
from typing import Any

import pytest

from local.places import capabilities
from shared import events
from tests import stories
from tests.conftest import on_moto
from tests.harness.batches import Plan, Poison, QueueTrials, StreamTrials
from tests.harness.bus import Bus, Event, Source, resources, sources
from tests.harness.calls import heard
from tests.harness.families import Tally
from tests.harness.recorder import Recorder
from tests.harness.source import one_source

pytestmark = pytest.mark.family("F7")

SIZE = 10
QUEUES = [source for source in sources() if source.queue]
STREAMS = [source for source in sources() if not source.queue]


@pytest.fixture
def bus() -> Iterator[Bus]:
    """All capabilities, in which nothing happened yet; time stands still."""
    with (
        pytest.MonkeyPatch.context() as patch,
        on_moto(patch) as cloud,
        one_source(),
        ExitStack() as around,
    ):
        for capability in capabilities():
            around.enter_context(stories.surroundings(capability))
        yield Bus(cloud)


def queue_trials(bus: Bus, source: Source, size: int) -> QueueTrials:
    """A moment in which so many messages wait for a queue's function."""
    with bus.inside(source.capability):
        recorder = Recorder(source.capability)
        bodies = stories.waiting(recorder, source.capability, source.function, size)
    assert len(bodies) == len(set(bodies)) == size
    return QueueTrials(bus, source, bodies)


def single(size: int) -> Iterator[Plan]:
    """Every place, with every poison."""
    for place in range(size):
        for poison in Poison:
            yield {place: poison}


def subsets(size: int) -> Iterator[Plan]:
    """Every set of places but the empty one, with one poison after the other."""
    poisons = cycle(Poison)
    for count in range(1, size + 1):
        for places in combinations(range(size), count):
            yield {place: next(poisons) for place in places}


@pytest.mark.parametrize("source", QUEUES, ids=str)
def test_poison_in_a_queue_comes_back_alone(bus: Bus, source: Source, tally: Tally) -> None:
    # Lambda hands over no more than the function asks for.
    size = min(SIZE, source.batch_size)
    trials = queue_trials(bus, source, size)
    plans = [*single(size), *(subsets(size) if tally.proving else ())]
    broken = {str(plan): said for plan in plans if (said := trials.faults(plan, trials.real))}
    tally.count(len(plans), str(source))
    assert broken == {}


@pytest.mark.parametrize("source", STREAMS, ids=str)
def test_poison_in_a_stream_is_given_up_alone(bus: Bus, source: Source, tally: Tally) -> None:
    with heard() as calls, bus.inside(source.capability):
        stories.tell(Recorder(source.capability), source.capability, 2)
    texts = [events.encode(event) for event in calls.events][:SIZE]
    assert len(texts) == SIZE, f"tests/{source.capability}/story.py must tell of ten changes"
    trials = StreamTrials(bus, source, texts)
    plans = [*single(SIZE), *(subsets(SIZE) if tally.proving else ())]
    broken = {str(plan): said for plan in plans if (said := trials.faults(plan, trials.real))}
    tally.count(len(plans), str(source))
    assert broken == {}


@pytest.mark.parametrize("capability", capabilities())
def test_no_queue_keeps_an_order_that_is_not_tried_here(capability: str) -> None:
    ordered = [
        name
        for name, resource in resources(capability).items()
        if resource.get("Type") == "AWS::SQS::Queue" and "FifoQueue" in resource["Properties"]
    ]
    assert ordered == [], "try here that a group stops at its first failure, and goes on after it"


def test_what_wakes_a_function_without_messages_to_try_is_said(bus: Bus) -> None:
    with (
        bus.inside("repairs"),
        pytest.raises(AssertionError, match="must say in WAITING what waits for hear_things"),
    ):
        stories.waiting(Recorder("repairs"), "repairs", "hear_things", 1)


def test_a_consumer_that_fails_whole_or_swallows_or_does_twice_is_found(bus: Bus) -> None:
    source = next(source for source in QUEUES if source.function == "count_repairs")
    trials = queue_trials(bus, source, 3)

    def fails_whole(event: Event) -> Any:
        if trials.real(event)["batchItemFailures"]:
            names = [{"itemIdentifier": one["messageId"]} for one in event["Records"]]
            return {"batchItemFailures": names}
        return {"batchItemFailures": []}

    def swallows(event: Event) -> Any:
        trials.real(event)
        return {"batchItemFailures": []}

    def stops(event: Event) -> Any:
        """As if one failure ended the work, and what follows were taken."""
        taken = {"Records": event["Records"][:1]}
        return trials.real(taken)

    for broken, said in (
        (fails_whole, "[0, 1, 2] came back and not [1]"),
        (swallows, "[] came back and not [1]"),
        (stops, "the others have not the effect that they have one by one"),
    ):
        complaints = trials.faults({1: Poison.UNDECODABLE}, broken)
        assert any(one.startswith(said) for one in complaints), complaints
    assert trials.faults({1: Poison.UNDECODABLE}, trials.real) == []


def test_a_relay_that_swallows_is_found(bus: Bus) -> None:
    (source, *_) = STREAMS
    with heard() as calls, bus.inside(source.capability):
        stories.tell(Recorder(source.capability), source.capability, 1)
    texts = [events.encode(event) for event in calls.events][:3]
    trials = StreamTrials(bus, source, texts)

    def swallows(event: Event) -> None:
        try:
            trials.real(event)
        except events.RelayFailed:
            return

    assert "[] were given up and not [1]" in trials.faults({1: Poison.REFUSED}, swallows)
    assert trials.faults({1: Poison.REFUSED}, trials.real) == []
