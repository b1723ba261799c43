"""The crash matrix (F1): every fault at every AWS call of every run that changes something.

While a capability's story is told, each of its runs is first tried: in the world as it is just
then, the trigger is delivered with one fault at one call, then delivered again until it is
answered, as a client, a queue or a state machine would.  What is stored and put on the bus
afterwards, and the last answer, must be those of a run without a fault, and no invariant may be
broken in between.  Calls are not listed anywhere: a run is tried at its first, second, third call
until the fault finds no call to strike.  The count is one for each fault that struck; proving, a
second crash strikes in the recovery from the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass, field
from itertools import count
from typing import Any

import msgspec

from tests.harness.calls import Crash
from tests.harness.faults import CRASHES, Fault, Faults
from tests.harness.gateway import Answer
from tests.harness.world import Drawn, Item, World, alike

Work = Callable[[], Any]
Oracle = Callable[[list[Item]], Iterable[str]]
_DELIVERIES_MAX = 4


@dataclass(frozen=True)
class Point:
    """One fault at one call of a delivery."""

    at: int
    fault: Fault

    def __str__(self) -> str:
        return f"{self.fault} at call {self.at + 1}"


@dataclass
class Tried:
    """What a way in was put through: how many points of each fault, and what broke."""

    points: Counter[Fault] = field(default_factory=Counter)
    pairs: int = 0
    broken: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """What a run leaves: its last answer, all that is stored and told, and what that breaks."""

    answer: Any
    stored: Counter[str]
    told: frozenset[str]
    broken: frozenset[str]


@dataclass(frozen=True)
class Place:
    """What a capability keeps, and what must hold of it.

    Attributes
    ----------
    stored
        Everything, as it is now.
    perishable
        The prefixes of objects that the bucket lets expire: one more of these does no harm.
    oracle
        The capability's invariants over all of its items: a sentence for each that is broken.
    """

    stored: Callable[[], World]
    perishable: tuple[str, ...]
    oracle: Oracle

    def broken(self, stored: World) -> Iterable[str]:
        """The invariants that do not hold of what is stored."""
        return self.oracle([item for each in stored.items.values() for item in each.values()])


class CrashMatrix:
    """Tries every run of a story; an `Attack` for its recorder."""

    def __init__(self, faults: Faults, drawn: Drawn, place: Place, *, pairs: bool) -> None:
        self.tried: dict[str, Tried] = {}
        self._faults, self._drawn, self._place, self._pairs = faults, drawn, place, pairs

    def __call__(self, way_in: str, work: Work) -> None:
        """Try a run at every point, and leave the world as it was."""
        self._now = self._place.stored()
        before = self._now
        wanted, _ = self._try(work, before, [])
        if self._faults.writes:
            tried = self.tried.setdefault(way_in, Tried())
            self._try_all(work, before, wanted, tried)
            before.put_back(self._now)

    def _try_all(self, work: Work, before: World, wanted: Outcome, tried: Tried) -> None:
        for first in self._points(work, before, wanted, tried, []):
            tried.points[first.fault] += 1
            if self._pairs and first.fault in CRASHES:
                for _ in self._points(work, before, wanted, tried, [first]):
                    tried.pairs += 1

    def _points(
        self, work: Work, before: World, wanted: Outcome, tried: Tried, earlier: list[Point]
    ) -> Iterator[Point]:
        """Try every fault at every call, after `earlier` faults, and yield those that struck."""
        for at in count():
            struck = False
            for fault in CRASHES if earlier else Fault:
                point = Point(at, fault)
                plan = [*earlier, point]
                outcome, struck_all = self._try(work, before, plan)
                if struck_all:
                    struck = True
                    tried.broken += self._faults_of(plan, outcome, wanted)
                    yield point
            if not struck:
                return

    def _try(self, work: Work, before: World, plan: list[Point]) -> tuple[Outcome, bool]:
        """Deliver with the planned faults, one a delivery, then until it is answered.

        It begins in the world `before`, whatever an earlier try left.

        Returns
        -------
        tuple
            What is left, and whether every planned fault struck.
        """
        before.put_back(self._now)
        self._drawn.forget()
        self._faults.told.clear()
        struck = True
        for point in plan:
            self._deliver(work, point)
            struck = struck and self._faults.struck
        for _ in range(_DELIVERIES_MAX):
            answer = self._deliver(work)
            if _is_settled(answer):
                break
        self._now = stored = self._place.stored()
        names = self._drawn.names((stored, answer))
        outcome = Outcome(
            # Whose second delivery was answered has an id of its own for what perishes.
            alike(answer, {made: name.replace("'", "") for made, name in names.items()}),
            _counted(stored, names),
            frozenset(self._faults.told),
            # What a test laid down itself is not this run's fault.
            frozenset(self._place.broken(stored)) - frozenset(self._place.broken(before)),
        )
        return outcome, struck

    def _deliver(self, work: Work, point: Point | None = None) -> Any:
        """One delivery, as its deliverer sees it: an answer, or that there was none."""
        self._drawn.deliver()
        try:
            with self._faults.delivery(*(astuple(point) if point else ())):
                answer = work()
        except Crash:
            return Crash
        except Exception as error:
            return error
        if isinstance(answer, Answer):
            return {"status": answer.status, "body": answer.json}
        return msgspec.to_builtins(answer)

    def _faults_of(self, plan: list[Point], outcome: Outcome, wanted: Outcome) -> list[str]:
        where = ", then ".join(map(str, plan))
        said = []
        if outcome.answer != wanted.answer:
            said.append(f"{where}: answered {outcome.answer!r} and not {wanted.answer!r}")
        for text in wanted.stored - outcome.stored:
            said.append(f"{where}: this is missing: {text}")
        for text in outcome.stored - wanted.stored:
            if not self._perishes(text):
                said.append(f"{where}: this is too much: {text}")
        if outcome.told != wanted.told:
            said.append(f"{where}: told {sorted(outcome.told)} and not {sorted(wanted.told)}")
        return said + [f"{where}: {sentence}" for sentence in sorted(outcome.broken)]

    def _perishes(self, text: str) -> bool:
        stored = msgspec.json.decode(text)
        if "object" in stored:
            return str(stored["object"]).startswith(self._place.perishable)
        return "expires_at" in stored["item"] and "<made" in stored["item"]["pk"]["S"]


def _is_settled(answer: Any) -> bool:
    """Whether its deliverer is content: no crash, no fault of the server, nothing to come again."""
    if answer is Crash or isinstance(answer, Exception):
        return False
    if isinstance(answer, dict):
        return not answer.get("batchItemFailures") and int(answer.get("status") or 200) < 500
    return True


def _counted(stored: World, names: dict[str, str]) -> Counter[str]:
    """Every item and object as text, under the names of drawn ids."""
    items = [
        {"item": alike(item, names)} for table in stored.items.values() for item in table.values()
    ]
    files = [
        {"object": alike(name, names), "body": file.body, "type": file.content_type}
        for bucket in stored.files.values()
        for name, file in bucket.items()
    ]
    return Counter(msgspec.json.encode(each, order="sorted").decode() for each in [*items, *files])
