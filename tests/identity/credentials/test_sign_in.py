"""Signing in with password and second factor, and every way around them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.identity.credentials import actions, passwords, rules
from chalicelib.identity.sessions import opening
from tests.harness.calls import heard
from tests.identity.credentials.staffroom import (
    OTHER_PASSWORD,
    PASSWORD,
    USERNAME,
    Staffroom,
)
from tests.identity.scene import OTHER_PHONE

OTHER = "wang.butler"
STRANGER = "198.51.100.1"


def test_whatever_is_wrong_is_told_alike_and_asks_the_same_of_aws(room: Staffroom) -> None:
    room.employed()
    answers, asked = [], []
    for given in (
        {"username": "nobody.here", "totp": "123456"},
        {"password": OTHER_PASSWORD},
        {"username": OTHER, "password": PASSWORD, "totp": "123456"},
    ):
        with heard() as calls:
            answers.append(room.sign_in(**given))
        asked.append(calls.operations)
    assert {(answer.status, answer.text) for answer in answers} == {(409, answers[0].text)}
    assert answers[0].json["code"] == "sign_in_refused"
    assert asked[0] == asked[1] == asked[2]
    wrong_code = room.sign_in(totp="000000")
    assert wrong_code.text == answers[0].text


def test_a_code_is_good_once(room: Staffroom) -> None:
    room.employed()
    code = room.totp()
    assert room.sign_in(totp=code).status == 201
    assert room.sign_in(totp=code).status == 409
    room.later()
    assert room.sign_in(totp=code).status == 409
    assert room.sign_in().status == 201


def test_the_code_that_confirmed_does_not_sign_in(room: Staffroom) -> None:
    room.invite()
    room.accept()
    code = room.totp()
    assert room.confirm(totp=code).status == 200
    assert room.sign_in(totp=code).status == 409


def test_an_older_code_is_not_good_after_a_newer_one(room: Staffroom) -> None:
    room.employed()
    older = room.totp(steps=-1)
    room.later(timedelta(minutes=5))
    older, newer = room.totp(steps=-1), room.totp(steps=1)
    assert room.sign_in(totp=newer).status == 201
    assert room.sign_in(totp=older).status == 409
    assert room.sign_in(totp=room.totp()).status == 409


@pytest.mark.parametrize(("steps", "status"), [(-2, 409), (-1, 201), (0, 201), (1, 201), (2, 409)])
def test_a_clock_may_be_off_by_half_a_minute(room: Staffroom, steps: int, status: int) -> None:
    room.employed()
    room.later(timedelta(minutes=5))
    assert room.sign_in(totp=room.totp(steps=steps)).status == status


def test_a_sign_in_whose_answer_was_lost_is_answered_again(room: Staffroom) -> None:
    person_id = room.employed()
    code = room.totp()
    first = room.sign_in(totp=code, key="sign-in-1")
    before = room.identity.items()
    assert room.sign_in(totp=code, key="sign-in-1") == first
    assert room.identity.items() == before
    assert len(room.identity.sessions(person_id)) == 1
    room.later(timedelta(seconds=61))
    assert room.sign_in(totp=code, key="sign-in-1").status == 409


def test_a_replay_with_another_word_is_no_repetition(room: Staffroom) -> None:
    room.employed()
    code = room.totp()
    assert room.sign_in(totp=code, key="sign-in-1").status == 201
    assert room.sign_in(totp=code, password=OTHER_PASSWORD, key="sign-in-1").status == 409
    assert room.sign_in(totp=code, key="sign-in-2").status == 409


def test_another_persons_code_is_not_good(room: Staffroom) -> None:
    room.employed()
    room.employed(OTHER_PHONE, OTHER)
    assert room.sign_in(totp=room.totp(OTHER)).status == 409
    assert room.sign_in(totp=room.totp()).status == 201


def test_a_username_is_the_same_in_capitals(room: Staffroom) -> None:
    room.employed()
    assert room.sign_in(USERNAME.upper(), totp=room.totp()).status == 201


def test_five_wrong_guesses_lock_the_name_even_for_the_right_one(room: Staffroom) -> None:
    room.employed()
    for guess in range(5):
        assert room.sign_in(totp=f"{guess:06}").status == 409
    locked = room.sign_in()
    assert (locked.status, locked.json["code"]) == (429, "too_many_attempts")
    room.later(timedelta(minutes=1))
    assert room.sign_in().status == 201
    room.later()
    # Who succeeded has all of their guesses again.
    for guess in range(4):
        assert room.sign_in(totp=f"{guess:06}").status == 409
    assert room.sign_in().status == 201


def test_a_name_that_nobody_has_is_locked_just_so(room: Staffroom) -> None:
    for guess in range(5):
        assert room.sign_in("nobody.here", totp=f"{guess:06}").status == 409
    assert room.sign_in("nobody.here", totp="999999").status == 429


def test_a_stranger_who_guesses_locks_nobody_else_out(room: Staffroom) -> None:
    room.employed()
    for guess in range(6):
        room.sign_in(totp=f"{guess:06}", address=STRANGER)
    assert room.sign_in(totp=room.totp(), address=STRANGER).status == 429
    assert room.sign_in().status == 201


def test_strangers_share_the_tries_at_a_name_and_its_bearer_comes_in_from_where_they_did(
    room: Staffroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.employed()
    assert room.sign_in().status == 201
    room.later(timedelta(minutes=15))
    monkeypatch.setitem(rules.STRANGERS_TRIES, "sign_in", 7)
    for name in (USERNAME, "nobody.here"):
        answers = [
            room.sign_in(name, totp=f"{guess:06}", address=f"198.51.100.{guess % 3}")
            for guess in range(9)
        ]
        assert [answer.status for answer in answers] == [409] * 7 + [429] * 2
        assert room.sign_in(name, totp="999999", address="198.51.100.9").status == 429
    assert room.sign_in().status == 201
    room.later(timedelta(minutes=15))
    assert room.sign_in(address="198.51.100.9").status == 201


def test_a_source_is_known_for_a_month(room: Staffroom, monkeypatch: pytest.MonkeyPatch) -> None:
    room.employed()
    assert room.sign_in().status == 201
    monkeypatch.setitem(rules.STRANGERS_TRIES, "sign_in", 1)
    for wait, status in ((rules.KNOWN_FOR - timedelta(minutes=1), 201), (rules.KNOWN_FOR, 429)):
        room.later(wait)
        assert room.sign_in(totp="000000", address=STRANGER).status == 409
        assert room.sign_in().status == status


def test_the_addresses_of_one_household_are_one_source(room: Staffroom) -> None:
    room.employed()
    for guess in range(5):
        room.sign_in(totp=f"{guess:06}", address=f"2001:db8:0:1::{guess}")
    assert room.sign_in(address="2001:db8:0:1:ffff::1").status == 429
    assert room.sign_in(address="2001:db8:0:2::1").status == 201


def test_the_same_wrong_guess_again_is_no_second_guess(room: Staffroom) -> None:
    room.employed()
    for _ in range(7):
        assert room.sign_in(totp="000000", key="sign-in-1").status == 409
    assert room.sign_in().status == 201


def test_one_address_has_so_many_attempts_an_hour_whatever_the_names(
    room: Staffroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "ATTEMPTS_PER_HOUR", 3)
    for number in range(3):
        assert room.sign_in(f"nobody{number}", totp="123456").status == 409
    refused = room.sign_in("nobody9", totp="123456")
    assert (refused.status, refused.json["code"]) == (429, "too_many_attempts")
    assert room.sign_in("nobody9", totp="123456", address="203.0.113.8").status == 409


def test_who_is_frozen_does_not_sign_in(room: Staffroom) -> None:
    person_id = room.employed()
    room.identity.someone_is(person_id, "frozen")
    assert room.sign_in().json["code"] == "sign_in_refused"


def test_a_hash_of_older_parameters_is_made_anew_by_the_next_sign_in(
    room: Staffroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(passwords, "_ROUNDS", 1)
        passwords._hasher.cache_clear()
        room.employed()
    passwords._hasher.cache_clear()
    assert room.sign_in().status == 201
    (item,) = (i for i in room.identity.items() if i["sk"]["S"] == "credential")
    assert "t=2" in item["password_hash"]["S"]
    room.later()
    assert room.sign_in().status == 201


def test_a_password_is_changed_by_who_knows_it_and_has_the_authenticator(room: Staffroom) -> None:
    person_id = room.employed()
    room.sign_in()
    room.later()
    assert room.change(person_id, OTHER_PASSWORD).status == 200
    assert room.identity.sessions(person_id) == []
    room.later()
    assert room.sign_in().status == 409
    assert room.sign_in(password=OTHER_PASSWORD).status == 201


@pytest.mark.parametrize(
    "differing", [{"old": OTHER_PASSWORD}, {"totp": "000000"}, {"person_id": "per_" + "x" * 26}]
)
def test_a_password_is_not_changed_by_anybody_else(
    room: Staffroom, differing: dict[str, str]
) -> None:
    person_id = room.employed()
    who = differing.pop("person_id", person_id)
    refused = room.change(who, OTHER_PASSWORD, **differing)
    assert (refused.status, refused.json["code"]) == (409, "sign_in_refused")
    assert room.sign_in().status == 201


def test_whoever_acts_for_somebody_does_not_change_their_password(room: Staffroom) -> None:
    person_id = room.employed()
    assert room.change(person_id, OTHER_PASSWORD, acting_id="per_" + "x" * 26).status == 404


def test_a_change_whose_answer_was_lost_is_answered_again(room: Staffroom) -> None:
    person_id = room.employed()
    code = room.totp()
    assert room.change(person_id, OTHER_PASSWORD, totp=code, key="change-1").status == 200
    before = room.identity.items()
    assert room.change(person_id, OTHER_PASSWORD, totp=code, key="change-1").status == 200
    assert room.identity.items() == before


def test_a_code_that_changed_the_password_does_not_sign_in(room: Staffroom) -> None:
    person_id = room.employed()
    code = room.totp()
    room.change(person_id, OTHER_PASSWORD, totp=code)
    assert room.sign_in(password=OTHER_PASSWORD, totp=code).status == 409


def test_who_is_erased_leaves_no_credential(room: Staffroom) -> None:
    person_id = room.employed()
    session_id = room.sign_in().json["session_id"]
    who = {"person_id": person_id, "session_id": session_id}
    erased = room.identity.call("POST", "/me/erasure", **who)
    assert erased.status < 300, erased.text
    assert [i for i in room.identity.items() if i["sk"]["S"] in ("credential", "key")] == []
    room.later()
    assert room.sign_in().status == 409


def test_a_sign_in_that_a_reset_overtakes_opens_no_session(
    room: Staffroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    person_id = room.employed()
    room.invite()
    old, code = room.secrets[USERNAME], room.totp()
    room.accept(password=OTHER_PASSWORD)
    new, room.secrets[USERNAME] = room.secrets[USERNAME], old
    open_session = opening.open_session

    def overtaken(*given: Any) -> Any:
        room.secrets[USERNAME] = new
        assert room.confirm().status == 200
        return open_session(*given)

    monkeypatch.setattr(opening, "open_session", overtaken)
    assert room.sign_in(totp=code).json["code"] == "sign_in_refused"
    assert room.identity.sessions(person_id) == []
