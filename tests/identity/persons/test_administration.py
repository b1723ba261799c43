"""What the operator does about people, and who may look at whose details."""

from __future__ import annotations

import json

import pytest

from chalicelib.identity.persons import arrivals, store
from chalicelib.identity.persons.rules import Details, Merging, PersonState
from chalicelib.identity.sessions import store as sessions
from shared import clock, grants, vault
from shared.auth import Grant, Role
from tests.harness.hours import hours_later
from tests.harness.rights import lose
from tests.identity.persons.scene import (
    ADMIN,
    BUTLER,
    ID_NUMBER,
    NAME,
    OTHER_PHONE,
    PHONE,
    ROOM,
    SECOND,
    STRANGER,
    People,
    Somebody,
)

OWNER = Grant(Role.OWNER, ROOM)
LOOK = {"fields": ["phone"], "reason": "repair"}


def state_of(who: Somebody) -> PersonState:
    person = store.get_person(who.person_id)
    assert person is not None
    return person.state


def url(who: Somebody, path: str) -> str:
    return f"/persons/{who.person_id}/{path}"


def test_a_person_is_found_by_exactly_their_phone_or_name(people: People) -> None:
    who = people.resident(name=NAME)
    line = {"person_id": who.person_id, "state": "active", "origin": "phone"}
    for body in ({"phone": PHONE}, {"name": NAME}, {"name": f" {NAME[:2]} {NAME[2:]}"}):
        (found,) = people.call(ADMIN, "POST", "/persons/search", body).json["found"]
        assert line.items() <= found.items()
    for body in ({"phone": OTHER_PHONE}, {"name": NAME[:2]}):
        assert people.call(ADMIN, "POST", "/persons/search", body).json["found"] == []
    for wrong in ({}, {"phone": PHONE, "name": NAME}):
        assert people.call(ADMIN, "POST", "/persons/search", wrong).status == 400


def test_who_joined_in_a_month_is_listed_newest_first(people: People) -> None:
    first = people.resident()
    with hours_later(0.01):
        second = people.resident(OTHER_PHONE)
    listed = people.call(ADMIN, "GET", "/persons").json["items"]
    assert [one["person_id"] for one in listed] == [second.person_id, first.person_id]
    assert people.call(ADMIN, "GET", "/persons?month=2020-01").json["items"] == []


def test_the_operator_sees_a_person_masked(people: People) -> None:
    who = people.resident(name=NAME)
    shown = people.call(ADMIN, "GET", f"/persons/{who.person_id}")
    assert (shown.json["name"], shown.json["phone"]) == ("欧***", "138****5678")
    assert NAME not in shown.text
    assert people.call(ADMIN, "GET", "/persons/per_" + "q" * 26).status == 404


def test_a_frozen_person_signs_in_nowhere_until_they_are_let_go(people: People) -> None:
    who = people.resident(PHONE, OWNER)
    people.sign_in(who)
    frozen = people.call(ADMIN, "POST", url(who, "freeze"), {"reason": "fraud"})
    assert frozen.json["state"] == "frozen"
    assert sessions.get_sessions(who.person_id).open == ()
    assert grants.standing_of(who.person_id) == grants.Standing((OWNER,), frozen=True)
    with pytest.raises(Exception, match="sign_in_refused"):
        people.sign_in(who)
    again = people.call(ADMIN, "POST", url(who, "freeze"), {"reason": "fraud"})
    assert again.json == frozen.json
    lifted = people.call(ADMIN, "POST", url(who, "unfreeze"), {"reason": "mistake"})
    assert lifted.json["state"] == "active"
    again = people.call(ADMIN, "POST", url(who, "unfreeze"), {"reason": "mistake"})
    assert again.json == lifted.json
    people.sign_in(who)
    assert grants.standing_of(who.person_id) == grants.Standing((OWNER,))


def test_a_person_is_erased_by_the_operator_frozen_or_not(people: People) -> None:
    one, other = people.resident(name=NAME), people.resident(OTHER_PHONE, name=NAME)
    people.call(ADMIN, "POST", url(other, "freeze"), {"reason": "official"})
    for who in (one, other):
        erased = people.call(ADMIN, "POST", url(who, "erasure"), {"reason": "own_wish"})
        assert erased.json["state"] == "erased"
        again = people.call(ADMIN, "POST", url(who, "erasure"), {"reason": "own_wish"})
        assert again.json == erased.json
        for path in ("freeze", "unfreeze"):
            assert people.call(ADMIN, "POST", url(who, path), {"reason": "fraud"}).status == 404
        shown = people.call(ADMIN, "GET", f"/persons/{who.person_id}").json
        assert (shown["name"], shown["phone"], shown["signs_in_by"]) == ("", "", [])
    assert people.call(ADMIN, "POST", "/persons/search", {"name": NAME}).json["found"] == []
    assert len(people.call(ADMIN, "GET", "/persons").json["items"]) == 2


