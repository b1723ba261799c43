"""The trail of a ticket checked by someone who only has the API's answer (D2, both-side trail)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from local.apps import put_on_path


def first_break(ticket_id: str, timeline: Sequence[Mapping[str, Any]]) -> int | None:
    """The number of the first entry that is not what it was, counted from 1; None if all are.

    Every step raises the ticket's version by one, so an entry was taken at the version that is
    its place.
    """
    put_on_path()
    from chalicelib.repairs.trail import Actor, Entry, Rating, verify

    entries = [
        Entry(
            at=datetime.fromisoformat(entry["at"]),
            actor_id=entry["actor_id"],
            actor=Actor(entry["actor"]),
            action=entry["action"],
            from_version=version,
            note=entry["note"],
            photo_ids=tuple(entry["photo_ids"]),
            worker_id=entry["worker_id"],
            rating=Rating(**entry["rating"]) if entry["rating"] else None,
            hash=entry["hash"],
        )
        for version, entry in enumerate(timeline)
    ]
    place = verify(ticket_id, entries)
    return None if place is None else place + 1
