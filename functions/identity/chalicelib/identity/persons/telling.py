"""What identity tells of people: ids, codes and keyed hashes, and nothing of who they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.identity.persons.rules import Held, Person
from shared import clock, events, ids
from shared.auth import PLATFORM

SOURCE = "identity"


def of_person(
    type_: str, person: Person, actor_id: str, now: datetime, data: Mapping[str, Any] | None = None
) -> events.Event:
    """The event that a person's next write announces."""
    return events.happened(
        type_,
        SOURCE,
        person.id,
        person.next_version,
        at=now,
        community_id=PLATFORM,
        actor_id=actor_id,
        data={"person_id": person.id, **(data or {})},
    )


def of_phone(held: Held, person: Person, actor_id: str, now: datetime) -> events.Event:
    """That a person is reached at a phone, and called by a name: both as keyed hashes.

    A number that was given up is bound again, by somebody else or by the same: each time it is
    another thing that happens, though the record of it begins at the same version.  Which of two
    was the later, the person's own version tells, as both may be of one moment.
    """
    return events.happened(
        "PhoneBound",
        SOURCE,
        ids.derived_platform_id("login", held.login.blind, clock.to_text(now)),
        (held.version or 0) + 1,
        at=now,
        community_id=PLATFORM,
        actor_id=actor_id,
        data={
            "person_id": person.id,
            "person_version": person.next_version,
            "phone": held.login.blind,
            "name": person.name_key,
        },
    )
