"""What a run of each way in costs: its AWS calls, none of them for an item of a list, and its log.

The runs are those of the story that each capability tells (`tests/<capability>/story.py`).
"""

from __future__ import annotations

import pytest

from local.places import capabilities
from tests import stories
from tests.bench import imports
from tests.harness.recorder import API, Run

MAX_LOG_BYTES = 300
NAMES = capabilities()


def most_calls(runs: tuple[Run, ...]) -> dict[str, int]:
    """The calls of the dearest run of each way in."""
    return {
        way: max(len(run.calls) for run in runs if run.way_in == way)
        for way in {run.way_in for run in runs}
    }


@pytest.mark.parametrize("capability", NAMES)
def test_every_way_in_makes_the_calls_that_its_budget_says(capability: str) -> None:
    assert most_calls(stories.runs(capability)) == imports.calls()[capability]


@pytest.mark.parametrize("capability", NAMES)
def test_what_shows_many_makes_no_more_calls_than_what_shows_one(capability: str) -> None:
    one, many = stories.runs(capability), stories.runs(capability, stories.MANY)
    shown = {run.way_in for run in one if run.function == API and not writes(run)}
    assert {way: n for way, n in most_calls(many).items() if way in shown} == {
        way: n for way, n in most_calls(one).items() if way in shown
    }


def writes(run: Run) -> bool:
    return any(not call.startswith(("Get", "Query", "BatchGet")) for call in run.calls)


@pytest.mark.parametrize("capability", NAMES)
def test_every_list_is_long_in_the_story_of_many(capability: str) -> None:
    longest: dict[str, int] = {}
    for run in stories.runs(capability, stories.MANY):
        if run.function == API and "items" in run.answer:
            longest[run.way_in] = max(len(run.answer["items"]), longest.get(run.way_in, 0))
    assert {way: n for way, n in longest.items() if n < stories.MANY} == {}
    assert {way for way in longest if not way.startswith("list_")} == set()


@pytest.mark.parametrize("capability", NAMES)
def test_a_request_writes_one_line_of_log_and_no_line_is_long(capability: str) -> None:
    runs = stories.runs(capability)
    assert {run.way_in for run in runs if run.function == API and len(run.log) != 1} == set()
    long = [
        (run.way_in, line) for run in runs for line in run.log if len(line.encode()) > MAX_LOG_BYTES
    ]
    assert long == []
