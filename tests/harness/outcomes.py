"""What deliveries leave behind, so that two ways to the same end can be compared.

Two runs draw different ids and write at different places in a table; they ended alike where their
answers, all that is stored and all that was told differ in nothing but those ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from tests.harness.calls import Crash
from tests.harness.gateway import Answer
from tests.harness.world import Item, World, alike

Oracle = Callable[[list[Item]], Iterable[str]]


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

    def outcome(
        self, answers: list[Any], stored: World, told: Iterable[str], names: dict[str, str]
    ) -> Outcome:
        """What is left, with every drawn id under its name."""
        # Whose second delivery was answered has an id of its own for what perishes.
        plain = {made: name.replace("'", "") for made, name in names.items()}
        return Outcome(
            [alike(answer, plain) for answer in answers],
            _counted(stored, names),
            frozenset(told),
            frozenset(self.broken(stored)),
        )

    def differences(self, outcome: Outcome, wanted: Outcome) -> Iterator[str]:
        """What is not as wanted, a sentence for each thing."""
        for answer, meant in zip(outcome.answers, wanted.answers, strict=True):
            if answer != meant:
                yield f"answered {answer!r} and not {meant!r}"
        for text in wanted.stored - outcome.stored:
            yield f"this is missing: {text}"
        for text in outcome.stored - wanted.stored:
            if not self._perishes(text):
                yield f"this is too much: {text}"
        if outcome.told != wanted.told:
            yield f"told {sorted(outcome.told)} and not {sorted(wanted.told)}"
        # What a test laid down itself is broken either way.
        yield from sorted(outcome.broken - wanted.broken)

    def _perishes(self, text: str) -> bool:
        stored = msgspec.json.decode(text)
        if "object" in stored:
            return str(stored["object"]).startswith(self.perishable)
        return "expires_at" in stored["item"] and "<made" in stored["item"]["pk"]["S"]


@dataclass(frozen=True)
class Outcome:
    """The last answers, all that is stored and told, and the invariants that it breaks."""

    answers: list[Any]
    stored: Counter[str]
    told: frozenset[str]
    broken: frozenset[str]


def delivered(work: Callable[[], Any]) -> Any:
    """One delivery, as its deliverer sees it: an answer, or that there was none."""
    try:
        answer = work()
    except Crash:
        return Crash
    except Exception as error:
        # A state machine and a queue see that it failed, and deliver again.
        return error
    if isinstance(answer, Answer):
        return {"status": answer.status, "body": answer.json}
    return msgspec.to_builtins(answer)


def is_settled(answer: Any) -> bool:
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
