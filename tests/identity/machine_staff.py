"""The machine of identity, its staff: invited, let in, locked out; and what people say."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from pyotp import TOTP

from shared.auth import PLATFORM, Grant, Role
from tests.harness.machines import Person
from tests.identity.machine_looks import NUMBERS, Looks, some_people

COMPANY, ELSEWHERE = "co_" + "c" * 26, "co_" + "d" * 26
PHONES = ("13800000001", "13800000002", "13800000003", "13800000004")
USERNAMES = ("li.manager", "wang.butler")
PASSWORDS = ("值班室的那盏旧台灯下面有猫", "correct horse battery", "仓库里的三把长梯子和水管")
ROLES = {
    "z": [Grant(Role.PLATFORM_ADMIN, PLATFORM)],
    "y": [Grant(Role.PLATFORM_ADMIN, PLATFORM)],
    "c": [Grant(Role.COMPANY_ADMIN, COMPANY)],
    "d": [Grant(Role.COMPANY_ADMIN, ELSEWHERE)],
    "g": [Grant(Role.GATE_GUARD, "com_a1b2c3d4")],
}
_SECRET = re.compile("secret=([A-Z2-7]+)")
OPERATORS = st.sampled_from("zzzzyycdg")
PHONE = st.sampled_from(PHONES)
SCOPES = st.sampled_from([COMPANY, COMPANY, ELSEWHERE, PLATFORM])
OFTEN = st.sampled_from([1, 1, 1, 1, 1, 11])
GUESSES = st.sampled_from([1, 1, 1, 6])
TURNS = st.sampled_from(["z answers", "owner closes", "owner closes", "c answers", "z closes"])
SEEN = st.sampled_from([0, 0, 0, 0, 1, -1])
PASSWORD = st.sampled_from([None, None, None, *PASSWORDS])
CHANGES = st.sampled_from([None, *PASSWORDS])
RIGHT = st.sampled_from([True, True, True, True, False])
STEPS = st.sampled_from([1, 1, 1, 0, 0, -1, 2, -2])
# Minutes that pass: mostly few, now and then past every limit.
SPANS = st.sampled_from([0.25, 0.5, 1, 1, 1.5, 2, 4, 6, 16, 61, 60 * 13, 60 * 25])


@dataclass(frozen=True)
class Token:
    """A refresh token that somebody was given."""

    text: str
    person_id: str
    cause: object
    opened_at: datetime
    counter: int


class Staff(Looks):
    """What staff do at the door, and what everybody says and chooses."""

    def __init__(self) -> None:
        super().__init__()
        self.operators = {letter: Person(letter, *held) for letter, held in ROLES.items()}
        self.sent: list[Callable[[], None]] = []
        self.tokens: list[Token] = []
        self.given: list[tuple[str, str, dict[str, Any]]] = []
        self.number = 0

    def _key(self) -> str:
        self.number += 1
        return f"key-{self.number:06}"

    def _send(self, request: Callable[[], None]) -> None:
        self.sent.append(request)
        request()

    @rule(minutes=SPANS)
    def wait(self, minutes: float) -> None:
        """Time passes."""
        self.world.source.now += timedelta(minutes=minutes)

    def _signed_in(self, answer: Any, name: str, cause: object) -> None:
        """Keep what somebody was given, and learn a newcomer's id."""
        told = answer.json
        if name in self.model.people:
            newcomer = self.model.people.pop(name)
            newcomer.person_id = told["person_id"]
            self.model.people[told["person_id"]] = newcomer
            newcomer.name = f"王{name[-1]}"
            self.world.ask(self.as_(newcomer), "PATCH", "/me", {"name": newcomer.name})
            self.world.seen["newcomer"] += 1
        one = self.model.people[told["person_id"]]
        session = one.sessions[cause]
        session.id = told["session_id"]
        self.world.seen[f"signed in as {session.assurance}"] += 1
        self.tokens.append(
            Token(told["refresh_token"], one.person_id, cause, session.opened_at, session.counter)
        )

    @rule(
        letter=OPERATORS,
        phone=PHONE,
        scope=SCOPES,
    )
    def invite(self, letter: str, phone: str, scope: str) -> None:
        """Somebody is invited to be staff, by who may and by who may not."""
        who, key = self.operators[letter], self._key()
        body = {"name": "李经理", "phone": phone, "scope": scope}

        def send() -> None:
            answer = self.world.ask(who, "POST", "/invitations", body, key)
            if self.agrees(answer, self.model.invite, who, phone, scope, key, self.now):
                found = self.model.invitations[phone]
                if phone in self.model.people:
                    newcomer = self.model.people.pop(phone)
                    newcomer.person_id = found.person_id = answer.json["person_id"]
                    newcomer.name = body["name"]
                    self.model.people[newcomer.person_id] = newcomer
                assert answer.json["person_id"] == found.person_id
                self.world.seen["invited"] += 1

        self._send(send)

    @rule(phone=PHONE, username=st.sampled_from(USERNAMES), password=st.sampled_from(PASSWORDS))
    def employ(self, phone: str, username: str, password: str) -> None:
        """Somebody is invited and comes all the way in."""
        self.invite("c", phone, COMPANY)
        if phone in self.model.invitations:
            self.accept(phone, True, username, password, True, 0)
            self.wait(0.5)
            one = self.model.by("phone", phone)
            if one is not None and one.credential is not None:
                known = one.credential
                for _ in range(2):
                    # A code is good once, however right all the rest is.
                    self._sign_in(one.username, known.password, known.secret, self._step())
                if password == PASSWORDS[1]:
                    self.wait(0.5)
                    facts = (one.person_id, one.username, password, PASSWORDS[2], known.secret)
                    self._change(*facts, self._step())

    @precondition(lambda self: self.model.invitations)
    @rule(
        phone=PHONE, right=RIGHT, username=st.sampled_from(USERNAMES),
        password=st.sampled_from(PASSWORDS), confirms=RIGHT, steps=STEPS,
    )  # fmt: skip
    def accept(
        self, phone: str, right: bool, username: str, password: str, confirms: bool, steps: int
    ) -> None:
        """Whoever has a code chooses a name and a password, and shows their authenticator."""
        phone = phone if phone in self.model.invitations else next(iter(self.model.invitations))
        code = self.code_of(phone)
        if code is None:
            return
        shown = {"phone": phone, "code": code if right else f"{(int(code) + 1) % 10**8:08}"}
        invitation, key = self.model.invitations[phone], self._key()
        chosen = {**shown, "username": username, "password": password}

        def send() -> None:
            newest = self.model.invitations[phone] is invitation
            answer = self.world.ask(self.nobody, "POST", "/invitations/acceptance", chosen, key)
            mark = ("accept", key)
            facts = (phone, right and newest, username, password, mark)
            if self.agrees(answer, self.model.accept, *facts, self.now):
                found = _SECRET.search(answer.json["otpauth_uri"])
                assert found is not None
                self.model.invitations[phone].secret = found.group(1)
                self.world.seen["accepted"] += 1

        self._send(send)
        if confirms and invitation.secret:
            self._confirm(phone, shown, right, invitation.secret, steps)

    def _confirm(
        self, phone: str, shown: dict[str, str], right: bool, secret: str, steps: int
    ) -> None:
        invitation, key = self.model.invitations[phone], self._key()
        step = self._step() + steps
        body = {**shown, "totp": TOTP(secret).generate_otp(step)}

        def send() -> None:
            newest = self.model.invitations[phone] is invitation
            own = step if secret == self.model.invitations[phone].secret else None
            answer = self.world.ask(self.nobody, "POST", "/invitations/confirmation", body, key)
            facts = (phone, right and newest, self._taken(own), ("confirm", key))
            if self.agrees(answer, self.model.confirm, *facts, self.now):
                self.world.seen["confirmed"] += 1

        self._send(send)

    def _step(self) -> int:
        return int(self.now.timestamp()) // 30

    def _taken(self, step: int | None) -> int | None:
        """The step whose code is taken just now, if it is that of one."""
        return step if step is not None and abs(step - self._step()) <= 1 else None

    @precondition(lambda self: any(one.credential for one in self.model.people.values()))
    @rule(
        number=NUMBERS, right=RIGHT, steps=STEPS, password=PASSWORD,
        change=CHANGES, own=RIGHT, tries=GUESSES,
    )  # fmt: skip
    def sign_in(
        self, number: int, right: bool, steps: int, password: str | None, change: str | None,
        own: bool, tries: int,
    ) -> None:  # fmt: skip
        """Staff sign in or change their password: with what is right, used, or somebody else's."""
        staff = [one for one in self.model.people.values() if one.credential]
        one, other = staff[number % len(staff)], staff[-1]
        assert one.credential is not None
        assert other.credential is not None
        secret = (one if own else other).credential.secret  # type: ignore[union-attr]  # asserted above
        said = password or one.credential.password
        name = one.username if right else "nobody.here"
        for number_of_try in range(tries):
            step = self._step() + (steps if number_of_try == tries - 1 else 40 + number_of_try)
            if change:
                self._change(one.person_id, name, said, change, secret, step)
            else:
                self._sign_in(name, said, secret, step)

    def _sign_in(self, name: str, password: str, secret: str, step: int) -> None:
        key = self._key()
        body = {"username": name, "password": password, "device": "iPad"}
        body["totp"] = TOTP(secret).generate_otp(step)

        def says() -> None:
            facts = (name, password, secret, self._taken(step), ("sign in", key))
            one = self.model.use(*facts, self.now)
            self.model.open(one, ("password", key), "staff", self.now)

        def send() -> None:
            answer = self.world.ask(self.nobody, "POST", "/sessions/password", body, key)
            if self.agrees(answer, says):
                self._signed_in(answer, "", ("password", key))

        self._send(send)

    def _change(
        self, person_id: str, name: str, old: str, new: str, secret: str, step: int
    ) -> None:
        key = self._key()
        body = {"username": name, "old_password": old, "new_password": new}
        body["totp"] = TOTP(secret).generate_otp(step)
        who = self.as_(self.model.people[person_id])

        def send() -> None:
            answer = self.world.ask(who, "POST", "/me/password", body, key)
            facts = (name, old, secret, self._taken(step), ("change", key), self.now)
            if self.agrees(answer, self.model.use, *facts, (person_id, new)):
                self.world.seen["changed"] += 1

        self._send(send)

    @precondition(some_people)
    @rule(
        number=NUMBERS, seen=SEEN, language=st.sampled_from(["en", "zh-CN"]),
        topic=st.sampled_from(["offers", "fees", "gates"]),
    )  # fmt: skip
    def choose(self, number: int, seen: int, language: str, topic: str) -> None:
        """Somebody changes their settings."""
        one = self.one(number)
        wanted = {
            "language": language,
            "opted_out": [{"topic": topic, "channel": "sms"}],
            "quiet_hours": None,
            "version": max(0, one.settings["version"] + seen),
        }

        def send() -> None:
            answer = self.world.ask(self.as_(one), "PUT", "/me/settings", wanted)
            if self.agrees(answer, self.model.choose, self.as_(one), wanted):
                assert answer.json == one.settings
                self.world.seen["chosen"] += 1

        if one.state != "erased":
            self._send(send)

    @precondition(some_people)
    @rule(number=NUMBERS, words=st.sampled_from(["好", "不好"]), count=OFTEN)
    def say(self, number: int, words: str, count: int) -> None:
        """Somebody says what they think, or does so all day."""
        who = self.as_(self.one(number))
        for _ in range(count):
            self._say(who, {"kind": "idea", "text": words}, self._key())

    def _say(self, who: Person, said: dict[str, Any], key: str) -> None:
        def send() -> None:
            answer = self.world.ask(who, "POST", "/me/feedback", said, key)
            if self.agrees(answer, self.model.say, who, said, key, self.now):
                found = self.model.people[who.person_id].said[key]
                self.given.append((who.person_id, answer.json["feedback_id"], found))
                self.shows(answer, found)

        self._send(send)

    @precondition(lambda self: self.given)
    @rule(back=NUMBERS, turn=TURNS, seen=SEEN)
    def settle(self, back: int, turn: str, seen: int) -> None:
        """Feedback is answered, or closed, by who may and by who may not; then answered again."""
        self._settle(back, turn, seen)
        self._settle(back, "z answers", 0)

    def _settle(self, back: int, turn: str, seen: int) -> None:
        owner, feedback_id, found = self.given[-1 - back % len(self.given)]
        letter, does = turn.split()
        who = self.as_(self.model.people[owner]) if letter == "owner" else self.operators[letter]
        version = max(1, found["version"] + seen)
        words = f"谢谢 {back}" if does == "answers" else None
        url, body = f"/me/feedback/{feedback_id}/closure", dict[str, Any](version=version)
        if words:
            url = f"/persons/{owner}/feedback/{feedback_id}/answer"
            body["text"] = words

        def send() -> None:
            told = self.world.ask(who, "POST", url, body)
            if self.agrees(told, self.model.settle, who, found, owner, words, version):
                self.shows(told, found)
                self.world.seen[found["state"]] += 1

        self._send(send)
