"""No fault at any AWS call of any handler loses, doubles or changes what a run leaves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local.places import capabilities
from tests import stories
from tests.faults.places import place_of
from tests.harness import faults
from tests.harness.crash_matrix import CrashMatrix
from tests.harness.families import Tally
from tests.harness.faults import Fault
from tests.harness.recorder import Trigger
from tests.harness.source import Source
from tests.harness.world import Drawn

pytestmark = pytest.mark.family("F1")


def matrix(
    capability: str,
    drawn: Drawn,
    source: Source,
    wants: Callable[[str], bool],
    pairs: Callable[[str], bool],
) -> CrashMatrix:
    """The capability's story, with every run of a wanted way in tried at every point.

    Where `pairs` says so, every point of its recovery is tried too.
    """

    def named(way_in: str) -> str:
        return f"{capability}.{way_in}"

    with faults.listening() as heard:
        place = place_of(capability, source)
        tries = CrashMatrix(heard, drawn, place, pairs=lambda way_in: pairs(named(way_in)))

        def attack(trigger: Trigger) -> None:
            source.tick()
            if wants(named(trigger.way_in)):
                tries(trigger)

        stories.told(capability, attack=attack)
    return tries


@pytest.mark.parametrize("capability", capabilities())
def test_no_fault_at_any_call_loses_doubles_or_changes_anything(
    capability: str, tally: Tally, drawn: Drawn, source: Source
) -> None:
    tried = matrix(capability, drawn, source, tally.wants, tally.full).tried
    assert tried
    for way_in, done in tried.items():
        print(f"{capability}.{way_in}: {done.points.total()} points, {done.pairs} pairs")
        tally.count(done.points.total() + done.pairs, f"{capability}.{way_in}")
    assert {way_in: done.broken for way_in, done in tried.items() if done.broken} == {}
    # Every fault struck every way in as often as every other: none was skipped.
    uneven = {way_in for way_in, done in tried.items() if len(set(done.points.values())) != 1}
    assert uneven == set()
    assert all(done.points.keys() == set(Fault) for done in tried.values())
