"""Who acts for whom: both agree on it, both see it, and nobody is left alone."""

from __future__ import annotations

import pytest

from chalicelib.identity.persons import store
from chalicelib.identity.persons.rules import Person
from shared import grants
from tests.harness.gateway import Answer
from tests.harness.hours import hours_later
from tests.identity.persons.scene import BUTLER, NAME, OTHER_PHONE, PHONE, People, Somebody

GRANDMOTHER = {"name": NAME, "kind": "elderly"}


def named(acting_id: str) -> dict[str, str]:
    """Who is to act, as all of them are called here."""
    return {"acting_id": acting_id, "name": "王五"}


def take_in(people: People, who: Somebody, key: str = "key-0001") -> str:
    answer = people.call(who, "POST", "/dependents", GRANDMOTHER, key=key)
    assert answer.status == 201, answer.text
    return str(answer.json["person_id"])


def offer(people: People, who: Somebody, acting: Somebody) -> Answer:
    return people.call(who, "POST", "/me/mandates", named(acting.person_id))


def accept(people: People, acting: Somebody, person_id: str) -> Answer:
    return people.call(acting, "POST", "/me/mandates/acceptance", {"person_id": person_id})


def give(people: People, who: Somebody, acting: Somebody) -> None:
    """One asks and the other agrees."""
    assert offer(people, who, acting).status == 200
    assert accept(people, acting, who.person_id).status == 200


def ids(answer: Answer, name: str) -> list[str]:
    return [one["person_id"] for one in answer.json[name]]


def kept(who: Somebody) -> Person:
    found = store.get_person(who.person_id)
    assert found is not None
    return found


def code(answer: Answer) -> str:
    return str(answer.json["code"])


