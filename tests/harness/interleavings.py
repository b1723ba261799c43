"""Interleavings (F2): every order in which the calls of two handlers on one item can happen.

A capability brings its things to where they are contended for (`tests/<capability>/rivals.py`) and
names what may come at that moment.  Every two of these triggers, and each with its own second
delivery, that touch a common item are delivered at once in two containers, their AWS calls let
through one by one in every order.  What they leave must be what they leave one after the other,
or what one leaves while the other was refused with 409; whoever failed is delivered again, as its
deliverer would.  Where the calls of both are more than the limit, it is every order in which one of
them is interrupted once.

Two neighbouring calls of both that touch nothing in common come to the same in either order.  So an
order that an earlier one becomes by such exchanges alone is not run again (Mazurkiewicz's traces;
partial-order reduction), and not counted: the count is one for each order that was run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import combinations, combinations_with_replacement
from threading import current_thread
from typing import Any

from shared import aws
from tests.harness.outcomes import Outcome, Place, delivered, is_settled
from tests.harness.recorder import Recorder, Trigger
from tests.harness.touched import Touched, touched
from tests.harness.turns import Worker, take_turns
from tests.harness.world import Drawn, World

Rivals = Callable[[Recorder], Sequence[Trigger]]
"""What may come at one moment, asked of one container."""

LIMIT, FULL_LIMIT = 6, 10
"""The most calls of two triggers whose every order is tried."""
_NAMES = ("first ", "second ")
_DELIVERIES_MAX = 4


@dataclass
class Pair:
    """Two ways in: the orders that were tried, and what broke."""

    orders: int = 0
    refused: int = 0
    broken: list[str] = field(default_factory=list)


@dataclass
class _Held:
    """The calls that workers make: held until their turn comes, and what they touch."""

    calls: list[tuple[Worker[Any], frozenset[Touched]]] = field(default_factory=list)

    def before_call(self, model: Any, params: dict[str, Any], **_: object) -> None:
        worker = current_thread()
        if isinstance(worker, Worker):
            take_turns(model.name)
            service = model.service_model.service_name
            self.calls.append((worker, frozenset(touched(service, model.name, params))))


@contextmanager
def holding() -> Iterator[_Held]:
    """Hold the calls of workers, by every client that is made while the context lasts."""
    held = _Held()
    emitter = aws.session().get_component("event_emitter")
    aws.client.cache_clear()
    emitter.register("before-call", held.before_call)
    try:
        yield held
    finally:
        emitter.unregister("before-call", held.before_call)
        aws.client.cache_clear()


class Interleavings:
    """Tries every pair of rivals in every order.

    Parameters
    ----------
    apart
        Two ways in that are not brought together, as `one × other`.
    wants
        Whether to try the two ways in of these names.
    full
        Whether to try the two ways in of these names in every order of so many calls more, and
        where only one of them writes at every moment, and not at the first alone.
    """

    def __init__(
        self,
        held: _Held,
        containers: tuple[Recorder, Recorder],
        drawn: Drawn,
        place: Place,
        *,
        apart: Container[str],
        wants: Callable[[tuple[str, str]], bool],
        full: Callable[[tuple[str, str]], bool],
    ) -> None:
        self.pairs: dict[tuple[str, str], Pair] = {}
        self._held, self._drawn, self._place = held, drawn, place
        self._containers, self._apart = containers, apart
        self._wants, self._full = wants, full

    def try_all(self, rivals: Rivals) -> None:
        """Try every pair at this moment, and leave the world as it was."""
        self._now = before = self._place.stored()
        first, second = (rivals(container) for container in self._containers)
        alone = [self._run(before, (trigger, None), ()) for trigger in first]
        for i, j in combinations_with_replacement(range(len(first)), 2):
            shared = any(a.conflicts(b) for a in alone[i].touched for b in alone[j].touched)
            if shared and self._is_worth(first[i], alone[i], first[j], alone[j]):
                self._try(before, (first[i], second[j]), (alone[i], alone[j]))
        before.put_back(self._now)

    def _is_worth(self, one: Trigger, ran: Ran, other: Trigger, beside: Ran) -> bool:
        """Whether two can be in each other's way; in full, wherever one of them writes."""
        names = _names_of(one, other)
        if " × ".join(names) in self._apart or not self._wants(names):
            return False
        if names not in self.pairs:
            return True
        if self._full(names):
            return ran.writes or beside.writes
        return ran.writes and beside.writes

    def _try(self, before: World, both: tuple[Trigger, Trigger], alone: tuple[Ran, Ran]) -> None:
        names = _names_of(*both)
        pair = self.pairs.setdefault(names, Pair())
        n, m = alone[0].calls[0], alone[1].calls[0]
        ran = [self._run(before, both, order) for order in ([0] * n, [1] * m)]
        serial = [each.outcome for each in ran]
        pair.orders += 2
        for order in _orders(n, m, FULL_LIMIT if self._full(names) else LIMIT):
            if any(each.comes_to(order) for each in ran):
                continue
            ran.append(self._run(before, both, order))
            outcome = ran[-1].outcome
            pair.orders += 1
            meant = [*serial, *self._refused(before, both, outcome)]
            pair.refused += len(meant) - 2
            differences = [list(self._place.differences(outcome, each)) for each in meant]
            if all(differences):
                least = min(differences, key=len)
                pair.broken += [f"{names} in the order {order}: {said}" for said in least]

    def _refused(
        self, before: World, both: tuple[Trigger, Trigger], outcome: Outcome
    ) -> Iterator[Outcome]:
        """What one leaves alone, for each of the two that was refused."""
        for refused in (0, 1):
            answer = outcome.answers[refused]
            if isinstance(answer, dict) and answer.get("status") == 409:
                rest = (None, both[1]) if refused == 0 else (both[0], None)
                alone = self._run(before, rest, ()).outcome
                answers = list(alone.answers)
                answers[refused] = answer
                yield replace(alone, answers=answers)

    def _run(
        self,
        before: World,
        triggers: tuple[Trigger | None, Trigger | None],
        order: Sequence[int],
    ) -> Ran:
        """Deliver both in the world `before`, their calls let through in this order."""
        before.put_back(self._now)
        self._drawn.forget()
        self._held.calls = []
        workers = [
            Worker(partial(self._deliver, name, trigger))
            for name, trigger in zip(_NAMES, triggers, strict=True)
        ]
        for turn in order:
            workers[turn].advance(1)
        answers = [worker.finish() for worker in workers]
        for at, (name, trigger) in enumerate(zip(_NAMES, triggers, strict=True)):
            for _ in range(_DELIVERIES_MAX):
                if is_settled(answers[at]):
                    break
                answers[at] = self._deliver(name, trigger)
        stored = self._place.stored()
        writes = stored != before
        self._now = stored
        names = self._drawn.names((stored, answers))
        outcome = self._place.outcome(answers, stored, (), names)
        calls = (workers[0].calls, workers[1].calls)
        trace = tuple((workers.index(worker), each) for worker, each in self._held.calls)
        return Ran(outcome, calls, trace, writes)

    def _deliver(self, name: str, trigger: Trigger | None) -> Any:
        self._drawn.deliver(name)
        return delivered(trigger.deliver) if trigger is not None else None