def duplicate(people: People) -> tuple[Somebody, Somebody]:
    """The same person twice: by WeChat, and by their phone."""
    known = Details(openid="o1", unionid="u1", name=NAME)
    by_wechat = arrivals.arrive("openid", "o1", known, clock.now())
    return Somebody(by_wechat.id), people.resident(PHONE, id_number=ID_NUMBER)


def test_a_merge_takes_two_administrators(people: People) -> None:
    gone, kept = duplicate(people)
    into = {"into_id": kept.person_id}
    none = people.call(SECOND, "POST", url(gone, "merge/approval"), into)
    assert (none.status, none.json["code"]) == (409, "no_such_merge")
    assert people.call(ADMIN, "POST", url(gone, "merge"), into).status == 200
    before = people.identity.items()
    assert people.call(ADMIN, "POST", url(gone, "merge"), into).status == 200
    assert people.identity.items() == before
    other = people.call(SECOND, "POST", url(gone, "merge"), into)
    assert (other.status, other.json["code"]) == (409, "merge_asked")
    alone = people.call(ADMIN, "POST", url(gone, "merge/approval"), into)
    assert (alone.status, alone.json["code"]) == (409, "second_person_needed")
    assert people.identity.items() == before
    # By somebody else's name nobody is the second.
    as_second = Somebody(SECOND.person_id, SECOND.grants, acting_id=ADMIN.person_id)
    assert people.call(as_second, "POST", url(gone, "merge/approval"), into).status == 404
    assert people.identity.items() == before
    merged = people.call(SECOND, "POST", url(gone, "merge/approval"), into)
    assert merged.json["state"] == "merged"
    assert people.call(SECOND, "POST", url(gone, "merge/approval"), into).json == merged.json


def test_what_nobody_agreed_to_for_a_week_is_asked_for_no_longer(people: People) -> None:
    gone, kept = duplicate(people)
    into = {"into_id": kept.person_id}
    assert people.call(ADMIN, "POST", url(gone, "merge"), into).status == 200
    with hours_later(24 * 7 + 1):
        late = people.call(SECOND, "POST", url(gone, "merge/approval"), into)
        assert (late.status, late.json["code"]) == (409, "no_such_merge")
        assert people.call(SECOND, "POST", url(gone, "merge"), into).status == 200
        assert people.call(ADMIN, "POST", url(gone, "merge/approval"), into).status == 200


def test_whoever_was_merged_signs_in_as_the_person_who_stayed(people: People) -> None:
    gone, kept = duplicate(people)
    people.sign_in(gone)
    into = {"into_id": kept.person_id}
    people.call(ADMIN, "POST", url(gone, "merge"), into)
    people.call(SECOND, "POST", url(gone, "merge/approval"), into)
    for kind, value in (("openid", "o1"), ("unionid", "u1"), ("phone", PHONE)):
        assert arrivals.arrive(kind, value, Details(), clock.now()).id == kept.person_id  # type: ignore[arg-type]  # a table of kinds
    details = people.call(kept, "POST", "/me/exports").json["details"]
    assert details == {
        "name": NAME,
        "phone": PHONE,
        "id_number": ID_NUMBER,
        "openid": "o1",
        "unionid": "u1",
        "plates": [],
    }
    assert sessions.get_sessions(gone.person_id).open == ()
    assert grants.standing_of(gone.person_id).frozen
    assert store.get_with_key(gone.person_id)[1] == b""
    assert people.call(gone, "GET", "/me").status == 404
    shown = people.call(ADMIN, "GET", f"/persons/{gone.person_id}").json
    assert (shown["merged_into"], shown["name"]) == (kept.person_id, "")
    assert "PersonsMerged" in people.identity.told()


def test_what_both_sign_in_by_stays_with_who_stayed(people: People) -> None:
    gone, kept = people.resident(OTHER_PHONE), people.resident(PHONE)
    into = {"into_id": kept.person_id}
    people.call(ADMIN, "POST", url(gone, "merge"), into)
    people.call(SECOND, "POST", url(gone, "merge/approval"), into)
    assert store.get_login("phone", vault.blind("phone", OTHER_PHONE)) is None
    assert people.call(kept, "GET", "/me").json["phone"] == "138****5678"


def test_only_two_active_people_are_merged_and_none_that_others_rely_on(people: People) -> None:
    gone, kept = duplicate(people)
    into = {"into_id": kept.person_id}
    itself = people.call(ADMIN, "POST", url(kept, "merge"), into)
    assert (itself.status, itself.json["code"]) == (409, "not_mergeable")
    people.call(ADMIN, "POST", url(kept, "freeze"), {"reason": "fraud"})
    assert people.call(ADMIN, "POST", url(gone, "merge"), into).status == 409
    people.call(ADMIN, "POST", url(kept, "unfreeze"), {"reason": "mistake"})
    named = {"acting_id": kept.person_id, "name": "王五"}
    people.call(kept, "PATCH", "/me", {"name": "王五"})
    assert people.call(gone, "POST", "/me/mandates", named).status == 200
    asked = {"person_id": gone.person_id}
    assert people.call(kept, "POST", "/me/mandates/acceptance", asked).status == 200
    assert people.call(ADMIN, "POST", url(gone, "merge"), into).status == 409


