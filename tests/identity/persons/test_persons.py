"""What people do about themselves: arrive, look, correct, export, go."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.identity.persons import arrivals, shapes, store
from chalicelib.identity.persons.rules import Details, PersonState
from shared import clock, grants, vault
from shared.auth import Grant, Role
from shared.errors import Conflict, NotFound
from shared.requests import PERSONAL
from tests.bench import people as cost
from tests.harness import personal
from tests.harness.hours import hours_later
from tests.harness.recorder import written
from tests.identity.persons.scene import (
    ADMIN,
    ID_NUMBER,
    NAME,
    OTHER_PHONE,
    PHONE,
    PLATE,
    ROOM,
    People,
    Somebody,
)

OWNER = Grant(Role.OWNER, ROOM)
ALL = {"name": NAME, "id_number": ID_NUMBER, "plates": [PLATE]}
SECRETS = (NAME, PHONE, ID_NUMBER, PLATE)
pytestmark = pytest.mark.usefixtures("people")


def test_whoever_proves_a_phone_is_the_same_person_each_time() -> None:
    first = arrivals.arrive("phone", PHONE, Details(phone=PHONE), clock.now())
    again = arrivals.arrive("phone", f"+86 {PHONE}", Details(phone=PHONE), clock.now())
    other = arrivals.arrive("phone", OTHER_PHONE, Details(phone=OTHER_PHONE), clock.now())
    assert first.id == again.id != other.id
    assert first.state is PersonState.ACTIVE


def test_the_id_of_a_person_does_not_tell_when_they_came() -> None:
    """Neighbours and staff see it: who came late must not sort behind who came early."""
    came = []
    for number in range(12):
        with hours_later(number):
            known = Details(phone=f"136000000{number:02}")
            came.append(arrivals.arrive("phone", known.phone, known, clock.now()).id)
    assert len({person_id[:8] for person_id in came}) > 1
    assert came != sorted(came)


def test_a_newcomer_by_a_new_openid_of_a_known_unionid_is_known() -> None:
    """The same account of WeChat in another app of ours."""
    first = arrivals.arrive("openid", "o1", Details(openid="o1", unionid="u1"), clock.now())
    again = arrivals.arrive("unionid", "u1", Details(unionid="u1"), clock.now())
    assert again.id == first.id


def test_two_who_arrive_at_once_are_one_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second looked before the first had stored anything."""
    first = arrivals.arrive("phone", PHONE, Details(phone=PHONE), clock.now())
    look, looks = store.get_login, []

    def late(kind: str, blind: str) -> object:
        looks.append(kind)
        return None if len(looks) == 1 else look(kind, blind)

    monkeypatch.setattr(store, "get_login", late)
    assert arrivals.arrive("phone", PHONE, Details(phone=PHONE), clock.now()).id == first.id


def test_a_phone_is_bound_once_and_to_one_person() -> None:
    one = arrivals.arrive("openid", "o1", Details(openid="o1"), clock.now())
    bound = arrivals.bind(one.id, "phone", PHONE, clock.now())
    assert arrivals.bind(one.id, "phone", PHONE, clock.now()) == bound
    assert arrivals.arrive("phone", PHONE, Details(phone=PHONE), clock.now()).id == one.id
    other = arrivals.arrive("openid", "o2", Details(openid="o2"), clock.now())
    with pytest.raises(Conflict, match="login_of_another"):
        arrivals.bind(other.id, "phone", PHONE, clock.now())
    with pytest.raises(Conflict, match="login_taken"):
        arrivals.bind(one.id, "phone", OTHER_PHONE, clock.now())
    with pytest.raises(NotFound):
        arrivals.bind("per_" + "q" * 26, "phone", OTHER_PHONE, clock.now())


def test_what_is_known_of_a_person_is_corrected_and_shown_masked(people: People) -> None:
    who = people.resident()
    assert people.call(who, "PATCH", "/me", ALL).status == 200
    shown = people.call(who, "GET", "/me").json
    assert (shown["name"], shown["phone"]) == ("欧***", "138****5678")
    assert (shown["id_number"], shown["plates"]) == ("110*************2X", ["京A***45"])
    assert shown["signs_in_by"] == ["phone"]
    for secret in SECRETS:
        assert secret not in people.stored()


