"""What people do with their sessions: go on, look at them, end them, act for somebody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib.identity import tokens
from chalicelib.identity.sessions import opening, refreshing, rules, store
from chalicelib.identity.sessions.opening import PLATFORM, SOURCE, Tokens
from chalicelib.identity.sessions.rules import Session, Sessions, Turn
from shared import events, grants
from shared.auth import Caller
from shared.errors import Conflict, NotFound

_ATTEMPTS = 3


def refresh_session(refresh_token: str, now: datetime) -> Tokens:
    """New tokens for a session's newest refresh token.

    Raises
    ------
    Conflict
        `session_ended`: it is not the newest, or no session's; if it was one once, the session has
        ended now.  `busy`: the same person kept coming from elsewhere.
    """
    claimed = refreshing.claimed(refresh_token)
    if claimed is None:
        raise Conflict("session_ended")
    person_id, session_id, counter, proof = claimed
    for _ in range(_ATTEMPTS):
        before = store.get_sessions(person_id)
        session = before.find(session_id)
        if session is None or not refreshing.is_proven(person_id, session, counter, proof):
            raise Conflict("session_ended")
        after, turn = rules.turned(before, session_id, counter, now)
        if turn is Turn.REFUSED:
            raise Conflict("session_ended")
        event = None
        if turn is Turn.REUSED:
            event = _told("RefreshReused", after, [session_id], now)
        if turn is Turn.REPEATED or store.save_sessions(rules.current(after, now), event):
            used = after.find(session_id)
            if used is None:
                raise Conflict("session_ended")
            return opening.tokens_of(person_id, used, now)
    raise Conflict("busy")


def list_sessions(caller: Caller, now: datetime) -> tuple[Session, ...]:
    """The caller's own sessions, the one opened first in front."""
    return rules.current(store.get_sessions(caller.in_person()), now).open


def end_session(caller: Caller, session_id: str, now: datetime) -> tuple[Session, ...]:
    """Sign out on one device of the caller's own; those that are left.

    Raises
    ------
    NotFound
        None of their devices has been signed in by this of late.
    """
    return _end(caller.in_person(), lambda one: one.id == session_id, now, session_id)


def end_all_sessions(caller: Caller, now: datetime) -> tuple[Session, ...]:
    """Sign out everywhere; nothing is left."""
    return _end(caller.in_person(), lambda one: True, now)


def act_for(caller: Caller, person_id: str, now: datetime) -> tuple[str, int]:
    """A token in the name of somebody who lets the caller act for them, and its seconds.

    Raises
    ------
    NotFound
        They do not, or are frozen, or are not there.
    """
    own_id = caller.in_person()
    standing = grants.standing_of(person_id)
    if standing.frozen or own_id not in standing.acting:
        raise NotFound
    token = tokens.access_token(person_id, "resident", now, acting_id=own_id)
    return token, tokens.LIFE_SECONDS


def _end(
    person_id: str, chosen: Callable[[Session], bool], now: datetime, named: str = ""
) -> tuple[Session, ...]:
    for _ in range(_ATTEMPTS):
        before = rules.current(store.get_sessions(person_id), now)
        gone = [one.id for one in before.open if chosen(one)]
        if named and not gone and not _has_ended(before, named):
            raise NotFound
        after = rules.ended(before, gone)
        if not gone or store.save_sessions(after, _told("SessionEnded", after, gone, now)):
            return after.open
    raise Conflict("busy")


def _has_ended(sessions: Sessions, session_id: str) -> bool:
    """Whether a session ended of late, so that ending it again is a repetition."""
    told = (events.decode(text) for text in sessions.outbox.texts)
    return any(session_id in event.data.get("ended", ()) for event in told)


def _told(type: str, after: Sessions, gone: list[str], now: datetime) -> events.Event:
    return events.happened(
        type,
        SOURCE,
        gone[0],
        after.next_version,
        at=now,
        community_id=PLATFORM,
        actor_id=after.person_id,
        data={"person_id": after.person_id, "ended": gone},
    )
