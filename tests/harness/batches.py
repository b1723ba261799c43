"""Poison in batches (F7): messages that cannot be taken, at any places among others that can.

A trial hands a function one batch in which some messages are poison: they cannot be decoded, have
the wrong shape, or are good and have their write to the store refused.  The others must have the
effect that they have alone, only the poison may come back, and when it does, or the whole batch
comes again because its answer was lost, nothing is done twice.  A stream's batch fails whole and
is halved until the poison is alone, as Lambda does it.  The count is one for each such batch.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from botocore.exceptions import ConnectionClosedError

from shared import aws
from tests.harness.bus import Bus, Event, Source, batch
from tests.harness.world import World

Handler = Callable[[Event], Any]
Key = tuple[str, str, str]
Keys = frozenset[Key]
_NONE: Keys = frozenset()
STREAM_ATTEMPTS = 3
"""How often a stream's record that is alone is tried here; the template says eleven times."""


class Poison(StrEnum):
    """Why a message cannot be taken."""

    UNDECODABLE = "undecodable"
    WRONG_SHAPE = "of the wrong shape"
    REFUSED = "refused by the store"


_SPOILT = {Poison.UNDECODABLE: "{", Poison.WRONG_SHAPE: "[5]"}
Plan = Mapping[int, Poison]


class QueueTrials:
    """Batches for one function that a queue wakes, from one moment of the world."""

    def __init__(self, bus: Bus, source: Source, bodies: list[str]) -> None:
        self._bus, self._source = bus, source
        self._bodies = dict(enumerate(bodies))
        self._start = bus.stored()
        self._after: dict[frozenset[int], World] = {}
        written = {number: self._written({number}) for number in self._bodies}
        counted = Counter(key for keys in written.values() for key in keys)
        self._own = {
            number: frozenset(key for key in keys if counted[key] == 1)
            for number, keys in written.items()
        }

    def real(self, event: Event) -> Any:
        """The function as it is."""
        return self._bus.start(self._source.capability, self._source.function, event)

    def faults(self, plan: Plan, handler: Handler) -> list[str]:
        """What goes wrong when the messages at these places are poison, a sentence each."""
        others = self._bodies.keys() - plan.keys()
        spoilt = {n: _SPOILT.get(poison, self._bodies[n]) for n, poison in plan.items()}
        refused = {n for n, poison in plan.items() if poison is Poison.REFUSED}
        whole = self._bodies | spoilt
        said = []
        self._again()
        with self._refusing(refused):
            failed = self._hand(whole, handler)
            if failed != set(plan):
                said.append(f"{sorted(failed)} came back and not {sorted(plan)}")
            # What a refused message did before its write was refused, it does again.
            begun = _NONE.union(*(self._own[n] for n in refused))
            said += self._differences(others, "the others", begun)
        # The store takes the refused ones when they come back; the rest is poison for ever.
        back = {n: whole[n] for n in failed}
        left = self._hand(back, handler) if back else set()
        if left != set(plan) - refused:
            said.append(f"{sorted(left)} came back a second time")
        said += self._differences(others | refused, "after what came back, all")
        self._hand(whole, handler)
        said += self._differences(others | refused, "after the whole batch came again, all")
        return said

    def _again(self) -> None:
        self._start.put_back(self._bus.stored())

    def _hand(self, bodies: dict[int, str], handler: Handler) -> set[int]:
        answer = handler(batch(dict(sorted(bodies.items()))))
        return {int(one["itemIdentifier"]) for one in answer["batchItemFailures"]}

    def _differences(self, taken: Iterable[int], which: str, own: Keys = _NONE) -> Iterator[str]:
        """Whether anything else is stored than after these messages, but at keys named in `own`."""
        wanted, found = _flat(self._of(frozenset(taken))), _flat(self._bus.stored())
        differing = {key for key in wanted | found if wanted.get(key) != found.get(key)} - own
        if differing:
            yield f"{which} have not the effect that they have one by one: {sorted(differing)}"

    def _of(self, taken: frozenset[int]) -> World:
        """The world after these messages, each in a batch of its own."""
        if taken not in self._after:
            before = self._bus.stored()
            self._again()
            for number in sorted(taken):
                assert self._hand({number: self._bodies[number]}, self.real) == set()
            self._after[taken] = self._bus.stored()
            before.put_back(self._after[taken])
        return self._after[taken]

    def _written(self, numbers: set[int]) -> Keys:
        """What a message writes, alone."""
        before, after = _flat(self._start), _flat(self._of(frozenset(numbers)))
        return frozenset(key for key in before | after if before.get(key) != after.get(key))

    @contextmanager
    def _refusing(self, numbers: set[int]) -> Iterator[None]:
        """Let the table be out of reach for what these messages, and no others, write."""
        unmet = {number: self._own[number] for number in numbers}
        struck: set[int] = set()

        def refuse(model: Any, params: dict[str, Any], **_: object) -> None:
            met = {n for n, keys in unmet.items() if keys & _keys_of(model.name, params)}
            if met:
                struck.update(met)
                raise ConnectionClosedError(endpoint_url="dynamodb")

        emitter = aws.client("dynamodb").meta.events
        emitter.register("before-call", refuse)
        try:
            yield
        finally:
            emitter.unregister("before-call", refuse)
        assert struck == numbers, "a fault struck nothing"


