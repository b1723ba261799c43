"""What the machine of identity looks at: lists, one's own account, and everything stored."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.harness.gateway import Answer
from tests.harness.hours import schedule
from tests.harness.machines import Machine, Person, refuse, same_times
from tests.harness.oracles import Item, Plain, instant, partition, plain
from tests.identity.invariants import broken
from tests.identity.model import ADMIN, Model, Somebody
from tests.identity.scene import sandboxes

NUMBERS = st.integers(0, 11)
_INVITATION = re.compile(r"\b[0-9]{8}\b")


def some_people(machine: Looks) -> bool:
    """Whether anybody came yet."""
    return bool(machine.model.people)


class Looks(Machine):
    """Looks at people, their devices and what they said; compares what is stored."""

    tenants = re.compile(r"138000000\d\d|li\.manager|wang\.butler")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.nobody = Person("n")
        self._before = {phone: len(told) for phone, told in sandboxes().messages._shown.items()}

    def schedule(self, function: str) -> dict[str, object]:
        """What the schedule hands a function."""
        return schedule(function)

    def messages(self, phone: str) -> list[str]:
        """What a phone showed in this run."""
        return sandboxes().messages.shown(phone)[self._before.get(phone, 0) :]

    def code_of(self, phone: str) -> str | None:
        """The code of the newest invitation that a phone shows."""
        found = [match for text in self.messages(phone) for match in _INVITATION.findall(text)]
        return found[-1] if found else None

    def one(self, number: int) -> Somebody:
        """One of the people."""
        people = list(self.model.people.values())
        return people[-1 - number % len(people)]

    def as_(self, one: Somebody, device: int = 0) -> Person:
        """Somebody, as the authorizer speaks for them; on the device they opened last, or before.

        A token outlives its session by some minutes.
        """
        found = Person("x")
        found.person_id = one.person_id
        opened = list(one.sessions.values())
        if opened:
            found.session_id = opened[-1 - device % len(opened)].id
        return found

    @precondition(some_people)
    @rule(number=NUMBERS)
    def look_at_oneself(self, number: int) -> None:
        """Somebody looks at their account, devices, settings and mandates."""
        one = self.one(number)
        who = self.as_(one)
        answer = self.world.ask(who, "GET", "/me")
        if self.agrees(answer, refuse, one.state == "erased"):
            assert answer.json["state"] == one.state
        devices = self.world.ask(who, "GET", "/sessions").json["sessions"]
        assert len(devices) == sum(1 for s in one.sessions.values() if s.ends_at > self.now)
        if one.state != "erased":
            assert self.world.ask(who, "GET", "/me/settings").json == one.settings

    @precondition(some_people)
    @rule(number=NUMBERS, letter=st.sampled_from("zzcg"))
    def look_at_somebody(self, number: int, letter: str) -> None:
        """The operator looks at somebody; others may not."""
        one, who = self.one(number), self.operators[letter]
        answer = self.world.ask(who, "GET", f"/persons/{one.person_id}")
        if self.agrees(answer, refuse, not who.may(ADMIN, "platform")):
            assert answer.json["state"] == one.state

    operators: dict[str, Person]

    @precondition(some_people)
    @rule(number=NUMBERS, limit=st.integers(1, 4))
    def list_own_feedback(self, number: int, limit: int) -> None:
        """Somebody turns the pages of what they said."""
        one = self.one(number)
        found, cursor = list[Any](), ""
        while cursor is not None:
            url = f"/me/feedback?limit={limit}" + (f"&cursor={cursor}" if cursor else "")
            page = self.world.ask(self.as_(one), "GET", url).json
            found, cursor = [*found, *page["items"]], page["next_cursor"]
        wanted = sorted(one.said.values(), key=lambda said: said["said_at"], reverse=True)
        assert [each["version"] for each in found] == [each["version"] for each in wanted]
        for each, said in zip(found, wanted, strict=True):
            assert each["text"] == (None if one.state == "erased" else said["text"])

    @rule(state=st.sampled_from(["new", "answered", "closed"]), letter=st.sampled_from("zzcg"))
    def list_feedback(self, state: str, letter: str) -> None:
        """The operator lists what everybody said."""
        who = self.operators[letter]
        answer = self.world.ask(who, "GET", f"/feedback?state={state}&limit=100")
        if self.agrees(answer, refuse, not who.may(ADMIN, "platform")):
            everybody = self.model.people.values()
            wanted = [each for one in everybody for each in one.said.values()]
            assert len(answer.json["items"]) == sum(1 for one in wanted if one["state"] == state)

    def shows(self, answer: Answer, given: dict[str, Any]) -> None:
        """Fail unless an answer shows feedback as the model has it."""
        told = same_times(answer.json)
        assert {name: told[name] for name in given} == given

    def broken(self, items: Iterable[Item]) -> list[str]:
        """What the oracles find wrong."""
        return broken(items, self.now)

    def compare(self, items: Iterable[Item]) -> None:
        """People, their ways in, devices, settings and words are stored as the model has them."""
        stored: dict[tuple[str, str], Plain] = {}
        for item in items:
            known = plain(item)
            if "role" not in known:
                _, kind, name = partition(known)
                stored[name, known["sk"] if kind == "person" else kind] = known
        people = {name for name, kind in stored if kind == "person"}
        assert people == {one for one in self.model.people if one.startswith("per_")}
        for person_id in people:
            self._kept(self.model.people[person_id], stored)

    def _kept(self, one: Somebody, stored: dict[tuple[str, str], Plain]) -> None:
        person = stored[one.person_id, "person"]
        assert person["state"] == one.state
        logins = _kinds(person.get("logins", ""))
        assert logins == {kind for kind in ("phone", "username") if getattr(one, kind)}
        assert person.get("acting", "").split() == one.acting
        assert person.get("offered", "").split() == one.offered
        assert sorted(person.get("wards", "").split()) == sorted(one.wards)
        credential = stored.get((one.person_id, "credential"))
        assert (credential is None) == (one.credential is None)
        if credential is not None and one.credential is not None:
            assert credential["step"] == one.credential.step
        devices = json.loads(
            stored.get((one.person_id, "sessions"), {"sessions": "[]"})["sessions"]
        )
        open_now = [each["counter"] for each in devices if instant(each["ends_at"]) > self.now]
        meant = [session.counter for session in one.sessions.values() if session.ends_at > self.now]
        assert sorted(open_now) == sorted(meant)
        settings = stored.get((one.person_id, "settings"))
        assert (settings["version"] if settings else 0) == one.settings["version"]


def _kinds(logins: str) -> set[str]:
    """The kinds of logins that a person has."""
    return {login.partition(":")[0] for login in logins.split()}
