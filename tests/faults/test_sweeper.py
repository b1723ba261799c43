"""What a dead stream lost is told again from the table, and whoever hears it twice does it once.

Every capability's story is told in one world, and in it people are employed, dismissed and
employed again and a register is committed, while every stream is dead.  A day later the sweepers
run.  What the consumers then have must be what they have in a run in which each change was
delivered at once.
"""

from __future__ import annotations

import io
import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.community import store
from local.apps import load_app
from local.places import capabilities
from shared import aws, clock, events, sweeper
from shared.auth import SIGNED_IN, Caller, Grant, Role
from shared.outbox import EMPTY, STREAM_LIFE
from shared.table import Record, Transaction
from tests import stories
from tests.community import story as community
from tests.conftest import on_moto
from tests.harness.bus import Bus, Entry, resources
from tests.harness.calls import Crash, heard
from tests.harness.families import Tally
from tests.harness.hours import schedule
from tests.harness.recorder import Recorder
from tests.harness.rights import hold
from tests.harness.source import START, Source, one_source
from tests.harness.world import World
from tests.repairs.scene import COMMUNITY, OTHER_WORKER, WORKER

pytestmark = pytest.mark.family("F8")

SWEPT_AT = timedelta(hours=28)
MARK = ("platform#sweeper#all", "mark")
MANAGER = Caller("per_" + "m" * 26, (Grant(Role.COMMUNITY_MANAGER, COMMUNITY),), SIGNED_IN)
_OF_THE_WAY = {"version", "event", "earlier", "sweep_key", "sweep_hour", "expires_at"}
"""What says how an item came to be as it is, and when, but not what it says."""
_LOGGED = ("platform#log#", "platform#heard#")
"""The log keeps what it hears by the hour in which it hears it, and hears what consumers tell."""


@dataclass
class Scene:
    """A world in which all was changed and nothing was heard.

    Attributes
    ----------
    told
        Every event that a change announced, in the order of the changes.
    ended
        When the newest of them was announced: some stories go on for days.
    """

    bus: Bus
    source: Source
    told: list[str]
    ended: datetime
    before: World

    def again(self) -> None:
        """Put the world back to that moment."""
        self.before.put_back(self.bus.stored())
        self.source.begin()
        self.bus.arrived()

    def kept(self) -> dict[str, dict[str, Any]]:
        """What the items of all capabilities say now."""
        return {
            f"{table}: {pk} / {sk}": {k: v for k, v in item.items() if k not in _OF_THE_WAY}
            for table, items in self.bus.stored().items.items()
            for (pk, sk), item in items.items()
            if (pk, sk) != MARK and not pk.startswith(_LOGGED)
        }

    def logged(self) -> Counter[str]:
        """How often each of the events that were announced stands in the log."""
        ids = {events.decode(text).id for text in self.told}
        rows = [
            item["id"]["S"]
            for items in self.bus.stored().items.values()
            for (pk, sk), item in items.items()
            if pk.startswith("platform#log#") and sk.endswith("#0")
        ]
        return Counter(one for one in rows if one in ids)

    def swept(self, after: timedelta = SWEPT_AT) -> list[Entry]:
        """What the sweepers put on the bus so long after the last story."""
        self.source.begin()
        self.source.now = self.ended + after
        self.bus.sweep()
        return self.bus.arrived()

    def deliver(self, entries: list[Entry]) -> None:
        """Hand entries to whoever hears them, and what these announce to whoever hears that."""
        while entries:
            with heard() as calls:
                self.bus.deliver(entries)
            self.bus.relay([events.encode(event) for event in calls.events])
            entries = self.bus.arrived()

    def young(self, entries: list[Entry]) -> list[Entry]:
        """Those that the stream may still bring."""
        since = clock.to_text(self.source.now - STREAM_LIFE)
        return [entry for entry in entries if json.loads(entry["Detail"])["at"] >= since]


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """Everything told once; each test puts it back."""
    with (
        pytest.MonkeyPatch.context() as patch,
        on_moto(patch) as cloud,
        one_source() as source,
        ExitStack() as around,
    ):
        bus = Bus(cloud)
        for capability in capabilities():
            around.enter_context(stories.surroundings(capability))
        with heard() as calls:
            for capability in capabilities():
                with bus.inside(capability):
                    stories.tell(Recorder(capability), capability, 1)
            with bus.inside("community"):
                _staff_and_register(Recorder("community"))
        told = [events.encode(event) for event in calls.events]
        # The stories let the sweepers run as well; here they never did.
        for table in bus.stored().items:
            key = dict(zip(("pk", "sk"), ({"S": part} for part in MARK), strict=True))
            aws.client("dynamodb").delete_item(TableName=table, Key=key)
        ended = max(event.at for event in calls.events)
        yield Scene(bus, source, told, ended, bus.stored())


