"""How people come: found by what they sign in by, or signed up; and what they sign in by later.

Whoever proves that a phone or an openid is theirs, at the same moment on two devices or once more
because an answer was lost, is one person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.identity.persons import envelopes, rules, store, telling
from chalicelib.identity.persons.rules import (
    Details,
    Held,
    Login,
    Origin,
    Person,
    PersonState,
)
from shared import ids, vault
from shared.errors import Conflict, NotFound
from shared.outbox import EMPTY

_ATTEMPTS = 3
_ORIGINS = {"phone": Origin.PHONE, "openid": Origin.WECHAT, "unionid": Origin.WECHAT}


def arrive(
    kind: vault.Kind,
    value: str,
    details: Details,
    now: datetime,
    origin: Origin | None = None,
    check: Callable[[], None] | None = None,
) -> Person:
    """The person who signs in by this, signed up if nobody does.

    Parameters
    ----------
    kind, value
        What they have proven to be theirs, which `details` names too.
    details
        What is known of a new person; of one who is known already nothing is changed.
    origin
        How they came, where it is not by themselves.
    check
        What must hold before a new person is stored; it raises what it finds.

    Raises
    ------
    Conflict
        `busy`: they kept arriving elsewhere at the same moment.
    """
    blind = vault.blind(kind, value)
    for _ in range(_ATTEMPTS):
        held = store.get_login(kind, blind)
        if held is not None:
            found = store.get_person(held.person_id)
            assert found is not None, "a login goes with its person"
            return found
        known = _known_otherwise(kind, details)
        if known is None:
            if check is not None:
                check()
            known = _sign_up(kind, details, now, origin)
        if known is not None:
            return known
    raise Conflict("busy")


def bind(
    person_id: str, kind: vault.Kind, value: str, now: datetime, *, replaces: bool = False
) -> Person:
    """Let a person sign in by this as well, which they have proven to be theirs.

    Parameters
    ----------
    replaces
        Whether another of its kind gives way: whoever has that one comes in by it no more.

    Raises
    ------
    NotFound
        There is no such person, or they are not active.
    Conflict
        `login_of_another`: somebody else signs in by it; the operator can merge the two.
        `login_taken`: they sign in by another of its kind, which stays.  `busy`: they kept being
        changed.
    """
    # What proved it is used up: whoever loses a race must not have to prove it again.
    return store.insisting(lambda: _bind(person_id, kind, value, now, replaces=replaces))


def check_there(person_id: str) -> Person:
    """Somebody who is there and active.

    Raises
    ------
    NotFound
        They are not.
    """
    person = store.get_person(person_id)
    if person is None or person.state is not PersonState.ACTIVE:
        raise NotFound
    return person


def _bind(person_id: str, kind: vault.Kind, value: str, now: datetime, *, replaces: bool) -> Person:
    person, key = store.get_with_key(person_id)
    if person is None or person.state is not PersonState.ACTIVE:
        raise NotFound
    login = Login(kind, vault.blind(kind, value))
    if login in person.logins:
        return person
    if store.get_login(kind, login.blind) is not None:
        raise Conflict("login_of_another")
    details = envelopes.opened(person.id, key, person.envelope)
    proven: dict[str, Any] = {kind: value}
    sealed = envelopes.seal(person.id, key, replace(details, **proven))
    after = replace(rules.with_login(person, login, replaces=replaces), envelope=sealed)
    lost = tuple(one for one in person.logins if one not in after.logins)
    gone = store.get_logins(replace(person, logins=lost))
    # What is taken from the table hands on what it has not told.
    held = Held(login, person.id, outbox=EMPTY.inheriting((one.outbox for one in gone), now))
    told = telling.of_phone(held, person, person.id, now) if kind == "phone" else None
    with store.writing() as writing:
        writing.person(after)
        writing.login(held, told)
        for one in gone:
            writing.drop_login(one)
        if gone:
            # Whoever came in by what gave way must not stay in.
            writing.end_sessions(person.id)
    return replace(after, version=after.next_version)


def _known_otherwise(kind: vault.Kind, details: Details) -> Person | None:
    """Who signs in by something else that is this newcomer's too.

    The same account of WeChat has an openid in each app, and one unionid in all.
    """
    for login in _logins(details):
        held = store.get_login(login.kind, login.blind) if login.kind != kind else None
        if held is not None:
            return store.get_person(held.person_id)
    return None


def _sign_up(
    kind: vault.Kind, details: Details, now: datetime, origin: Origin | None
) -> Person | None:
    """The new person; None where somebody signed up by the same just then."""
    person_id = ids.random_platform_id("per")
    key = vault.new_key(person_id)
    person = Person(
        person_id,
        PersonState.ACTIVE,
        origin or _ORIGINS[kind],
        now,
        logins=tuple(_logins(details)),
        name_key=vault.blind("name", details.name) if details.name else "",
        envelope=envelopes.seal(person_id, key, details),
    )
    told = {"origin": person.origin.value}
    arrived = telling.of_person("PersonArrived", person, person_id, now, told)
    held = [Held(login, person_id) for login in person.logins]
    bound = {
        one.login: telling.of_phone(one, person, person_id, now)
        for one in held
        if one.login.kind == "phone"
    }
    added = store.add_person(person, key, arrived, {one: bound.get(one.login) for one in held})
    return replace(person, version=1) if added else None


def _logins(details: Details) -> list[Login]:
    kinds: tuple[vault.Kind, ...] = ("phone", "openid", "unionid")
    values = ((kind, str(getattr(details, kind))) for kind in kinds)
    return [Login(kind, vault.blind(kind, value)) for kind, value in values if value]
