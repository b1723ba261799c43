"""The log in plain Python: what it heard, which hours are sealed, and what a check then says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.audit.scene import hour_of
from tests.harness.machines import Person, refuse

AUDITORS, HOUR = {"security_auditor"}, timedelta(hours=1)
Row = dict[str, Any]


class Model:
    """Activities by their ids, as the API shows them, and how many rows each sealed hour has."""

    def __init__(self) -> None:
        self.heard: dict[str, Row] = {}
        self.sealed: dict[datetime, int] = {}

    def hear(self, told: Row, now: datetime) -> None:
        """Take an event; one that is known changes nothing."""
        self.heard.setdefault(told["activity_id"], {**told, "received_at": now, "stray": False})

    def search(self, who: Person, asked: dict[str, Any]) -> list[Row]:
        """What somebody finds, if they may look."""
        person, subject, place = (asked.get(n) for n in ("person_id", "subject_id", "community_id"))
        refuse(not who.scopes(AUDITORS))
        refuse(not (person or subject or place) or (subject and (person or place)), "one_search")
        since, until = asked.get("since"), asked.get("until")
        refuse(since and until and until < since, "ends_before_it_begins")
        inner = subject and subject.count("_") == 2 and f"com_{subject.split('_')[1]}"
        refuse(not who.may(AUDITORS, inner or place or "platform"))
        return [
            row
            for row in self.heard.values()
            if (not person or person in people(row)) and subject in (None, row["subject_id"])
            if place in (None, row["community_id"])
            if (not since or row["at"] >= since) and (not until or row["at"] <= until)
        ]

    def rows(self, hour: datetime) -> int:
        """How many rows an hour has: one for each whom an activity concerns."""
        heard = self.heard.values()
        return sum(len(people(row)) or 1 for row in heard if hour_of(row["received_at"]) == hour)

    def seal(self, now: datetime) -> None:
        """Seal the hours that are over."""
        newest = hour_of(now - timedelta(minutes=70))
        first = min((hour_of(row["received_at"]) for row in self.heard.values()), default=newest)
        hour = max(self.sealed, default=first - HOUR) + HOUR
        while hour <= newest:
            self.sealed[hour], hour = self.rows(hour), hour + HOUR


def people(row: Row) -> list[str]:
    """Whom an activity concerns."""
    named = [row["actor_id"], row["for_id"], row["subject_id"], *row["data"].values()]
    return list(dict.fromkeys(one for one in named if str(one).startswith("per_")))
