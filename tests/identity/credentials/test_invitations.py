"""Invitations over the app: sent, accepted, confirmed; and whoever has no business with them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.identity.credentials import actions, passwords
from chalicelib.identity.persons import arrivals
from shared import aws, clock
from shared.auth import PLATFORM, Role
from tests.identity.credentials.staffroom import (
    ADMIN,
    CHIEF,
    COMMUNITY,
    COMPANY,
    OTHER_CHIEF,
    OTHER_PASSWORD,
    PASSWORD,
    USERNAME,
    Inviter,
    Staffroom,
)
from tests.identity.scene import OTHER_PHONE, PHONE


def test_whoever_is_invited_gets_a_code_by_sms_and_comes_in_with_it(room: Staffroom) -> None:
    invited = room.invite()
    assert invited.status == 201, invited.text
    (message,) = room.identity.sandboxes.messages.shown(PHONE)
    assert re.search(r"\b[0-9]{8}\b", message)
    assert "72" in message
    assert room.accept().status == 200
    assert room.confirm().status == 200
    room.later()
    tokens = room.sign_in()
    assert tokens.status == 201, tokens.text
    assert tokens.json["person_id"] == invited.json["person_id"]
    assert room.identity.claims(tokens.json["access_token"])["acr"] == "staff"


def test_the_same_invitation_again_invites_once(room: Staffroom) -> None:
    first = room.invite(key="invite-1")
    before = room.identity.items()
    assert room.invite(key="invite-1") == first
    assert room.identity.items() == before
    assert len(set(room.identity.sandboxes.messages.shown(PHONE))) == 1


def test_the_same_invitation_within_its_minute_sends_no_second_message(room: Staffroom) -> None:
    """Whatever its Idempotency-Key says: nobody fills a phone with messages."""
    first = room.invite(key="invite-1")
    for key in ("invite-1", "invite-1", "invite-2", ""):
        room.later(timedelta(seconds=15))
        assert room.invite(key=key) == first
    assert len(room.identity.sandboxes.messages.shown(PHONE)) == 1
    room.later(timedelta(seconds=1))
    assert room.invite(key="invite-3").json != first.json
    assert len(room.identity.sandboxes.messages.shown(PHONE)) == 2


def test_a_message_that_the_provider_refused_is_sent_by_who_asks_again(room: Staffroom) -> None:
    messages = room.identity.sandboxes.messages
    messages.broken = True
    refused = room.invite(key="invite-1")
    assert (refused.status, refused.json["code"]) == (409, "provider_unreachable")
    assert room.invite(key="invite-1").status == 409
    messages.broken = False
    room.later(timedelta(hours=1))
    for _ in range(2):
        assert room.invite(key="invite-1").status == 201
    assert len(messages.shown(PHONE)) == 1
    assert room.accept().status == 200


def test_a_key_that_comes_back_after_days_gives_another_code(room: Staffroom) -> None:
    """What is kept of an invitation is forgotten after four days."""
    room.invite(key="invite-1")
    old = room.code()
    for item in room.identity.items():
        if "#invitation#" in item["pk"]["S"]:
            place = {name: item[name] for name in ("pk", "sk")}
            aws.client("dynamodb").delete_item(TableName=room.identity.table, Key=place)
    room.later(timedelta(days=4))
    room.invite(key="invite-1")
    assert room.code() != old
    assert room.accept(code=old).json["code"] == "code_not_valid"
    assert room.accept().status == 200


def test_a_later_repetition_sends_nothing_more(room: Staffroom) -> None:
    first = room.invite(key="invite-1")
    room.later(timedelta(minutes=2))
    assert room.invite(key="invite-1") == first
    assert len(room.identity.sandboxes.messages.shown(PHONE)) == 1


def test_an_invitation_is_told_without_name_or_phone(room: Staffroom) -> None:
    invited = room.invite()
    told = [i["event"]["S"] for i in room.identity.items() if "StaffInvited" in str(i.get("event"))]
    assert len(told) == 1
    assert invited.json["person_id"] in told[0]
    assert PHONE not in told[0]
    assert "李经理" not in told[0]


@pytest.mark.parametrize(
    ("inviter", "scope"),
    [
        (CHIEF, PLATFORM),
        (CHIEF, "com_e5f6g7h8"),
        (OTHER_CHIEF, COMPANY),
        (Inviter("r", ()), COMPANY),
    ],
)
def test_nobody_invites_for_what_is_not_theirs(
    room: Staffroom, inviter: Inviter, scope: str
) -> None:
    before = room.identity.items()
    assert room.invite(by=inviter, scope=scope).status == 404
    assert room.identity.items() == before


def test_what_is_no_scope_is_refused(room: Staffroom) -> None:
    refused = room.invite(by=ADMIN, scope=f"{COMMUNITY}/3")
    assert (refused.status, refused.json["errors"][0]["code"]) == (400, "not_a_scope")


def test_an_inviter_has_fifty_invitations_a_day_and_a_phone_gets_five(room: Staffroom) -> None:
    for _ in range(actions.INVITATIONS_PER_PHONE):
        assert room.invite().status == 201
        room.later(timedelta(seconds=61))
    refused = room.invite()
    assert (refused.status, refused.json["code"]) == (429, "too_many_invitations")
    room.later(timedelta(days=1))
    assert room.invite().status == 201


def test_who_has_no_more_invitations_stores_nobody_by_trying(
    room: Staffroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "INVITATIONS_PER_DAY", 1)
    assert room.invite(key="only-0001").status == 201
    before = room.identity.items()
    refused = room.invite(OTHER_PHONE)
    assert (refused.status, refused.json["code"]) == (429, "too_many_invitations")
    assert room.identity.items() == before
    # The one that was stored is answered again all the same.
    assert room.invite(key="only-0001").status == 201


def test_whoever_has_not_confirmed_does_not_sign_in(room: Staffroom) -> None:
    room.invite()
    room.accept()
    refused = room.sign_in()
    assert (refused.status, refused.json["code"]) == (409, "sign_in_refused")


def test_an_acceptance_whose_answer_was_lost_gives_the_same_secret(room: Staffroom) -> None:
    room.invite()
    first = room.accept(key="accept-1")
    before = room.identity.items()
    assert room.accept(key="accept-1") == first
    assert room.identity.items() == before


def test_another_acceptance_takes_the_place_of_the_first(room: Staffroom) -> None:
    room.invite()
    first = room.accept()
    old = room.totp()
    assert room.accept(password=OTHER_PASSWORD).json != first.json
    refused = room.confirm(totp=old)
    assert refused.json["code"] == "code_not_valid"
    assert room.confirm().status == 200
    room.later()
    assert room.sign_in(password=PASSWORD).status == 409
    assert room.sign_in(password=OTHER_PASSWORD).status == 201


def test_a_confirmation_whose_answer_was_lost_may_come_again(room: Staffroom) -> None:
    room.invite()
    room.accept()
    assert room.confirm(key="confirm-1").status == 200
    before = room.identity.items()
    assert room.confirm(key="confirm-1").status == 200
    assert room.identity.items() == before


def test_an_invitation_is_used_once(room: Staffroom) -> None:
    room.employed()
    assert room.accept(password=OTHER_PASSWORD).json["code"] == "code_not_valid"
    assert room.confirm().json["code"] == "code_not_valid"


def test_whatever_is_wrong_with_a_code_is_told_alike(room: Staffroom) -> None:
    room.invite()
    right = room.code()
    answers = [
        room.accept(code="00000000"),
        room.accept(phone=OTHER_PHONE, code=right),
        room.confirm(code="00000000", totp="000000"),
        room.confirm(phone=OTHER_PHONE, code=right, totp="000000"),
        room.confirm(totp="000000"),
    ]
    room.later(timedelta(hours=72))
    answers.append(room.accept(code=right))
    assert {answer.status for answer in answers} == {409}
    assert len({answer.text for answer in answers}) == 1


def test_a_new_invitation_makes_the_code_before_good_no_more(room: Staffroom) -> None:
    room.invite()
    old = room.code()
    room.invite(by=ADMIN, scope=PLATFORM)
    assert room.accept(code=old).status == 409
    assert room.accept().status == 200


def test_codes_are_guessed_five_times_and_then_ever_more_slowly(room: Staffroom) -> None:
    room.invite()
    right = room.code()
    for guess in range(5):
        assert room.accept(code=f"{guess:08}").status == 409
    locked = room.accept(code=right)
    assert (locked.status, locked.json["code"]) == (429, "too_many_attempts")
    room.later(timedelta(minutes=1))
    assert room.accept(code="00000009").status == 409
    room.later(timedelta(minutes=1))
    assert room.accept(code=right).status == 429
    room.later(timedelta(minutes=1))
    assert room.accept(code=right).status == 200


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("password12345", "password_too_common"),
        ("x-li.manager-42-lamp", "password_names_you"),
        ("short", "too_short"),
    ],
)
def test_a_bad_password_is_refused_before_the_code_is_looked_at(
    room: Staffroom, password: str, code: str
) -> None:
    room.invite()
    before = kept_but_for_tries(room)
    for shown in ({}, {"code": "00000000"}):
        refused = room.accept(password=password, **shown)
        assert (refused.status, refused.json["errors"][0]["code"]) == (400, code)
    assert kept_but_for_tries(room) == before


def kept_but_for_tries(room: Staffroom) -> list[dict[str, Any]]:
    items = room.identity.items()
    return [i for i in items if not {"failures", "used"} & i.keys()]


def test_a_password_is_weighed_only_for_who_has_tries_left(
    room: Staffroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To weigh one is work: a stranger has it done as often as they may try a code."""
    room.invite()
    weighed: list[str] = []
    score = passwords.score

    def weigh(password: str, username: str) -> int:
        weighed.append(username)
        return score(password, username)

    monkeypatch.setattr(passwords, "score", weigh)
    answers = [room.accept(password="password12345").status for _ in range(8)]
    assert answers == [400] * 5 + [429] * 3
    assert len(weighed) == 5