def _staff_and_register(recorder: Recorder) -> None:
    """Technicians come, go and come again; a register is committed, and nobody carries it out."""
    hold(MANAGER.person_id, *MANAGER.grants)
    for worker, changes in ((WORKER, 3), (OTHER_WORKER, 4)):
        for number in range(changes):
            said = {"person_id": worker.person_id, "role": "technician", "scope": COMMUNITY}
            if number % 2:
                said["reason"] = "离职"
                recorder.request(MANAGER, "POST", "/revocations", said)
            else:
                said["name"] = "王师傅"
                recorder.request(MANAGER, "POST", "/grants", said, 201)
    import_id = community._dry_runs(recorder, MANAGER, COMMUNITY, 1)
    found = recorder.request(MANAGER, "GET", f"/imports/{import_id}")
    url, seen = f"/imports/{import_id}/commit", {"version": found["version"]}
    recorder.request(MANAGER, "POST", url, seen, 202)


@pytest.fixture(scope="module")
def at_once(scene: Scene) -> dict[str, dict[str, Any]]:
    """What all have where each change was delivered at once."""
    scene.again()
    start = scene.kept()
    scene.bus.relay(scene.told)
    scene.deliver(scene.bus.arrived())
    kept = scene.kept()
    # The counts of repairs, two technicians, and a building with its room are what was heard.
    changed = [at.rpartition(": ")[2] for at in kept if kept[at] != start.get(at)]
    for kind in ("#counts#", "#staff#", "#building#", "#imports#"):
        assert [at for at in changed if kind in at] != [], f"nobody heard of {kind}"
    return kept


def lost(told: list[str], entries: list[Entry]) -> list[str]:
    """The events that were announced and did not reach the bus."""
    arrived = {json.loads(entry["Detail"])["id"] for entry in entries}
    return [event.id for event in map(events.decode, told) if event.id not in arrived]


def test_a_stream_that_was_dead_for_a_day_lost_nothing(
    scene: Scene, at_once: dict[str, Any], tally: Tally
) -> None:
    scene.again()
    entries = scene.swept()
    assert lost(scene.told, entries) == []
    scene.deliver(entries)
    assert scene.kept() == at_once
    assert scene.bus.dead == []
    tally.count(1, "sweep_events")


def test_all_that_was_announced_stands_in_the_log_once_however_it_came(scene: Scene) -> None:
    scene.again()
    once = Counter(events.decode(text).id for text in scene.told)
    scene.bus.relay(scene.told[::2])
    scene.deliver(scene.bus.arrived())
    scene.deliver(scene.swept())
    assert scene.logged() == once
    scene.deliver(scene.swept(timedelta(hours=29)))
    assert scene.logged() == once


def test_an_item_that_changed_often_tells_every_change(scene: Scene) -> None:
    scene.again()
    subjects = [events.decode(text).subject_id for text in scene.told]
    assert max(subjects.count(subject) for subject in subjects) >= 4
    assert len(scene.swept()) == len(scene.told)


def test_nothing_is_told_again_while_the_stream_may_still_bring_it(scene: Scene) -> None:
    scene.again()
    assert scene.young(scene.swept(timedelta(hours=24))) == []


def test_an_hour_that_was_missed_is_swept_later(scene: Scene, at_once: dict[str, Any]) -> None:
    scene.again()
    early = scene.swept(timedelta(hours=2))
    assert scene.young(early) == []
    scene.deliver(early)
    scene.deliver(scene.swept(timedelta(days=9)))
    assert scene.kept() == at_once


def test_sweeping_twice_changes_nothing(scene: Scene, at_once: dict[str, Any]) -> None:
    scene.again()
    scene.deliver(scene.swept())
    # The hours of the last sweep are read once more by the next, and by no other.
    again = scene.swept(timedelta(hours=29))
    scene.deliver(again)
    assert scene.kept() == at_once
    scene.deliver(scene.swept(timedelta(hours=60)))
    assert scene.kept() == at_once


