"""Grants: what the authorizer reads for a person, on the table that infra/ declares."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared import aws, clock, grants
from shared.auth import MAX_GRANTS, MAX_MANDATES, Grant, Right, Role
from shared.errors import NotFound
from shared.table import Refused, Transaction

PERSON = "per_0123456789abcdefghjkmnpqrs"
COMPANY = "co_01kb3wmpt8c2v5f0d9h1j4n6q7"
BUTLER = Grant(Role.BUTLER, "com_7k2m9x4a/3")
OWNER = Grant(Role.OWNER, "com_7k2m9x4a/3/1/502")
TENANT = Grant(Role.TENANT, "com_7k2m9x4a/3/1/502")
ADMIN = Grant(Role.COMPANY_ADMIN, COMPANY)
pytestmark = pytest.mark.usefixtures("grants_table")


def give(person_id: str, *given: Grant) -> None:
    with Transaction() as transaction:
        for grant in given:
            grants.add_grant(transaction, person_id, grant)


def test_a_person_without_grants_has_none() -> None:
    assert grants.grants_of(PERSON) == ()
    assert len(grants.held_by(PERSON)) == 0


def test_grants_are_found_by_their_person_only() -> None:
    give(PERSON, BUTLER, OWNER)
    give("per_somebody_else", ADMIN)
    assert set(grants.grants_of(PERSON)) == {BUTLER, OWNER}
    assert len(grants.held_by(PERSON)) == 2


def test_a_role_of_another_release_does_not_lock_its_bearer_out() -> None:
    give(PERSON, BUTLER)
    emperor = {"pk": f"platform#person#{PERSON}", "sk": "platform#emperor", "role": "emperor"}
    item = {name: {"S": text} for name, text in {**emperor, "scope": "platform"}.items()}
    table = aws.setting("GRANTS_TABLE")
    aws.client("dynamodb").put_item(TableName=table, Item={**item, "version": {"N": "1"}})
    assert grants.grants_of(PERSON) == (BUTLER,)


def test_a_grant_that_runs_out_is_none_from_that_moment_on() -> None:
    now = clock.now()
    with Transaction() as transaction:
        grants.add_grant(transaction, PERSON, OWNER, until=now + timedelta(hours=1))
        grants.add_grant(transaction, PERSON, BUTLER, company_id=COMPANY, until=now)
    assert grants.grants_of(PERSON) == (OWNER,)
    grants.require_held(PERSON, (OWNER,))
    with pytest.raises(NotFound):
        grants.require_held(PERSON, (BUTLER,))
    with pytest.raises(NotFound), grants.relying_on(PERSON, (BUTLER,)) as transaction:
        grants.remove_grant(transaction, PERSON, OWNER)
    kept = grants.held_by(PERSON, consistent=True)
    assert {(held.grant, held.until, held.company_id) for held in kept} == {
        (OWNER, now + timedelta(hours=1), ""),
        (BUTLER, now, COMPANY),
    }


def test_rights_are_switched_where_the_grant_stands() -> None:
    give(PERSON, TENANT)
    switched = Grant(TENANT.role, TENANT.scope, frozenset({Right.PAY, Right.VOTE}))
    until = clock.now() + timedelta(days=1)
    with Transaction() as transaction:
        grants.change_grant(transaction, PERSON, switched, until)
    assert grants.held_by(PERSON) == (grants.Held(switched, until, ""),)
    # What is off is no other grant: whoever relies on it asks for the role alone.
    grants.require_held(PERSON, (TENANT,))
    with Transaction() as transaction:
        grants.change_grant(transaction, PERSON, TENANT, None)
    assert grants.held_by(PERSON) == (grants.Held(TENANT, None, ""),)
    with pytest.raises(Refused), Transaction() as transaction:
        grants.change_grant(transaction, PERSON, OWNER, None)


def test_a_grant_cannot_be_given_twice() -> None:
    give(PERSON, BUTLER)
    transaction = Transaction()
    grants.add_grant(transaction, PERSON, OWNER)
    grants.add_grant(transaction, PERSON, BUTLER)
    with pytest.raises(Refused), transaction:
        pass
    assert grants.grants_of(PERSON) == (BUTLER,)


def test_a_removed_grant_is_gone_and_the_others_stay() -> None:
    give(PERSON, BUTLER, OWNER)
    with Transaction() as transaction:
        grants.remove_grant(transaction, PERSON, BUTLER)
    assert grants.grants_of(PERSON) == (OWNER,)


def test_what_was_not_given_cannot_be_removed() -> None:
    transaction = Transaction()
    grants.remove_grant(transaction, PERSON, BUTLER)
    with pytest.raises(Refused), transaction:
        pass


@pytest.mark.parametrize("basis", [(), (BUTLER,), (BUTLER, OWNER)])
def test_what_relies_on_grants_happens_while_they_stand(basis: tuple[Grant, ...]) -> None:
    give(PERSON, BUTLER, OWNER)
    grants.require_held(PERSON, basis)
    with grants.relying_on(PERSON, basis) as transaction:
        grants.add_grant(transaction, PERSON, ADMIN)
    assert ADMIN in grants.grants_of(PERSON)


@pytest.mark.parametrize("lost", [ADMIN, Grant(Role.BUTLER, "com_7k2m9x4a/3/1")])
def test_what_relies_on_a_grant_that_is_gone_does_not_happen(lost: Grant) -> None:
    """Nor on one that only a wider grant covers, nor on somebody else's."""
    give(PERSON, BUTLER, OWNER)
    give("per_somebody_else", lost)
    with pytest.raises(NotFound):
        grants.require_held(PERSON, (BUTLER, lost))
    with pytest.raises(NotFound), grants.relying_on(PERSON, (BUTLER, lost)) as transaction:
        grants.remove_grant(transaction, PERSON, OWNER)
    assert set(grants.grants_of(PERSON)) == {BUTLER, OWNER}


