"""What people do about themselves: look, correct, take everything with them, and go."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from datetime import datetime

from chalicelib.identity.feedback import actions as feedback
from chalicelib.identity.persons import (
    disclosures,
    envelopes,
    erasing,
    rules,
    shapes,
    store,
    telling,
)
from chalicelib.identity.persons.disclosures import Disclosure
from chalicelib.identity.persons.rules import Details, Everything, Known, Person, PersonState
from chalicelib.identity.sessions import store as sessions
from chalicelib.identity.settings import store as settings
from shared import ids, vault
from shared.auth import Caller
from shared.requests import MAX_LIMIT

EXPORTS_A_DAY = 5


def show_account(caller: Caller) -> Known:
    """Who the caller is."""
    return _known(caller.own())[0]


def change_account(caller: Caller, change: shapes.ChangeAccount, now: datetime) -> Known:
    """Correct what is known of the caller; the same once more changes nothing."""
    known, key = _known(caller.own())
    _check_hands(caller, known.person)
    person, before = known.person, known.details
    details = replace(before, **change.given())
    if details == before:
        return known
    named = details.name != before.name
    after = replace(
        person,
        envelope=envelopes.seal(person.id, key, details),
        name_key=vault.blind("name", details.name) if details.name else "",
    )
    phone = after.login("phone")
    held = store.get_login("phone", phone.blind) if phone and named else None
    changed = [name for name, value in asdict(details).items() if value != getattr(before, name)]
    told = telling.of_person("AccountChanged", person, person.id, now, {"fields": changed})
    with store.writing() as writing:
        writing.person(after, told)
        if held is not None:
            # Whoever compares phones and names with a register hears of the new name.
            writing.login(held, telling.of_phone(held, after, person.id, now))
    return Known(after, details)


def export_account(caller: Caller, key: str, now: datetime) -> Everything:
    """Everything that is kept of the caller (PIPL 45), told of before it is answered."""
    known, _ = _known(caller.own())
    _check_hands(caller, known.person)
    disclosure = Disclosure(
        ids.derived_platform_id("dis", caller.person_id, key),
        caller.person_id,
        caller.person_id,
        tuple(field.name for field in fields(Details)),
        "own_export",
        now,
    )
    disclosures.note(disclosure, EXPORTS_A_DAY, "too_many_exports")
    said, words = feedback.list_own_feedback(caller, MAX_LIMIT, None)
    return Everything(
        known,
        sessions.get_sessions(caller.person_id).open,
        settings.get_settings(caller.person_id),
        said.items,
        tuple(words),
        said.next_cursor,
    )


def erase_account(caller: Caller, now: datetime) -> Person:
    """Erase the caller (PIPL 47), who signed in just now; whoever acts for them may not.

    Raises
    ------
    Conflict
        `sign_in_again`: the session that asks was opened too long ago, or is none.  `wards_first`:
        somebody without an account has only them.
    """
    person = store.get_person(caller.in_person())
    if person is not None and person.state is PersonState.ERASED:
        return person
    standing = rules.check_standing(person)
    asking = sessions.get_sessions(standing.id).find(caller.session_id)
    rules.check_recent(asking, now)
    return erasing.erase(standing, standing.id, now)


def _check_hands(caller: Caller, person: Person) -> None:
    """Let nobody but themselves see all of, or rewrite, whoever has an account of their own.

    Raises
    ------
    NotFound
        Somebody acts for them.
    """
    if person.logins:
        caller.in_person()


def _known(person_id: str) -> tuple[Known, bytes]:
    found, key = store.get_with_key(person_id)
    person = rules.check_standing(found)
    return Known(person, envelopes.opened(person.id, key, person.envelope)), key