def test_a_correction_is_told_by_its_fields_and_nothing_that_stands_in_them(
    people: People,
) -> None:
    who = people.resident()
    people.call(who, "PATCH", "/me", ALL)
    told = people.told_of(who)[-1]
    assert (told["type"], told["actor_id"]) == ("AccountChanged", who.person_id)
    assert "for_id" not in told
    assert told["data"]["fields"] == ["name", "id_number", "plates"]
    assert not any(secret in json.dumps(told, ensure_ascii=False) for secret in SECRETS)


def test_a_correction_that_comes_again_changes_nothing(people: People) -> None:
    who = people.resident()
    people.call(who, "PATCH", "/me", ALL)
    before = people.identity.items()
    assert people.call(who, "PATCH", "/me", {"name": NAME}).status == 200
    assert people.identity.items() == before


def test_a_new_name_is_told_with_the_phone_as_keyed_hashes(people: People) -> None:
    who = people.resident()
    people.call(who, "PATCH", "/me", {"name": NAME})
    (told,) = [
        item["event"]["S"]
        for item in people.identity.items()
        if item["sk"]["S"] == "login" and "event" in item
    ]
    assert vault.blind("phone", PHONE) in told
    assert vault.blind("name", NAME) in told
    assert NAME not in told
    assert PHONE not in told


def test_an_export_holds_every_field_of_the_envelope_and_every_session(people: People) -> None:
    who = people.resident()
    people.call(who, "PATCH", "/me", ALL)
    people.sign_in(who)
    export = people.call(who, "POST", "/me/exports").json
    assert export["details"] == {
        **ALL,
        "phone": PHONE,
        "openid": "",
        "unionid": "",
    }
    assert [one["device"] for one in export["sessions"]] == ["iPhone"]


def test_an_export_holds_what_they_chose_and_said(people: People) -> None:
    who = people.resident()
    chosen: dict[str, Any] = {"language": "en", "opted_out": [], "quiet_hours": None, "version": 0}
    assert people.call(who, "PUT", "/me/settings", chosen).status == 200
    said = {"kind": "idea", "text": "晚上也能报修"}
    assert people.call(who, "POST", "/me/feedback", said).status == 201
    export = people.call(who, "POST", "/me/exports").json
    assert export["settings"]["language"] == "en"
    assert [one["text"] for one in export["feedback"]] == ["晚上也能报修"]
    assert export["feedback_next_cursor"] is None


def test_the_export_is_made_of_the_envelopes_own_fields() -> None:
    """Whatever an envelope comes to hold is exported, and marked as personal."""
    held = {field.name for field in fields(Details)}
    assert set(shapes.AllDetails.__struct_fields__) == held
    assert personal.personal(shapes.AllDetails) == held
    assert PERSONAL["personal"]


def test_an_export_is_told_of_and_answers_again_under_its_key(people: People) -> None:
    who = people.resident()
    first = people.call(who, "POST", "/me/exports", key="export-1")
    told = people.identity.told().count("PersonalDataShown")
    assert people.call(who, "POST", "/me/exports", key="export-1").json == first.json
    assert people.identity.told().count("PersonalDataShown") == told == 1


def test_exports_end_with_the_day(people: People) -> None:
    who = people.resident()
    for number in range(5):
        assert people.call(who, "POST", "/me/exports", key=f"export-{number}").status == 201
    refused = people.call(who, "POST", "/me/exports", key="export-5")
    assert (refused.status, refused.json["code"]) == (429, "too_many_exports")
    with hours_later(24):
        assert people.call(who, "POST", "/me/exports", key="export-5").status == 201


def test_an_erased_person_is_gone_from_every_byte(people: People) -> None:
    """Tables, events on their way to the bus, and log lines; identity has no bucket."""
    with written(people.identity.module.app) as lines:
        who = people.resident(PHONE, OWNER, openid="openid-of-somebody", unionid="unionid-of-one")
        people.call(who, "PATCH", "/me", ALL)
        people.sign_in(who)
        chosen: dict[str, Any] = {
            "language": "en",
            "opted_out": [],
            "quiet_hours": None,
            "version": 0,
        }
        people.call(who, "PUT", "/me/settings", chosen)
        people.call(who, "POST", "/me/feedback", {"kind": "idea", "text": f"{NAME}，{PHONE}"})
        people.call(who, "POST", "/me/exports")
        assert people.call(who, "POST", "/me/erasure").status == 200
    left = people.stored() + lines.getvalue()
    assert "'settings'" not in left
    for secret in (*SECRETS, "openid-of-somebody", "unionid-of-one", "iPhone"):
        assert secret not in left
    for blind in (vault.blind("phone", PHONE), vault.blind("name", NAME)):
        assert f"platform#login#{blind}" not in left
        assert f"platform#name#{blind}" not in left


