"""What is decided about invitations, passwords, second factors and those who guess them.

An invitation (邀请) is open until its code was shown; then it holds what shall become the
credential, and becomes it with the first right code of the authenticator.  Until then nothing that
was there before has changed.  A credential lets in with a password and a code whose time step was
never used before (RFC 6238 §5.2).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.identity.persons.rules import Login, Person, PersonState
from shared import ids
from shared.auth import PLATFORM, STAFF, Grant, covers
from shared.errors import Conflict, Limited, invalid
from shared.outbox import EMPTY, Outbox

INVITED_FOR = timedelta(hours=72)
CODE_DIGITS = 8
STEP = timedelta(seconds=30)
"""How long a code of the authenticator is shown (RFC 6238: X)."""
DRIFT = 1
"""How many steps the clock of a telephone may be off, either way."""
REPEATED_FOR = timedelta(seconds=60)
"""How long an answer that was lost may be had again, with the same Idempotency-Key."""
FREE_FAILURES = 5
SHORTEST_LOCK, LONGEST_LOCK = timedelta(minutes=1), timedelta(minutes=15)
FORGIVEN_AFTER = timedelta(days=1)
STRANGERS_TRIES = {"sign_in": 30, "invitation": 1000}
"""Attempts at one name in a quarter of an hour from all sources where nobody came in by it.