def _flat(stored: World) -> dict[Key, Any]:
    """Every item and every object of a world by where it stands."""
    items = {(t, *key): item for t, items in stored.items.items() for key, item in items.items()}
    files = {(b, n, ""): file for b, files in stored.files.items() for n, file in files.items()}
    return {**items, **files}


_WRITES = ("PutItem", "UpdateItem", "DeleteItem")


def _keys_of(operation: str, params: dict[str, Any]) -> set[Key]:
    """The items that a call writes."""
    if operation not in (*_WRITES, "TransactWriteItems"):
        return set()
    body = json.loads(params["body"])
    writes = [write for item in body.get("TransactItems", []) for write in item.values()]
    found = set()
    for write in writes or [body]:
        item = write.get("Item") or write["Key"]
        found.add((write["TableName"], item["pk"]["S"], item["sk"]["S"]))
    return found


class StreamTrials:
    """Batches for one function that a table's stream wakes and that tells the bus."""

    def __init__(self, bus: Bus, source: Source, texts: list[str]) -> None:
        self._bus, self._source, self._texts = bus, source, texts
        self._ids = [json.loads(text)["id"] for text in texts]

    def real(self, event: Event) -> Any:
        """The function as it is."""
        return self._bus.start(self._source.capability, self._source.function, event)

    def faults(self, plan: Plan, handler: Handler) -> list[str]:
        """What goes wrong when the records at these places are poison, a sentence each."""
        texts = [
            _SPOILT.get(plan[number], text) if number in plan else text
            for number, text in enumerate(self._texts)
        ]
        refused = {self._ids[n] for n, poison in plan.items() if poison is Poison.REFUSED}
        self._bus.arrived()
        with self._refusing(refused):
            given_up = set(self._give(list(enumerate(texts)), handler))
        entries = self._bus.arrived()
        arrived = {json.loads(entry["Detail"])["id"] for entry in entries}
        wanted = {one for number, one in enumerate(self._ids) if number not in plan}
        said = []
        if given_up != set(plan):
            said.append(f"{sorted(given_up)} were given up and not {sorted(plan)}")
        if arrived != wanted:
            said.append(f"{sorted(arrived ^ wanted)} are lost, or are there though refused")
        return said

    def _give(self, records: list[tuple[int, str]], handler: Handler) -> Iterator[int]:
        """Hand records over as Lambda does; those that it gives up.

        A batch that fails is halved, and a record that fails alone is tried so many times (AWS:
        DynamoDB event source mapping, `BisectBatchOnFunctionError`).
        """
        images = [{"NewImage": {"event": {"S": text}}} for _, text in records]
        event = {"Records": [{"eventName": "MODIFY", "dynamodb": image} for image in images]}
        for _ in range(STREAM_ATTEMPTS):
            try:
                handler(event)
            except Exception:
                if len(records) > 1:
                    half = len(records) // 2
                    yield from self._give(records[:half], handler)
                    yield from self._give(records[half:], handler)
                    return
                continue
            return
        yield from (number for number, _ in records)

    @contextmanager
    def _refusing(self, ids: set[str]) -> Iterator[None]:
        """Let the bus take every entry but those of these events."""
        sent: list[Any] = []
        struck: set[str] = set()

        def sends(model: Any, params: dict[str, Any], **_: object) -> None:
            sent[:] = json.loads(params["body"])["Entries"]

        def answers(parsed: dict[str, Any], **_: object) -> None:
            for number, entry in enumerate(sent):
                one = json.loads(entry["Detail"])["id"]
                if one in ids:
                    struck.add(one)
                    parsed["Entries"][number] = {"ErrorCode": "InternalFailure"}
                    parsed["FailedEntryCount"] += 1

        emitter = aws.client("events").meta.events
        emitter.register_first("before-call", sends)
        emitter.register_first("after-call", answers)
        try:
            yield
        finally:
            emitter.unregister("before-call", sends)
            emitter.unregister("after-call", answers)
        assert struck == ids, "a fault struck nothing"
