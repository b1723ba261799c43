"""What must hold of everything that repairs keep, read from the table alone (R1, R2, N1, T1).

The steps and their hashes are written down here a second time, so that a fault in the
capability's own table of steps is seen and not shared.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.harness.oracles import (
    Item,
    Plain,
    announced,
    crossing,
    instant,
    partition,
    plain,
    told,
    untold,
    where,
)

_OPEN_STATES = {"new", "dispatched", "accepted", "working", "done"}
IN_HAND = {"dispatched", "accepted", "working"}
_RATED_FOR = timedelta(days=7)
_LIMITS = {"reports": 10, "same": 2, "uploads": 30}
_ESTATE = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Step:
    """From which states, to which, whose step, and the event that tells it."""

    sources: frozenset[str]
    target: str
    actor: str
    event: str


STEPS = {
    "report": Step(frozenset({""}), "new", "reporter", "RepairReported"),
    "assign": Step(
        frozenset({"new", "dispatched", "accepted", "working"}),
        "dispatched",
        "dispatcher",
        "RepairAssigned",
    ),
    "accept": Step(frozenset({"dispatched"}), "accepted", "assignee", "RepairAccepted"),
    "return": Step(frozenset({"dispatched", "accepted"}), "new", "assignee", "RepairReturned"),
    "start": Step(frozenset({"accepted"}), "working", "assignee", "RepairStarted"),
    "finish": Step(frozenset({"working"}), "done", "assignee", "RepairFinished"),
    "rate": Step(frozenset({"done", "closed"}), "closed", "reporter", "RepairRated"),
    "withdraw": Step(frozenset({"new", "dispatched"}), "withdrawn", "reporter", "RepairWithdrawn"),
}


def broken(items: Iterable[Item], now: datetime) -> list[str]:
    """What is wrong with the items of the table, a sentence for each fault; none if all is well.

    Parameters
    ----------
    items
        Every item of the capability's table, as DynamoDB keeps it.
    now
        The instant at which they stand so: nothing in them may be of a later one.
    """
    known = [plain(item) for item in items]
    kinds: dict[str, list[Plain]] = {}
    for item in known:
        kinds.setdefault(partition(item)[1], []).append(item)
    tickets, photos = kinds.get("ticket", []), kinds.get("photo", [])
    return [
        *crossing(known),
        *announced(known, now),
        *(said for ticket in tickets for said in _ticket(ticket, now)),
        *(said for photo in photos for said in _photo(photo)),
        *_attached(tickets, photos),
        *(said for staff in kinds.get("staff", []) for said in _staff(staff)),
        *_quotas(kinds.get("quotas", []), tickets, photos),
    ]


@dataclass
class _Path:
    """What a timeline says a ticket must be by now."""

    state: str = ""
    assignee_id: str | None = None
    done_at: datetime | None = None
    closed_at: datetime | None = None
    rating: Any = None
    faults: list[str] = field(default_factory=list)

    def take(self, ticket: Plain, position: int, entry: Plain) -> None:
        """Take the step of one entry, and note why it could not be taken."""
        step, at = STEPS[entry["action"]], instant(entry["at"])
        owners = {"reporter": ticket["reporter_id"], "assignee": self.assignee_id}
        if self.state not in step.sources:
            self.faults.append(f"{entry['action']} does not start from {self.state or 'nothing'}")
        if entry["actor"] != step.actor or entry["from_version"] != position:
            self.faults.append(f"entry {position} was not taken by its {step.actor}, seeing it so")
        if entry["actor_id"] != owners.get(step.actor, entry["actor_id"]):
            self.faults.append(f"{entry['actor_id']} is not the {step.actor} of {entry['action']}")
        if self.closed_at is not None and at - self.closed_at > _RATED_FOR:
            self.faults.append("it was rated again after seven days")
        self.state = step.target
        if entry["action"] in ("assign", "return"):
            self.assignee_id = entry["worker_id"]
        if entry["action"] == "finish":
            self.done_at = at
        if entry["action"] in ("rate", "withdraw"):
            self.closed_at = self.closed_at or at
            self.rating = entry["rating"]


def _ticket(ticket: Plain, now: datetime) -> Iterator[str]:
    name, timeline = where(ticket), json.loads(ticket["timeline"])
    path = _Path()
    for position, entry in enumerate(timeline):
        path.take(ticket, position, entry)
    yield from (f"R2: {name}: {fault}" for fault in path.faults)
    yield from (f"R2: {name}: {fault}" for fault in _chain(ticket["id"], timeline))
    if len(timeline) != ticket["version"]:
        yield f"R2: {name} has version {ticket['version']} after {len(timeline)} steps"
    for fact, wanted in _facts(path, timeline[0]).items():
        if _read(ticket, fact) != wanted:
            yield f"R2: {name} has {fact} {_read(ticket, fact)}, its timeline says {wanted}"
    if any(instant(entry["at"]) > now for entry in timeline):
        yield f"R2: {name} has a step of a time to come"
    yield from _listed(ticket)
    yield from told(ticket, STEPS[timeline[-1]["action"]].event, ticket["id"])


def _facts(path: _Path, report: Plain) -> dict[str, Any]:
    return {
        "state": path.state,
        "assignee_id": path.assignee_id,
        "done_at": path.done_at,
        "closed_at": path.closed_at,
        "rating": path.rating,
        "reported_at": instant(report["at"]),
        "photo_ids": report["photo_ids"],
    }


def _read(ticket: Plain, fact: str) -> Any:
    value = ticket.get(fact)
    if value is None:
        return None
    if fact.endswith("_at"):
        return instant(value)
    return json.loads(value) if fact in ("rating", "photo_ids") else value


def _chain(ticket_id: str, timeline: Sequence[Plain]) -> Iterator[str]:
    previous = ticket_id
    for position, entry in enumerate(timeline):
        facts = json.dumps(
            {**entry, "hash": ""}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        if entry["hash"] != hashlib.sha256(f"{previous}\n{facts}".encode()).hexdigest():
            yield f"the chain of its trail is broken at entry {position}"
        previous = entry["hash"]


def _listed(ticket: Plain) -> Iterator[str]:
    """R1: at its end, or on the list of open tickets under the instant at which it is due."""
    name, state, due_at = where(ticket), ticket["state"], ticket.get("due_at")
    owner = partition(ticket)[0]
    if state in _OPEN_STATES:
        if due_at is None:
            yield f"R1: {name} is {state} and never due"
        listed, at = f"{owner}#open", due_at
    else:
        if due_at is not None:
            yield f"R1: {name} is {state} and still due"
        at = ticket["closed_at"]
        listed = f"{owner}#closed#{instant(at).astimezone(_ESTATE):%Y-%m}"
    if (ticket["community_key"], ticket["listed_at"]) != (listed, at):
        yield f"R1: {name} is listed under {ticket['community_key']} at {ticket['listed_at']}"
    hand = f"platform#assignee#{ticket.get('assignee_id')}" if state in IN_HAND else None
    if ticket.get("assignee_key") != hand:
        yield f"R1: {name} is {state} and a job of {ticket.get('assignee_key')}"
    if ticket["reporter_key"] != f"platform#reporter#{ticket['reporter_id']}":
        yield f"R1: {name} is listed for {ticket['reporter_key']}"


def _photo(photo: Plain) -> Iterator[str]:
    waiting = photo["state"] == "awaited"
    if (photo["version"], "expires_at" in photo) != ((1, True) if waiting else (2, False)):
        yield f"R2: {where(photo)} is {photo['state']} at version {photo['version']}"
    if ("refusal" in photo) != (photo["state"] == "refused"):
        yield f"R2: {where(photo)} is {photo['state']} and has the refusal {photo.get('refusal')}"
    yield from untold(photo)


def _attached(tickets: Iterable[Plain], photos: Iterable[Plain]) -> Iterator[str]:
    """Whose photos stand in a trail: those of who took the step."""
    uploaders = {photo["id"]: photo["uploader_id"] for photo in photos}
    for ticket in tickets:
        for entry in json.loads(ticket["timeline"]):
            for photo_id in entry["photo_ids"]:
                # A place that nobody used is forgotten after a day.
                if uploaders.get(photo_id, entry["actor_id"]) != entry["actor_id"]:
                    yield f"T1: {where(ticket)} shows {photo_id} of somebody else"


def _staff(staff: Plain) -> Iterator[str]:
    owner, _, _ = partition(staff)
    if staff["sk"] != f"{staff['person_id']}#{staff['grant_id']}":
        yield f"N1: {where(staff)} is about {staff['person_id']}"
    if staff["scope"].split("/")[0] != owner:
        yield f"T1: {where(staff)} is about {staff['scope']}"
    yield from untold(staff)


def _quotas(
    quotas: Iterable[Plain], tickets: Iterable[Plain], photos: Iterable[Plain]
) -> Iterator[str]:
    """A quota counts exactly what it let through, and lets no more through than its limit."""
    used: Counter[tuple[str, str]] = Counter()
    for ticket in tickets:
        pk = f"{partition(ticket)[0]}#quotas#{ticket['reporter_id']}"
        day = f"reports#{instant(ticket['reported_at']).astimezone(_ESTATE).date()}"
        said = "\0".join(ticket[name] for name in ("room_id", "category", "description"))
        used.update([(pk, day), (pk, f"{day}#{hashlib.sha256(said.encode()).hexdigest()[:16]}")])
    for photo in photos:
        pk = f"{partition(photo)[0]}#quotas#{photo['uploader_id']}"
        used[pk, f"uploads#{instant(photo['requested_at']):%Y-%m-%dT%H}"] += 1
    counted = {(quota["pk"], quota["sk"]): quota["used"] for quota in quotas}
    for key in sorted(used.keys() | counted.keys()):
        if used[key] != counted.get(key, 0):
            yield f"D2: {' / '.join(key)} counts {counted.get(key, 0)}, and {used[key]} are there"
        limit = "same" if key[1].count("#") > 1 else key[1].partition("#")[0]
        if used[key] > _LIMITS[limit]:
            yield f"D2: {' / '.join(key)} let {used[key]} through"
