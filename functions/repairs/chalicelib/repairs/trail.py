"""The trail (线上留痕) of a ticket: entries that both sides see, chained so that none can change.

Each entry's hash covers the one before it (D2, both-side trail), the first one's the ticket's id;
whoever edits, drops or reorders an entry breaks the chain from there on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared import chain, clock


class Actor(StrEnum):
    """In which part somebody takes a step."""

    REPORTER = "reporter"
    ASSIGNEE = "assignee"
    DISPATCHER = "dispatcher"


class Audience(StrEnum):
    """Who may read an entry: everyone who sees the ticket, or staff alone."""

    PUBLIC = "public"
    INTERNAL = "internal"


@dataclass(frozen=True)
class Rating:
    """1 to 5 for each side of the service (服务评价)."""

    speed: int
    attitude: int
    quality: int


@dataclass(frozen=True)
class Entry:
    """One step as it was taken, and what was said with it."""

    at: datetime
    actor_id: str
    actor: Actor
    action: str
    from_version: int
    note: str = ""
    photo_ids: tuple[str, ...] = ()
    worker_id: str | None = None
    rating: Rating | None = None
    audience: Audience = Audience.PUBLIC
    hash: str = ""

    def repeats(self, other: Entry) -> bool:
        """Whether `other` is the same step by the same person with the same facts."""
        return replace(other, at=self.at, hash=self.hash) == self


def seal(ticket_id: str, before: Sequence[Entry], entry: Entry) -> Entry:
    """`entry` with the hash that chains it to the entries before it."""
    previous = before[-1].hash if before else ticket_id
    return replace(entry, hash=_digest(previous, entry))


def verify(ticket_id: str, entries: Sequence[Entry]) -> int | None:
    """The position of the first entry that is not what it was; None if all are whole."""
    previous = ticket_id
    for position, entry in enumerate(entries):
        if entry.hash != _digest(previous, entry):
            return position
        previous = entry.hash
    return None


def to_plain(entry: Entry) -> dict[str, Any]:
    """The entry as texts, numbers and lists, nothing else."""
    return {**asdict(entry), "at": clock.to_text(entry.at), "photo_ids": list(entry.photo_ids)}


def from_plain(plain: dict[str, Any]) -> Entry:
    """The entry that `to_plain` wrote."""
    rating = plain["rating"]
    return Entry(
        at=clock.from_text(plain["at"]),
        actor_id=plain["actor_id"],
        actor=Actor(plain["actor"]),
        action=plain["action"],
        from_version=plain["from_version"],
        note=plain["note"],
        photo_ids=tuple(plain["photo_ids"]),
        worker_id=plain["worker_id"],
        rating=Rating(**rating) if rating else None,
        audience=Audience(plain["audience"]),
        hash=plain["hash"],
    )


def _digest(previous: str, entry: Entry) -> str:
    return chain.link(previous, to_plain(replace(entry, hash="")))