def test_a_butler_sees_the_phone_of_whom_they_look_after_and_the_log_says_so(
    people: People,
) -> None:
    who = people.resident(PHONE, OWNER, name=NAME)
    shown = people.call(BUTLER, "POST", url(who, "disclosures"), LOOK)
    assert (shown.status, shown.json) == (
        201,
        {"name": None, "phone": PHONE, "id_number": None, "plates": None},
    )
    (text,) = [
        item["event"]["S"] for item in people.identity.items() if item["sk"]["S"] == "disclosure"
    ]
    told = json.loads(text)
    assert (told["type"], told["actor_id"]) == ("PersonalDataShown", BUTLER.person_id)
    assert told["data"] == {"person_id": who.person_id, "fields": ["phone"], "reason": "repair"}


def test_a_disclosure_is_told_of_before_it_is_answered(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = people.resident(PHONE, OWNER)

    def broken(*given: object) -> bytes:
        raise RuntimeError("the envelope does not open")

    monkeypatch.setattr(vault, "open_sealed", broken)
    assert people.call(BUTLER, "POST", url(who, "disclosures"), LOOK).status == 500
    assert "PersonalDataShown" in people.identity.told()


def test_whoever_looks_after_others_sees_nothing(people: People) -> None:
    who, nobodys = people.resident(PHONE, OWNER), people.resident(OTHER_PHONE)
    assert people.call(STRANGER, "POST", url(who, "disclosures"), LOOK).status == 404
    assert people.call(BUTLER, "POST", url(nobodys, "disclosures"), LOOK).status == 404
    guard = Somebody("per_" + "g" * 26, (Grant(Role.GATE_GUARD, "com_7k2m9x4a"),))
    assert people.call(guard, "POST", url(who, "disclosures"), LOOK).status == 404
    assert "PersonalDataShown" not in people.identity.told()


def test_a_dismissed_butler_sees_nothing_at_once(people: People) -> None:
    who = people.resident(PHONE, OWNER)
    lose(BUTLER.person_id, *BUTLER.grants)
    assert people.call(BUTLER, "POST", url(who, "disclosures"), LOOK).status == 404


def test_a_repeated_look_is_one_and_another_under_its_key_is_refused(people: People) -> None:
    who = people.resident(PHONE, OWNER)
    first = people.call(BUTLER, "POST", url(who, "disclosures"), LOOK)
    before = people.identity.items()
    assert people.call(BUTLER, "POST", url(who, "disclosures"), LOOK).json == first.json
    assert people.identity.items() == before
    other = people.call(BUTLER, "POST", url(who, "disclosures"), {**LOOK, "reason": "fees"})
    assert (other.status, other.json["code"]) == (409, "idempotency_key_reused")


def test_a_name_is_not_for_who_could_give_anybody_a_right_first(people: People) -> None:
    who = people.resident(PHONE, OWNER)
    wanted = {**LOOK, "fields": ["name", "phone"]}
    assert people.call(BUTLER, "POST", url(who, "disclosures"), wanted).status == 404
    assert people.call(ADMIN, "POST", url(who, "disclosures"), wanted).status == 201


def test_a_key_is_no_repeat_after_a_minute(people: People) -> None:
    who = people.resident(PHONE, OWNER)
    assert people.call(BUTLER, "POST", url(who, "disclosures"), LOOK).status == 201
    with hours_later(0.02):
        late = people.call(BUTLER, "POST", url(who, "disclosures"), LOOK)
    assert (late.status, late.json["code"]) == (409, "idempotency_key_reused")


@pytest.mark.parametrize("field", ["id_number", "plates"])
def test_numbers_are_shown_to_the_platform_alone(people: People, field: str) -> None:
    who = people.resident(PHONE, OWNER)
    wanted = {"fields": ["phone", field], "reason": "official"}
    assert people.call(BUTLER, "POST", url(who, "disclosures"), wanted).status == 404
    assert "PersonalDataShown" not in people.identity.told()
    assert people.call(ADMIN, "POST", url(who, "disclosures"), wanted).status == 201


def test_looks_end_with_the_day(people: People) -> None:
    who = people.resident(PHONE, OWNER)
    for number in range(30):
        looked = people.call(BUTLER, "POST", url(who, "disclosures"), LOOK, key=f"look-{number:04}")
        assert looked.status == 201
    refused = people.call(BUTLER, "POST", url(who, "disclosures"), LOOK, key="look-9999")
    assert (refused.status, refused.json["code"]) == (429, "too_many_disclosures")
    with hours_later(24):
        later = people.call(BUTLER, "POST", url(who, "disclosures"), LOOK, key="look-9999")
        assert later.status == 201


def test_what_waits_for_a_second_word_is_shown(people: People) -> None:
    gone, kept = duplicate(people)
    people.call(ADMIN, "POST", url(gone, "merge"), {"into_id": kept.person_id})
    person = store.get_person(gone.person_id)
    assert person is not None
    assert isinstance(person.merging, Merging)
    shown = people.call(SECOND, "GET", f"/persons/{gone.person_id}").json
    assert shown["merging_into"] == kept.person_id
