"""Whatever the order of their calls, two handlers leave what they leave one after the other."""

from __future__ import annotations

from importlib import import_module

import pytest

from local.places import capabilities
from tests import stories
from tests.faults.places import place_of
from tests.harness.families import Tally
from tests.harness.interleavings import Interleavings, holding
from tests.harness.recorder import Recorder
from tests.harness.source import Source
from tests.harness.world import Drawn

pytestmark = pytest.mark.family("F2")
LIMIT, PROVEN_LIMIT = 6, 10


@pytest.mark.parametrize("capability", capabilities())
def test_two_at_once_leave_what_they_leave_one_after_the_other(
    capability: str, tally: Tally, drawn: Drawn, source: Source
) -> None:
    scenes = import_module(f"tests.{capability}.rivals").scenes
    with holding() as held, stories.in_its_place(capability):
        recorder, other = Recorder(capability), Recorder(capability, container="_beside")
        tries = Interleavings(
            held,
            (recorder, other),
            drawn,
            place_of(capability, source),
            PROVEN_LIMIT if tally.proving else LIMIT,
            thorough=tally.proving,
        )
        for rivals in scenes(recorder):
            source.tick()
            tries.try_all(rivals)
    for (one, two), pair in tries.pairs.items():
        print(f"{capability}: {one} × {two}: {pair.orders} orders, {pair.refused} refused")
        tally.count(pair.orders, f"{capability}: {one} × {two}")
    import json; open("/tmp/broken.json","w").write(json.dumps({str(n): p.broken for n,p in tries.pairs.items() if p.broken}, ensure_ascii=False, indent=1))
    assert {names: pair.broken for names, pair in tries.pairs.items() if pair.broken} == {}
