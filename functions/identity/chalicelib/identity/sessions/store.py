"""What sessions keep: one record for each person, with all of theirs.

Access patterns
---------------
1. a person's sessions            Get       pk = platform#sessions#{person}, sk = sessions
2. a refresh, a sign-out          Put       the same, on its version
3. a sign-in                      Transact  the same, while the person is active:
                                            pk = platform#person#{person}, sk = person
4. none left, whatever there was  Update    the same as 1, in the transaction of who ends them
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from pynamodb.attributes import UnicodeAttribute

from chalicelib.identity import records
from chalicelib.identity.sessions.rules import Session, Sessions
from shared import events
from shared.table import Refused, Transaction, Unmet

_NONE = "[]"


class _SessionsItem(records.Item):
    sessions = UnicodeAttribute()


class _PersonItem(records.Item):
    state = UnicodeAttribute()


class NobodyActive(Exception):
    """The person is frozen, merged into another, erased, or was never there."""


def get_sessions(person_id: str) -> Sessions:
    """A person's sessions; none are none."""
    item = _SessionsItem.find(*_key(person_id))
    if item is None:
        return Sessions(person_id)
    found = msgspec.json.decode(item.sessions, type=tuple[Session, ...])
    return Sessions(person_id, found, item.version, item.outbox)


def add_session(
    sessions: Sessions, event: events.Event, relying: Callable[[Transaction], None] | None
) -> bool:
    """Store a person's sessions with a new one; False if they changed since they were read.

    Raises
    ------
    NobodyActive
        Who is not active does not sign in, nor whose proof stands no more; nothing was stored.
    """
    pk = f"platform#person#{sessions.person_id}"
    try:
        with Transaction() as transaction:
            transaction.require(_PersonItem, pk, "person", _PersonItem.state == "active")
            if relying is not None:
                relying(transaction)
            transaction.put(_to_item(sessions, event))
    except Unmet as unmet:
        raise NobodyActive from unmet
    except Refused:
        return False
    return True


def save_sessions(sessions: Sessions, event: events.Event | None) -> bool:
    """Store what was made of a person's sessions; False if they changed since they were read."""
    try:
        _to_item(sessions, event).put()
    except Refused:
        return False
    return True


def end_all(transaction: Transaction, person_id: str) -> None:
    """End whatever sessions a person has, as part of a transaction; it never refuses."""
    item = _SessionsItem(*_key(person_id), version=0)
    transaction.update(item, [_SessionsItem.sessions.set(_NONE)])


def _to_item(sessions: Sessions, event: events.Event | None) -> _SessionsItem:
    item = _SessionsItem(
        *_key(sessions.person_id),
        version=sessions.version,
        sessions=msgspec.json.encode(sessions.open).decode(),
    )
    if sessions.open:
        item.expires_at = max(one.ends_at for one in sessions.open)
    item.announce(sessions.outbox, event)
    return item


def _key(person_id: str) -> tuple[str, str]:
    return f"platform#sessions#{person_id}", "sessions"
