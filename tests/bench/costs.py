"""What recorded runs cost, and what is wrong with it: said as a list, empty where all is well.

A run is one request, or one start of a function (`tests/harness/recorder.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tests.bench.budgets import Cost
from tests.harness.recorder import API, Run
from tests.harness.units import read_units

MAX_LOG_BYTES = 300
# How long a run took differs from run to run; here each takes as long as the gateway lets it.
_TOOK, _LONGEST = re.compile(r'"ms":\d+'), '"ms":29000'

Runs = Sequence[Run]


def cost(run: Run) -> Cost:
    """What a run cost."""
    log = sum(len(_TOOK.sub(_LONGEST, line).encode()) + 1 for line in run.log)
    return Cost(
        calls=len(run.calls),
        writes=sum(charge.writes for charge in run.charges),
        reads=sum(charge.reads for charge in run.charges),
        log=log,
    )


def dearest(runs: Runs) -> dict[str, Cost]:
    """The most that a run of each way in cost, each measure by itself."""
    found: dict[str, Cost] = {}
    for run in runs:
        one = cost(run)
        most = found.get(run.way_in, one)
        found[run.way_in] = Cost(
            calls=max(one.calls, most.calls),
            writes=max(one.writes, most.writes),
            reads=max(one.reads, most.reads),
            log=max(one.log, most.log),
        )
    return found


def off_budget(runs: Runs, budget: Mapping[str, Cost]) -> list[str]:
    """The lines of the budget that do not hold, as they would have to stand."""
    found = dearest(runs)
    lines = [_line(way, one) for way, one in found.items() if one != budget.get(way)]
    return lines + [f"{way}: no run of it" for way in budget.keys() - found.keys()]


def _line(way: str, one: Cost) -> str:
    measures = f"calls = {one.calls}, writes = {one.writes}, reads = {one.reads:g}, log = {one.log}"
    return f"{way} = {{ {measures} }}"


def growing(told: Mapping[int, Runs]) -> dict[str, dict[int, int]]:
    """The ways in whose calls are not the same for every number of things, and what they are.

    Parameters
    ----------
    told
        The runs by how many of everything there were.
    """
    by_way: dict[str, dict[int, int]] = {}
    for count, runs in told.items():
        for way, most in dearest(runs).items():
            by_way.setdefault(way, {})[count] = most.calls
    return {way: calls for way, calls in by_way.items() if len(set(calls.values())) > 1}


def dear_pages(runs: Runs) -> dict[str, str]:
    """The lists of which a page took more than one Query, or more than half a unit for 4 KB."""
    return {
        run.way_in: complaint
        for run in runs
        if is_page(run)
        for complaint in [_of_page(run)]
        if complaint
    }


def is_page(run: Run) -> bool:
    """Whether a run answered with a page of a list that is kept in the table."""
    return run.function == API and "items" in (run.answer or {}) and "Query" in run.calls


def _of_page(run: Run) -> str:
    queries = [charge for charge in run.charges if charge.operation == "Query"]
    if len(queries) != 1:
        return f"{len(queries)} queries"
    (query,) = queries
    goal = read_units(query.returned_bytes, consistent=False)
    return f"{query.reads:g} units instead of {goal:g}" if query.reads > goal else ""


def long_logs(runs: Runs) -> list[str]:
    """The runs that wrote more than one line of log, or too long a one."""
    return [
        f"{run.way_in}: {len(run.log)} lines, {cost(run).log} bytes"
        for run in runs
        if len(run.log) > 1 or cost(run).log > MAX_LOG_BYTES
    ]


def most_calls(runs: Runs) -> dict[str, int]:
    """The calls of the dearest run of each way in."""
    return {way: most.calls for way, most in dearest(runs).items()}
