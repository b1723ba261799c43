"""The trail (线上留痕) of an application: what was said and decided, chained so none can change.

The first entry's hash covers the application's id, each other one's the hash before it.
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

    APPLICANT = "applicant"
    REVIEWER = "reviewer"


@dataclass(frozen=True)
class Details:
    """What a company says of itself: name, credit code, qualifications (资质), introduction."""

    name: str
    credit_code: str
    qualification_ids: tuple[str, ...]
    introduction: str = ""


@dataclass(frozen=True)
class Entry:
    """One step as it was taken: what was said of the company, or why it was decided so."""

    at: datetime
    actor_id: str
    actor: Actor
    action: str
    from_version: int
    note: str = ""
    details: Details | None = None
    hash: str = ""

    def repeats(self, other: Entry) -> bool:
        """Whether `other` is the same step by the same person with the same facts."""
        return replace(other, at=self.at, hash=self.hash) == self


def seal(application_id: str, before: Sequence[Entry], entry: Entry) -> Entry:
    """`entry` with the hash that chains it to the entries before it."""
    previous = before[-1].hash if before else application_id
    return replace(entry, hash=chain.link(previous, to_plain(replace(entry, hash=""))))


def to_plain(entry: Entry) -> dict[str, Any]:
    """The entry as texts, numbers and lists, nothing else."""
    plain = {**asdict(entry), "at": clock.to_text(entry.at)}
    if entry.details is not None:
        plain["details"]["qualification_ids"] = list(entry.details.qualification_ids)
    return plain


def from_plain(plain: dict[str, Any]) -> Entry:
    """The entry that `to_plain` wrote."""
    said = plain["details"]
    return Entry(
        at=clock.from_text(plain["at"]),
        actor_id=plain["actor_id"],
        actor=Actor(plain["actor"]),
        action=plain["action"],
        from_version=plain["from_version"],
        note=plain["note"],
        details=Details(**{**said, "qualification_ids": tuple(said["qualification_ids"])})
        if said
        else None,
        hash=plain["hash"],
    )
