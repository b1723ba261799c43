"""How people come: found by what they sign in by, or signed up; and what they sign in by later.

Whoever proves that a phone or an openid is theirs, at the same moment on two devices or once more
because an answer was lost, is one person.
"""

from __future__ import annotations

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
    State,
)
from shared import ids, vault
from shared.errors import Conflict, NotFound

_ATTEMPTS = 3
_ORIGINS = {"phone": Origin.PHONE, "openid": Origin.WECHAT, "unionid": Origin.WECHAT}


def arrive(
    kind: vault.Kind, value: str, details: Details, now: datetime, origin: Origin | None = None
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
        try:
            if known is None:
                return _sign_up(kind, details, now, origin)
            return bind(known.id, kind, value, now)
        except Conflict as conflict:
            if conflict.code not in ("busy", "stale_version", "login_of_another"):
                raise
    raise Conflict("busy")


def bind(person_id: str, kind: vault.Kind, value: str, now: datetime) -> Person:
    """Let a person sign in by this as well, which they have proven to be theirs.

    Raises
    ------
    NotFound
        There is no such person, or they are not active.
    Conflict
        `login_of_another`: somebody else signs in by it; the operator can merge the two.
        `login_taken`: they sign in by another of its kind.  `stale_version`: they were changed.
    """
    person, key = store.get_with_key(person_id)
    if person is None or person.state is not State.ACTIVE:
        raise NotFound
    login = Login(kind, vault.blind(kind, value))
    if login in person.logins:
        return person
    if store.get_login(kind, login.blind) is not None:
        raise Conflict("login_of_another")
    details = envelopes.opened(person.id, key, person.envelope)
    proven: dict[str, Any] = {kind: value}
    sealed = envelopes.seal(person.id, key, replace(details, **proven))
    after = replace(rules.with_login(person, login), envelope=sealed)
    held = Held(login, person.id)
    told = telling.of_phone(held, person.name_key, person.id, now) if kind == "phone" else None
    with store.writing() as writing:
        writing.person(after)
        writing.login(held, told)
    return replace(after, version=after.next_version)


def _known_otherwise(kind: vault.Kind, details: Details) -> Person | None:
    """Who signs in by something else that belongs to this newcomer: WeChat's unionid, say."""
    for login in _logins(details):
        held = store.get_login(login.kind, login.blind) if login.kind != kind else None
        if held is not None:
            return store.get_person(held.person_id)
    return None


def _sign_up(kind: vault.Kind, details: Details, now: datetime, origin: Origin | None) -> Person:
    person_id = f"per_{ids.ulid(now)}"
    key = vault.new_key(person_id)
    person = Person(
        person_id,
        State.ACTIVE,
        origin or _ORIGINS[kind],
        now,
        logins=tuple(_logins(details)),
        name_key=vault.blind("name", details.name) if details.name else "",
        envelope=envelopes.seal(person_id, key, details),
    )
    with store.writing() as writing:
        arrived = telling.of_person(
            "PersonArrived", person, person_id, now, {"origin": person.origin.value}
        )
        writing.person(person, arrived)
        writing.key(person_id, key)
        for login in person.logins:
            held = Held(login, person_id)
            bound = telling.of_phone(held, person.name_key, person_id, now)
            writing.login(held, bound if login.kind == "phone" else None)
    return replace(person, version=1)


def _logins(details: Details) -> list[Login]:
    kinds: tuple[vault.Kind, ...] = ("phone", "openid", "unionid")
    values = ((kind, str(getattr(details, kind))) for kind in kinds)
    return [Login(kind, vault.blind(kind, value)) for kind, value in values if value]
