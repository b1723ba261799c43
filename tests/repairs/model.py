"""Repairs (报修) in plain Python: what they answer and keep, without an app, a table or a clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tests.harness.machines import Person, refuse
from tests.repairs.invariants import IN_HAND, STEPS

RESIDENTS, WORKERS = {"owner", "family_member", "tenant"}, {"technician"}
DISPATCHERS = {"platform_admin", "company_admin", "community_manager", "dispatcher"}
OVERSEERS = DISPATCHERS | {"security_auditor", "butler"}
BY_ACTOR = {"reporter": RESIDENTS, "assignee": WORKERS, "dispatcher": DISPATCHERS}
NORMAL = {"new": 120, "dispatched": 120, "accepted": 2880, "working": 2880}
MINUTES = {"normal": NORMAL, "emergency": NORMAL | {"new": 15, "dispatched": 15, "accepted": 60}}
WEEK, ESTATE = timedelta(days=7), timedelta(hours=8)
LATER = ("ticket_id", "assignee_id", "assignee_name", "done_at", "closed_at", "rating")


class Ticket(dict[str, Any]):
    """A ticket as the API shows it, and its entries."""

    def __init__(self, said: dict[str, Any], reporter_id: str, now: datetime) -> None:
        super().__init__(said, reporter_id=reporter_id, reported_at=now, **dict.fromkeys(LATER))
        community, room = said["room_id"].split("_")[1:]
        self["community_id"] = f"com_{community}"
        self.scope = f"com_{community}/{room.replace('-', '/')}"
        self.entries: list[dict[str, Any]] = []

    def enter(self, one: dict[str, Any], name: str | None = None) -> None:
        """Take a step; all else follows from it."""
        self.entries.append(one)
        self.update(state=STEPS[one["action"]].target, version=len(self.entries), due_at=None)
        if one["action"] in ("assign", "return"):
            self.update(assignee_id=one["worker_id"], assignee_name=name)
        if one["action"] == "finish":
            self.update(done_at=one["at"], due_at=one["at"] + WEEK)
        if one["action"] in ("rate", "withdraw"):
            self.update(rating=one["rating"], closed_at=self["closed_at"] or one["at"])
        if self["state"] in NORMAL:
            minutes = MINUTES[self["kind"]][self["state"]]
            self["due_at"] = self["reported_at"] + timedelta(minutes=minutes)


class Model:
    """Tickets by the request that made them, photos, and what was told of technicians."""

    def __init__(self) -> None:
        self.tickets: dict[tuple[str, str, str], Ticket] = {}
        self.photos: dict[str, dict[str, str]] = {}
        self.told: list[dict[str, Any]] = []
        self.used: Counter[tuple[object, ...]] = Counter()

    def report(self, who: Person, said: dict[str, Any], key: str, now: datetime) -> Ticket:
        """The ticket that a report makes, or made before."""
        made = Ticket(said, who.person_id, now)
        refuse(not who.may(RESIDENTS, made.scope))
        self._attach(said["photo_ids"], who, made["community_id"])
        if known := self.tickets.get((made["community_id"], who.person_id, key)):
            refuse(any(known[fact] != said[fact] for fact in said), "idempotency_key_reused")
            return known
        day = (made["community_id"], who.person_id, (now + ESTATE).date())
        same = (*day, said["room_id"], said["category"], said["description"])
        refuse(self.used[day] == 10, "too_many_reports")
        refuse(self.used[same] == 2, "same_report_again")
        self.used.update([day, same])
        made.enter(entry("report", who, 0, now, photo_ids=said["photo_ids"]))
        return self.tickets.setdefault((made["community_id"], who.person_id, key), made)

    def step(self, t: Ticket, wanted: dict[str, Any], who: Person) -> None:
        """Take a step of a ticket; nothing for one that was taken already."""
        step, now, names = STEPS[wanted["action"]], wanted["at"], [None]
        refuse(not who.may(BY_ACTOR[step.actor], t.scope))
        if step.actor == "dispatcher":
            able = self.technicians(t["community_id"])
            names = [one["name"] for one in able if one["person_id"] == wanted["worker_id"]]
        refuse(not names, "not_a_technician")
        may = step.actor == "dispatcher" or who.person_id == t[f"{step.actor}_id"]
        taken = [one for one in t.entries if {**one, "at": now} == wanted]
        if taken and (may or taken[-1] is t.entries[-1]):
            return
        refuse(not may)
        refuse(wanted["from_version"] != t["version"], "stale_version")
        refuse(t["state"] not in step.sources, "not_in_this_state")
        refuse(wanted["rating"] and now - (t["closed_at"] or now) > WEEK, "rating_final")
        self._attach(wanted["photo_ids"], who, t["community_id"])
        t.enter(wanted, names[0])

    def technicians(self, community_id: str) -> list[dict[str, Any]]:
        """The grants to whose holders a community's jobs may be given, in the order of the list."""
        here = (one for one in self.told if one["community_id"] == community_id)
        told = sorted(here, key=lambda one: one["version"])
        newest = {(one["person_id"], one["grant_id"]): one for one in told}
        return [one for _, one in sorted(newest.items()) if one["active"]]

    def _attach(self, photo_ids: Iterable[str], who: Person, community_id: str) -> None:
        for photo in (self.photos.get(photo_id, {}) for photo_id in photo_ids):
            own = (photo.get("owner"), photo.get("community")) == (who.person_id, community_id)
            refuse(not own, "no_such_photo")
            refuse(photo["state"] == "refused", "photo_refused")


def sees(who: Person, t: Ticket) -> bool:
    """Whether somebody may see a ticket: overseers those of their scope, others their own."""
    own = who.person_id in (t["reporter_id"], t["assignee_id"])
    return who.may(OVERSEERS | ((RESIDENTS | WORKERS) if own else set()), t.scope)


def mine(who: Person, t: Ticket, which: str) -> bool:
    """Whether a ticket stands in somebody's own list: of reports, or of jobs in hand."""
    if which == "my-tickets":
        return who.person_id == t["reporter_id"] and who.may(RESIDENTS, t.scope)
    return who.person_id == t["assignee_id"] and t["state"] in IN_HAND and who.may(WORKERS, t.scope)


def entry(action: str, who: Person, seen: int, now: datetime, **said: Any) -> dict[str, Any]:
    """A step as the timeline keeps it, but for its hash."""
    by = {"actor_id": who.person_id, "actor": STEPS[action].actor, "audience": "public"}
    blank: dict[str, Any] = {"note": "", "photo_ids": [], "worker_id": None, "rating": None}
    return {**blank, **by, "at": now, "action": action, "from_version": seen, **said}
