"""Whatever the order of their calls, two handlers leave what they leave one after the other."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from itertools import combinations_with_replacement

import pytest

from local.places import capabilities
from tests import stories
from tests.faults.places import place_of
from tests.harness.families import Tally
from tests.harness.interleavings import Interleavings, Ran, holding
from tests.harness.outcomes import Outcome
from tests.harness.recorder import Recorder
from tests.harness.source import Source
from tests.harness.touched import Touched
from tests.harness.world import Drawn

pytestmark = pytest.mark.family("F2")


def contended(capability: str) -> set[tuple[str, str]]:
    """Every two ways in that touch a kind of item which one of them changes, as the story shows."""
    kinds: dict[str, set[tuple[tuple[str, str], bool]]] = {}
    for run in stories.runs(capability):
        known = {(each.kind, each.writes) for each in run.touched}
        kinds.setdefault(run.way_in, set()).update(known)
    return {
        (one, other)
        for one, other in combinations_with_replacement(sorted(kinds), 2)
        if any(
            kind == beside and (writes or changes)
            for kind, writes in kinds[one]
            for beside, changes in kinds[other]
        )
    }


@pytest.mark.parametrize("capability", capabilities())
def test_two_at_once_leave_what_they_leave_one_after_the_other(
    capability: str, tally: Tally, drawn: Drawn, source: Source
) -> None:
    def named(pair: tuple[str, str]) -> str:
        return f"{capability}: {pair[0]} × {pair[1]}"

    rivals_of = import_module(f"tests.{capability}.rivals")
    with holding() as held, stories.in_its_place(capability):
        recorder, other = Recorder(capability), Recorder(capability, container="_beside")
        tries = Interleavings(
            held,
            (recorder, other),
            drawn,
            place_of(capability, source),
            apart=rivals_of.APART,
            wants=lambda names: tally.wants(named(names)),
            full=lambda names: tally.full(*(f"{capability}.{name}" for name in names)),
        )
        for rivals in rivals_of.scenes(recorder):
            source.tick()
            tries.try_all(rivals)
    for names, pair in tries.pairs.items():
        print(f"{named(names)}: {pair.orders} orders, {pair.refused} refused")
        tally.count(pair.orders, named(names))
    assert {names: pair.broken for names, pair in tries.pairs.items() if pair.broken} == {}
    missing = [
        " × ".join(pair)
        for pair in sorted(contended(capability) - tries.pairs.keys())
        if tally.wants(named(pair)) and not rivals_of.APART.keys() & {*pair, " × ".join(pair)}
    ]
    said = f"tests/{capability}/rivals.py does not bring together {', '.join(missing)}"
    assert missing == [], said


def test_an_order_is_spared_only_where_what_is_exchanged_shares_nothing() -> None:
    def call(key: str, writes: bool = True, place: str = "table") -> frozenset[Touched]:
        return frozenset({Touched(place, key, "item", writes)})

    def spared(one: frozenset[Touched], other: frozenset[Touched]) -> bool:
        """Whether of two handlers, each reading its own item first, the second calls may change."""
        trace = ((0, call("a")), (0, one), (1, call("b")), (1, other))
        ran = Ran(Outcome([], Counter(), frozenset(), frozenset()), (2, 2), trace, writes=True)
        assert ran.comes_to([0, 1, 0, 1])
        return ran.comes_to([1, 1, 0, 0])

    assert spared(call("c"), call("d"))
    assert spared(call("c", writes=False), call("c", writes=False))
    assert not spared(call("c"), call("c", writes=False))
    # By an index is read whatever is written; of what is no item, nothing is known.
    assert not spared(call("c"), call("by", writes=False, place="table/index"))
    assert not spared(call("c"), frozenset())
