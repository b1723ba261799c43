"""What is done about mandates: people without an account are taken in, rights given and ended."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.identity.mandates import rules
from chalicelib.identity.mandates.rules import Dependence, Mandates, Other
from chalicelib.identity.persons import envelopes, store, telling
from chalicelib.identity.persons import rules as persons
from chalicelib.identity.persons.rules import Details, Origin, Person, PersonState
from shared import clock, ids, vault
from shared.auth import PLATFORM, Caller
from shared.errors import Conflict, NotFound
from shared.quotas import Quota, put_within


def register_dependent(
    caller: Caller, name: str, kind: Dependence, key: str, now: datetime
) -> Other:
    """Take in somebody who has no account, for whom the caller may act from now on.

    Raises
    ------
    NotFound
        Somebody acts for the caller, who is not asked.
    Limited
        `too_many_wards`: the caller acts for as many as one may.
    Conflict
        `idempotency_key_reused`: the key took in somebody else before.
    """
    keeper = _active(store.get_person(caller.in_person()))
    person_id = ids.derived_platform_id("per", caller.person_id, key)
    if person_id in keeper.wards:
        return _made_before(person_id, name)
    wrapped = vault.new_key(person_id)
    person = Person(
        person_id,
        PersonState.ACTIVE,
        Origin.DEPENDENT,
        now,
        name_key=vault.blind("name", name),
        envelope=envelopes.seal(person_id, wrapped, Details(name=name)),
    )
    dependent, acting = persons.take_on(person, keeper)
    told = telling.of_person(
        "DependentRegistered",
        dependent,
        caller.person_id,
        now,
        {"kind": kind.value, "acting_id": keeper.id},
    )
    with store.writing() as writing:
        writing.person(dependent, told)
        writing.key(person_id, wrapped)
        writing.person(acting)
        writing.add_mandate(person_id, keeper.id)
    return Other(person_id, name, has_account=False)


def show_mandates(caller: Caller) -> Mandates:
    """Who acts for the caller, is asked to, and for whom the caller acts."""
    return _shown(persons.check_standing(store.get_person(caller.own())))


def offer_mandate(caller: Caller, acting_id: str, name: str, now: datetime) -> Mandates:
    """Ask another person, whose name the caller knows, to act for the caller.

    Until they agree, it is written down with the caller and nowhere else.  Whoever acts for the
    caller may ask only for those who have no account.

    Raises
    ------
    NotFound
        There is nobody of that id and name who may act for others.
    Limited
        `too_many_offers`: whoever tries names has tried enough of them today.
    """
    person = persons.check_standing(store.get_person(caller.own()))
    if person.logins:
        caller.in_person()
    if acting_id in (*person.acting, *person.offered):
        return _shown(person)
    name_key = vault.blind("name", name)
    return store.insisting(lambda: _offered(caller, acting_id, name_key, now))


def _offered(caller: Caller, acting_id: str, name_key: str, now: datetime) -> Mandates:
    found, asked = _found(caller.person_id, acting_id)
    person = persons.check_standing(found)
    if acting_id in (*person.acting, *person.offered):
        return _shown(person)
    # Before the name is looked at: without room, a right one would cost no try.
    persons.check_offer(person, acting_id)
    quota = _quota(caller.acting_id or caller.person_id, now)
    try:
        after = persons.offer_mandate(person, rules.check_named(asked, name_key))
    except NotFound:
        # A wrong name counts as a right one does: a refusal tells something as well.
        put_within(PLATFORM, [quota])
        raise
    told = telling.of_person(
        "MandateOffered", person, caller.person_id, now, {"acting_id": acting_id}
    )
    shown = _shown(after)
    with store.writing() as writing:
        writing.person(after, told)
        writing.spend(quota)
    return shown


def accept_mandate(caller: Caller, person_id: str, now: datetime) -> Mandates:
    """Agree to act for somebody who asked the caller to; the same once more changes nothing.

    Raises
    ------
    NotFound
        They did not ask, or somebody acts for the caller, who agrees to nothing in their name.
    """
    person, own = _both(person_id, caller.in_person())
    given, acting = persons.accept_mandate(person, own)
    shown = _shown(acting)
    if given is not person:
        data = {"acting_id": acting.id}
        told = telling.of_person("MandateGiven", given, caller.person_id, now, data)
        with store.writing() as writing:
            writing.person(given, told)
            writing.person(acting)
            writing.add_mandate(given.id, acting.id)
    return shown


def end_mandate(caller: Caller, person_id: str, acting_id: str, now: datetime) -> Mandates:
    """End that one acts for another, or is asked to, by either of them; twice is once.

    Raises
    ------
    Conflict
        `last_mandate`: the person has no account, and nobody else would be there for them.
    """
    rules.check_party(caller.own(), person_id, acting_id)
    found = {one: each for one, (each, _) in store.get_with_keys([person_id, acting_id]).items()}
    own = persons.check_standing(found.get(caller.person_id))
    if own.logins:
        caller.in_person()
    person = found.get(person_id)
    if person is None or acting_id not in (*person.acting, *person.offered):
        return _shown(own)
    told = telling.of_person(
        "MandateEnded", person, caller.person_id, now, {"acting_id": acting_id}
    )
    given = acting_id in person.acting
    if given:
        found[person_id], found[acting_id] = persons.end_mandate(person, found[acting_id])
    else:
        found[person_id] = persons.without_offer(person, acting_id)
    # Looked up before: what is shown is of the moment in which it was so.
    shown = _shown(found[caller.person_id])
    with store.writing() as writing:
        writing.person(found[person_id], told)
        if given:
            writing.person(found[acting_id])
            writing.remove_mandate(person_id, acting_id)
    return shown


def _quota(tries_id: str, now: datetime) -> Quota:
    """How many names whoever sits at the device tries on one day, for themselves and others."""
    window, ends_at = f"offers#{clock.estate_date(now)}", now + timedelta(days=2)
    return Quota(tries_id, window, rules.OFFERS_A_DAY, "too_many_offers", ends_at)


def _shown(own: Person) -> Mandates:
    found = store.get_with_keys([*own.acting, *own.offered, *own.wards])
    others = {one: _other(person, key) for one, (person, key) in found.items()}
    listed = (own.acting, own.offered, own.wards)
    return Mandates(*(tuple(others[one] for one in ids) for ids in listed))


def _both(person_id: str, acting_id: str) -> tuple[Person, Person]:
    first, second = _found(person_id, acting_id)
    return persons.check_standing(first), persons.check_standing(second)


def _found(*person_ids: str) -> tuple[Person | None, ...]:
    found = store.get_with_keys(person_ids)
    return tuple(found.get(one, (None, b""))[0] for one in person_ids)


def _active(person: Person | None) -> Person:
    if person is None or person.state is not PersonState.ACTIVE:
        raise NotFound
    return person


def _made_before(person_id: str, name: str) -> Other:
    person, key = store.get_with_key(person_id)
    known = _other(persons.check_standing(person), key)
    if known.name != name:
        raise Conflict("idempotency_key_reused")
    return known


def _other(person: Person, key: bytes) -> Other:
    # Of whoever was asked to act, and is gone by now, no name is left.
    name = envelopes.opened(person.id, key, person.envelope).name if key else ""
    return Other(person.id, name, has_account=bool(person.logins))
