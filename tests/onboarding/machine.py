"""The state machine of onboarding: several companies at once, every step by anybody."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from shared import ids
from shared.auth import PLATFORM, Grant, Role
from tests.harness.gateway import Answer
from tests.harness.machines import Machine, Person, refuse, same_times
from tests.harness.oracles import Item, Plain, instant, partition, plain
from tests.harness.rights import hold, lose
from tests.onboarding.invariants import OPEN, STEPS, broken
from tests.onboarding.model import VIEWERS, Application, Model, entry
from tests.onboarding.scene import PDF, code, told, uploaded

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
APPLICANTS = st.sampled_from("aaabbd")
NUMBERS = st.integers(0, 11)
_BYTES = {"good": PDF, "bad": b"<script>", "cut": PDF[:-8]}
_PATHS = {
    "claim": "reviews/{}/claim",
    "approve": "reviews/{}/approval",
    "refuse": "reviews/{}/refusal",
    "resubmit": "applications/{}/resubmission",
    "withdraw": "applications/{}/withdrawal",
}
# What leads on comes before what leads back or aside.
_ONWARDS = ("approve", "claim", "resubmit", "refuse", "withdraw")
_COMMUNITIES = ("com_a1b2c3d4", "com_e5f6g7h8")
_TIMES = {"applied_at", "submitted_at", "ended_at"}


def some(machine: OnboardingMachine) -> bool:
    """Whether there is any application."""
    return bool(machine.model.applications)


class OnboardingMachine(Machine):
    """Applications, steps, files, reviewers who come and go, first days, time that passes."""

    tenants = re.compile(r"per_(\w)\1{25}|app_[0-9a-z]{26}")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.people = {letter: Person(letter, *held) for letter, held in ROLES.items()}
        self.sent: list[Callable[[], None]] = []
        self.forms: dict[str, str] = {}
        self.bytes: dict[str, str] = {}

    @initialize(how_far=st.integers(0, 3))
    def begin(self, how_far: int) -> None:
        """The reviewers hold their roles, and a first application is on its way."""
        for letter in "dmzs":
            hold(self.people[letter].person_id, *ROLES[letter])
        self.apply_well("a", 0)
        for _ in range(how_far):
            self.go_on(0, 0)

    @property
    def applications(self) -> list[Application]:
        """Every application, in the order in which they were made."""
        return list(self.model.applications.values())

    def one(self, number: int) -> Application:
        """One of the applications."""
        return self.applications[-1 - number % len(self.applications)]

    @rule(letter=APPLICANTS, number=st.integers(0, 4))
    def apply_well(self, letter: str, number: int) -> None:
        """Somebody applies with a file that was examined."""
        who = self.people[letter]
        file = self._uploaded(who, f"well-{len(self.forms):04}", "good")
        self._apply(who, self._said([file], number), f"well-{len(self.sent):04}")

    @rule(letter=PEOPLE, key=st.integers(0, 2), number=st.integers(0, 5), slip=st.booleans())
    def apply_somehow(self, letter: str, key: int, number: int, slip: bool) -> None:
        """Somebody applies with any file, and now and then with a slip in the code."""
        who = self.people[letter]
        said = self._said([self._file_of(who, number)], number % 4)
        if slip and number > 3:
            said["credit_code"] = said["credit_code"][:-1] + "X"
        self._apply(who, said, f"key-{key:04}")

    @rule(letter=st.sampled_from("ab"))
    def apply_a_lot(self, letter: str) -> None:
        """Somebody applies until they are stopped."""
        who = self.people[letter]
        file = self._uploaded(who, f"lot-{len(self.forms):04}", "good")
        for number in range(6):
            self._apply(
                who, self._said([file], 100 + number + len(self.sent)), f"{self.now:%m%d%H%M%S%f}"
            )

    def _said(self, files: list[str], number: int, introduction: str = "") -> dict[str, Any]:
        return {
            "name": f"安居物业{number % 3}",
            "credit_code": code(number),
            "qualification_ids": files,
            "introduction": introduction,
        }

    def _apply(self, who: Person, said: dict[str, Any], key: str) -> None:
        def send() -> None:
            body = {"kind": "property_company", **said}
            answer = self.world.ask(who, "POST", "/applications", body, key)
            if self.agrees(answer, self.model.submit, who, said, key, self.now):
                made = self.model.applications[who.person_id, key]
                made["application_id"] = made["application_id"] or answer.json["application_id"]
                self._shows(answer, made)
                self.world.seen["submit"] += 1

        self._send(send)

    @precondition(some)
    @rule(
        number=NUMBERS,
        action=st.sampled_from(sorted(_PATHS)),
        letter=PEOPLE,
        seen=st.sampled_from([0, 0, 0, -1, 1]),
        other=st.integers(0, 5),
    )
    def step(self, number: int, action: str, letter: str, seen: int, other: int) -> None:
        """Anybody takes any step, having seen this version or another one."""
        one, who = self.one(number), self.people[letter]
        said = self._facts(one, action, other)
        self._step(one, action, who, max(1, one["version"] + seen), said)

    @precondition(some)
    @rule(number=NUMBERS, choice=st.sampled_from([0, 0, 1, 2]))
    def go_on(self, number: int, choice: int) -> None:
        """Whose turn it is takes a step that leads on."""
        one = self.one(number)
        open_to = [name for name in _ONWARDS if one["state"] in STEPS[name].sources]
        if open_to:
            action = open_to[choice % len(open_to)]
            who = self._whose(one, action)
            self._step(one, action, who, one["version"], self._facts(one, action, 0))

    @precondition(some)
    @rule(number=NUMBERS)
    def decide_on_ones_own(self, number: int) -> None:
        """Whoever applied tries every step of a reviewer, and so does one who has it not."""
        one = self.one(number)
        for action in ("claim", "approve", "refuse"):
            for who in (one["applicant_id"][4], "d", "z"):
                version, facts = one["version"], self._facts(one, action, 0)
                self._step(one, action, self.people[who], version, facts)

    @precondition(some)
    @rule(number=NUMBERS)
    def go_round(self, number: int) -> None:
        """Two reviewers take an application from each other until they are stopped."""
        one = self.one(number)
        for turn in range(40):
            if one["state"] in OPEN and one["applicant_id"][4] not in "mz":
                self._step(one, "claim", self.people["mz"[turn % 2]], one["version"], {})

    def _whose(self, one: Application, action: str) -> Person:
        if STEPS[action].actor == "applicant":
            return self.people[one["applicant_id"][4]]
        return self.people[(one["reviewer_id"] or "per_m")[4] if action != "claim" else "m"]

    def _facts(self, one: Application, action: str, other: int) -> dict[str, Any]:
        """What is said with a step, as the timeline keeps it."""
        if action == "resubmit":
            files = one["qualification_ids"]
            return {"details": self._said(list(files), other, f"第 {one['version']} 次")}
        return {"note": f"资料不全 {other}"} if action in ("refuse", "withdraw") else {}

    def _step(
        self, one: Application, action: str, who: Person, version: int, said: dict[str, Any]
    ) -> None:
        body = {"version": version, **said.get("details", {})}
        if "note" in said:
            body["reason"] = said["note"]

        def send() -> None:
            url = f"/{_PATHS[action].format(one['application_id'])}"
            answer = self.world.ask(who, "POST", url, body)
            wanted, before = entry(action, who.person_id, version, self.now, **said), one["version"]
            if self.agrees(answer, self.model.step, one, wanted, who):
                self._shows(answer, one)
                self.world.seen[action if one["version"] > before else "repeated"] += 1

        self._send(send)

    def _send(self, request: Callable[[], None]) -> None:
        self.sent.append(request)
        request()

    @precondition(lambda self: self.sent)
    @rule(back=st.integers(0, 9))
    def again(self, back: int) -> None:
        """A request comes again, just as it was: its answer was lost, or somebody is impatient."""
        self.sent[-1 - back % len(self.sent)]()

    @rule(letter=PEOPLE, key=st.integers(0, 2), kind=st.sampled_from(sorted(_BYTES)))
    def upload(self, letter: str, key: int, kind: str) -> None:
        """Somebody posts a file, or another one in its place."""
        self._uploaded(self.people[letter], f"file-{key:04}", kind)

    @rule(letter=APPLICANTS, key=st.integers(0, 2))
    def ask_for_a_place(self, letter: str, key: int) -> None:
        """Somebody asks for a place for a file and posts none."""
        self._place(self.people[letter], f"file-{key:04}")

    def _place(self, who: Person, key: str) -> str:
        wanted = {"content_type": "application/pdf", "size_bytes": 900}
        answer = self.world.ask(who, "POST", "/qualifications", wanted, key)
        file: str = answer.json["qualification_id"]
        self.forms[file] = answer.json["fields"]["key"]
        known = {"owner": who.person_id, "state": "awaited"}
        self.model.files.setdefault(file, known)
        return file

    def _uploaded(self, who: Person, key: str, kind: str) -> str:
        file = self._place(who, key)
        self.world.upload(self.forms[file], _BYTES[kind])
        # A bucket tells of an upload at least once.
        notice = uploaded(self.forms[file])
        assert self.world.deliver("take_qualification", [notice, notice]) == []
        if self.model.files[file]["state"] == "awaited":
            became = "accepted" if kind == "good" else "refused"
            self.model.files[file]["state"] = became
            self.world.seen[f"file {became}"] += 1
        return file

    def _file_of(self, who: Person, number: int) -> str:
        """A file of somebody's, or one of somebody else, or none that there is."""
        own = [one for one, f in self.model.files.items() if f["owner"] == who.person_id]
        anything = [*reversed(own), *self.model.files, f"qua_{'0' * 26}"]
        return anything[number % len(anything) if number > 2 else 0]

    @precondition(some)
    @rule(number=NUMBERS, place=st.integers(0, 1), which=st.sampled_from("ocrspx"))
    def first_days(self, number: int, place: int, which: str) -> None:
        """What others tell of a company's first days comes in any order, and twice."""
        one, community = self.one(number), _COMMUNITIES[place]
        company_id = ids.derived_platform_id("co", one["application_id"])
        company = f"co of {one['application_id']}"
        staff = {"person_id": "per_" + "t" * 26, "role": "butler"}
        match which:
            case "o":
                body = told("CommunityOpened", community, community, {"company_id": company_id})
                self.model.opened.add((company, community))
            case "c":
                whose = {"person_id": one["applicant_id"]}
                body = told("CredentialsSet", one["applicant_id"], PLATFORM, whose, "identity")
                self.model.reached.add(("account", one["applicant_id"]))
            case "r":
                body = told("RegisterImportFinished", "imp_1", community, {"state": "committed"})
                self.model.reached.add(("register", community))
            case "s":
                body = told(
                    "StaffGranted", "gra_1", community, {**staff, "scope": f"{community}/3"}
                )
                self.model.reached.add(("staff", community))
            case "p":
                partly = {"state": "partly_committed"}
                body = told("RegisterImportFinished", "imp_2", community, partly)
            case _:
                chief = {**staff, "role": "company_admin", "scope": company_id}
                body = told("StaffGranted", "gra_2", company_id, chief)
        assert self.world.deliver("follow_progress", [body, body]) == []

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

    @rule(letter=st.sampled_from("mmzds"), back=st.booleans())
    def rights(self, letter: str, back: bool) -> None:
        """A reviewer's role ends, and is felt at once or not; or it begins again."""
        who = self.people[letter]
        if back and not who.grants:
            who.grants = list(ROLES[letter])
            hold(who.person_id, *who.grants)
        elif not back and who.grants:
            lose(who.person_id, *who.grants)
            who.grants = []

    @rule(hours=st.sampled_from([1, 25, 24 * 3]))
    def time_passes(self, hours: int) -> None:
        """Hours or days go by, within one month."""
        if (self.now + timedelta(hours=hours)).month == self.now.month:
            self.world.source.now += timedelta(hours=hours)

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
        kept_files = {key.split("/")[1] for key in self.world.keys()}
        assert kept_files == {one for one, state in files.items() if state == "accepted"}

    def _shows(self, answer: Answer, one: Application) -> None:
        """Fail unless an answer shows an application as the model has it."""
        self._is(same_times(answer.json), one)

    def _is(self, shown: dict[str, Any], one: Application) -> None:
        del shown["state_zh"], shown["state_en"]
        assert shown == one
