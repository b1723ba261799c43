"""Signing in by code and by WeChat: who proves it comes in, once; nobody learns who is known."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from chalicelib.identity.codes import rules
from shared import grants
from shared.table import Transaction
from tests.harness.gateway import Answer
from tests.harness.source import Source
from tests.identity.entering import ask_for_code, by_wechat, code_for, other, sign_in
from tests.identity.scene import ADDRESS, OTHER_PHONE, PHONE, Identity

STRANGER = "198.51.100.1"


def guess(identity: Identity, code: str, number: int) -> Answer:
    """A wrong code, from one of three sources."""
    key, address = f"guess-{number:03}", f"198.51.100.{number % 3}"
    return sign_in(identity, other(code), key=key, address=address)


def test_whoever_holds_a_phone_comes_in_and_is_the_same_person_next_time(
    identity: Identity, source: Source
) -> None:
    first = sign_in(identity, code_for(identity))
    assert first.status == 201, first.text
    source.now += rules.SENT_EVERY
    second = sign_in(identity, code_for(identity), key="key-0002")
    assert second.json["person_id"] == first.json["person_id"]
    assert second.json["session_id"] != first.json["session_id"]


def test_the_message_says_the_code_and_how_long_it_is_good(identity: Identity) -> None:
    code = code_for(identity)
    (shown,) = identity.sandboxes.messages.shown(PHONE)
    assert shown == f"【邻里】验证码 {code}，5 分钟内有效。请勿告诉他人。"


def test_known_and_unknown_phones_are_answered_alike(identity: Identity, source: Source) -> None:
    sign_in(identity, code_for(identity))
    source.now += rules.SENT_EVERY
    known, unknown = ask_for_code(identity), ask_for_code(identity, OTHER_PHONE)
    assert (known.status, known.text) == (unknown.status, unknown.text)
    wrong = [sign_in(identity, "000000", phone).text for phone in (PHONE, OTHER_PHONE)]
    never = sign_in(identity, "000000", "13700000000").text
    assert set(wrong) == {never}


def test_a_code_is_used_once(identity: Identity, source: Source) -> None:
    code = code_for(identity)
    assert sign_in(identity, code).status == 201
    replayed = sign_in(identity, code, key="of-a-thief")
    assert (replayed.status, replayed.json["code"]) == (409, "code_refused")
    source.now += rules.LOST_REPLY + timedelta(seconds=1)
    assert sign_in(identity, code).json["code"] == "code_refused"


def test_a_request_whose_answer_was_lost_gets_that_answer(identity: Identity) -> None:
    code = code_for(identity)
    first, again = sign_in(identity, code), sign_in(identity, code)
    assert (again.status, again.text) == (first.status, first.text)
    assert len(identity.sessions(first.json["person_id"])) == 1


def test_a_code_is_guessed_five_times_and_no_more(identity: Identity) -> None:
    code = code_for(identity)
    for number in range(rules.ATTEMPTS_MAX - 1):
        assert guess(identity, code, number).status == 409
    assert sign_in(identity, code).status == 201, "the fifth try may be right"


def test_the_sixth_guess_is_refused_though_it_is_right(identity: Identity) -> None:
    code = code_for(identity)
    refused = {guess(identity, code, number).text for number in range(5)}
    right = sign_in(identity, code)
    assert right.json["code"] == "code_refused"
    assert refused == {right.text}, "a guess is told nothing, not even that it was the last"


def test_a_stranger_wears_out_nobodys_code(identity: Identity) -> None:
    code = code_for(identity)
    for number in range(9):
        guessed = sign_in(identity, other(code), key=f"guess-{number:03}", address=STRANGER)
        assert guessed.status == 409
    right = sign_in(identity, code, key="guess-009", address=STRANGER)
    assert right.json["code"] == "code_refused", "three of the tries are one source's"
    assert sign_in(identity, code).status == 201


def test_a_source_presents_so_many_codes_whatever_the_phones(
    identity: Identity, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.identity.codes.store.SOURCE_TRIES_MAX", 4)
    code, another = code_for(identity), code_for(identity, OTHER_PHONE)
    answers = [
        sign_in(identity, other(each), phone, f"{phone}-{number}", STRANGER).status
        for phone, each in ((PHONE, code), (OTHER_PHONE, another))
        for number in range(2)
    ]
    assert answers == [409] * 4
    refused = sign_in(identity, code, address=STRANGER)
    assert (refused.status, refused.json["code"]) == (429, "too_many_attempts")
    # Nobody learns by it which phones await a code.
    assert sign_in(identity, code, "13611112222", address=STRANGER).text == refused.text
    assert sign_in(identity, code, key="key-0002").status == 201
    source.now += timedelta(minutes=15)
    again = code_for(identity, OTHER_PHONE)
    assert sign_in(identity, again, OTHER_PHONE, address=STRANGER).status == 201


@pytest.mark.parametrize(("late", "status"), [(timedelta(0), 201), (timedelta(seconds=1), 409)])
def test_a_code_is_good_for_five_minutes(
    identity: Identity, source: Source, late: timedelta, status: int
) -> None:
    code = code_for(identity)
    source.now += rules.GOOD_FOR + late
    assert sign_in(identity, code).status == status


def test_a_code_is_of_one_phone(identity: Identity) -> None:
    code = code_for(identity)
    code_for(identity, OTHER_PHONE)
    assert sign_in(identity, code, OTHER_PHONE).status == 409


def test_a_new_code_makes_the_one_before_it_worthless(identity: Identity, source: Source) -> None:
    before = code_for(identity)
    source.now += rules.SENT_EVERY
    after = code_for(identity)
    assert before != after
    assert sign_in(identity, before).status == 409
    assert sign_in(identity, after).status == 201


def test_a_phone_gets_one_code_a_minute_and_the_asker_is_told_nothing(
    identity: Identity, source: Source
) -> None:
    first = ask_for_code(identity)
    source.now += rules.SENT_EVERY - timedelta(milliseconds=1)
    assert ask_for_code(identity).text == first.text
    assert len(identity.sandboxes.messages.shown(PHONE)) == 1
    source.now += timedelta(milliseconds=1)
    ask_for_code(identity)
    assert len(identity.sandboxes.messages.shown(PHONE)) == 2


def test_a_phone_gets_five_codes_an_hour_and_ten_a_day(identity: Identity, source: Source) -> None:
    shown, said, messages = [], [], identity.sandboxes.messages
    for _ in range(3):
        for number in range(7):
            answer = ask_for_code(identity, address=f"198.51.100.{number}")
            said.append(answer.json.get("code", answer.status))
            source.now += rules.SENT_EVERY
        shown.append(len(messages.shown(PHONE)))
        source.now += timedelta(hours=1)
    assert shown == [5, 10, 10]
    hour, today = "too_many_codes", "too_many_codes_today"
    assert said == [*[202] * 5, hour, hour, *[202] * 5, today, today, *[today] * 7]
    source.now += timedelta(days=1)
    ask_for_code(identity)
    assert len(messages.shown(PHONE)) == 11


def test_a_stranger_leaves_the_bearer_of_a_phone_some_of_its_codes(
    identity: Identity, source: Source
) -> None:
    answers = []
    for _ in range(3):
        for _ in range(4):
            answers.append(ask_for_code(identity, address=STRANGER).status)
            source.now += rules.SENT_EVERY
        assert ask_for_code(identity).status == 202
        source.now += timedelta(hours=1)
    assert answers == [*[202] * 3, 429, *[202] * 3, 429, *[429] * 4]
    assert len(identity.sandboxes.messages.shown(PHONE)) == 9


def test_a_source_that_asks_for_many_phones_is_stopped(
    identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.identity.codes.store.ADDRESS_HOURLY_MAX", 3)
    phones = [f"1380000{number:04}" for number in range(4)]
    answers = [ask_for_code(identity, phone).status for phone in phones]
    assert answers == [202, 202, 202, 429]
    assert ask_for_code(identity, phones[3], "198.51.100.9").status == 202


def test_a_day_has_so_many_codes_and_then_a_person_must_look(
    identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.identity.codes.store.TOTAL_DAILY_MAX", 2)
    answers = [ask_for_code(identity, f"1380000{n:04}", f"198.51.100.{n}").status for n in range(3)]
    assert answers == [202, 202, 429]


def test_no_phone_address_or_code_is_stored_in_the_clear(identity: Identity) -> None:
    code = code_for(identity)
    sign_in(identity, code)
    stored = json.dumps(identity.items(), default=str)
    assert PHONE not in stored
    assert ADDRESS not in stored
    assert f'"{code}"' not in stored


def test_a_message_that_cannot_be_sent_is_said_so(identity: Identity) -> None:
    identity.sandboxes.messages.broken = True
    answer = ask_for_code(identity)
    assert (answer.status, answer.json["code"]) == (409, "provider_unreachable")


def test_the_mini_program_brings_the_same_person_each_time(identity: Identity) -> None:
    wechat = identity.sandboxes.wechat
    first = by_wechat(identity, wechat.login("mama"))
    assert first.status == 201, first.text
    assert "session_key" not in first.text
    again = by_wechat(identity, wechat.login("mama"), "key-0002")
    stranger = by_wechat(identity, wechat.login("baba"), "key-0003")
    assert again.json["person_id"] == first.json["person_id"] != stranger.json["person_id"]


def test_a_wechat_code_that_was_used_is_refused_but_to_whom_it_was_answered(
    identity: Identity,
) -> None:
    code = identity.sandboxes.wechat.login("mama")
    first = by_wechat(identity, code)
    assert by_wechat(identity, code).text == first.text
    replayed = by_wechat(identity, code, "of-a-thief")
    assert (replayed.status, replayed.json["code"]) == (409, "code_refused")


@pytest.mark.parametrize("code", ["", "nonsense", "0" * 200])
def test_a_wechat_code_that_never_was_is_refused(identity: Identity, code: str) -> None:
    assert by_wechat(identity, code).status in (400, 409)


def test_wechat_is_asked_so_often_for_one_address(
    identity: Identity, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.identity.entry.actions.ASKS_OF_SOURCE", 3)
    for number in range(3):
        refused = by_wechat(identity, "no-such-code", f"key-{number:04}")
        assert (refused.status, refused.json["code"]) == (409, "code_refused")
    code = identity.sandboxes.wechat.login("mama")
    stopped = by_wechat(identity, code)
    assert (stopped.status, stopped.json["code"]) == (429, "too_many_attempts")
    source.now += timedelta(minutes=15)
    # WeChat was not asked: the code is good yet.
    assert by_wechat(identity, code).status == 201


def test_a_wechat_that_is_too_busy_lets_nobody_in(identity: Identity) -> None:
    identity.sandboxes.wechat.busy = True
    answer = by_wechat(identity, identity.sandboxes.wechat.login("mama"))
    assert (answer.status, answer.json["code"]) == (409, "provider_unreachable")


@pytest.mark.parametrize("state", ["frozen", "merged", "erased"])
def test_who_is_not_active_does_not_come_in(identity: Identity, source: Source, state: str) -> None:
    first = sign_in(identity, code_for(identity))
    identity.someone_is(first.json["person_id"], state)
    source.now += rules.SENT_EVERY
    answer = sign_in(identity, code_for(identity), key="key-0002")
    assert (answer.status, answer.json["code"]) == (409, "sign_in_refused")


def test_a_mandate_gives_a_token_that_says_who_acts(identity: Identity) -> None:
    mother, daughter = identity.someone("a"), identity.someone("b")
    body = {"person_id": mother}
    assert identity.call("POST", "/sessions/acting", body, person_id=daughter).status == 404
    with Transaction() as transaction:
        grants.add_mandate(transaction, mother, daughter)
    made = identity.call("POST", "/sessions/acting", body, person_id=daughter)
    claims = identity.claims(made.json["access_token"])
    assert (claims["sub"], claims["act"], claims["acr"]) == (
        mother,
        {"sub": daughter},
        "resident",
    )
    chain = identity.call("POST", "/sessions/acting", body, person_id="per_" + "c" * 26,
                          acting_id=daughter)  # fmt: skip
    assert chain.status == 404
