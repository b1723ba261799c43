"""The state machine of onboarding: several companies at once, every step by anybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from shared import ids
from shared.auth import PLATFORM
from tests.harness.machines import Person
from tests.harness.rights import hold, lose
from tests.onboarding.invariants import OPEN, STEPS
from tests.onboarding.machine_looks import NUMBERS, PEOPLE, ROLES, Looks, some
from tests.onboarding.model import Application, entry
from tests.onboarding.scene import PDF, code, told, uploaded

APPLICANTS = st.sampled_from("aaabbd")
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


class OnboardingMachine(Looks):
    """Applications, steps, files, reviewers who come and go, first days, time that passes."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Callable[[], None]] = []
        self.forms: dict[str, str] = {}
        self.stopped = False

    @initialize(how_far=st.integers(0, 3))
    def begin(self, how_far: int) -> None:
        """The reviewers hold their roles, and a first application is on its way."""
        for letter in "dmzs":
            hold(self.people[letter].person_id, *ROLES[letter])
        self.apply_well("a", 0)
        for _ in range(how_far):
            self.go_on(0, 0)

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
                self.shows(answer, made)
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

    @rule(number=st.integers(5, 9), ends=st.booleans())
    def there_and_back(self, number: int, ends: bool) -> None:
        """A company is refused, puts it right or gives it up."""
        self.apply_well("b", number)
        one = self.applications[-1]
        # Nobody takes on again what was refused.
        for action in ("claim", "refuse", "claim", "withdraw" if ends else "resubmit"):
            who, facts = self._whose(one, action), self._facts(one, action, number)
            for version in (one["version"] + 1, one["version"]):
                self._step(one, action, who, version, facts)

    @precondition(some)
    @rule()
    def say_otherwise(self) -> None:
        """Somebody says something else under the key of an application."""
        (person_id, key), one = next(iter(self.model.applications.items()))
        said = {**one.entries[0]["details"], "introduction": "改了主意"}
        self._apply(self.people[person_id[4]], said, key)

    @rule(kind=st.sampled_from(["bad", "cut"]))
    def apply_with_nothing(self, kind: str) -> None:
        """Somebody applies with a file that was examined and is none."""
        file = self._uploaded(self.people["a"], f"none-{len(self.forms):04}", kind)
        self._apply(self.people["a"], self._said([file], 3), f"none-{len(self.sent):04}")

    @rule(number=NUMBERS, own=st.booleans())
    def decide_on_ones_own(self, number: int, own: bool) -> None:
        """Whoever applied tries every step of a reviewer, and so does one who has it not."""
        if own:
            self.apply_well("d", 20 + number)
        one = self.one(number if not own else 0)
        for action in ("claim", "approve", "refuse"):
            for who in (one["applicant_id"][4], "d", "z"):
                version, facts = one["version"], self._facts(one, action, 0)
                self._step(one, action, self.people[who], version, facts)

    @precondition(lambda self: some(self) and not self.stopped)
    @rule(number=NUMBERS)
    def go_round(self, number: int) -> None:
        """Two reviewers take an application from each other until they are stopped; once a run."""
        one, self.stopped = self.one(number), True
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
                self.shows(answer, one)
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
        # Thirty in a day are enough: what would come after is another day's story.
        assume(answer.json.get("code") != "too_many_uploads")
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