def test_a_write_that_is_refused_for_itself_is_no_lost_grant() -> None:
    give(PERSON, BUTLER)
    with pytest.raises(Refused), grants.relying_on(PERSON, (BUTLER,)) as transaction:
        grants.remove_grant(transaction, PERSON, OWNER)
    with pytest.raises(RuntimeError, match="mine"), grants.relying_on(PERSON, ()):
        raise RuntimeError("mine")


def test_one_scope_can_hold_several_roles() -> None:
    both = {Grant(Role.BUTLER, "com_7k2m9x4a"), Grant(Role.DISPATCHER, "com_7k2m9x4a")}
    give(PERSON, *both)
    assert set(grants.grants_of(PERSON)) == both


def add_community(community_id: str) -> None:
    with Transaction() as transaction:
        grants.add_community(transaction, COMPANY, community_id)


def test_a_role_in_a_company_reaches_each_of_its_communities() -> None:
    add_community("com_7k2m9x4a")
    add_community("com_zzzzzzzz")
    give(PERSON, ADMIN)
    assert grants.grants_of(PERSON) == (
        ADMIN,
        Grant(Role.COMPANY_ADMIN, "com_7k2m9x4a"),
        Grant(Role.COMPANY_ADMIN, "com_zzzzzzzz"),
    )


def test_a_company_without_communities_reaches_none() -> None:
    give(PERSON, ADMIN)
    assert grants.grants_of(PERSON) == (ADMIN,)


def test_a_community_joins_a_company_once() -> None:
    add_community("com_7k2m9x4a")
    transaction = Transaction()
    grants.add_community(transaction, COMPANY, "com_7k2m9x4a")
    with pytest.raises(Refused), transaction:
        pass


def test_the_most_grants_a_person_can_have_are_all_found() -> None:
    given = [Grant(Role.TECHNICIAN, f"com_{number:08d}") for number in range(MAX_GRANTS)]
    give(PERSON, *given)
    assert grants.grants_of(PERSON) == tuple(given)
    assert len(grants.held_by(PERSON)) == MAX_GRANTS


def test_a_frozen_person_is_known_as_such_until_they_are_not() -> None:
    give(PERSON, BUTLER)
    with Transaction() as transaction:
        grants.freeze(transaction, PERSON)
    assert grants.standing_of(PERSON) == grants.Standing((BUTLER,), frozen=True)
    assert not grants.standing_of("per_somebody_else").frozen
    with Transaction() as transaction:
        grants.unfreeze(transaction, PERSON)
    assert grants.standing_of(PERSON) == grants.Standing((BUTLER,))


def test_a_person_is_frozen_once_and_unfrozen_once() -> None:
    transaction = Transaction()
    grants.unfreeze(transaction, PERSON)
    with pytest.raises(Refused), transaction:
        pass
    with Transaction() as transaction:
        grants.freeze(transaction, PERSON)
    transaction = Transaction()
    grants.freeze(transaction, PERSON)
    with pytest.raises(Refused), transaction:
        pass


def test_who_may_act_for_a_person_is_known_until_they_may_not() -> None:
    daughter, butler = "per_daughter", "per_butler"
    for acting_id in (daughter, butler):
        with Transaction() as transaction:
            grants.add_mandate(transaction, PERSON, acting_id)
    assert grants.standing_of(PERSON).acting == {daughter, butler}
    assert grants.standing_of(daughter).acting == frozenset()
    with Transaction() as transaction:
        grants.remove_mandate(transaction, PERSON, butler)
    assert grants.standing_of(PERSON).acting == {daughter}
    transaction = Transaction()
    grants.remove_mandate(transaction, PERSON, butler)
    with pytest.raises(Refused), transaction:
        pass


def test_the_most_rows_a_person_can_have_are_all_found() -> None:
    given = [Grant(Role.TECHNICIAN, f"com_{number:08d}") for number in range(MAX_GRANTS)]
    give(PERSON, *given)
    with Transaction() as transaction:
        grants.freeze(transaction, PERSON)
        for number in range(MAX_MANDATES):
            grants.add_mandate(transaction, PERSON, f"per_{number}")
    standing = grants.standing_of(PERSON)
    assert standing.grants == tuple(given)
    assert standing.frozen
    assert len(standing.acting) == MAX_MANDATES
    assert len(grants.held_by(PERSON)) == MAX_GRANTS


def test_looking_grants_up_costs_one_query_and_one_get_for_each_company() -> None:
    add_community("com_7k2m9x4a")
    give(PERSON, ADMIN, Grant(Role.FINANCE_CLERK, COMPANY), OWNER)
    calls: list[str] = []
    aws.client("dynamodb").meta.events.register(
        "before-call.dynamodb", lambda model, **_: calls.append(model.name)
    )
    assert len(grants.grants_of(PERSON)) == 5
    assert calls == ["Query", "GetItem"]
