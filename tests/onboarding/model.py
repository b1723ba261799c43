"""Onboarding in plain Python: what it answers and keeps, without an app, a table or a clock."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from tests.harness.machines import Person, refuse
from tests.onboarding.invariants import HOLDING, LIMITS, STEPS

REVIEWERS = {"platform_admin", "market_officer"}
VIEWERS = REVIEWERS | {"security_auditor"}
DECISIONS, ESTATE, FULL = ("approve", "refuse"), timedelta(hours=8), 38
MILESTONES = ("account", "community", "register", "staff")


class Application(dict[str, Any]):
    """An application as the API shows it, and its entries."""

    def __init__(self, said: dict[str, Any], applicant_id: str, now: datetime) -> None:
        super().__init__(applicant_id=applicant_id, applied_at=now, ended_at=None)
        self |= {"application_id": None, "kind": "property_company"}
        self.entries: list[dict[str, Any]] = []
        self.enter(entry("submit", applicant_id, 0, now, details=said))

    def enter(self, one: dict[str, Any]) -> None:
        """Take a step; all else follows from it."""
        self.entries.append(one)
        self.update(state=STEPS[one["action"]].target, version=len(self.entries))
        if one["details"]:
            self.update(one["details"], submitted_at=one["at"], reviewer_id=None, ended_at=None)
        if one["action"] == "claim":
            self["reviewer_id"] = one["actor_id"]
        if one["action"] in (*DECISIONS, "withdraw"):
            self["ended_at"] = self["ended_at"] or one["at"]


class Model:
    """Applications by the request that made them, files, and what was told of communities."""

    def __init__(self) -> None:
        self.applications: dict[tuple[str, str], Application] = {}
        self.files: dict[str, dict[str, str]] = {}
        self.used: Counter[object] = Counter()
        self.opened: set[tuple[str, str]] = set()
        self.reached: set[tuple[str, str]] = set()

    def submit(self, who: Person, said: dict[str, Any], key: str, now: datetime) -> Application:
        """The application that a request makes, or made before."""
        self._check(who, said)
        if known := self.applications.get((who.person_id, key)):
            refuse(known.entries[0]["details"] != said, "idempotency_key_reused")
            return known
        self._free(who, said)
        day = (who.person_id, (now + ESTATE).date())
        refuse(self.used[day] == LIMITS["applications"], "too_many_applications")
        self.used[day] += 1
        return self.applications.setdefault((who.person_id, key), Application(said, day[0], now))

    def step(self, one: Application, wanted: dict[str, Any], who: Person) -> None:
        """Take a step; nothing for one that was taken already."""
        action, details, own = wanted["action"], wanted["details"], one["applicant_id"]
        step, reviews = STEPS[action], STEPS[action].actor == "reviewer"
        refuse(not who.may(REVIEWERS, "platform") if reviews else who.person_id != own)
        refuse(details and not whole(details), "wrong_check_character")
        if any({**known, "at": wanted["at"]} == wanted for known in one.entries):
            return
        refuse(reviews and who.person_id == own, "own_application")
        refuse(action in DECISIONS and who.person_id != one["reviewer_id"], "not_your_review")
        refuse(wanted["from_version"] != one["version"], "stale_version")
        refuse(one["state"] not in step.sources, "not_in_this_state")
        refuse(action in ("claim", "resubmit") and len(one.entries) >= FULL, "timeline_full")
        for check in (self._check, self._free) if details else ():
            check(who, details)
        one.enter(wanted)

    def progress(self, one: Application) -> dict[str, bool]:
        """How far an approved company has come; nothing before."""
        company = f"co of {one['application_id']}"
        homes = {community for owner, community in self.opened if owner == company}
        own = {("account", one["applicant_id"]), ("staff", company)}
        own |= {(milestone, home) for milestone in ("register", "staff") for home in homes}
        done = {milestone for milestone, _ in own & self.reached} | {"community" for _ in homes}
        return {each: each in done for each in MILESTONES if one["state"] == "approved"}

    def _check(self, who: Person, said: dict[str, Any]) -> None:
        refuse(not whole(said), "wrong_check_character")
        for file in (self.files.get(one, {}) for one in said["qualification_ids"]):
            refuse(file.get("owner") != who.person_id, "no_such_qualification")
            refuse(file["state"] == "refused", "qualification_refused")

    def _free(self, _: Person, said: dict[str, Any]) -> None:
        holding = (one for one in self.applications.values() if one["state"] in HOLDING)
        refuse(said["credit_code"] in [one["credit_code"] for one in holding], "credit_code_taken")


def whole(said: dict[str, Any]) -> bool:
    """Whether a credit code is whole; the machine's false ones end in X."""
    return not said["credit_code"].endswith("X")


def entry(action: str, actor_id: str, seen: int, now: datetime, **said: Any) -> dict[str, Any]:
    """A step as the timeline keeps it, but for its hash."""
    by = {"actor_id": actor_id, "actor": STEPS[action].actor, "at": now, "from_version": seen}
    return {"note": "", "details": None, **by, "action": action, **said}
