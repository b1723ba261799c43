"""What the machine of onboarding looks at: who is shown what, and whether all is kept as told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from shared.auth import PLATFORM, Grant, Role
from tests.harness.gateway import Answer
from tests.harness.machines import Machine, Person, refuse, same_times
from tests.harness.oracles import Item, Plain, instant, partition, plain
from tests.onboarding.invariants import OPEN, broken
from tests.onboarding.model import VIEWERS, Application, Model

ROLES = {
    "a": [],
    "b": [Grant(Role.OWNER, "com_a1b2c3d4/3/1/502")],
    # Whoever reviews may have a company of their own, and may not review that.
    "d": [Grant(Role.MARKET_OFFICER, PLATFORM)],
    "m": [Grant(Role.MARKET_OFFICER, PLATFORM)],
    "z": [Grant(Role.PLATFORM_ADMIN, PLATFORM)],
    "s": [Grant(Role.SECURITY_AUDITOR, PLATFORM)],
    "c": [Grant(Role.COMPANY_ADMIN, "co_" + "h" * 26)],
}
PEOPLE = st.sampled_from(sorted(ROLES))
NUMBERS = st.integers(0, 11)
_TIMES = {"applied_at", "submitted_at", "ended_at"}


def some(machine: Looks) -> bool:
    """Whether there is any application."""
    return bool(machine.model.applications)


class Looks(Machine):
    """Looks at applications and lists, and compares what is stored."""

    tenants = re.compile(r"per_(\w)\1{25}|app_[0-9a-z]{26}")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.people = {letter: Person(letter, *held) for letter, held in ROLES.items()}

    @property
    def applications(self) -> list[Application]:
        """Every application, in the order in which they were made."""
        return list(self.model.applications.values())

    def one(self, number: int) -> Application:
        """One of the applications."""
        return self.applications[-1 - number % len(self.applications)]

    @precondition(some)
    @rule(number=NUMBERS, letter=PEOPLE)
    def look(self, number: int, letter: str) -> None:
        """Somebody looks at an application, as its applicant and as a reviewer."""
        one, who = self.one(number), self.people[letter]
        for where, refused in (
            ("applications", who.person_id != one["applicant_id"]),
            ("reviews", not who.may(VIEWERS, PLATFORM)),
        ):
            answer = self.world.ask(who, "GET", f"/{where}/{one['application_id']}")
            if self.agrees(answer, refuse, refused):
                self._is_whole(same_times(answer.json), one)

    def _is_whole(self, shown: dict[str, Any], one: Application) -> None:
        entries = [
            {**e, "hash": "", "from_version": n} for n, e in enumerate(shown.pop("timeline"))
        ]
        wanted = [{**e, "hash": ""} for e in one.entries]
        assert entries == [{**e, "from_version": n} for n, e in enumerate(wanted)]
        files = {f["qualification_id"]: f["state"] for f in shown.pop("qualifications")}
        assert files == {f: self.model.files[f]["state"] for f in one["qualification_ids"]}
        guidance = {step["step"]: step["done"] for step in shown.pop("guidance")}
        assert guidance == self.model.progress(one)
        self.world.seen["guided"] += any(guidance.values())
        assert (shown.pop("company_id") is not None) == (one["state"] == "approved")
        self._is(shown, one)

    @rule(letter=PEOPLE, which=st.sampled_from(["mine", "open", "closed"]), limit=st.integers(1, 4))
    def list_some(self, letter: str, which: str, limit: int) -> None:
        """Somebody lists their own applications, those that wait, or those that ended."""
        who, own = self.people[letter], which == "mine"
        url = f"/my-applications?limit={limit}" if own else f"/reviews?state={which}&limit={limit}"
        wanted = [
            one["application_id"]
            for one in self.applications
            if (
                one["applicant_id"] == who.person_id
                if own
                else (which == "open") == (one["state"] in OPEN)
            )
        ]
        found: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = self.world.ask(who, "GET", url + (f"&cursor={cursor}" if cursor else ""))
            if not self.agrees(answer, refuse, not own and not who.may(VIEWERS, PLATFORM)):
                return
            found += [one["application_id"] for one in answer.json["items"]]
            cursor = answer.json["next_cursor"]
        assert sorted(found) == sorted(wanted)

    def broken(self, items: Iterable[Item]) -> list[str]:
        """What the oracles find wrong."""
        return broken((item for item in items if "role" not in item), self.now)

    def compare(self, items: Iterable[Item]) -> None:
        """Applications and files are stored as the model has them."""
        stored: dict[str, list[Plain]] = {"application": [], "qualification": []}
        for item in items:
            known = plain(item)
            stored.setdefault(partition(known)[1], []).append(known)
        by_id = {one["application_id"]: one for one in self.applications}
        assert sorted(one["id"] for one in stored["application"]) == sorted(by_id)
        for one in stored["application"]:
            for name, value in by_id[one["id"]].items():
                kept = one.get("id" if name == "application_id" else name)
                if kept is not None and name in _TIMES:
                    kept = instant(kept)
                if name == "qualification_ids":
                    kept = json.loads(one[name])
                assert kept == value, f"{one['id']} keeps {name} {kept}, {value} was due"
        files = {one["id"]: one["state"] for one in stored["qualification"]}
        assert files == {one: file["state"] for one, file in self.model.files.items()}
        stored_keys = self.world.keys()
        kept_files = {key.split("/")[1] for key in stored_keys}
        assert kept_files == {one for one, state in files.items() if state == "accepted"}

    def shows(self, answer: Answer, one: Application) -> None:
        """Fail unless an answer shows an application as the model has it."""
        self._is(same_times(answer.json), one)

    def _is(self, shown: dict[str, Any], one: Application) -> None:
        del shown["state_zh"], shown["state_en"]
        assert shown == one
