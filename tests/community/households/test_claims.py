"""Claims through the door: who is bound at once, and how little everybody else learns."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from chalicelib.community.people import contacts
from chalicelib.community.people.contacts import Contact
from local.apps import load_app
from shared import grants, ids, vault
from shared.auth import Grant, Role
from tests.community.estate import OWNER_NAME, OWNER_PHONE, Estate, an_estate
from tests.community.register.scene import NOW
from tests.conftest import Cloud
from tests.harness.gateway import Answer, send
from tests.harness.hours import hours_later
from tests.harness.rights import hold

APP = load_app("community").app
STRANGER = ids.person_id("test", "stranger")
MANAGER = ids.person_id("test", "claims manager")


@pytest.fixture
def estate(moto_cloud: Cloud) -> Estate:
    return an_estate(moto_cloud)


def claim(estate: Estate, person_id: str, number: str = "503", key: str = "key-0001") -> Answer:
    url = f"/rooms/{ids.room_id(estate.community_id, '3', '1', number)}/claims"
    headers = {"Idempotency-Key": key}
    body = {"relation": "owner"}
    return send(APP, "POST", url, person_id=person_id, headers=headers, body=body)


def reached_by(
    person_id: str, phone: str, name: str, told_at: datetime = NOW, version: int = 1
) -> None:
    told = Contact(vault.blind("phone", phone), vault.blind("name", name))
    contacts.keep_contact(person_id, told, told_at, version)


def test_who_has_the_phone_and_the_name_is_an_owner_at_once(estate: Estate) -> None:
    reached_by(STRANGER, OWNER_PHONE, OWNER_NAME)
    made = claim(estate, STRANGER)
    assert (made.status, made.json["state"]) == (201, "confirmed")
    home = Grant(Role.OWNER, f"{estate.community_id}/3/1/503")
    assert grants.grants_of(STRANGER) == (home,)
    assert claim(estate, STRANGER) == made
    assert claim(estate, STRANGER, key="key-0002").json["state"] == "confirmed"
    assert grants.grants_of(STRANGER) == (home,)


def test_a_phone_that_gave_way_to_another_opens_no_home(estate: Estate) -> None:
    reached_by(STRANGER, OWNER_PHONE, OWNER_NAME)
    reached_by(STRANGER, "13711112222", OWNER_NAME, NOW + timedelta(seconds=1))
    # What was told first may come last.
    reached_by(STRANGER, OWNER_PHONE, OWNER_NAME)
    assert claim(estate, STRANGER).json["state"] == "pending"
    assert grants.grants_of(STRANGER) == ()


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_of_two_phones_of_one_moment_the_later_one_counts(
    estate: Estate, order: tuple[int, int]
) -> None:
    phones = {1: OWNER_PHONE, 2: "13711112222"}
    for version in order:
        reached_by(STRANGER, phones[version], OWNER_NAME, version=version)
    assert claim(estate, STRANGER).json["state"] == "pending"


def test_who_is_not_known_learns_nothing_of_whom_the_register_knows(estate: Estate) -> None:
    """The same answer, whether phone, name, both or nothing was wrong."""
    known = {
        "name": (OWNER_PHONE, "李四"),
        "phone": ("13711112222", OWNER_NAME),
        "both": ("13711112222", "李四"),
    }
    shown = []
    for wrong, contact in (*known.items(), ("nothing told", None)):
        person_id = ids.person_id("test", wrong)
        if contact:
            reached_by(person_id, *contact)
        answer = claim(estate, person_id)
        assert grants.grants_of(person_id) == ()
        told = {"claim_id": "", "person_id": "", "by": "", "at": "", "claimed_at": ""}
        shown.append((answer.status, answer.headers, answer.json | told))
    assert all(one == shown[0] for one in shown)
    assert shown[0][2]["state"] == "pending"


def test_whether_there_is_a_room_is_told_to_nobody_who_claims_it(estate: Estate) -> None:
    shown = []
    for number in ("503", "999"):
        answer = claim(estate, STRANGER, number)
        again = claim(estate, STRANGER, number, "key-0002")
        read = send(APP, "GET", f"/claims/{answer.json['claim_id']}", person_id=STRANGER)
        assert answer.json == again.json == read.json
        told = {"claim_id": "", "room_id": "", "at": "", "claimed_at": ""}
        shown.append((answer.status, answer.headers, answer.json | told))
    assert shown[0] == shown[1]
    assert (shown[0][0], shown[0][2]["state"]) == (201, "pending")


def test_nobody_is_bound_to_a_room_that_is_not_there(estate: Estate) -> None:
    made = claim(estate, STRANGER, "999").json
    confirmed = decided(estate, made["claim_id"], True)
    assert (confirmed.status, confirmed.json["code"]) == (409, "room_not_registered")
    assert decided(estate, made["claim_id"], False).json["state"] == "refused"
    assert grants.grants_of(STRANGER) == ()


def decided(estate: Estate, claim_id: str, confirm: bool) -> Answer:
    manager = Grant(Role.COMMUNITY_MANAGER, estate.community_id)
    hold(MANAGER, manager)
    body = {"confirm": confirm, "reason": "已核对"}
    url = f"/claims/{claim_id}/decision"
    return send(APP, "POST", url, person_id=MANAGER, grants=(manager,), body=body)


def test_a_sixth_claim_of_a_day_is_one_too_many(estate: Estate) -> None:
    reached_by(STRANGER, OWNER_PHONE, OWNER_NAME)
    for number in range(5):
        assert claim(estate, STRANGER, key=f"key-{number:04}").json["state"] == "confirmed"
    refused = claim(estate, STRANGER, key="key-0009")
    assert (refused.status, refused.json["code"]) == (429, "too_many_claims")


def test_whoever_signs_up_anew_with_their_phone_has_no_more_tries(estate: Estate) -> None:
    """Erased and back again, somebody tries another name against the phone that they have."""
    for number in range(5):
        one = ids.person_id("test", f"erased-{number}")
        reached_by(one, OWNER_PHONE, f"李{number}")
        assert claim(estate, one).json["state"] == "pending"
    right = ids.person_id("test", "right at last")
    reached_by(right, OWNER_PHONE, OWNER_NAME)
    refused = claim(estate, right)
    assert (refused.status, refused.json["code"]) == (429, "too_many_claims")
    assert grants.grants_of(right) == ()
    with hours_later(24):
        assert claim(estate, right).json["state"] == "confirmed"
