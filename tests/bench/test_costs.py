"""M: what each way in costs, by counts that are the same on every machine (PERFORMANCE.md 3.4).

Every way in of every capability is measured in the story that its capability tells, which must go
through all of them: AWS calls, write and read units by our own calculator, bytes of log, the calls
of a second delivery, and whether any of it grows with the length of a list (1, 10 and 100 items).
The budgets hold each number exactly, so that a rise needs its line changed in the same commit.
The count is one for each measure of a way in; the calculator's own cases (`test_units.py`),
modules, deployed bytes and retries add theirs.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from local.places import capabilities
from tests import stories
from tests.bench import budgets, costs
from tests.harness.crowd import SIZE
from tests.harness.families import Tally
from tests.harness.meter import Charge
from tests.harness.recorder import API, Run

pytestmark = pytest.mark.family("M")

NAMES = capabilities()
MEASURES = ("calls", "writes", "reads", "log")


def tell_of(tally: Tally, capability: str, ways: set[str], measures: int = 1) -> None:
    for way in ways:
        tally.count(measures, f"{capability}.{way}")


@pytest.mark.parametrize("capability", NAMES)
def test_every_way_in_costs_what_its_budget_says(capability: str, tally: Tally) -> None:
    budget = budgets.runs(capability)
    off = costs.off_budget(stories.runs(capability), budget)
    assert off == [], "\n".join(off)
    assert set(budget) == {way for _, way in stories.ways_in(capability)}
    tell_of(tally, capability, set(budget), len(MEASURES))


@pytest.mark.parametrize("capability", NAMES)
def test_only_what_the_budgets_name_makes_more_calls_when_there_is_more(
    capability: str, tally: Tally
) -> None:
    few, many = stories.runs(capability), stories.runs(capability, stories.MANY)
    found = costs.growing({1: few, stories.MANY: many})
    assert set(found) == set(budgets.growing(capability)), found
    tell_of(tally, capability, {run.way_in for run in few})


@pytest.mark.parametrize("capability", NAMES)
def test_what_shows_many_makes_no_more_calls_than_what_shows_one(
    capability: str, tally: Tally
) -> None:
    crowded = stories.crowded(capability)
    shown = {run.way_in for run in crowded}
    told = {1: stories.runs(capability), 10: stories.runs(capability, 10), SIZE: crowded}
    reading = {n: [run for run in runs if run.way_in in shown] for n, runs in told.items()}
    assert costs.growing(reading) == {}
    assert shown.isdisjoint(budgets.growing(capability))
    tell_of(tally, capability, shown, len(told))


@pytest.mark.parametrize("capability", NAMES)
def test_every_list_was_seen_with_a_whole_page_of_items(capability: str) -> None:
    longest: dict[str, int] = {}
    for run in (*stories.runs(capability, stories.MANY), *stories.crowded(capability)):
        if run.function == API and "items" in run.answer:
            longest[run.way_in] = max(len(run.answer["items"]), longest.get(run.way_in, 0))
    assert {way: n for way, n in longest.items() if n < SIZE} == {}
    assert {way for way in longest if not way.startswith("list_")} == set()


@pytest.mark.parametrize("capability", NAMES)
def test_a_page_is_one_query_and_half_a_unit_for_four_kilobytes_or_its_budget_says_why(
    capability: str, tally: Tally
) -> None:
    runs = (*stories.runs(capability, stories.MANY), *stories.crowded(capability))
    found = costs.dear_pages(runs)
    assert found.keys() == budgets.dear_pages(capability).keys(), found
    tell_of(tally, capability, {run.way_in for run in runs if costs.is_page(run)})


@pytest.mark.parametrize("capability", NAMES)
def test_a_second_delivery_makes_the_calls_that_its_budget_says(
    capability: str, tally: Tally
) -> None:
    repeats = stories.repeats(capability)
    budget = budgets.duplicates(capability)
    assert costs.most_calls(repeats) == {way: line.calls for way, line in budget.items()}
    assert set(budget) == {run.way_in for run in stories.runs(capability) if run.writes}
    tell_of(tally, capability, set(budget))


@pytest.mark.parametrize("capability", NAMES)
def test_a_second_delivery_that_makes_more_calls_than_one_says_why(capability: str) -> None:
    lines = budgets.duplicates(capability)
    assert {way for way, line in lines.items() if (line.calls > 1) != bool(line.why)} == set()


@pytest.mark.parametrize("capability", NAMES)
def test_a_request_writes_one_line_of_log_and_no_line_is_long(capability: str) -> None:
    runs = stories.runs(capability)
    assert costs.long_logs(runs) == []
    assert {run.way_in for run in runs if run.function == API and len(run.log) != 1} == set()


# What the checks are for: handlers that cost too much, as the recorder would have seen them.

GOOD = Run(
    API,
    "list_tickets",
    calls=["Query"],
    charges=[Charge("Query", reads=0.5, returned_bytes=4_000)],
    log=['{"message":"GET /tickets","ms":7}'],
    answer={"items": []},
)
BUDGET = costs.dearest([GOOD])


def test_a_handler_that_keeps_its_budget_is_not_complained_of() -> None:
    assert costs.off_budget([GOOD], BUDGET) == []
    assert costs.dear_pages([GOOD]) == {}
    assert costs.long_logs([GOOD]) == []
    assert costs.growing({1: [GOOD], 10: [GOOD], 100: [GOOD]}) == {}


def test_a_handler_that_reads_each_item_of_a_list_is_caught() -> None:
    bad = {
        n: [replace(GOOD, calls=["Query", *["GetItem"] * n], charges=[*GOOD.charges] * 2)]
        for n in (1, 10, 100)
    }
    assert costs.growing(bad) == {"list_tickets": {1: 2, 10: 11, 100: 101}}
    assert costs.dear_pages(bad[1]) == {"list_tickets": "2 queries"}
    (line,) = costs.off_budget(bad[1], BUDGET)
    assert line.startswith("list_tickets = { calls = 2, ")


def test_a_page_that_reads_more_than_it_returns_is_caught() -> None:
    consistent = replace(GOOD, charges=[Charge("Query", reads=1, returned_bytes=4_000)])
    assert costs.dear_pages([consistent]) == {"list_tickets": "1 units instead of 0.5"}


def test_a_handler_that_writes_once_more_is_caught() -> None:
    twice = replace(GOOD, charges=[*GOOD.charges, Charge("PutItem", writes=1)])
    (line,) = costs.off_budget([twice], BUDGET)
    assert "writes = 1" in line


def test_a_handler_that_costs_less_than_its_budget_is_caught_too() -> None:
    """Otherwise a budget would rot, and a later rise up to it pass unseen."""
    assert len(costs.off_budget([replace(GOOD, charges=[])], BUDGET)) == 1


def test_a_way_in_that_nobody_went_is_caught() -> None:
    assert costs.off_budget([], BUDGET) == ["list_tickets: no run of it"]


def test_a_longer_line_of_log_is_caught_whatever_time_a_run_takes() -> None:
    assert costs.off_budget([replace(GOOD, log=[GOOD.log[0].replace("7", "1234")])], BUDGET) == []
    assert len(costs.off_budget([replace(GOOD, log=[GOOD.log[0] + "!"])], BUDGET)) == 1
    long = replace(GOOD, log=["x" * costs.MAX_LOG_BYTES])
    assert costs.long_logs([long]) == ["list_tickets: 1 lines, 301 bytes"]
    assert costs.long_logs([replace(GOOD, log=GOOD.log * 2)]) != []
