"""Erasure (PIPL 47): what opens a person's details is destroyed, and whatever names them goes.

The ledger, counts and logs speak of an id, which stays and tells of nobody any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.identity.credentials import store as credentials
from chalicelib.identity.persons import rules, store, telling
from chalicelib.identity.persons.rules import Person, PersonState
from chalicelib.identity.settings import store as settings
from shared.auth import Grant


def erase(
    person: Person, actor_id: str, now: datetime, basis: Sequence[Grant] = (), reason: str = "own"
) -> Person:
    """Erase a person in one transaction; what is left of them.

    Raises
    ------
    NotFound
        A grant that the actor relies on was taken away.
    Conflict
        `wards_first`: they act for others, who must be handed on first.  `stale_version`, `busy`:
        something of them changed meanwhile.
    """
    rules.check_erasable(person)
    chosen = settings.get_settings(person.id)
    keepers = store.get_with_keys(person.acting)
    held = store.get_logins(person)
    told = telling.of_person("PersonErased", person, actor_id, now, {"reason": reason})
    untold = [chosen.outbox, *(one.outbox for one in held), *credentials.untold(person)]
    left = rules.leaving(rules.erased(person), untold, now)
    with store.writing(actor_id, basis) as writing:
        writing.person(left, told)
        writing.drop_key(person.id)
        for login in person.logins:
            writing.drop_login(login)
        settings.drop_settings(writing.transaction, chosen)
        if person.login("username"):
            credentials.drop_credential(writing.transaction, person.id)
        if person.state is PersonState.ACTIVE:
            writing.freeze(person.id)
        for acting_id in person.acting:
            writing.remove_mandate(person.id, acting_id)
            keeper, _ = keepers[acting_id]
            wards = tuple(one for one in keeper.wards if one != person.id)
            writing.person(replace(keeper, wards=wards))
    return left
