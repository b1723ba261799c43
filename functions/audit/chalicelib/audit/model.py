"""What the log holds: an activity, and how an auditor asks for activities."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Activity:
    """One thing that happened (操作), as an event told it; ids, codes and numbers, no names.

    Attributes
    ----------
    id
        The event's: the subject's id and version.
    actor_id, for_id
        Whose hands it were, and, where that is somebody else, in whose name.
    at, received_at
        When it happened, and when the log heard of it; its row belongs to the hour of the latter.
    stray
        Whether its row stands elsewhere: no seal covers it, and the log did not put it there.
    """

    id: str
    type: str
    source: str
    at: datetime
    received_at: datetime
    community_id: str
    subject_id: str
    subject_version: int
    actor_id: str
    for_id: str
    data: dict[str, Any]
    stray: bool = False


@dataclass(frozen=True)
class Search:
    """What an auditor looks for: a person, a thing, or all of a place, between two instants.

    Attributes
    ----------
    place
        The community, the company or the platform to which it is narrowed; empty for a thing, and
        for a person wherever they are.
    """

    person_id: str = ""
    subject_id: str = ""
    place: str = ""
    since: datetime | None = None
    until: datetime | None = None