def test_what_was_relayed_and_is_swept_too_changes_nothing(
    scene: Scene, at_once: dict[str, Any]
) -> None:
    scene.again()
    scene.bus.relay(scene.told)
    scene.deliver(scene.bus.arrived())
    scene.deliver(scene.swept())
    assert scene.kept() == at_once


def test_an_event_older_than_consumers_remember_is_left_out_and_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.again()
    # Where it begins anew it looks no further back: the sweepers ran before the first story.
    assert scene.swept(START - scene.ended) == []
    written = io.StringIO()
    for capability in capabilities():
        (handler,) = load_app(capability).app.logger.handlers
        monkeypatch.setattr(handler, "stream", written)
    assert scene.swept(events.REPLAYED_FOR + timedelta(hours=1)) == []
    said = [json.loads(line) for line in written.getvalue().splitlines()]
    left_out = [line["left_out"] for line in said if line["level"] == "ERROR"]
    assert sum(left_out) == len(scene.told)


@pytest.mark.parametrize("capability", capabilities())
def test_every_table_has_the_index_of_the_sweeper(capability: str) -> None:
    indexes = resources(capability)["Table"]["Properties"]["GlobalSecondaryIndexes"]
    found = {index["IndexName"]: index["Projection"] for index in indexes}
    said = f"infra/{capability}.yaml must list by_sweep_hour among its indexes"
    assert found.get("by_sweep_hour") == {"ProjectionType": "KEYS_ONLY"}, said


def test_whatever_else_goes_wrong_nothing_is_lost(
    scene: Scene, at_once: dict[str, Any], tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweepers = [f"{capability}.sweep_events" for capability in capabilities()]
    for seed in range(20 if tally.full(*sweepers) else 1):
        scene.again()
        chance = random.Random(seed)
        monkeypatch.setattr(sweeper, "MAX_LIMIT", chance.choice((1, 3, 100)))
        # The stream brings a part before it dies, out of order and twice.
        relayed = chance.sample(scene.told, chance.randrange(len(scene.told)))
        scene.bus.relay([*relayed, *relayed[:3]])
        early = scene.bus.arrived()
        scene.deliver(early[: len(early) // 2])
        # The sweeper dies in the middle of its work, and comes an hour or some days later.
        crashed = _crashes(scene, chance.randrange(1, 5))
        entries = scene.swept(SWEPT_AT + timedelta(hours=chance.randrange(1, 120)))
        assert lost(scene.told, [*early, *entries, *crashed]) == []
        late = [*early, *crashed, *entries]
        chance.shuffle(late)
        scene.deliver(late)
        assert scene.kept() == at_once, f"seed {seed}"
        tally.count(1, "sweep_events")


def _crashes(scene: Scene, call: int) -> list[Entry]:
    """What the sweepers tell before each dies after one of its calls to the table; each does."""
    scene.source.now = scene.ended + SWEPT_AT
    for capability in capabilities():
        with heard(crash_after=call), pytest.raises(Crash):
            scene.bus.start(capability, "sweep_events", schedule("sweep_events"))
    return scene.bus.arrived()


def test_an_item_that_forgets_what_it_announced_is_found(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.again()
    announce = Record.announce
    monkeypatch.setattr(
        Record, "announce", lambda item, _, event=None: announce(item, EMPTY, event)
    )
    person = {"person_id": "per_" + "v" * 26, "role": "butler", "scope": COMMUNITY}
    with heard() as calls, scene.bus.inside("community"):
        recorder = Recorder("community")
        recorder.request(MANAGER, "POST", "/grants", {**person, "name": "小周"}, 201)
        recorder.request(MANAGER, "POST", "/revocations", {**person, "reason": "离职"})
    first, _ = calls.events
    assert lost([events.encode(event) for event in calls.events], scene.swept()) == [first.id]


def test_a_consumer_that_forgets_what_it_took_is_found(
    scene: Scene, at_once: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def count_again(community_id: str, name: str, *_: object) -> bool:
        counts = store._Counts(f"{community_id}#counts#all", "counts")
        with Transaction() as transaction:
            transaction.update(counts, [getattr(store._Counts, name).add(1)])
        return True

    scene.again()
    monkeypatch.setattr(store, "save_count", count_again)
    scene.bus.relay(scene.told)
    scene.deliver(scene.bus.arrived())
    scene.deliver(scene.swept())
    differing = {at for at, said in scene.kept().items() if said != at_once.get(at)}
    assert [at for at in differing if "#counts#" in at] != []
