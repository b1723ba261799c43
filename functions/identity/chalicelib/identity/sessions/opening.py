"""Opening a session for somebody who has proven who they are, and the tokens that come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.identity import tokens
from chalicelib.identity.sessions import refreshing, rules, store
from chalicelib.identity.sessions.rules import Assurance, Session, Sessions
from shared import events, ids
from shared.errors import Conflict
from shared.table import Transaction

SOURCE = "identity"
PLATFORM = "platform"
_ATTEMPTS = 3


@dataclass(frozen=True)
class Tokens:
    """What somebody signed in holds."""

    person_id: str
    session_id: str
    access_token: str
    expires_in_seconds: int
    refresh_token: str


def open_session(
    person_id: str,
    assurance: Assurance,
    device: str,
    cause: str,
    now: datetime,
    relying: Callable[[Transaction], None] | None = None,
) -> Tokens:
    """Sign a person in on a device; they have proven who they are.

    Parameters
    ----------
    cause
        What they proved it with, and the Idempotency-Key of the request, which together nobody
        else ever has: the same cause within a minute is the same request, whose answer was lost,
        and gets the same answer.

    Raises
    ------
    Conflict
        `sign_in_refused`: the person is not active, or the proof stands no more.  `busy`: they
        kept signing in elsewhere.
    """
    session_id = ids.derived_platform_id("ses", cause)
    for _ in range(_ATTEMPTS):
        before = rules.current(store.get_sessions(person_id), now)
        known = before.find(session_id)
        if known is not None:
            if not rules.is_repeat(known, now):
                raise Conflict("sign_in_refused")
            return tokens_of(person_id, known, now)
        made = rules.new_session(session_id, device, assurance, now)
        after, gone = rules.opened(before, made)
        try:
            stored = store.add_session(after, _opened(after, made, gone, now), relying)
        except store.NobodyActive as nobody:
            raise Conflict("sign_in_refused") from nobody
        if stored:
            return tokens_of(person_id, made, now)
    raise Conflict("busy")


def tokens_of(person_id: str, session: Session, now: datetime) -> Tokens:
    """The tokens that a session gives its bearer now."""
    return Tokens(
        person_id=person_id,
        session_id=session.id,
        access_token=tokens.access_token(person_id, session.assurance, now, session_id=session.id),
        expires_in_seconds=tokens.LIFE_SECONDS,
        refresh_token=refreshing.refresh_token(person_id, session),
    )


def _opened(
    sessions: Sessions, made: Session, gone: tuple[str, ...], now: datetime
) -> events.Event:
    return events.happened(
        "SessionOpened",
        SOURCE,
        made.id,
        sessions.next_version,
        at=now,
        community_id=PLATFORM,
        actor_id=sessions.person_id,
        data={
            "person_id": sessions.person_id,
            "assurance": made.assurance,
            "ended": list(gone),
        },
    )
