"""Erasure (PIPL 47): what opens a person's details is destroyed, and whatever names them goes.

The ledger, counts and logs speak of an id, which stays and tells of nobody any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.identity.credentials import store as credentials
from chalicelib.identity.persons import rules, store, telling
from chalicelib.identity.persons.rules import Person, PersonState
from chalicelib.identity.settings import store as settings
from shared.auth import Grant
from shared.events import Event


def erase(
    person: Person, actor_id: str, now: datetime, basis: Sequence[Grant] = (), reason: str = "own"
) -> Person:
    """Erase a person in one transaction; what is left of them.

    Raises
    ------
    NotFound
        A grant that the actor relies on was taken away.
    Conflict
        `wards_first`: somebody without an account has only them, and must be handed on first.
        `stale_version`, `busy`: something of them changed meanwhile.
    """
    found = store.get_with_keys([*person.acting, *person.wards])
    others = {one: other for one, (other, _) in found.items()}
    rules.check_erasable(person, (others[one] for one in person.wards))
    chosen = settings.get_settings(person.id)
    held = store.get_logins(person)
    told = telling.of_person("PersonErased", person, actor_id, now, {"reason": reason})
    credential = credentials.get_credential(person.id) if person.login("username") else None
    untold = [chosen.outbox, *(one.outbox for one in held)]
    untold += [credential.outbox] if credential else []
    left = rules.leaving(rules.erased(person), untold, now)
    with store.writing(actor_id, basis) as writing:
        writing.person(left, told)
        writing.drop_key(person.id)
        for one in held:
            writing.drop_login(one)
        settings.drop_settings(writing.transaction, chosen)
        if credential is not None:
            credentials.drop_credential(writing.transaction, credential)
        if person.state is PersonState.ACTIVE:
            writing.freeze(person.id)
        for acting_id in person.acting:
            writing.remove_mandate(person.id, acting_id)
        for ward_id in person.wards:
            writing.remove_mandate(ward_id, person.id)
        for other_id, other in others.items():
            ended = _ended(other, person.id, actor_id, now) if other_id in person.wards else None
            writing.person(rules.parted(other, person.id), ended)
    return left


def _ended(ward: Person, acting_id: str, actor_id: str, now: datetime) -> Event:
    return telling.of_person("MandateEnded", ward, actor_id, now, {"acting_id": acting_id})
