"""What the operator does about people: find, freeze, merge and erase them, and look at details."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.identity.administration import rules
from chalicelib.identity.administration.rules import DISCLOSURES_A_DAY, Cause, Field, Purpose
from chalicelib.identity.credentials import store as credentials
from chalicelib.identity.persons import (
    disclosures,
    envelopes,
    erasing,
    merging,
    store,
    telling,
)
from chalicelib.identity.persons import rules as persons
from chalicelib.identity.persons.disclosures import Disclosure
from chalicelib.identity.persons.rules import (
    Details,
    Known,
    Merging,
    Person,
    PersonState,
    Summary,
)
from shared import grants, ids, vault
from shared.auth import PLATFORM, Caller, Grant, Role
from shared.errors import NotFound
from shared.table import Page

_BASIS = (Grant(Role.PLATFORM_ADMIN, PLATFORM),)
"""What a change of somebody else's account relies on, in its very write."""


def list_persons(caller: Caller, month: str, limit: int, cursor: str | None) -> Page[Summary]:
    """A page of who joined in a month, newest first; nothing of who they are."""
    caller.require(PLATFORM)
    return store.list_joined(month, limit, cursor)


def find_persons(caller: Caller, phone: str, name: str) -> tuple[Summary, ...]:
    """Who signs in by a phone, or has a name: exactly this one, never what is like it."""
    caller.require(PLATFORM)
    if name:
        return store.find_named(vault.blind("name", name))
    held = store.get_login("phone", vault.blind("phone", phone))
    person = store.get_person(held.person_id) if held else None
    if person is None:
        return ()
    return (Summary(person.id, person.state, person.origin, person.joined_at),)


def get_person(caller: Caller, person_id: str) -> Known:
    """One person; of who they are, what masks leave."""
    caller.require(PLATFORM)
    person, key = store.get_with_key(person_id)
    if person is None:
        raise NotFound
    return _known(person, key)


def freeze_person(caller: Caller, person_id: str, cause: Cause, now: datetime) -> Person:
    """Let a person do nothing until it is lifted; the frozen stay so (UM-01)."""
    person = _found(caller, person_id)
    if person.state is PersonState.FROZEN:
        return person
    told = telling.of_person("PersonFrozen", person, caller.person_id, now, {"reason": cause.value})
    after = persons.freeze(person)
    with store.writing(caller.person_id, _BASIS) as writing:
        writing.person(after, told)
        writing.freeze(person.id)
    return after


def unfreeze_person(caller: Caller, person_id: str, cause: Cause, now: datetime) -> Person:
    """Give a frozen person back what is theirs; they sign in anew."""
    person = _found(caller, person_id)
    if person.state is PersonState.ACTIVE:
        return person
    told = telling.of_person(
        "PersonUnfrozen", person, caller.person_id, now, {"reason": cause.value}
    )
    after = persons.unfreeze(person)
    with store.writing(caller.person_id, _BASIS) as writing:
        writing.person(after, told)
        writing.unfreeze(person.id)
    return after


def ask_merge(caller: Caller, person_id: str, into_id: str, now: datetime) -> Person:
    """Ask for a duplicate to be merged into a person; another operator must agree."""
    absorbed, into = _both(caller, person_id, into_id)
    asked = merging.ask_merge(absorbed, into, Merging(into_id, caller.person_id, now))
    if asked is absorbed:
        return absorbed
    told = telling.of_person("MergeAsked", absorbed, caller.person_id, now, {"into_id": into_id})
    with store.writing(caller.person_id, _BASIS) as writing:
        writing.person(asked, told)
    return asked


