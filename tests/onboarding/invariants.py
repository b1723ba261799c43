"""What must hold of everything that onboarding keeps, read from the table alone (R1, R2, N1).

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

OPEN = {"submitted", "in_review"}
HOLDING = OPEN | {"approved"}
LIMITS = {"applications": 5, "uploads": 30}
_ESTATE = timezone(timedelta(hours=8))
_SAID = ("name", "credit_code", "introduction")


@dataclass(frozen=True)
class Step:
    """From which states, to which, whose step, and the event that tells it."""

    sources: frozenset[str]
    target: str
    actor: str
    event: str


STEPS = {
    "submit": Step(frozenset({""}), "submitted", "applicant", "ApplicationSubmitted"),
    "claim": Step(frozenset(OPEN), "in_review", "reviewer", "ApplicationClaimed"),
    "approve": Step(frozenset({"in_review"}), "approved", "reviewer", "CompanyApproved"),
    "refuse": Step(frozenset({"in_review"}), "refused", "reviewer", "ApplicationRefused"),
    "resubmit": Step(frozenset({"refused"}), "submitted", "applicant", "ApplicationResubmitted"),
    "withdraw": Step(
        frozenset(OPEN | {"refused"}), "withdrawn", "applicant", "ApplicationWithdrawn"
    ),
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
    applications, files = kinds.get("application", []), kinds.get("qualification", [])
    marks = [*kinds.get("opened", []), *kinds.get("reached", [])]
    return [
        *crossing(known),
        *announced(known, now),
        *(said for one in applications for said in _application(one, now)),
        *_codes(applications, kinds.get("codes", [])),
        *(said for one in files for said in _qualification(one)),
        *_named(applications, files),
        *(said for mark in marks for said in untold(mark)),
        *(f"N1: {where(mark)} was changed" for mark in marks if mark["version"] != 1),
        *_quotas(kinds.get("quotas", []), applications, files),
    ]


@dataclass
class _Path:
    """What a timeline says an application must be by now."""

    state: str = ""
    reviewer_id: str | None = None
    submitted_at: datetime | None = None
    ended_at: datetime | None = None
    details: Plain = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def take(self, applicant_id: str, position: int, entry: Plain) -> None:
        """Take the step of one entry, and note why it could not be taken."""
        step, action, actor = STEPS[entry["action"]], entry["action"], entry["actor_id"]
        if self.state not in step.sources:
            self.faults.append(f"{action} does not start from {self.state or 'nothing'}")
        if entry["actor"] != step.actor or entry["from_version"] != position:
            self.faults.append(f"entry {position} was not taken by its {step.actor}, seeing it so")
        if (actor == applicant_id) != (step.actor == "applicant"):
            self.faults.append(f"{actor} may not {action} it")
        if action in ("approve", "refuse") and actor != self.reviewer_id:
            self.faults.append(f"{actor} decided what {self.reviewer_id} had taken on")
        self.state = step.target
        if action in ("submit", "resubmit"):
            self.details, self.submitted_at = entry["details"], instant(entry["at"])
            self.reviewer_id = self.ended_at = None
        if action == "claim":
            self.reviewer_id = actor
        if action in ("approve", "refuse", "withdraw"):
            self.ended_at = self.ended_at or instant(entry["at"])


def _application(one: Plain, now: datetime) -> Iterator[str]:
    name, timeline = where(one), json.loads(one["timeline"])
    path = _Path()
    for position, entry in enumerate(timeline):
        path.take(one["applicant_id"], position, entry)
    yield from (f"R2: {name}: {fault}" for fault in path.faults)
    yield from (f"R2: {name}: {fault}" for fault in _chain(one["id"], timeline))
    if len(timeline) != one["version"]:
        yield f"R2: {name} has version {one['version']} after {len(timeline)} steps"
    wanted: dict[str, Any] = {
        "state": path.state,
        "reviewer_id": path.reviewer_id,
        **{fact: path.details[fact] for fact in _SAID},
        "qualification_ids": json.dumps(path.details["qualification_ids"], separators=(",", ":")),
    }
    moments = {
        "applied_at": instant(timeline[0]["at"]),
        "submitted_at": path.submitted_at,
        "ended_at": path.ended_at,
    }
    kept = {fact: instant(one[fact]) if fact in one else None for fact in moments}
    for fact, value in {**wanted, **moments}.items():
        if {**one, **kept}.get(fact) != value:
            yield f"R2: {name} has another {fact} than its timeline says"
    if any(instant(entry["at"]) > now for entry in timeline):
        yield f"R2: {name} has a step of a time to come"
    yield from _listed(one)
    yield from told(one, STEPS[timeline[-1]["action"]].event, one["id"])


def _chain(application_id: str, timeline: Sequence[Plain]) -> Iterator[str]:
    previous = application_id
    for position, entry in enumerate(timeline):
        facts = json.dumps(
            {**entry, "hash": ""}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        if entry["hash"] != hashlib.sha256(f"{previous}\n{facts}".encode()).hexdigest():
            yield f"the chain of its trail is broken at entry {position}"
        previous = entry["hash"]


def _listed(one: Plain) -> Iterator[str]:
    """R1: waiting, on the list of those that wait; or else on the list of the month it ended in."""
    waits = one["state"] in OPEN
    if waits == ("ended_at" in one):
        yield f"R1: {where(one)} is {one['state']} and ended at {one.get('ended_at')}"
        return
    ended = None if waits else instant(one["ended_at"]).astimezone(_ESTATE)
    wanted = f"platform#closed#{ended:%Y-%m}" if ended else "platform#open"
    at = one["submitted_at"] if waits else one["ended_at"]
    if (one["state_key"], one["listed_at"]) != (wanted, at):
        yield f"R1: {where(one)} is listed under {one['state_key']} at {one['listed_at']}"
    if one["applicant_key"] != f"platform#applicant#{one['applicant_id']}":
        yield f"R1: {where(one)} is listed for {one['applicant_key']}"


def _codes(applications: Iterable[Plain], codes: Iterable[Plain]) -> Iterator[str]:
    """R2: a credit code is taken by the one application that waits with it or was approved."""
    holding: dict[str, str] = {}
    for one in applications:
        if one["state"] in HOLDING:
            if one["credit_code"] in holding:
                yield f"R2: {where(one)} has the code of {holding[one['credit_code']]}"
            holding[one["credit_code"]] = one["id"]
    taken = {partition(code)[2]: code["application_id"] for code in codes}
    for code in sorted(holding.keys() | taken.keys()):
        if holding.get(code) != taken.get(code):
            yield f"R2: {code} is taken by {taken.get(code)}, and {holding.get(code)} holds it"


def _qualification(one: Plain) -> Iterator[str]:
    waiting = one["state"] == "awaited"
    if (one["version"], "expires_at" in one) != ((1, True) if waiting else (2, False)):
        yield f"R2: {where(one)} is {one['state']} at version {one['version']}"
    if ("refusal" in one, "digest" in one) != (
        *(one["state"] == "refused", one["state"] == "accepted"),
    ):
        yield f"R2: {where(one)} is {one['state']} and has the refusal {one.get('refusal')}"
    yield from untold(one)


def _named(applications: Iterable[Plain], files: Iterable[Plain]) -> Iterator[str]:
    """T1: whose files stand in an application: those of who applied."""
    uploaders = {one["id"]: one["uploader_id"] for one in files}
    for one in applications:
        for qualification_id in json.loads(one["qualification_ids"]):
            # A place that nobody used is forgotten after a day.
            whose = uploaders.get(qualification_id, one["applicant_id"])
            if whose != one["applicant_id"]:
                yield f"T1: {where(one)} shows {qualification_id} of somebody else"


def _quotas(
    quotas: Iterable[Plain], applications: Iterable[Plain], files: Iterable[Plain]
) -> Iterator[str]:
    """A quota counts exactly what it let through, and lets no more through than its limit."""
    used: Counter[tuple[str, str]] = Counter()
    for one in applications:
        day = instant(one["applied_at"]).astimezone(_ESTATE).date()
        used[f"platform#quotas#{one['applicant_id']}", f"applications#{day}"] += 1
    for one in files:
        day = instant(one["requested_at"]).astimezone(_ESTATE).date()
        used[f"platform#quotas#{one['uploader_id']}", f"uploads#{day}"] += 1
    counted = {(quota["pk"], quota["sk"]): quota["used"] for quota in quotas}
    for key in sorted(used.keys() | counted.keys()):
        if used[key] != counted.get(key, 0):
            yield f"D2: {' / '.join(key)} counts {counted.get(key, 0)}, and {used[key]} are there"
        if used[key] > LIMITS[key[1].partition("#")[0]]:
            yield f"D2: {' / '.join(key)} let {used[key]} through"
