"""The crash matrix (F1): every fault at every AWS call of every run that changes something.

While a capability's story is told, each of its runs is first tried: in the world as it is just
then, the trigger is delivered with one fault at one call, then delivered again until it is
answered, as a client, a queue or a state machine would.  What is stored and put on the bus
afterwards, and every answer, must be those of a run without a fault, and no invariant may be
broken.  Calls are not listed anywhere: a run is tried at its first, second, third call until the
fault finds no call to strike.  The count is one for each fault that struck; in full, a second
crash strikes in the recovery from the first, and each such pair counts too.  A transaction that
is answered 500 is sent again under its token and has no second effect on AWS; moto would apply it
twice, so there its first answer stands, and the point says that it carries a token.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, field, replace
from itertools import count
from typing import Any

from tests.harness.faults import CRASHES, Fault, Faults
from tests.harness.outcomes import Outcome, Place, delivered, is_settled
from tests.harness.recorder import Trigger
from tests.harness.world import Drawn, World

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


class CrashMatrix:
    """Tries every run of a story before it happens."""

    def __init__(
        self, faults: Faults, drawn: Drawn, place: Place, *, pairs: Callable[[str], bool]
    ) -> None:
        self.tried: dict[str, Tried] = {}
        self._faults, self._drawn, self._place, self._pairs = faults, drawn, place, pairs

    def __call__(self, trigger: Trigger) -> None:
        """Try a run at every point, and leave the world as it was."""
        self._now = before = self._place.stored()
        wanted, _ = self._try(trigger, before, [])
        if self._faults.writes:
            tried = self.tried.setdefault(trigger.way_in, Tried())
            for first in self._points(trigger, before, wanted, tried, []):
                tried.points[first.fault] += 1
                if first.fault in CRASHES and self._pairs(trigger.way_in):
                    second = self._points(trigger, before, wanted, tried, [first])
                    tried.pairs += sum(1 for _ in second)
            before.put_back(self._now)

    def _points(
        self,
        trigger: Trigger,
        before: World,
        wanted: Outcome,
        tried: Tried,
        earlier: list[Point],
    ) -> Iterator[Point]:
        """Try every fault at every call, after `earlier` faults, and yield those that struck."""
        for at in count():
            struck = False
            for fault in CRASHES if earlier else Fault:
                plan = [*earlier, Point(at, fault)]
                outcome, all_struck = self._try(trigger, before, plan)
                if all_struck:
                    struck = True
                    where = ", then ".join(map(str, plan))
                    meant = replace(wanted, answers=wanted.answers * len(outcome.answers))
                    differences = self._place.differences(outcome, meant)
                    tried.broken += [f"{where}: {sentence}" for sentence in differences]
                    yield plan[-1]
            if not struck:
                return

    def _try(self, trigger: Trigger, before: World, plan: list[Point]) -> tuple[Outcome, bool]:
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
        struck, answers = True, []
        for point in plan:
            answers.append(self._deliver(trigger, point))
            struck = struck and self._faults.struck
        for _ in range(_DELIVERIES_MAX):
            answers.append(self._deliver(trigger))
            if is_settled(answers[-1]):
                break
        # Whoever was answered in spite of a fault may not come again: that was their answer.
        settled = [answer for answer in answers[:-1] if is_settled(answer)] + answers[-1:]
        self._now = stored = self._place.stored()
        names = self._drawn.names((stored, settled))
        return self._place.outcome(settled, stored, self._faults.told, names), struck

    def _deliver(self, trigger: Trigger, point: Point | None = None) -> Any:
        self._drawn.deliver()
        with self._faults.delivery(*(astuple(point) if point else ())):
            return delivered(trigger.deliver)