def test_of_an_erased_person_an_id_a_state_and_a_date_are_left(people: People) -> None:
    who = people.resident(PHONE, OWNER)
    people.sign_in(who)
    people.call(who, "POST", "/me/erasure")
    kept = store.get_with_key(who.person_id)
    assert kept[0] is not None
    assert (kept[0].state, kept[0].envelope, kept[0].logins, kept[1]) == (
        PersonState.ERASED, b"", (), b"",
    )  # fmt: skip
    assert "PersonErased" in people.identity.told()
    # What they may do is community's to end, which hears of it; until then the mark is enough.
    assert grants.standing_of(who.person_id).frozen
    assert people.call(who, "GET", "/me").status == 404
    assert people.call(who, "POST", "/me/erasure").status == 200


def test_an_envelope_that_somebody_kept_opens_no_more(people: People) -> None:
    """As a backup or a stream would have kept it."""
    who = people.resident()
    people.call(who, "PATCH", "/me", ALL)
    kept, _ = store.get_with_key(who.person_id)
    people.sign_in(who)
    people.call(who, "POST", "/me/erasure")
    _, key = store.get_with_key(who.person_id)
    assert kept is not None
    with pytest.raises(vault.Unreadable):
        vault.open_sealed(who.person_id, key, kept.envelope)


def test_whoever_comes_back_after_erasure_is_somebody_new(people: People) -> None:
    who = people.resident()
    people.sign_in(who)
    people.call(who, "POST", "/me/erasure")
    assert people.resident().person_id != who.person_id


def test_nobody_is_erased_by_a_device_that_lies_around(people: People) -> None:
    who = people.resident()
    refused = people.call(who, "POST", "/me/erasure")
    assert (refused.status, refused.json["code"]) == (409, "sign_in_again")
    people.sign_in(who)
    with hours_later(0.26):
        assert people.call(who, "POST", "/me/erasure").status == 409
    with hours_later(0.24):
        assert people.call(who, "POST", "/me/erasure").status == 200


def test_a_sign_in_elsewhere_makes_no_old_session_a_recent_one(people: People) -> None:
    """A stolen token of last week asks while its owner signs in on their own telephone."""
    who = people.resident()
    with hours_later(-48):
        people.sign_in(who)
    stolen = people.sessions[who.person_id]
    people.sign_in(who)
    own = people.sessions[who.person_id]
    for session_id in (stolen, "", "ses_" + "x" * 26):
        people.sessions[who.person_id] = session_id
        assert people.call(who, "POST", "/me/erasure").json["code"] == "sign_in_again"
    people.sessions[who.person_id] = own
    assert people.call(who, "POST", "/me/erasure").status == 200


def test_nobody_is_erased_by_who_acts_for_them(people: People) -> None:
    who = people.resident()
    people.sign_in(who)
    acted = Somebody(who.person_id, acting_id=ADMIN.person_id)
    assert people.call(acted, "POST", "/me/erasure").status == 404


@pytest.mark.parametrize("method_and_url", [("GET", "/me"), ("POST", "/me/exports")])
def test_whoever_is_not_known_here_is_shown_nothing(
    people: People, method_and_url: tuple[str, str]
) -> None:
    """Such as who signs in by an outside issuer."""
    assert people.call(ADMIN, *method_and_url).status == 404


def test_a_persons_five_fields_cost_less_than_470_bytes(people: People) -> None:
    assert cost.bytes_of_a_person() <= cost.MAX_BYTES


def test_a_hundred_writes_of_personal_data_ask_kms_once(people: People) -> None:
    assert cost.kms_calls() == cost.MAX_KMS_CALLS


def test_a_month_and_a_half_later_nothing_is_recent(people: People) -> None:
    who = people.resident()
    people.sign_in(who, clock.now() - timedelta(days=45))
    assert people.call(who, "POST", "/me/erasure").json["code"] == "sign_in_again"