def test_a_username_is_one_persons_however_it_is_written(room: Staffroom) -> None:
    room.employed()
    room.invite(OTHER_PHONE)
    taken = room.accept(OTHER_PHONE, username="Li.Manager")
    assert (taken.status, taken.json["code"]) == (409, "username_taken")
    assert room.accept(OTHER_PHONE, username="wang.butler").status == 200


def test_of_two_who_want_the_same_username_the_first_to_confirm_has_it(room: Staffroom) -> None:
    room.invite()
    room.accept()
    mine = room.totp()
    room.invite(OTHER_PHONE)
    room.accept(OTHER_PHONE)
    assert room.confirm(OTHER_PHONE).status == 200
    late = room.confirm(totp=mine)
    assert (late.status, late.json["code"]) == (409, "busy")


def test_who_forgot_their_password_begins_anew_by_an_invitation(room: Staffroom) -> None:
    person_id = room.employed()
    room.given(person_id, Role.BUTLER, COMMUNITY)
    assert room.sign_in().status == 201
    room.later()
    assert room.invite().status == 201
    old = room.secrets[USERNAME]
    assert room.accept(password=OTHER_PASSWORD).status == 200
    new, room.secrets[USERNAME] = room.secrets[USERNAME], old
    # Until the new way in is confirmed, the old one stands.
    assert room.sign_in().status == 201
    room.later()
    room.secrets[USERNAME] = new
    assert room.confirm().status == 200
    assert room.identity.sessions(person_id) == []
    room.later()
    assert room.sign_in().status == 409
    assert room.sign_in(password=OTHER_PASSWORD).status == 201


