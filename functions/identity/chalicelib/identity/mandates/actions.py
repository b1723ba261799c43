"""What is done about mandates: people without an account are taken in, rights given and ended."""

from __future__ import annotations

from datetime import datetime

from chalicelib.identity.mandates import rules
from chalicelib.identity.mandates.rules import Dependence, Mandates, Other
from chalicelib.identity.persons import envelopes, store, telling
from chalicelib.identity.persons import rules as persons
from chalicelib.identity.persons.rules import Details, Origin, Person, PersonState
from shared import ids, vault
from shared.auth import Caller
from shared.errors import Conflict, NotFound


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
    """Who acts for the caller and for whom the caller acts; both see each other's name."""
    own = persons.check_standing(store.get_person(caller.own()))
    found = store.get_with_keys([*own.acting, *own.wards])
    others = {one: _other(person, key) for one, (person, key) in found.items()}
    return Mandates(
        tuple(others[one] for one in own.acting), tuple(others[one] for one in own.wards)
    )


def give_mandate(caller: Caller, acting_id: str, name: str, now: datetime) -> Mandates:
    """Let another person, whose name the caller knows, act for the caller.

    Whoever acts for the caller may do so only for those who have no account.

    Raises
    ------
    NotFound
        There is nobody of that id and name who may act for others.
    """
    ends = _both(caller.own(), acting_id)
    persons.check_named(ends[1], vault.blind("name", name))
    person, acting = persons.give_mandate(*ends, by_acting=bool(caller.acting_id))
    if person is not ends[0]:
        data = {"acting_id": acting.id}
        told = telling.of_person("MandateGiven", person, caller.person_id, now, data)
        with store.writing() as writing:
            writing.person(person, told)
            writing.person(acting)
            writing.add_mandate(person.id, acting.id)
    return show_mandates(caller)


def end_mandate(caller: Caller, person_id: str, acting_id: str, now: datetime) -> Mandates:
    """End that one acts for another, by either of them; what has ended already stays so.

    Raises
    ------
    Conflict
        `last_mandate`: the person has no account, and nobody else would be there for them.
    """
    rules.check_party(caller.own(), person_id, acting_id)
    own = persons.check_standing(store.get_person(caller.person_id))
    if person_id in own.wards or acting_id in own.acting:
        person, acting = persons.end_mandate(*_both(person_id, acting_id))
        data = {"acting_id": acting.id}
        told = telling.of_person("MandateEnded", person, caller.person_id, now, data)
        with store.writing() as writing:
            writing.person(person, told)
            writing.person(acting)
            writing.remove_mandate(person.id, acting.id)
    return show_mandates(caller)


def _both(person_id: str, acting_id: str) -> tuple[Person, Person]:
    found = store.get_with_keys([person_id, acting_id])
    first, second = (found.get(one, (None, b""))[0] for one in (person_id, acting_id))
    return persons.check_standing(first), persons.check_standing(second)


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
    name = envelopes.opened(person.id, key, person.envelope).name
    return Other(person.id, name, has_account=bool(person.logins))
