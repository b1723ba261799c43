"""The people, things and moments that tests of the log speak of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared import clock, events
from shared.auth import Grant, Role
from tests.harness.hours import hours_later

COMPANY = "co_" + "7" * 26
COMMUNITY = "com_7k2m9x4a"
TICKET = "rep_7k2m9x4a_" + "1" * 26
GRANT_ID = "gra_" + "2" * 26
RESIDENT_ID, CLERK_ID, DAUGHTER_ID = ("per_" + letter * 26 for letter in "aed")


@dataclass(frozen=True)
class Person:
    """Somebody with grants, as the authorizer hands them on."""

    person_id: str
    grants: tuple[Grant, ...]


AUDITOR = Person("per_" + "v" * 26, (Grant(Role.SECURITY_AUDITOR, "platform"),))
# The authorizer lets a grant on a company stand for each of its communities.
COMPANY_AUDITOR = Person(
    "per_" + "w" * 26,
    (Grant(Role.SECURITY_AUDITOR, COMPANY), Grant(Role.SECURITY_AUDITOR, COMMUNITY)),
)
MANAGER = Person("per_" + "m" * 26, (Grant(Role.COMMUNITY_MANAGER, COMMUNITY),))


def happened(number: int = 1, **changes: Any) -> events.Event:
    """The `number`th step of a ticket, or what `changes` make of it."""
    told: dict[str, Any] = {
        "id": f"{TICKET}:{number}",
        "type": "RepairAssigned",
        "source": "repairs",
        "at": clock.now(),
        "community_id": COMMUNITY,
        "subject_id": TICKET,
        "version": number,
        "actor_id": CLERK_ID,
        "data": {"state": "dispatched", "reporter_id": RESIDENT_ID},
    }
    return events.Event(**{**told, **changes})


def granted(name: str) -> events.Event:
    """Somebody became a technician, under this name."""
    return happened(
        id=f"{GRANT_ID}:1",
        type="StaffGranted",
        source="community",
        subject_id=GRANT_ID,
        version=1,
        actor_id=MANAGER.person_id,
        data={"person_id": CLERK_ID, "role": "technician", "scope": COMMUNITY, "name": name},
    )


def queued(*told: events.Event) -> dict[str, Any]:
    """A batch of the queue with these events."""
    return {
        "Records": [
            {"messageId": str(place), "eventSource": "aws:sqs", "body": body(event)}
            for place, event in enumerate(told)
        ]
    }


def body(event: events.Event) -> str:
    """What a rule of the bus puts into a queue."""
    return json.dumps({"detail": json.loads(events.encode(event))})


class Day:
    """Moments of a day that begins with an hour, so that each run seals as many hours."""

    def __init__(self) -> None:
        self._begin = clock.now().replace(minute=0, second=0, microsecond=0)

    @contextmanager
    def at(self, hours: int, minutes: int) -> Iterator[None]:
        """Let it be so long after the beginning, as long as the context lasts."""
        moment = self._begin + timedelta(hours=hours, minutes=minutes)
        with hours_later((moment - clock.now()) / timedelta(hours=1)):
            yield

    def text(self, hours: int) -> str:
        """The instant so many hours after the beginning."""
        return clock.to_text(self._begin + timedelta(hours=hours))