def _names_of(one: Trigger, other: Trigger) -> tuple[str, str]:
    first, second = sorted((one.way_in, other.way_in))
    return first, second


def _orders(n: int, m: int, limit: int) -> Iterator[list[int]]:
    """Every order of n calls of the first and m of the second but the two serial ones."""
    if n + m > limit:
        for k in range(1, n):
            yield [0] * k + [1] * m
        for k in range(1, m):
            yield [1] * k + [0] * n
        return
    for places in combinations(range(n + m), n):
        order = [0 if at in places else 1 for at in range(n + m)]
        if order not in ([0] * n + [1] * m, [1] * m + [0] * n):
            yield order


@dataclass(frozen=True)
class Ran:
    """What became of one order; `trace` has whose call came when, and what it touched."""

    outcome: Outcome
    calls: tuple[int, int]
    trace: tuple[tuple[int, frozenset[Touched]], ...]
    writes: bool

    @cached_property
    def touched(self) -> frozenset[Touched]:
        """All that was touched."""
        return frozenset[Touched]().union(*(touched for _, touched in self.trace))

    def comes_to(self, order: Sequence[int]) -> bool:
        """Whether another order differs by nothing but exchanges of calls that share nothing."""
        places = self._places(order)
        return all(places[one] < places[other] for one, other in self._bound)

    @cached_property
    def _bound(self) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """Every two calls, one of each, whose order matters: which of the first, then of whom."""
        numbers: Counter[int] = Counter()
        calls = []
        for turn, shared in self.trace:
            calls.append(((turn, numbers[turn]), shared))
            numbers[turn] += 1
        return [
            (one, other)
            for (one, shared), (other, beside) in combinations(calls, 2)
            if one[0] != other[0] and _clash(shared, beside)
        ]

    def _places(self, order: Sequence[int]) -> dict[tuple[int, int], int]:
        """When each call comes in an order, those that it does not name at the end."""
        made = Counter(turn for turn, _ in self.trace)
        numbers: Counter[int] = Counter()
        places: dict[tuple[int, int], int] = {}
        for turn in (*order, *[0] * made[0], *[1] * made[1]):
            if numbers[turn] < made[turn]:
                places[turn, numbers[turn]] = len(places)
                numbers[turn] += 1
        return places


def _clash(one: frozenset[Touched], other: frozenset[Touched]) -> bool:
    """Whether the order of two calls may matter; of what is no item, it always may."""
    if not one or not other:
        return True
    return any(a.conflicts(b) or _by_index(a, b) for a in one for b in other)


def _by_index(one: Touched, other: Touched) -> bool:
    """Whether one reads an index of the table where the other writes."""
    tables = [each.place.partition("/") for each in (one, other)]
    indexed = any(index for _, _, index in tables)
    return indexed and tables[0][0] == tables[1][0] and (one.writes or other.writes)
