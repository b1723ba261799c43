"""Identity in plain Python: who is there, who is let in, who acts for whom, and until when."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from tests.harness.machines import Person, refuse

T = TypeVar("T")
ADMIN, INVITERS = {"platform_admin"}, {"platform_admin", "company_admin", "community_manager"}
MINUTE, HOUR, ESTATE = timedelta(minutes=1), timedelta(hours=1), timedelta(hours=8)
LIVES = {"resident": timedelta(days=30), "staff": timedelta(hours=12)}
MOST = 10
CHOSEN: dict[str, Any] = {"language": "zh-CN", "opted_out": [], "quiet_hours": None}


@dataclass
class Session:
    """A device that somebody is signed in on; its id is learnt from the answer."""

    assurance: str
    opened_at: datetime
    used_at: datetime
    ends_at: datetime
    counter: int = 0
    id: str = ""


@dataclass
class Credential:
    """A password, whose authenticator, which of its codes was used last, and by which request."""

    password: str
    secret: str
    step: int
    mark: object
    at: datetime


@dataclass
class Somebody:
    """A person."""

    person_id: str
    phone: str = ""
    name: str = ""
    state: str = "active"
    username: str = ""
    credential: Credential | None = None
    sessions: dict[object, Session] = field(default_factory=dict)
    acting: list[str] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)
    wards: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=lambda: CHOSEN | {"version": 0})
    said: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Code:
    """What a phone was sent last, and how often."""

    at: datetime
    sent: list[tuple[str, str]]
    tried: Counter[str] = field(default_factory=Counter)
    used: object = None
    used_at: datetime | None = None


@dataclass
class Invitation:
    """What a phone was invited to last."""

    key: tuple[str, str, str]
    person_id: str
    at: datetime
    stage: str = "open"
    username: str = ""
    password: str = ""
    secret: str = ""
    mark: object = None


def there(found: T | None, code: str = "not_found") -> T:
    """Whatever was found, if anything was."""
    refuse(found is None, code)
    return cast(T, found)


class Model:
    """Everybody, what they were sent, and how often they were guessed at."""

    def __init__(self) -> None:
        self.people: dict[str, Somebody] = {}
        self.codes: dict[str, Code] = {}
        self.invitations: dict[str, Invitation] = {}
        self.attempts: dict[tuple[str, str], SimpleNamespace] = {}
        self.used: Counter[tuple[object, ...]] = Counter()

    def by(self, fact: str, value: str) -> Somebody | None:
        """Whose a phone or a username is."""
        return next((one for one in self.people.values() if getattr(one, fact) == value), None)

    def known(self, person_id: str) -> Somebody:
        """Somebody who is there."""
        found = there(self.people.get(person_id))
        refuse(found.state == "erased")
        return found

    def send_code(self, phone: str, home: str, now: datetime) -> None:
        """A code is sent, unless the phone had its share, or its share of those asked from here."""
        hour, before = f"{now + ESTATE:%Y-%m-%dT%H}", self.codes.get(phone)
        if before is not None and now - before.at < MINUTE:
            return
        sent = [one for one in before.sent if one[0][:10] == hour[:10]] if before else []
        for code, of, most, own in (
            ("too_many_codes_today", sent, MOST, 6),
            ("too_many_codes", [one for one in sent if one[0] == hour], 5, 3),
        ):
            refuse(len(of) >= most or sum(one[1] == home for one in of) >= own, code)
        self.codes[phone] = Code(now, [*sent, (hour, home)])

    def present(self, phone: str, right: bool, key: str, home: str, now: datetime) -> Code:
        """A code is used; whoever used it may repeat themselves."""
        code = self.codes.get(phone)
        if code and code.used_at and right and code.used == key and now - code.used_at <= MINUTE:
            return code
        quarter = (home, now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0))
        refuse(self.used[quarter] >= 40, "too_many_attempts")
        self.used[quarter] += 1
        code = there(code, "code_refused")
        worn = code.used_at or code.tried.total() >= 5 or code.tried[home] >= 3
        refuse(now - code.at > 5 * MINUTE or worn, "code_refused")
        code.tried[home] += not right
        refuse(not right, "code_refused")
        code.used, code.used_at = key, now
        return code

    def come(self, phone: str, right: bool, key: str, home: str, now: datetime) -> None:
        """Somebody signs in by their phone, and up if nobody did before."""
        code = self.present(phone, right, key, home, now)
        self.open(self.arrive(phone), ("sms", code.at, key), "resident", now)

    def arrive(self, phone: str) -> Somebody:
        """Whose phone it is, from now on at least; a newcomer's id is learnt from the answer."""
        return self.by("phone", phone) or self.people.setdefault(phone, Somebody("", phone))

    def open(self, one: Somebody, cause: object, assurance: str, now: datetime) -> None:
        """Somebody is signed in; of eleven devices the one that rested longest gives way."""
        one.sessions = {name: s for name, s in one.sessions.items() if s.ends_at > now}
        if known := one.sessions.get(cause):
            refuse(known.counter != 0 or now - known.opened_at > MINUTE, "sign_in_refused")
            return
        refuse(one.state != "active", "sign_in_refused")
        one.sessions[cause] = Session(assurance, now, now, now + LIVES[assurance])
        if len(one.sessions) > MOST:
            del one.sessions[min(one.sessions, key=lambda name: one.sessions[name].used_at)]

    def refresh(
        self, person_id: str, cause: object, opened_at: datetime, counter: int, now: datetime
    ) -> None:
        """A refresh token is changed; one that was changed before ends its session."""
        one = self.people[person_id]
        session = there(one.sessions.get(cause), "session_ended")
        refuse(session.opened_at != opened_at, "session_ended")
        refuse(session.ends_at <= now or counter > session.counter, "session_ended")
        if counter == session.counter:
            session.counter, session.used_at = counter + 1, now
            if session.assurance == "resident":
                session.ends_at = now + LIVES["resident"]
        elif counter < session.counter - 1 or now - session.used_at > MINUTE:
            del one.sessions[cause]
            refuse(True, "session_ended")

    def freeze(self, who: Person, person_id: str, state: str) -> None:
        """The operator freezes somebody, or lifts it."""
        refuse(not who.may(ADMIN, "platform"))
        one = self.known(person_id)
        if one.state != state and state == "frozen":
            one.sessions.clear()
        one.state = state

    def erase(self, who: Person, person_id: str, now: datetime) -> None:
        """Somebody goes for good: by themselves, having just signed in, or by the operator."""
        own = who.person_id == person_id
        refuse(not own and not who.may(ADMIN, "platform"))
        one = there(self.people.get(person_id))
        if one.state == "erased":
            return
        refuse(own and not self.recent(who, now), "sign_in_again")
        wards = [self.people[ward] for ward in one.wards]
        refuse(any(not w.phone and w.acting == [person_id] for w in wards), "wards_first")
        for keeper in one.acting:
            self.people[keeper].wards.remove(person_id)
        for ward in wards:
            ward.acting.remove(person_id)
        one.state, one.phone, one.username, one.credential = "erased", "", "", None
        for ids in (one.acting, one.offered, one.wards):
            ids.clear()
        one.settings = CHOSEN | {"version": 0}
        one.sessions.clear()

    def recent(self, who: Person, now: datetime) -> bool:
        """Whether the very session that asks was opened just now."""
        asking = [s for s in self.people[who.person_id].sessions.values() if s.id == who.session_id]
        return any(now - session.opened_at <= 15 * MINUTE for session in asking)

    def take_in(self, who: Person, made_id: str) -> None:
        """Somebody without an account, for whom somebody acts."""
        keeper = self.known(who.person_id)
        refuse(keeper.state != "active")
        if made_id not in keeper.wards:
            refuse(len(keeper.wards) >= MOST, "too_many_wards")
            self.people[made_id] = Somebody(made_id, name="王奶奶", acting=[keeper.person_id])
            keeper.wards.append(made_id)

    def offer_mandate(self, who: Person, acting_id: str, name: str, now: datetime) -> None:
        """Somebody asks another, whose name they know, to act for them; they try ten a day."""
        one, other = self.known(who.person_id), self.people[acting_id]
        if acting_id in (*one.acting, *one.offered):
            return
        day = ("offers", who.person_id, (now + ESTATE).date())
        right = other.state == "active" and other.phone and other.name == name
        refuse(one is other, "not_oneself")
        refuse(len(one.acting) + len(one.offered) >= MOST, "too_many_mandates")
        refuse(self.used[day] >= MOST, "too_many_offers")
        self.used[day] += 1
        refuse(not right)
        one.offered.append(acting_id)

    def accept_mandate(self, who: Person, person_id: str) -> None:
        """Whoever was asked agrees."""
        one, other = self.known(person_id), self.known(who.person_id)
        if other.person_id not in one.acting:
            refuse(other.person_id not in one.offered or other.state != "active")
            refuse(len(other.wards) >= MOST, "too_many_wards")
            one.offered.remove(other.person_id)
            one.acting.append(other.person_id)
            other.wards.append(person_id)

    def end_mandate(self, who: Person, person_id: str, acting_id: str) -> None:
        """Either of them ends it, or what was asked; nobody without an account is left alone."""
        refuse(who.person_id not in (person_id, acting_id))
        self.known(who.person_id)
        one, other = self.people[person_id], self.people[acting_id]
        if acting_id in one.offered:
            one.offered.remove(acting_id)
        elif acting_id in one.acting:
            refuse(not one.phone and one.acting == [acting_id], "last_mandate")
            one.acting.remove(acting_id)
            other.wards.remove(person_id)

    def invite(self, who: Person, phone: str, scope: str, key: str, now: datetime) -> None:
        """Staff are invited, or begin anew; the code of before is good no more."""
        refuse(not who.may(INVITERS, scope))
        day, named = (now + ESTATE).date(), (who.person_id, scope, key)
        full = self.used[phone, day] >= 5
        refuse(full and self.by("phone", phone) is None, "too_many_invitations")
        one = self.arrive(phone)
        before = self.invitations.get(phone)
        again = before is not None and (
            before.key == named
            or (
                before.key[:2] == named[:2] and before.stage != "done" and now - before.at <= MINUTE
            )
        )
        if not again:
            refuse(full, "too_many_invitations")
            self.used[phone, day] += 1
            self.invitations[phone] = Invitation(named, one.person_id, now)

    def accept(
        self, phone: str, right: bool, username: str, password: str, mark: object, now: datetime
    ) -> Invitation:
        """Username and password are chosen; nothing of before changes yet."""
        self.try_at("invitation", phone, mark, now)
        found = self._shown(phone, right, now)
        holder = self.by("username", username)
        refuse(holder is not None and holder.person_id != found.person_id, "username_taken")
        refuse(self.people[found.person_id].state == "erased", "code_not_valid")
        if found.mark != mark:
            found.stage, found.username, found.password = "accepted", username, password
            found.mark, found.secret = mark, ""
            self.attempts["invitation", phone].failures = 0
        return found

    def confirm(
        self, phone: str, right: bool, step: int | None, mark: object, now: datetime
    ) -> None:
        """The authenticator works: from now on this is the way in, and the only one."""
        self.try_at("invitation", phone, mark, now)
        known = self.invitations.get(phone)
        if known is not None and (known.stage, known.mark) == ("done", mark):
            return
        found = self._shown(phone, right, now)
        one = self.people[found.person_id]
        step = there(step, "code_not_valid")
        refuse(found.stage != "accepted" or one.state != "active", "code_not_valid")
        refuse(self.by("username", found.username) not in (None, one), "busy")
        one.username = found.username
        one.credential = Credential(found.password, found.secret, step, mark, now)
        one.sessions.clear()
        found.stage, found.mark = "done", mark
        self.attempts["invitation", phone].failures = 0

    def _shown(self, phone: str, right: bool, now: datetime) -> Invitation:
        found = there(self.invitations.get(phone), "code_not_valid")
        late = found.stage == "done" or now - found.at >= 72 * HOUR
        refuse(late or not right, "code_not_valid")
        return found

    def use(
        self, username: str, password: str, secret: str, step: int | None, mark: object,
        now: datetime, change: tuple[str, str] | None = None,
    ) -> Somebody:  # fmt: skip
        """A password and a code are used: to sign in, or by their owner to `change` to another."""
        self.try_at("sign_in", username, mark, now)
        holder = self.people.get(change[0]) if change else self.by("username", username)
        one = there(holder, "sign_in_refused")
        known = there(one.credential, "sign_in_refused")
        if known.mark == mark and now - known.at <= MINUTE:
            return one
        wrong = (known.password, known.secret) != (password, secret) or one.username != username
        step = there(step, "sign_in_refused")
        refuse(wrong or step <= known.step, "sign_in_refused")
        one.credential = Credential(change[1] if change else password, secret, step, mark, now)
        self.attempts["sign_in", username].failures = 0
        if change:
            one.sessions.clear()
        return one

    def try_at(self, what: str, name: str, mark: object, now: datetime) -> None:
        """An attempt is counted before it is looked at; five are free, then locks grow."""
        before, failures = self.attempts.get((what, name)), 1
        if before is not None and now - before.at < 24 * HOUR:
            if before.mark == mark and now - before.at <= MINUTE:
                return
            refuse(before.failures and now < before.until, "too_many_attempts")
            failures = before.failures + 1
        lock = min(2 ** max(failures - 5, 0), 15) * MINUTE if failures >= 5 else timedelta()
        last = SimpleNamespace(failures=failures, mark=mark, at=now, until=now + lock)
        self.attempts[what, name] = last

    def choose(self, who: Person, wanted: dict[str, Any]) -> dict[str, Any]:
        """Settings are chosen, seen at a version; the same once more changes nothing."""
        one = self.people[who.person_id]
        refuse({"emergency", "gates"} & {p["topic"] for p in wanted["opted_out"]}, "not_for_safety")
        if {**wanted, "version": 0} != {**one.settings, "version": 0}:
            refuse(wanted["version"] != one.settings["version"], "stale_version")
            refuse(one.state != "active")
            one.settings = {**wanted, "version": wanted["version"] + 1}
        return one.settings

    def say(self, who: Person, said: dict[str, Any], key: str, now: datetime) -> dict[str, Any]:
        """Feedback is given: ten times a day."""
        one, day = self.known(who.person_id), (who.person_id, (now + ESTATE).date())
        if key not in one.said:
            refuse(self.used[day] >= MOST, "too_much_feedback")
            self.used[day] += 1
            one.said[key] = {**said, "state": "new", "version": 1, "answer": None, "said_at": now}
        refuse(any(one.said[key][fact] != said[fact] for fact in said), "idempotency_key_reused")
        return one.said[key]

    def settle(
        self, who: Person, given: dict[str, Any], owner: str, answer: str | None, seen: int
    ) -> None:
        """Feedback is answered by the operator, or closed by whoever gave it."""
        allowed = who.may(ADMIN, "platform") if answer else who.person_id == owner
        refuse(not allowed or self.known(owner).state == "erased")
        to, after = ("answered", ["new"]) if answer else ("closed", ["new", "answered"])
        if (given["state"], given["version"]) == (to, seen + 1):
            refuse(answer and given["answer"] != answer, "stale_version")
            return
        refuse(seen != given["version"], "stale_version")
        refuse(given["state"] not in after, "not_in_this_state")
        given.update(state=to, version=seen + 1, answer=answer or given["answer"])
