"""The state machine of identity: people come, are let in, act for each other, and go."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.harness.machines import Person
from tests.harness.rights import hold
from tests.identity.machine_looks import NUMBERS, some_people
from tests.identity.machine_staff import (
    OFTEN,
    OPERATORS,
    PASSWORDS,
    PHONE,
    PHONES,
    RIGHT,
    USERNAMES,
    Staff,
    Token,
)
from tests.identity.model import Somebody
from tests.identity.scene import sandboxes

HOMES = ("203.0.113.7", "203.0.113.7", "198.51.100.1")
ANSWERS = st.sampled_from(["waits", "agrees", "ends"])


class IdentityMachine(Staff):
    """Everybody's ways in and out."""

    @initialize(two=st.booleans())
    def begin(self, two: bool) -> None:
        """The operators have their roles, and some people came before."""
        for who in self.operators.values():
            hold(who.person_id, *who.grants)
        self.world.module.rotate_keys(self.schedule("rotate_keys"), None)
        self.come(PHONES[0], True, 1)
        if two:
            self.come(PHONES[1], True, 1)
            self.wait(1)
            self.come(PHONES[1], True, 6)
            self.employ(PHONES[2], USERNAMES[0], PASSWORDS[1])
            self.say(0, "好", 11)

    @precondition(lambda self: self.sent)
    @rule(back=st.sampled_from([0, 0, 0, 1, 2, 5]))
    def again(self, back: int) -> None:
        """A request comes again, just as it was: its answer was lost, or somebody copied it."""
        self.world.seen["again"] += 1
        self.sent[-1 - back % len(self.sent)]()

    @rule(
        phone=PHONE,
        right=RIGHT,
        tries=st.sampled_from([1, 1, 1, 2, 6, 6]),
        minutes=st.sampled_from([0, 0, 0, 0, 4.5, 5.5]),
        home=st.sampled_from(HOMES),
        asks=st.sampled_from([1, 1, 1, 5]),
    )
    def come(
        self, phone: str, right: bool, tries: int, minutes: float = 0, home: str = HOMES[0],
        asks: int = 1,
    ) -> None:  # fmt: skip
        """Somebody asks for a code and signs in with it, some time and guesses later."""
        for asked in range(asks):
            self.wait(1 if asked else 0)
            self._request_code(phone, home)
        self.wait(minutes)
        if not self.messages(phone):
            return
        code = sandboxes().messages.code(phone)
        if phone in self.model.codes and len(code) == 6:
            wrong = f"{(int(code) + 1) % 1_000_000:06}"
            for number in range(tries):
                last = number == tries - 1
                # Whoever guesses comes from anywhere.
                where = home if last else HOMES[number % len(HOMES)]
                self._come(phone, code if last and right else wrong, last and right, where)

    def _request_code(self, phone: str, home: str) -> None:
        before = len(self.messages(phone))
        answer = self.world.ask(self.nobody, "POST", "/codes", {"phone": phone}, "", home)
        known = self.model.codes.get(phone)
        self.agrees(answer, self.model.send_code, phone, home, self.now)
        was_sent = self.model.codes.get(phone) is not known
        assert len(self.messages(phone)) - before == was_sent
        if not was_sent:
            self.world.seen["no code sent"] += 1

    def _come(self, phone: str, code: str, right: bool, home: str) -> None:
        key = self._key()
        at = self.model.codes[phone].at

        def send() -> None:
            newest = self.model.codes[phone].at == at
            body = {"phone": phone, "code": code, "device": "iPhone 17"}
            answer = self.world.ask(self.nobody, "POST", "/sessions/sms", body, key, home)
            facts = (phone, right and newest, key, home)
            if self.agrees(answer, self.model.come, *facts, self.now):
                self._signed_in(answer, phone, ("sms", at, key))

        self._send(send)

    @precondition(lambda self: self.tokens)
    @rule(back=st.sampled_from([0, 0, 0, 0, 1, 2, 3, 7]))
    def refresh(self, back: int) -> None:
        """Somebody goes on with a refresh token: the newest, or one that was used."""
        token = self.tokens[-1 - back % len(self.tokens)]

        def send() -> None:
            body = {"refresh_token": token.text}
            answer = self.world.ask(self.nobody, "POST", "/sessions/refresh", body)
            facts = (token.person_id, token.cause, token.opened_at, token.counter)
            if self.agrees(answer, self.model.refresh, *facts, self.now):
                session = self.model.people[token.person_id].sessions[token.cause]
                text = answer.json["refresh_token"]
                self.tokens.append(Token(text, *facts[:3], session.counter))
                self.world.seen["refreshed"] += 1

        self._send(send)

    @precondition(lambda self: self.tokens)
    @rule(back=st.sampled_from([0, 0, 1, 2]), minutes=st.sampled_from([0.5, 2]))
    def steal(self, back: int, minutes: float) -> None:
        """A refresh token comes once more, a while after it was changed."""
        before = len(self.tokens)
        self.refresh(back)
        self.wait(minutes)
        self.refresh(back + len(self.tokens) - before)

    @precondition(some_people)
    @rule(number=NUMBERS)
    def leave(self, number: int) -> None:
        """Somebody signs out everywhere."""
        one = self.one(number)
        answer = self.world.ask(self.as_(one), "POST", "/sessions/sign-out")
        assert answer.json == {"sessions": []}
        one.sessions.clear()

    @precondition(some_people)
    @rule(letter=OPERATORS, number=NUMBERS, state=st.sampled_from(["frozen", "active"]))
    def freeze(self, letter: str, number: int, state: str) -> None:
        """The operator freezes somebody, or lifts it; others try to."""
        who, one = self.operators[letter], self.one(number)
        url = f"/persons/{one.person_id}/{'freeze' if state == 'frozen' else 'unfreeze'}"

        def send() -> None:
            answer = self.world.ask(who, "POST", url, {"reason": "mistake"})
            if self.agrees(answer, self.model.freeze, who, one.person_id, state):
                assert answer.json["state"] == state
                self.world.seen[state] += 1

        self._send(send)

    @precondition(some_people)
    @rule(
        number=NUMBERS,
        letter=st.sampled_from([None, None, "z", "c"]),
        device=st.sampled_from([0, 0, 1]),
    )
    def erase(self, number: int, letter: str | None, device: int) -> None:
        """Somebody goes, having just signed in; or the operator erases them."""
        self._erase(self.one(number), letter, device)

    @precondition(lambda self: any(one.credential for one in self.model.people.values()))
    @rule(number=NUMBERS, letter=st.sampled_from("zzzc"))
    def dismiss(self, number: int, letter: str) -> None:
        """The operator erases somebody of the staff; others try to."""
        staff = [one for one in self.model.people.values() if one.credential]
        self._erase(staff[number % len(staff)], letter)

    def _erase(self, one: Somebody, letter: str | None, device: int = 0) -> None:
        who = self.operators[letter] if letter else self.as_(one, device)
        url, body = "/me/erasure", None
        if letter:
            url, body = f"/persons/{one.person_id}/erasure", {"reason": "own_wish"}
        answer = self.world.ask(who, "POST", url, body)
        if self.agrees(answer, self.model.erase, who, one.person_id, self.now):
            self.world.seen["erased"] += 1

    @precondition(some_people)
    @rule(
        number=NUMBERS,
        to=st.one_of(st.none(), NUMBERS, NUMBERS, NUMBERS),
        then=ANSWERS,
        right=RIGHT,
    )
    def act(self, number: int, to: int | None, then: str, right: bool) -> None:
        """Somebody asks another to act for them, who agrees as a rule, and may take it back."""
        one, other = self.one(number), self.one(number if to is None else to)
        who, name = self.as_(one), other.name if right and other.name else "某某"

        def offer() -> None:
            body = {"acting_id": other.person_id, "name": name}
            answer = self.world.ask(who, "POST", "/me/mandates", body)
            said = self.model.offer_mandate
            if self.agrees(answer, said, who, other.person_id, name, self.now):
                self._shows_mandates(answer, one.person_id)

        self._send(offer)
        if then != "waits":
            self._accept(self.as_(other), one.person_id)
        if then == "ends":
            self._end(who, one.person_id, other.person_id)

    def _accept(self, who: Person, person_id: str) -> None:
        def send() -> None:
            body = {"person_id": person_id}
            answer = self.world.ask(who, "POST", "/me/mandates/acceptance", body)
            if self.agrees(answer, self.model.accept_mandate, who, person_id):
                self._shows_mandates(answer, who.person_id)
                self.world.seen["agreed"] += 1

        self._send(send)

    @precondition(some_people)
    @rule(number=NUMBERS, to=NUMBERS, by=NUMBERS)
    def end_mandate(self, number: int, to: int, by: int) -> None:
        """One of them, or somebody else, ends a mandate that may not be there."""
        one, other = self.one(number), self.one(to)
        if one.acting or one.offered:
            other = self.model.people[[*one.acting, *one.offered][0]]
        self._end(self.as_([one, other, self.one(by)][by % 3]), one.person_id, other.person_id)

    def _end(self, who: Person, person_id: str, acting_id: str) -> None:
        def send() -> None:
            body = {"person_id": person_id, "acting_id": acting_id}
            answer = self.world.ask(who, "POST", "/me/mandates/end", body)
            if self.agrees(answer, self.model.end_mandate, who, person_id, acting_id):
                self._shows_mandates(answer, who.person_id)

        self._send(send)

    def _shows_mandates(self, answer: Any, person_id: str) -> None:
        one = self.model.people[person_id]
        lists = {"acting_for_me": one.acting, "asked_to_act": one.offered, "acted_for": one.wards}
        for name, meant in lists.items():
            assert sorted(each["person_id"] for each in answer.json[name]) == sorted(meant)
        self.world.seen["mandates"] += 1

    @precondition(some_people)
    @rule(number=NUMBERS, count=OFTEN)
    def take_in(self, number: int, count: int) -> None:
        """Somebody takes a grandmother in, or a whole dozen, and cannot go before they do."""
        one = self.one(number)
        who = self.as_(one)
        for _ in range(count):
            key = self._key()
            answer = self.world.ask(
                who, "POST", "/dependents", {"name": "王奶奶", "kind": "elderly"}, key
            )
            made_id = answer.json.get("person_id", "")
            if self.agrees(answer, self.model.take_in, who, made_id):
                self.world.seen["dependent"] += 1
        self._erase(one, None)
