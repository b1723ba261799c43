"""No fault at any AWS call of any handler loses, doubles or changes what a run leaves."""

from __future__ import annotations

import os
from importlib import import_module

import pytest

from local.package import load_template
from local.places import INFRA, capabilities
from tests import stories
from tests.harness import faults, world
from tests.harness.crash_matrix import CrashMatrix
from tests.harness.families import Tally
from tests.harness.faults import Fault
from tests.harness.outcomes import Place
from tests.harness.recorder import Trigger
from tests.harness.source import Source
from tests.harness.world import Drawn, World

pytestmark = pytest.mark.family("F1")


def stored() -> World:
    """All that the capability whose story is told has stored."""
    tables = (os.environ["TABLE"], os.environ["GRANTS_TABLE"])
    return world.taken(tables, (os.environ["BUCKET"],))


def perishable(capability: str) -> tuple[str, ...]:
    """The prefixes that the capability's bucket lets expire."""
    bucket = load_template(INFRA / f"{capability}.yaml")["Resources"]["Bucket"]["Properties"]
    rules = bucket["LifecycleConfiguration"]["Rules"]
    return tuple(rule["Prefix"] for rule in rules if "ExpirationInDays" in rule)


def matrix(capability: str, drawn: Drawn, source: Source, *, pairs: bool = False) -> CrashMatrix:
    """The capability's story, with every run tried at every point."""
    oracle = import_module(f"tests.{capability}.invariants")
    with faults.listening() as heard:
        place = Place(
            stored,
            perishable(capability),
            lambda items: oracle.broken(items, source.now),
        )
        tries = CrashMatrix(heard, drawn, place, pairs=pairs)

        def attack(trigger: Trigger) -> None:
            source.tick()
            tries(trigger)

        stories.told(capability, attack=attack)
    return tries


@pytest.mark.parametrize("capability", capabilities())
def test_no_fault_at_any_call_loses_doubles_or_changes_anything(
    capability: str, tally: Tally, drawn: Drawn, source: Source
) -> None:
    tried = matrix(capability, drawn, source, pairs=tally.proving).tried
    for way_in, done in tried.items():
        print(f"{capability}.{way_in}: {done.points.total()} points, {done.pairs} pairs")
        tally.count(done.points.total() + done.pairs, f"{capability}.{way_in}")
    assert {way_in: done.broken for way_in, done in tried.items() if done.broken} == {}
    # Every fault struck every way in as often as every other: none was skipped.
    uneven = {way_in for way_in, done in tried.items() if len(set(done.points.values())) != 1}
    assert uneven == set()
    assert all(done.points.keys() == set(Fault) for done in tried.values())
