"""What exists on the platform that is fuzzed: ids and versions, so that requests are plausible.

A request that names what does not exist is refused before it has reached anything.  So values of
fields that are known by name are put into a request in the place of invented ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

_KEPT = 10
"""Of the ids that answers tell only the last ones are kept, beside those known from the start."""
_PLAUSIBLE = 0.9
_MEANT = 0.85
# The ids of things with a version; a ticket names its room too, so the order matters.
_VERSIONED = ("ticket_id", "import_id", "application_id", "feedback_id", "room_id")
# What answers tell of, and the fields of requests that take it.
_LEARNED = {
    "ticket_id": "ticket_id",
    "import_id": "import_id",
    "photo_id": "photo_ids",
    "application_id": "application_id",
    "claim_id": "claim_id",
    "feedback_id": "feedback_id",
    "session_id": "session_id",
    "refresh_token": "refresh_token",
}


@dataclass
class Known:
    """What there is to name.

    Attributes
    ----------
    values
        By the name of the field that takes them.
    meant
        Things in the state that an operation needs, by its name and that of the field.
    facts
        By the name of the operation: makes values of fields that are only right together, and such
        as are good once.
    spared
        People by whom requests are sent: nothing is done to them along a chain.
    versions
        Of each thing the one last seen.
    """

    values: dict[str, list[str]] = field(default_factory=dict)
    meant: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    facts: dict[str, Callable[[], dict[str, Any]]] = field(default_factory=dict)
    spared: set[str] = field(default_factory=set)
    versions: dict[str, int] = field(default_factory=dict)
    _learned: dict[str, list[str]] = field(default_factory=dict)

    def keep(self, answer: Any) -> None:
        """Remember the ids and versions of an answer's body for good."""
        for takes, told in self._told(answer):
            self.values.setdefault(takes, []).append(told)

    def learn(self, answer: Any) -> None:
        """Remember the versions of an answer's body, and its ids until there are newer ones."""
        for takes, told in self._told(answer):
            newest = self._learned.setdefault(takes, [])
            newest.append(told)
            del newest[:-_KEPT]

    def _told(self, answer: Any) -> Iterator[tuple[str, str]]:
        """The ids that an answer tells, each with the field of requests that takes it."""
        for thing in _things(answer):
            named = [thing[name] for name in _VERSIONED if name in thing]
            if named and "version" in thing:
                self.versions[named[0]] = thing["version"]
            for name, takes in _LEARNED.items():
                if name in thing:
                    yield takes, thing[name]

    def facts_for(self, operation: str, chance: Random) -> dict[str, Any]:
        """Values that belong together in a request; mostly there, where an operation has some."""
        made = self.facts.get(operation)
        return made() if made is not None and chance.random() < _MEANT else {}

    def filled(
        self,
        part: Any,
        operation: str,
        chance: Random,
        version: int | None = None,
        facts: dict[str, Any] | None = None,
    ) -> Any:
        """The part of a request with known values in most places that take one.

        Parameters
        ----------
        version
            The version of the thing that the request is about, if it is known.
        facts
            Values that belong together, for all of their places.
        """
        if not isinstance(part, dict):
            return part
        sure = facts or {}
        return {
            name: sure[name] if name in sure else self._value(name, one, operation, chance, version)
            for name, one in part.items()
        }

    def sparing(self, part: Any, operation: str, chance: Random) -> Any:
        """The path of a chained request; another in place of who sends requests themselves."""
        if not isinstance(part, dict):
            return part
        return {
            name: chance.choice(self.meant[operation, name])
            if value in self.spared and (operation, name) in self.meant
            else value
            for name, value in part.items()
        }

    def version_of(self, path_parameters: dict[str, Any]) -> int | None:
        """The version of the thing that a path names."""
        known = [self.versions.get(str(value)) for value in path_parameters.values()]
        return next((one for one in known if one is not None), None)

    def _value(
        self, name: str, value: Any, operation: str, chance: Random, version: int | None
    ) -> Any:
        if chance.random() > _PLAUSIBLE:
            return value
        if name == "version":
            return value if version is None else version
        known = self.values.get(name, []) + self._learned.get(name, [])
        meant = self.meant.get((operation, name))
        if meant is not None and chance.random() < _MEANT:
            known = meant
        if not known:
            return self.filled(value, operation, chance)
        if isinstance(value, list):
            return [chance.choice(known) for _ in value]
        return value if value is None else chance.choice(known)


def _things(answer: Any) -> Iterator[dict[str, Any]]:
    if isinstance(answer, dict):
        yield answer
        for part in answer.values():
            yield from _things(part)
    elif isinstance(answer, list):
        for part in answer:
            yield from _things(part)
