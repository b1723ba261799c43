"""When a session may go on: refresh tokens rotate, and one that comes back ends its session.

All sessions of a person are one record, so that ten are never eleven, and so that signing out
everywhere, freezing and erasing are one write, which no refresh can slip past.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from shared.outbox import EMPTY, Outbox

Assurance = Literal["resident", "staff"]
"""How sure we are of who it is: a code or WeChat, or a password and a second factor."""

SESSIONS_MAX = 10
"""Sessions of one person; the one that was used longest ago gives way."""
LIFETIMES: dict[Assurance, timedelta] = {
    "resident": timedelta(days=30),
    "staff": timedelta(hours=12),
}
LOST_REPLY = timedelta(seconds=60)
"""How long a request whose answer was lost may come again and get that answer."""


@dataclass(frozen=True)
class Session:
    """A person signed in on a device.

    Attributes
    ----------
    counter
        How often its refresh token was changed; the one that counts carries this number.
    refreshed_at
        When it was last changed, or when the session was opened.
    ends_at
        When it ends unless it is used before; for staff, when it ends whatever happens.
    """

    id: str
    device: str
    assurance: Assurance
    opened_at: datetime
    refreshed_at: datetime
    ends_at: datetime
    counter: int = 0


@dataclass(frozen=True)
class Sessions:
    """All sessions of a person, and the version of the record that holds them."""

    person_id: str
    open: tuple[Session, ...] = ()
    version: int | None = None
    outbox: Outbox = field(default=EMPTY, compare=False, repr=False)

    def find(self, session_id: str) -> Session | None:
        """The session with this id, if it is still open."""
        return next((one for one in self.open if one.id == session_id), None)

    @property
    def next_version(self) -> int:
        """The version that the next write makes."""
        return (self.version or 0) + 1


class Turn(StrEnum):
    """What presenting a refresh token comes to."""

    ROTATED = "rotated"
    REPEATED = "repeated"
    REUSED = "reused"
    REFUSED = "refused"


def new_session(session_id: str, device: str, assurance: Assurance, now: datetime) -> Session:
    """A session that begins now."""
    return Session(session_id, device, assurance, now, now, now + LIFETIMES[assurance])


def current(sessions: Sessions, now: datetime) -> Sessions:
    """The person's sessions without those that have ended."""
    return replace(sessions, open=tuple(one for one in sessions.open if one.ends_at > now))


def opened(sessions: Sessions, made: Session) -> tuple[Sessions, tuple[str, ...]]:
    """The sessions with a new one, and the ids of those that gave way to it."""
    by_use = sorted(sessions.open, key=lambda one: (one.refreshed_at, one.id))
    gone = {one.id for one in by_use[: max(0, len(by_use) + 1 - SESSIONS_MAX)]}
    kept = tuple(one for one in sessions.open if one.id not in gone)
    return replace(sessions, open=(*kept, made)), tuple(sorted(gone))


def is_repeat(known: Session, now: datetime) -> bool:
    """Whether opening a session again is the same request, whose answer was lost."""
    return known.counter == 0 and now - known.opened_at <= LOST_REPLY


def turned(
    sessions: Sessions, session_id: str, counter: int, now: datetime
) -> tuple[Sessions, Turn]:
    """What presenting a session's refresh token number `counter` comes to (RFC 9700 §4.14.2).

    The newest is changed for the next.  The one before it, within a minute of the change, is a
    request whose answer was lost: it gets the newest again.  Anything older was stolen, by whoever
    comes first or by whoever comes second, so the session ends for both.
    """
    session = sessions.find(session_id)
    if session is None or session.ends_at <= now or counter > session.counter:
        return sessions, Turn.REFUSED
    if counter == session.counter:
        ends_at = session.ends_at
        if session.assurance == "resident":
            ends_at = now + LIFETIMES["resident"]
        used = replace(session, counter=counter + 1, refreshed_at=now, ends_at=ends_at)
        kept = tuple(used if one is session else one for one in sessions.open)
        return replace(sessions, open=kept), Turn.ROTATED
    if counter == session.counter - 1 and now - session.refreshed_at <= LOST_REPLY:
        return sessions, Turn.REPEATED
    return ended(sessions, [session_id]), Turn.REUSED


def ended(sessions: Sessions, session_ids: list[str]) -> Sessions:
    """The sessions without some."""
    return replace(sessions, open=tuple(one for one in sessions.open if one.id not in session_ids))
