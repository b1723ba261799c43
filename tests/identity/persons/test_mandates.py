"""Who acts for whom: both agree on it, both see it, and nobody is left alone."""

from __future__ import annotations

import pytest

from chalicelib.identity.persons import store
from shared import grants
from tests.harness.gateway import Answer
from tests.identity.persons.scene import BUTLER, NAME, OTHER_PHONE, PHONE, People, Somebody

GRANDMOTHER = {"name": NAME, "kind": "elderly"}


def named(acting_id: str) -> dict[str, str]:
    """Who is to act, as all of them are called here."""
    return {"acting_id": acting_id, "name": "王五"}


def take_in(people: People, who: Somebody, key: str = "key-0001") -> str:
    answer = people.call(who, "POST", "/dependents", GRANDMOTHER, key=key)
    assert answer.status == 201, answer.text
    return str(answer.json["person_id"])


def code(answer: Answer) -> str:
    return str(answer.json["code"])


def test_a_grandmother_without_an_account_is_acted_for(people: People) -> None:
    daughter = people.resident()
    grandmother = take_in(people, daughter)
    assert grants.standing_of(grandmother).acting == {daughter.person_id}
    shown = people.call(daughter, "GET", "/me/mandates").json
    assert shown == {
        "acting_for_me": [],
        "acted_for": [{"person_id": grandmother, "name": "欧***", "has_account": False}],
    }
    assert NAME not in people.stored()


def test_a_request_that_comes_again_takes_nobody_in_twice(people: People) -> None:
    daughter = people.resident()
    grandmother = take_in(people, daughter)
    before = people.identity.items()
    assert take_in(people, daughter) == grandmother
    assert people.identity.items() == before
    other = people.call(daughter, "POST", "/dependents", {"name": "别人", "kind": "minor"})
    assert (other.status, code(other)) == (409, "idempotency_key_reused")


def test_one_may_act_for_ten(people: People) -> None:
    daughter = people.resident()
    for number in range(10):
        take_in(people, daughter, f"key-{number:04}")
    refused = people.call(daughter, "POST", "/dependents", GRANDMOTHER, key="key-9999")
    assert (refused.status, code(refused)) == (429, "too_many_wards")


def test_whoever_has_no_account_takes_nobody_in(people: People) -> None:
    """Such as staff who sign in by an outside issuer."""
    assert people.call(BUTLER, "POST", "/dependents", GRANDMOTHER).status == 404


def test_a_mandate_is_given_and_taken_back(people: People) -> None:
    father, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    given = people.call(father, "POST", "/me/mandates", named(son.person_id))
    assert [one["person_id"] for one in given.json["acting_for_me"]] == [son.person_id]
    again = people.call(father, "POST", "/me/mandates", named(son.person_id))
    assert again.json == given.json
    assert grants.standing_of(father.person_id).acting == {son.person_id}
    ended = {"person_id": father.person_id, "acting_id": son.person_id}
    assert people.call(father, "POST", "/me/mandates/end", ended).json["acting_for_me"] == []
    assert people.call(father, "POST", "/me/mandates/end", ended).status == 200
    assert grants.standing_of(father.person_id).acting == frozenset()
    told = [one for one in people.identity.told() if one.startswith("Mandate")]
    assert told == ["MandateEnded"]


def test_whoever_acts_may_give_it_up(people: People) -> None:
    father, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    people.call(father, "POST", "/me/mandates", named(son.person_id))
    ended = {"person_id": father.person_id, "acting_id": son.person_id}
    assert people.call(son, "POST", "/me/mandates/end", ended).json["acted_for"] == []


def test_nobody_else_ends_a_mandate(people: People) -> None:
    father, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    other = people.resident("13700000000")
    people.call(father, "POST", "/me/mandates", named(son.person_id))
    ended = {"person_id": father.person_id, "acting_id": son.person_id}
    assert people.call(other, "POST", "/me/mandates/end", ended).status == 404


def test_a_mandate_is_passed_on_only_for_who_has_no_account(people: People) -> None:
    daughter, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    grandmother = take_in(people, daughter)
    as_her = Somebody(grandmother, acting_id=daughter.person_id)
    given = people.call(as_her, "POST", "/me/mandates", named(son.person_id))
    assert len(given.json["acting_for_me"]) == 2
    third = people.resident("13700000000", name="王五")
    as_daughter = Somebody(daughter.person_id, acting_id=son.person_id)
    passed = people.call(as_daughter, "POST", "/me/mandates", named(third.person_id))
    assert passed.status == 404


def test_nobody_without_an_account_is_left_alone(people: People) -> None:
    daughter, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    grandmother = take_in(people, daughter)
    ended = {"person_id": grandmother, "acting_id": daughter.person_id}
    refused = people.call(daughter, "POST", "/me/mandates/end", ended)
    assert (refused.status, code(refused)) == (409, "last_mandate")
    people.sign_in(daughter)
    assert code(people.call(daughter, "POST", "/me/erasure")) == "wards_first"
    as_her = Somebody(grandmother, acting_id=daughter.person_id)
    people.call(as_her, "POST", "/me/mandates", named(son.person_id))
    assert people.call(daughter, "POST", "/me/mandates/end", ended).status == 200
    assert people.call(daughter, "POST", "/me/erasure").status == 200
    assert grants.standing_of(grandmother).acting == {son.person_id}


def test_nobody_acts_for_themselves_or_by_the_erased(people: People) -> None:
    father = people.resident(name="王五")
    gone = people.resident(OTHER_PHONE, name="王五")
    own = people.call(father, "POST", "/me/mandates", named(father.person_id))
    assert (own.status, code(own)) == (409, "not_oneself")
    people.sign_in(gone)
    people.call(gone, "POST", "/me/erasure")
    answer = people.call(father, "POST", "/me/mandates", named(gone.person_id))
    assert answer.status == 404


def test_whoever_tries_ids_learns_of_nobody(people: People) -> None:
    father, other = people.resident(), people.resident(OTHER_PHONE, name="赵六")
    for acting_id in (other.person_id, "per_" + "q" * 26):
        answer = people.call(father, "POST", "/me/mandates", named(acting_id))
        assert (answer.status, code(answer)) == (404, "not_found")


def test_ten_may_act_for_one(people: People) -> None:
    father = people.resident()
    for number in range(10):
        acting = people.resident(f"137{number:08}", name="王五")
        given = people.call(father, "POST", "/me/mandates", named(acting.person_id))
        assert given.status == 200
    refused = people.call(
        father,
        "POST",
        "/me/mandates",
        named(people.resident(OTHER_PHONE, name="王五").person_id),
    )
    assert (refused.status, code(refused)) == (429, "too_many_mandates")


def test_an_erased_person_is_acted_for_by_nobody(people: People) -> None:
    father, son = people.resident(PHONE), people.resident(OTHER_PHONE, name="王五")
    people.call(father, "POST", "/me/mandates", named(son.person_id))
    people.sign_in(father)
    assert people.call(father, "POST", "/me/erasure").status == 200
    assert people.rows(father.person_id) == {"frozen"}
    kept = store.get_person(son.person_id)
    assert kept is not None
    assert kept.wards == ()


@pytest.mark.parametrize("url", ["/me/mandates", "/me/mandates/end"])
def test_an_id_of_another_form_is_refused(people: People, url: str) -> None:
    body = {"person_id": "per_1", "acting_id": "per_1"}
    asked = named("per_1") if url == "/me/mandates" else body
    refused = people.call(people.resident(), "POST", url, asked)
    assert refused.status == 400
    assert {one["code"] for one in refused.json["errors"]} == {"wrong_form"}
