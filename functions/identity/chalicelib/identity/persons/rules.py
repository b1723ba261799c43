"""A person: what is known of them, in which state they are, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.identity.feedback.rules import Feedback
from chalicelib.identity.sessions.rules import Session
from chalicelib.identity.settings.rules import Settings
from shared.auth import MAX_MANDATES
from shared.errors import Conflict, Limited, NotFound
from shared.outbox import EMPTY, Outbox

RECENT = timedelta(minutes=15)
"""How old the sign-in may be of whoever erases themselves or takes another phone."""
MAX_WARDS = 10
"""People for whom one person may act."""


class PersonState(StrEnum):
    """How a person stands with the platform."""

    ACTIVE = "active"
    FROZEN = "frozen"
    MERGED = "merged"
    ERASED = "erased"


class Origin(StrEnum):
    """How a person came."""

    PHONE = "phone"
    WECHAT = "wechat"
    INVITATION = "invitation"
    DEPENDENT = "dependent"


@dataclass(frozen=True)
class Details:
    """What is known of a person; all of it stands in their envelope, and nowhere else."""

    name: str = ""
    phone: str = ""
    id_number: str = ""
    openid: str = ""
    unionid: str = ""
    plates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Login:
    """What somebody signs in by: its kind, and its keyed hash."""

    kind: str
    blind: str


@dataclass(frozen=True)
class Merging:
    """That somebody asked to merge a person into another, and waits for a second."""

    into_id: str
    asked_by: str
    asked_at: datetime


@dataclass(frozen=True)
class Person:
    """A person as they are kept, the envelope closed.

    Attributes
    ----------
    acting
        Who may act for them, at most ten, with those who are asked to.
    offered
        Who is asked to act for them and has not agreed yet: it gives nobody anything.
    wards
        For whom they may act, at most ten.
    merging
        The merge that waits for a second operator's word.
    into_id
        Into whom they were merged.
    name_key
        The keyed hash of their name, by which the operator finds them.
    """

    id: str
    state: PersonState
    origin: Origin
    joined_at: datetime
    logins: tuple[Login, ...] = ()
    acting: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    wards: tuple[str, ...] = ()
    merging: Merging | None = None
    into_id: str = ""
    name_key: str = ""
    envelope: bytes = field(default=b"", repr=False)
    version: int | None = None
    outbox: Outbox = field(default=EMPTY, compare=False, repr=False)

    @property
    def next_version(self) -> int:
        """The version that the next write makes."""
        return (self.version or 0) + 1

    def login(self, kind: str) -> Login | None:
        """What they sign in by, of one kind."""
        return next((login for login in self.logins if login.kind == kind), None)


@dataclass(frozen=True)
class Summary:
    """A person as lists show them: nothing of who they are."""

    id: str
    state: PersonState
    origin: Origin
    joined_at: datetime


@dataclass(frozen=True)
class Held:
    """A login as it is stored: whose it is."""

    login: Login
    person_id: str
    version: int | None = None
    outbox: Outbox = field(default=EMPTY, compare=False, repr=False)


@dataclass(frozen=True)
class Known:
    """A person with their details, as they themselves may see them."""

    person: Person
    details: Details


@dataclass(frozen=True)
class Everything:
    """All that is kept of a person; of what they said, the newest, and where the rest goes on."""

    known: Known
    sessions: tuple[Session, ...]
    settings: Settings
    feedback: tuple[Feedback, ...]
    words: tuple[tuple[str | None, str | None], ...]
    feedback_cursor: str | None


def check_standing(person: Person | None) -> Person:
    """The person, if they still are one.

    Raises
    ------
    NotFound
        They were never there, were merged into another, or are erased.
    """
    if person is None or person.state in (PersonState.MERGED, PersonState.ERASED):
        raise NotFound
    return person


def freeze(person: Person) -> Person:
    """Let a person do nothing until the operator lifts it (UM-01)."""
    return replace(person, state=PersonState.FROZEN)


def unfreeze(person: Person) -> Person:
    """Give a frozen person back what is theirs."""
    return replace(person, state=PersonState.ACTIVE)


def check_erasable(person: Person, wards: Iterable[Person]) -> None:
    """Let nobody go by whom somebody without an account would be left alone (PIPL 47).

    Parameters
    ----------
    wards
        For whom they act; who has an account of their own does without them.

    Raises
    ------
    Conflict
        `wards_first`: one of these must be handed on first.
    """
    if any(_relies_on(ward, person) for ward in wards):
        raise Conflict("wards_first")


def erased(person: Person) -> Person:
    """What is left of a person: an id, a state and a date, on which the ledger and counts stand."""
    return replace(
        person,
        state=PersonState.ERASED,
        logins=(),
        acting=(),
        offered=(),
        wards=(),
        merging=None,
        name_key="",
        envelope=b"",
    )


def leaving(left: Person, untold: Iterable[Outbox], now: datetime) -> Person:
    """What is left, with what the things that go with the person have yet to tell."""
    return replace(left, outbox=left.outbox.inheriting(untold, now))


def check_recent(asking: Session | None, now: datetime) -> None:
    """Let nobody do by a device that lies around what cannot be undone.

    Parameters
    ----------
    asking
        The very session that asks: a sign-in on another device says nothing of who holds this one.

    Raises
    ------
    Conflict
        `sign_in_again`: it was opened too long ago, or has ended.
    """
    if asking is None or now - asking.opened_at > RECENT:
        raise Conflict("sign_in_again")


def with_login(person: Person, login: Login, *, replaces: bool) -> Person:
    """The person who also signs in by this.

    Parameters
    ----------
    replaces
        Whether another of its kind gives way to it.

    Raises
    ------
    Conflict
        `login_taken`: they sign in by another of its kind, which stays.
    """
    others = tuple(one for one in person.logins if one.kind != login.kind)
    if others != person.logins and not replaces:
        raise Conflict("login_taken")
    return replace(person, logins=(*others, login))


def check_offer(person: Person, acting_id: str) -> None:
    """Refuse what nobody can be asked, before anything is said of whom it is asked.

    Raises
    ------
    Conflict
        `not_oneself`: nobody acts for themselves.
    Limited
        `too_many_mandates`: as many act for them, or are asked to, as there may be.
    """
    if acting_id == person.id:
        raise Conflict("not_oneself")
    if len(person.acting) + len(person.offered) >= MAX_MANDATES:
        raise Limited("too_many_mandates", limit=MAX_MANDATES)


def offer_mandate(person: Person, acting: Person) -> Person:
    """The person, once they ask the other to act for them; nothing else comes of it yet."""
    return replace(person, offered=(*person.offered, acting.id))


def accept_mandate(person: Person, acting: Person) -> tuple[Person, Person]:
    """Both, once the one who was asked acts for the other; the same once more changes nothing.

    Raises
    ------
    NotFound
        Nobody asked them, or they may not act for others.
    Limited
        `too_many_wards`: they act for as many as one may.
    """
    if acting.id in person.acting:
        return person, acting
    if acting.id not in person.offered or not may_act(acting):
        raise NotFound
    return take_on(without_offer(person, acting.id), acting)


def without_offer(person: Person, acting_id: str) -> Person:
    """The person who asks somebody no more to act for them."""
    return replace(person, offered=_others(person.offered, acting_id))


def may_act(person: Person) -> bool:
    """Whether somebody may act for others: they are active and have an account of their own."""
    return person.state is PersonState.ACTIVE and bool(person.logins)


def take_on(person: Person, acting: Person) -> tuple[Person, Person]:
    """Both, once the one acts for the other.

    Raises
    ------
    Limited
        `too_many_wards`: they act for as many as one may.
    """
    if len(acting.wards) >= MAX_WARDS:
        raise Limited("too_many_wards", limit=MAX_WARDS)
    given = replace(person, acting=(*person.acting, acting.id))
    return given, replace(acting, wards=(*acting.wards, person.id))


def end_mandate(person: Person, acting: Person) -> tuple[Person, Person]:
    """Both, once the one may no longer act for the other.

    Raises
    ------
    Conflict
        `last_mandate`: the person has no account, and nobody else would be there for them.
    """
    if _relies_on(person, acting):
        raise Conflict("last_mandate")
    return (
        replace(person, acting=_others(person.acting, acting.id)),
        replace(acting, wards=_others(acting.wards, person.id)),
    )


def parted(person: Person, gone_id: str) -> Person:
    """The person, once whoever acted for them, or for whom they acted, is gone."""
    return replace(
        person, acting=_others(person.acting, gone_id), wards=_others(person.wards, gone_id)
    )


def _relies_on(person: Person, acting: Person) -> bool:
    """Whether nobody else would be there for somebody without an account."""
    return not person.logins and person.acting == (acting.id,)


def _others(ids: Iterable[str], gone_id: str) -> tuple[str, ...]:
    return tuple(one for one in ids if one != gone_id)