def test_who_begins_anew_may_take_another_username_and_leaves_the_old_one(room: Staffroom) -> None:
    room.employed()
    room.invite()
    room.accept(username="li.chief")
    assert room.confirm(username="li.chief").status == 200
    room.later()
    assert room.sign_in().status == 409
    assert room.sign_in("li.chief").status == 201
    room.invite(OTHER_PHONE)
    assert room.accept(OTHER_PHONE).status == 200


def test_another_firm_cannot_let_somebody_begin_anew(room: Staffroom) -> None:
    person_id = room.employed()
    room.given(person_id, Role.COMPANY_ADMIN, COMPANY)
    ours = room.invite(by=CHIEF)
    messages = room.identity.sandboxes.messages.shown(PHONE)
    theirs = room.invite(by=OTHER_CHIEF, scope=OTHER_CHIEF.grants[0].scope)
    assert theirs.json == ours.json
    assert theirs.status == ours.status == 201
    assert not re.search(r"[0-9]{6}", messages[-1])
    code = actions._code(_invitation_id(room))
    refused = room.accept(code=code, password=OTHER_PASSWORD)
    assert refused.json["code"] == "code_not_valid"
    assert room.sign_in().status == 201


def test_an_approved_firm_gives_nobody_another_password(room: Staffroom) -> None:
    person_id = room.employed()
    room.later()
    assert actions.invite_administrator(person_id, "app_1:4", clock.now())
    assert not re.search(r"[0-9]{6}", room.identity.sandboxes.messages.shown(PHONE)[-1])
    code = actions._code(_invitation_id(room))
    assert room.accept(code=code, password=OTHER_PASSWORD).json["code"] == "code_not_valid"
    assert room.sign_in().status == 201


def test_a_firm_that_may_not_let_somebody_begin_anew_ends_no_other_firms_reset(
    room: Staffroom,
) -> None:
    person_id = room.employed()
    room.given(person_id, Role.COMPANY_ADMIN, COMPANY)
    room.later(timedelta(minutes=2))
    room.invite(by=CHIEF)
    code = room.code()
    room.accept(code=code, password=OTHER_PASSWORD)
    theirs = OTHER_CHIEF.grants[0].scope
    told = [room.invite(by=OTHER_CHIEF, scope=theirs, key="invite-9").json for _ in range(2)]
    assert told[0] == told[1]
    assert room.confirm(code=code).status == 200
    room.later()
    assert room.sign_in(password=OTHER_PASSWORD).status == 201


def _invitation_id(room: Staffroom) -> str:
    """That of who was told only."""
    (item,) = (i for i in room.identity.items() if i["sk"]["S"] == "told")
    return str(item["id"]["S"])


def test_an_invitation_to_a_phone_that_was_given_up_makes_no_way_in(room: Staffroom) -> None:
    person_id = room.invite().json["person_id"]
    room.accept()
    arrivals.bind(person_id, "phone", OTHER_PHONE, clock.now(), replaces=True)
    assert room.confirm().json["code"] == "code_not_valid"


def test_who_is_frozen_meanwhile_does_not_come_in(room: Staffroom) -> None:
    person_id = room.invite().json["person_id"]
    room.accept()
    room.identity.someone_is(person_id, "frozen")
    assert room.confirm().json["code"] == "code_not_valid"


def test_neither_phone_nor_code_nor_password_stands_anywhere(room: Staffroom) -> None:
    room.employed()
    room.sign_in()
    stored = str(room.identity.items())
    for said in (PHONE, room.code(), PASSWORD, USERNAME, room.secrets[USERNAME], "李经理"):
        assert said not in stored