Whoever is invited has no source that is known.  Of their code of eight digits, 288,000 tries in
the 72 hours that it is good for find three in a thousand.
"""
KNOWN_FOR = timedelta(days=30)
"""How long a source is known after somebody came in by a name from there."""
_USERNAME = "username"
_SCOPE = re.compile(f"{PLATFORM}|co_[{ids.ALPHABET}]{{26}}|com_[{ids.ALPHABET}]{{8}}")


class Stage(StrEnum):
    """How far an invitation has come; who was only told that they are wanted has no code."""

    TOLD = "told"
    OPEN = "open"
    ACCEPTED = "accepted"
    DONE = "done"


@dataclass(frozen=True)
class Proof:
    """What lets somebody in: the username's hash, the password's hash, the authenticator's secret.

    `secret` is sealed with the person's own key.
    """

    username: str
    password_hash: str
    secret: bytes


@dataclass(frozen=True)
class Invitation:
    """Somebody is asked to make themselves a credential.

    `request` tells the request that invites from others, so that it may come again; the code hangs
    on `id`, which never comes again.  `mark` is that of the request that took the last step.
    `unsent` says that its message was refused, and may be sent by whoever asks for it again.
    """

    id: str
    phone: str
    person_id: str
    scope: str
    by: str
    at: datetime
    request: str
    stage: Stage = Stage.OPEN
    proof: Proof | None = None
    mark: str = ""
    unsent: bool = False
    version: int | None = None
    outbox: Outbox = field(default=EMPTY, compare=False, repr=False)

    @property
    def ends_at(self) -> datetime:
        """Until when it may be accepted and confirmed."""
        return self.at + INVITED_FOR

    @property
    def stored(self) -> Invitation:
        """The same after it was written as it is."""
        return replace(self, version=(self.version or 0) + 1)


@dataclass(frozen=True)
class Credential:
    """A person's way in with password and second factor.

    `step` is the last time step whose code was used, `mark` that of the request that used it, and
    `used_at` when that was.
    """

    person_id: str
    proof: Proof
    step: int
    mark: str
    used_at: datetime
    version: int | None = None
    outbox: Outbox = field(default=EMPTY, compare=False, repr=False)


@dataclass(frozen=True)
class Attempts:
    """How often a name was tried in vain from one source, and until when it is locked there.

    No failures are left where somebody succeeded, and then nothing is locked.  `mark` is that of
    the request that tried last: its repetition is no new guess.  Until `known_until` the source is
    one from which somebody came in by the name.
    """

    failures: int
    mark: str
    at: datetime
    locked_until: datetime
    known_until: datetime | None = None
    version: int | None = None

    @property
    def is_strange(self) -> bool:
        """Whether nobody came in by the name from this source of late."""
        return self.known_until is None or self.known_until <= self.at


def check_scope(scope: str) -> str:
    """`scope` itself, if staff are invited for such: the platform, a company or a community.

    Raises
    ------
    Invalid
        It is none.
    """
    if not _SCOPE.fullmatch(scope):
        raise invalid("scope", "not_a_scope")
    return scope


def may_begin_anew(inviter_scopes: Iterable[str], grants: Iterable[Grant]) -> bool:
    """Whether an inviter may give somebody who has a credential another one.

    Only who stands above every staff role that they have: a firm cannot take over who works for
    another one, or for the platform.
    """
    scopes = tuple(inviter_scopes)
    return all(
        any(covers(own, grant.scope) for own in scopes) for grant in grants if grant.role in STAFF
    )


def same_again(stored: Iterable[Invitation], wanted: Invitation) -> Invitation | None:
    """The invitation that is wanted once more: by the same request, or by the same inviter.

    Who asks for the same within a minute means the one that is on its way, whatever their
    Idempotency-Key says: a phone is not to be filled with messages.
    """

    def is_same(one: Invitation) -> bool:
        asked = (one.by, one.person_id, one.scope) == (wanted.by, wanted.person_id, wanted.scope)
        fresh = one.stage is not Stage.DONE and wanted.at - one.at <= REPEATED_FOR
        return one.request == wanted.request or (asked and fresh)

    return next((one for one in stored if is_same(one)), None)


def following(stored: Iterable[Invitation], wanted: Invitation, *, begins: bool) -> Invitation:
    """A new invitation in place of the one before of its kind.

    One that brings a code takes the place of the one that brought the code before, which is good
    no more: the newest code that a phone shows is the one that counts.  One that brings none stands
    beside it, and ends nothing: a firm that may not let somebody begin anew cannot keep another
    from it either.

    Parameters
    ----------
    stored
        The newest invitations of the phone, one of each kind at most.
    begins
        Whether they may begin anew; else they are told that they are wanted, and no code is good.
    """
    stage = Stage.OPEN if begins else Stage.TOLD
    before = next((one for one in stored if (one.stage is Stage.TOLD) is not begins), None)
    return replace(
        wanted,
        stage=stage,
        version=before.version if before else None,
        outbox=before.outbox if before else EMPTY,
    )


def check_code(invitation: Invitation | None, right: str, code: str, now: datetime) -> Invitation:
    """The invitation, if this is its code and it still waits to be accepted or confirmed.

    Raises
    ------
    Conflict
        `code_not_valid`, whatever is wrong: nobody learns who is invited.
    """
    same = hmac.compare_digest(right, code)
    if invitation is None or not same or not waits(invitation, now):
        raise Conflict("code_not_valid")
    return invitation


def waits(invitation: Invitation, now: datetime) -> bool:
    """Whether an invitation can still become a credential."""
    return invitation.stage in (Stage.OPEN, Stage.ACCEPTED) and now < invitation.ends_at


def check_reached(person: Person, invitation: Invitation) -> None:
    """Let an invitation make no way in for somebody who has given up the phone it was sent to.

    Raises
    ------
    Conflict
        `code_not_valid`: they sign in by another phone now, or by none.
    """
    if person.login("phone") != Login("phone", invitation.phone):
        raise Conflict("code_not_valid")


def accept(invitation: Invitation, proof: Proof, mark: str) -> Invitation:
    """The invitation with what shall become the credential, in place of what stood there."""
    return replace(invitation, stage=Stage.ACCEPTED, proof=proof, mark=mark)


def confirm(
    invitation: Invitation, before: Credential | None, step: int, mark: str, now: datetime
) -> tuple[Invitation, Credential]:
    """The invitation at its end, and the credential it became."""
    assert invitation.proof is not None  # an accepted invitation has one
    made = Credential(
        person_id=invitation.person_id,
        proof=invitation.proof,
        step=step,
        mark=mark,
        used_at=now,
        version=before.version if before else None,
        outbox=before.outbox if before else EMPTY,
    )
    return replace(invitation, stage=Stage.DONE, proof=None, mark=mark), made


def with_username(person: Person, username: str) -> Person:
    """The person who signs in by this username, and by no other one.

    Raises
    ------
    Conflict
        `code_not_valid`: they are frozen, merged into somebody else or erased.
    """
    if person.state is not PersonState.ACTIVE:
        raise Conflict("code_not_valid")
    others = tuple(login for login in person.logins if login.kind != _USERNAME)
    return replace(person, logins=(*others, Login(_USERNAME, username)))


def check_password(
    password: str, username: str, guesses_score: int, path: str = "password"
) -> None:
    """Refuse a password that holds the username, or that a guesser would soon come to.

    Parameters
    ----------
    guesses_score
        0 to 4 of zxcvbn; 3 stands for more than 10^8 guesses.

    Raises
    ------
    Invalid
        `password_names_you` or `password_too_common`, at `path`.
    """
    if username.casefold() in password.casefold():
        raise invalid(path, "password_names_you")
    if guesses_score < 3:
        raise invalid(path, "password_too_common")


def step_of(moment: datetime) -> int:
    """The time step in which `moment` falls (RFC 6238: T)."""
    return int(moment.timestamp()) // int(STEP.total_seconds())


def steps_around(now: datetime) -> range:
    """The time steps whose codes are taken just now."""
    return range(step_of(now) - DRIFT, step_of(now) + DRIFT + 1)


def is_repeat(credential: Credential | None, mark: str, now: datetime) -> bool:
    """Whether this very request came before, a minute ago at most, and its answer may be lost."""
    if credential is None or now - credential.used_at > REPEATED_FOR:
        return False
    return hmac.compare_digest(mark, credential.mark)


def use(credential: Credential, step: int, mark: str, now: datetime) -> Credential:
    """The credential after a code was used; no older code and not this one is ever taken again.

    Raises
    ------
    Conflict
        `sign_in_refused`: it was used before.
    """
    if step <= credential.step:
        raise Conflict("sign_in_refused")
    return replace(credential, step=step, mark=mark, used_at=now)


def attempt(before: Attempts | None, mark: str, now: datetime) -> Attempts:
    """One more attempt, counted as a failure until it succeeds; `before` itself for the same again.

    The first five are free; each further one locks for twice as long as the one before, and never
    for longer than a quarter of an hour: 104 attempts in a day.  A name is locked for the source
    alone from which it was tried, so whoever guesses keeps nobody out who comes from elsewhere.

    All strange sources together have `STRANGERS_TRIES` in a quarter of an hour: 2,880 sign-ins in a
    day at one name, from however many addresses.  Who knows its password guesses a code of its
    authenticator, three of a million at a time, once in 115 days so; who does not, never.  While
    strangers use that up, its bearer comes in from where they came in before.

    Raises
    ------
    Limited
        `too_many_attempts`: it is locked just now.
    """
    if before is None or now - before.at >= FORGIVEN_AFTER:
        failures = 1
    elif now - before.at <= REPEATED_FOR and hmac.compare_digest(mark, before.mark):
        return before
    elif before.failures and now < before.locked_until:
        raise Limited("too_many_attempts")
    else:
        failures = before.failures + 1
    over = failures - FREE_FAILURES
    # Eight doublings are far past the longest.
    lock = min(SHORTEST_LOCK * 2 ** min(over, 8), LONGEST_LOCK) if over >= 0 else timedelta()
    known_until, version = (before.known_until, before.version) if before else (None, None)
    return Attempts(failures, mark, now, now + lock, known_until, version)