def test_a_grandmother_without_an_account_is_acted_for(people: People) -> None:
    daughter = people.resident()
    grandmother = take_in(people, daughter)
    assert grants.standing_of(grandmother).acting == {daughter.person_id}
    shown = people.call(daughter, "GET", "/me/mandates").json
    assert shown == {
        "acting_for_me": [],
        "asked_to_act": [],
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


def test_a_mandate_is_asked_for_agreed_to_and_taken_back(people: People) -> None:
    father, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    offered = offer(people, father, son)
    assert (ids(offered, "asked_to_act"), ids(offered, "acting_for_me")) == ([son.person_id], [])
    assert offer(people, father, son).json == offered.json
    accepted = accept(people, son, father.person_id)
    assert ids(accepted, "acted_for") == [father.person_id]
    assert accept(people, son, father.person_id).json == accepted.json
    assert grants.standing_of(father.person_id).acting == {son.person_id}
    assert ids(offer(people, father, son), "acting_for_me") == [son.person_id]
    ended = {"person_id": father.person_id, "acting_id": son.person_id}
    assert people.call(father, "POST", "/me/mandates/end", ended).json["acting_for_me"] == []
    assert people.call(father, "POST", "/me/mandates/end", ended).status == 200
    assert grants.standing_of(father.person_id).acting == frozenset()
    told = [event["type"] for event in people.told_of(father) if "acting_id" in event["data"]]
    assert told == ["MandateOffered", "MandateGiven", "MandateEnded"]


def test_whoever_is_asked_has_neither_a_ward_nor_a_right_until_they_agree(people: People) -> None:
    son = people.resident(OTHER_PHONE, name="王五")
    before = kept(son)
    strangers = [people.resident(f"137{number:08}") for number in range(11)]
    for stranger in strangers:
        assert offer(people, stranger, son).status == 200
        assert grants.standing_of(stranger.person_id).acting == frozenset()
    assert kept(son) == before
    take_in(people, son)
    people.sign_in(son)
    assert code(people.call(son, "POST", "/me/erasure")) == "wards_first"


def test_nobody_agrees_to_what_they_were_not_asked(people: People) -> None:
    father, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    other = people.resident("13700000000", name="王五")
    assert accept(people, son, father.person_id).status == 404
    offer(people, father, son)
    assert accept(people, other, father.person_id).status == 404
    assert accept(people, son, "per_" + "q" * 26).status == 404
    assert kept(father).acting == ()


def test_nobody_agrees_in_the_name_of_who_is_asked(people: People) -> None:
    father, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    offer(people, father, son)
    by_another = Somebody(son.person_id, acting_id=father.person_id)
    assert accept(people, by_another, father.person_id).status == 404
    assert kept(father).acting == ()


def test_what_was_taken_back_or_declined_is_agreed_to_no_more(people: People) -> None:
    father, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    ended = {"person_id": father.person_id, "acting_id": son.person_id}
    for who in (father, son):
        offer(people, father, son)
        assert people.call(who, "POST", "/me/mandates/end", ended).status == 200
        assert kept(father).offered == ()
        assert accept(people, son, father.person_id).status == 404


def test_whoever_was_asked_and_is_gone_is_shown_without_a_name(people: People) -> None:
    father, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    offer(people, father, son)
    people.sign_in(son)
    assert people.call(son, "POST", "/me/erasure").status == 200
    (shown,) = people.call(father, "GET", "/me/mandates").json["asked_to_act"]
    assert shown == {"person_id": son.person_id, "name": "", "has_account": False}
    ended = {"person_id": father.person_id, "acting_id": son.person_id}
    assert people.call(father, "POST", "/me/mandates/end", ended).json["asked_to_act"] == []


def test_whoever_acts_for_ten_agrees_to_no_eleventh(people: People) -> None:
    father, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    offer(people, father, son)
    for number in range(10):
        take_in(people, son, f"key-{number:04}")
    refused = accept(people, son, father.person_id)
    assert (refused.status, code(refused)) == (429, "too_many_wards")


def test_whoever_acts_may_give_it_up(people: People) -> None:
    father, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    give(people, father, son)
    ended = {"person_id": father.person_id, "acting_id": son.person_id}
    assert people.call(son, "POST", "/me/mandates/end", ended).json["acted_for"] == []


def test_nobody_else_ends_a_mandate(people: People) -> None:
    father, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    other = people.resident("13700000000")
    give(people, father, son)
    ended = {"person_id": father.person_id, "acting_id": son.person_id}
    assert people.call(other, "POST", "/me/mandates/end", ended).status == 404


def test_a_mandate_is_passed_on_only_for_who_has_no_account(people: People) -> None:
    daughter, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    grandmother = take_in(people, daughter)
    as_her = Somebody(grandmother, acting_id=daughter.person_id)
    give(people, as_her, son)
    assert len(people.call(as_her, "GET", "/me/mandates").json["acting_for_me"]) == 2
    third = people.resident("13700000000", name="王五")
    as_daughter = Somebody(daughter.person_id, acting_id=son.person_id)
    assert offer(people, as_daughter, third).status == 404


def test_nobody_without_an_account_is_left_alone(people: People) -> None:
    daughter, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    grandmother = take_in(people, daughter)
    ended = {"person_id": grandmother, "acting_id": daughter.person_id}
    refused = people.call(daughter, "POST", "/me/mandates/end", ended)
    assert (refused.status, code(refused)) == (409, "last_mandate")
    people.sign_in(daughter)
    assert code(people.call(daughter, "POST", "/me/erasure")) == "wards_first"
    as_her = Somebody(grandmother, acting_id=daughter.person_id)
    offer(people, as_her, son)
    assert code(people.call(daughter, "POST", "/me/erasure")) == "wards_first"
    accept(people, son, grandmother)
    assert people.call(daughter, "POST", "/me/mandates/end", ended).status == 200
    assert people.call(daughter, "POST", "/me/erasure").status == 200
    assert grants.standing_of(grandmother).acting == {son.person_id}


def test_whoever_acts_for_somebody_with_an_account_may_go_all_the_same(people: People) -> None:
    father, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    other = people.resident("13700000000", name="王五")
    give(people, father, son)
    give(people, other, son)
    people.call(son, "PATCH", "/me", {"name": "王六"})
    people.call(father, "PATCH", "/me", {"name": "王五"})
    # And each acts for the other: both ends are of one person.
    give(people, son, father)
    people.sign_in(son)
    assert people.call(son, "POST", "/me/erasure").status == 200
    for who in (father, other):
        assert (kept(who).acting, kept(who).wards) == ((), ())
        assert grants.standing_of(who.person_id).acting == frozenset()
        told = people.told_of(who)[-1]
        assert (told["type"], told["actor_id"]) == ("MandateEnded", son.person_id)
    assert people.rows(son.person_id) == {"!frozen"}


def test_whoever_rewrites_a_ward_stands_in_the_log_beside_them(people: People) -> None:
    daughter = people.resident()
    grandmother = Somebody(take_in(people, daughter), acting_id=daughter.person_id)
    assert people.call(grandmother, "PATCH", "/me", {"name": "张桂兰"}).status == 200
    told = people.told_of(grandmother)[-1]
    hands = (told["actor_id"], told["for_id"])
    assert (told["type"], *hands) == (
        *("AccountChanged", daughter.person_id, grandmother.person_id),
    )


def test_whoever_is_not_the_only_one_for_a_ward_may_go(people: People) -> None:
    daughter, son = people.resident(), people.resident(OTHER_PHONE, name="王五")
    grandmother = take_in(people, daughter)
    give(people, Somebody(grandmother, acting_id=daughter.person_id), son)
    people.sign_in(daughter)
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


def test_whoever_tries_names_tries_ten_a_day_whether_they_are_right_or_not(people: People) -> None:
    daughter, other = people.resident(), people.resident(OTHER_PHONE, name="赵六")
    grandmother = take_in(people, daughter)
    as_her = Somebody(grandmother, acting_id=daughter.person_id)
    for number in range(10):
        who = as_her if number % 2 else daughter
        assert offer(people, who, other).status == 404
    right = {"acting_id": other.person_id, "name": "赵六"}
    for who in (daughter, as_her):
        for body in (right, named(other.person_id), named("per_" + "q" * 26)):
            refused = people.call(who, "POST", "/me/mandates", body)
            assert (refused.status, code(refused)) == (429, "too_many_offers")
    with hours_later(24):
        assert people.call(daughter, "POST", "/me/mandates", right).status == 200


def test_ten_may_act_for_one_or_be_asked_to(people: People) -> None:
    father = people.resident()
    for number in range(10):
        acting = people.resident(f"137{number:08}", name="王五")
        assert offer(people, father, acting).status == 200
        if number % 2:
            assert accept(people, acting, father.person_id).status == 200
    one_more = people.resident(OTHER_PHONE, name="王五")
    with hours_later(24):
        refused = offer(people, father, one_more)
        # Or whoever has no room would try names without end.
        wrong = {"acting_id": one_more.person_id, "name": "赵六"}
        assert people.call(father, "POST", "/me/mandates", wrong).text == refused.text
    assert (refused.status, code(refused)) == (429, "too_many_mandates")


def test_an_erased_person_is_acted_for_by_nobody(people: People) -> None:
    father, son = people.resident(PHONE), people.resident(OTHER_PHONE, name="王五")
    give(people, father, son)
    people.sign_in(father)
    assert people.call(father, "POST", "/me/erasure").status == 200
    assert people.rows(father.person_id) == {"!frozen"}
    assert kept(son).wards == ()


@pytest.mark.parametrize("url", ["/me/mandates", "/me/mandates/end"])
def test_an_id_of_another_form_is_refused(people: People, url: str) -> None:
    body = {"person_id": "per_1", "acting_id": "per_1"}
    asked = named("per_1") if url == "/me/mandates" else body
    refused = people.call(people.resident(), "POST", url, asked)
    assert refused.status == 400
    assert {one["code"] for one in refused.json["errors"]} == {"wrong_form"}