def approve_merge(caller: Caller, person_id: str, into_id: str, now: datetime) -> Person:
    """Merge a duplicate into a person, as another operator asked; what it knew goes along.

    What the duplicate may do is moved by whoever gave it, when they hear of the merge.
    """
    caller.require(PLATFORM)
    known = _found_any(person_id)
    if known.state is PersonState.MERGED and known.into_id == into_id:
        # The request comes again whose answer was lost.
        return known
    absorbed, into = _both(caller, person_id, into_id)
    merging.check_approval(absorbed, into, caller.person_id, now)
    gone, kept, moving = merging.merged(absorbed, into)
    kept = _with_details_of(kept, absorbed)
    told = telling.of_person("PersonsMerged", absorbed, caller.person_id, now, {"into_id": into.id})
    held = store.get_logins(absorbed)
    moved = [replace(one, person_id=kept.id) for one in held if one.login in moving]
    dropped = [one for one in held if one.login not in moving]
    own = into.login("phone")
    if own is not None and kept.name_key != into.name_key:
        # Whoever compares phones and names with a register hears of the new name.
        moved += [one for one in store.get_logins(into) if one.login == own]
    credential = credentials.get_credential(absorbed.id) if absorbed.login("username") else None
    untold = [one.outbox for one in dropped] + ([credential.outbox] if credential else [])
    gone = persons.leaving(gone, untold, now)
    with store.writing(caller.person_id, _BASIS) as writing:
        writing.person(gone, told)
        writing.person(kept)
        writing.drop_key(absorbed.id)
        writing.freeze(absorbed.id)
        for one in moved:
            bound = telling.of_phone(one, kept, caller.person_id, now)
            writing.login(one, bound if one.login.kind == "phone" else None)
        for one in dropped:
            writing.drop_login(one)
        if credential is not None:
            credentials.drop_credential(writing.transaction, credential)
    return gone


def erase_person(caller: Caller, person_id: str, cause: Cause, now: datetime) -> Person:
    """Erase a person who asked the operator to, or must be; the erased stay so (PIPL 47)."""
    caller.require(PLATFORM)
    known = _found_any(person_id)
    if known.state is PersonState.ERASED:
        return known
    person = persons.check_standing(known)
    return erasing.erase(person, caller.person_id, now, _BASIS, cause.value)


def disclose_person(
    caller: Caller,
    person_id: str,
    fields: Sequence[Field],
    purpose: Purpose,
    key: str,
    now: datetime,
) -> Details:
    """Details of somebody in full, told of in the log before they are answered.

    Raises
    ------
    NotFound
        They are not there, or have no right within the caller's scope as it stands now.
    Limited
        `too_many_disclosures`: the caller looked at as many today as one may.
    """
    caller.own()
    over = [grant.scope for grant in grants.grants_of(person_id)]
    # What the gateway knows may be a minute old: a right to look is read anew.
    held = grants.grants_of(caller.person_id)
    rules.check_reach(held, caller.permission.roles, over, fields)
    found, wrapped = store.get_with_key(person_id)
    person = persons.check_standing(found)
    wanted = tuple(sorted({field.value for field in fields}))
    disclosure = Disclosure(
        ids.derived_platform_id("dis", caller.person_id, key),
        person.id,
        caller.person_id,
        wanted,
        purpose.value,
        now,
    )
    disclosures.note(disclosure, DISCLOSURES_A_DAY, "too_many_disclosures")
    whole = envelopes.opened(person.id, wrapped, person.envelope)
    return replace(Details(), **{name: getattr(whole, name) for name in wanted})


def _found(caller: Caller, person_id: str) -> Person:
    caller.require(PLATFORM)
    return persons.check_standing(store.get_person(person_id))


def _found_any(person_id: str) -> Person:
    person = store.get_person(person_id)
    if person is None:
        raise NotFound
    return person


def _both(caller: Caller, person_id: str, into_id: str) -> tuple[Person, Person]:
    return _found(caller, person_id), _found(caller, into_id)


def _with_details_of(kept: Person, absorbed: Person) -> Person:
    """The person who stays, knowing what only the duplicate knew."""
    found = store.get_with_keys([kept.id, absorbed.id])
    own, other = (_details(one, found[one.id][1]) for one in (kept, absorbed))
    details = merging.completed(own, other)
    return replace(
        kept,
        envelope=envelopes.seal(kept.id, found[kept.id][1], details),
        name_key=vault.blind("name", details.name) if details.name else "",
    )


def _details(person: Person, key: bytes) -> Details:
    return envelopes.opened(person.id, key, person.envelope) if key else Details()


def _known(person: Person, key: bytes) -> Known:
    return Known(person, _details(person, key))
