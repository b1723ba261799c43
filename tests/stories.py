"""The story of each capability, told once a run for all tests that ask what its functions did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from importlib import import_module
from typing import Any

import pytest

from local.apps import load_app
from shared import aws, clock, ids, vault
from tests.conftest import on_moto
from tests.harness import policies
from tests.harness.crowd import Crowd
from tests.harness.recorder import API, Attack, Echo, Recorder, Run

MANY = 10
_BUCKET, _BUS = "bucket-of-the-story", "bus-of-the-story"
_NOW, _CHANCE = clock.now, ids.random_bytes


@cache
def runs(capability: str, count: int = 1) -> tuple[Run, ...]:
    """What a capability's functions do while its story is told with `count` of everything."""
    with _by_its_own_clock():
        return tuple(told(capability, count).runs)


@cache
def repeats(capability: str) -> tuple[Run, ...]:
    """What its functions do when whatever wrote in the story comes once more, at once.

    A client sends a request again whose answer it did not get, a queue delivers again.
    """
    found = []

    def echo(run: Run, again: Callable[[], Run]) -> None:
        if run.writes:
            found.append(again())
            assert run.function != API or found[-1].answer.get("code") != "internal_error"

    with _by_its_own_clock():
        told(capability, echo=echo)
    return tuple(found)


@cache
def crowded(capability: str) -> tuple[Run, ...]:
    """What the reading requests of the story do where their queries find a crowd."""
    found, crowd = [], Crowd()

    def echo(run: Run, again: Callable[[], Run]) -> None:
        # A list that keeps who asked for it is a list.
        if run.function == API and (not run.writes or "items" in run.answer):
            with crowd.around([asked for name, asked in run.asked if name == "Query"]):
                found.append(again())

    with _by_its_own_clock():
        told(capability, echo=echo)
    return tuple(found)


@contextmanager
def _by_its_own_clock() -> Iterator[None]:
    """Time and chance as they are, though whoever asks first stands at a clock that a test moves.

    What is kept for all must not depend on who that was: where no time passes, an index that lists
    by it has nothing to write.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", _NOW)
        patch.setattr(ids, "random_bytes", _CHANCE)
        yield


def told(
    capability: str, count: int = 1, attack: Attack | None = None, echo: Echo | None = None
) -> Recorder:
    """Whoever heard the capability's story, told with `count` of everything."""
    with in_its_place(capability):
        recorder = Recorder(capability, attack, echo=echo)
        tell(recorder, capability, count)
        return recorder


@contextmanager
def in_its_place(capability: str) -> Iterator[None]:
    """Empty tables, a bucket and a bus, where a story of the capability can be told."""
    with pytest.MonkeyPatch.context() as patch, on_moto(patch) as cloud:
        cloud.table(capability)
        cloud.setenv("BUCKET", _BUCKET)
        cloud.setenv("BUS", _BUS)
        s3 = aws.client("s3")
        place = {"LocationConstraint": s3.meta.region_name}
        s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration=place)
        aws.client("events").create_event_bus(Name=_BUS)
        # Every process is warm: one that is cold asks for the data key first, whatever it does.
        vault.derived_key("any")
        with surroundings(capability):
            yield


def surroundings(capability: str) -> AbstractContextManager[object]:
    """What a capability needs around it beside AWS, where its story says so."""
    around = getattr(_story(capability), "surroundings", nullcontext)
    made: AbstractContextManager[object] = around()
    return made


def tell(recorder: Recorder, capability: str, count: int) -> None:
    """Tell a capability's story with `count` of everything, wherever the recorder stands."""
    _story(capability).tell(recorder, count)


def waiting(recorder: Recorder, capability: str, function: str, count: int) -> list[str]:
    """So many messages that wait for a queue's function, each with an effect of its own."""
    known: dict[str, Callable[[Recorder, int], list[str]]] = _story(capability).WAITING
    assert function in known, (
        f"tests/{capability}/story.py must say in WAITING what waits for {function}"
    )
    return known[function](recorder, count)


def _story(capability: str) -> Any:
    return import_module(f"tests.{capability}.story")


def ways_in(capability: str) -> set[tuple[str, str]]:
    """Every function and way in of a capability: the views of its API, and its other functions."""
    views = {(API, one.view.__name__) for one in load_app(capability).app.operations}
    return views | {(name, name) for name in policies.functions(capability) - {API}}
