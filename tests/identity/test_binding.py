"""What people sign in by later: a phone bound, replaced, and taken from nobody else."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.identity.codes import rules
from chalicelib.identity.persons.rules import RECENT
from shared import vault
from tests.harness.gateway import Answer
from tests.harness.source import Source
from tests.identity.entering import by_wechat, code_for, other, sign_in
from tests.identity.scene import OTHER_PHONE, PHONE, Identity


def bind(identity: Identity, person_id: str, body: Any, how: str = "", **named: str) -> Answer:
    return identity.call("POST", f"/me/phone{how}", body, person_id=person_id, **named)


def test_who_came_by_wechat_binds_their_phone_and_comes_by_it(
    identity: Identity, source: Source
) -> None:
    wechat = identity.sandboxes.wechat
    person_id = by_wechat(identity, wechat.login("mama")).json["person_id"]
    bound = bind(identity, person_id, {"code": wechat.offer_phone(PHONE)}, "/wechat")
    assert (bound.status, bound.json) == (200, {"phone": "138****5678"})
    assert sign_in(identity, code_for(identity)).json["person_id"] == person_id


def test_a_token_of_ours_that_wechat_forgot_is_asked_for_again(identity: Identity) -> None:
    wechat = identity.sandboxes.wechat
    mama, baba = (
        by_wechat(identity, wechat.login(user), user + "-key").json["person_id"]
        for user in ("mama", "baba")
    )
    bind(identity, mama, {"code": wechat.offer_phone(PHONE)}, "/wechat")
    wechat.forget_token()
    bound = bind(identity, baba, {"code": wechat.offer_phone(OTHER_PHONE)}, "/wechat")
    assert bound.status == 200, bound.text


def test_a_phone_is_bound_by_its_code(identity: Identity) -> None:
    person_id = by_wechat(identity, identity.sandboxes.wechat.login("mama")).json["person_id"]
    code = code_for(identity)
    assert bind(identity, person_id, {"phone": PHONE, "code": other(code)}).status == 409
    bound = bind(identity, person_id, {"phone": PHONE, "code": code}, key="key-0002")
    assert (bound.status, bound.json) == (200, {"phone": "138****5678"})


def test_a_phone_of_somebody_else_is_not_bound(identity: Identity, source: Source) -> None:
    sign_in(identity, code_for(identity))
    source.now += rules.SENT_EVERY
    person_id = by_wechat(identity, identity.sandboxes.wechat.login("mama")).json["person_id"]
    body = {"phone": PHONE, "code": code_for(identity)}
    refused = bind(identity, person_id, body)
    assert (refused.status, refused.json["code"]) == (409, "login_of_another")


def resident(identity: Identity, source: Source) -> dict[str, Any]:
    """Somebody who signed in by their phone, a minute ago; what they hold."""
    held: dict[str, Any] = sign_in(identity, code_for(identity)).json
    source.now += rules.SENT_EVERY
    return held


def test_who_signed_in_just_now_takes_another_phone_and_leaves_the_old_one(
    identity: Identity, source: Source
) -> None:
    """A number that was given up is somebody else's some months later."""
    held = resident(identity, source)
    who = {"person_id": held["person_id"], "session_id": held["session_id"]}
    body = {"phone": OTHER_PHONE, "code": code_for(identity, OTHER_PHONE)}
    bound = bind(identity, body=body, **who)
    assert (bound.status, bound.json) == (200, {"phone": "139****4321"})
    assert bind(identity, body=body, **who).json == bound.json
    source.now += rules.SENT_EVERY
    mine = sign_in(identity, code_for(identity, OTHER_PHONE), OTHER_PHONE, "key-0002")
    assert mine.json["person_id"] == held["person_id"]
    after = sign_in(identity, code_for(identity), key="key-0003")
    assert after.json["person_id"] != held["person_id"]
    shown = identity.call("GET", "/me", person_id=held["person_id"]).json
    assert (shown["phone"], shown["signs_in_by"]) == ("139****4321", ["phone"])


def test_a_phone_that_is_taken_back_is_told_as_something_new(
    identity: Identity, source: Source
) -> None:
    held, told, before = resident(identity, source), set(), PHONE
    for number, phone in enumerate((OTHER_PHONE, PHONE, OTHER_PHONE)):
        if number:
            # Where a phone gave way, nobody stayed signed in.
            assert identity.sessions(held["person_id"]) == []
            held = sign_in(identity, code_for(identity, before), before, f"key-{number:04}").json
            source.now += rules.SENT_EVERY
        who, before = {"person_id": held["person_id"], "session_id": held["session_id"]}, phone
        body = {"phone": phone, "code": code_for(identity, phone)}
        assert bind(identity, body=body, **who).status == 200
        (event,) = [
            json.loads(item["event"]["S"])
            for item in identity.items()
            if item["sk"]["S"] == "login" and "event" in item
        ]
        assert event["data"]["phone"] == vault.blind("phone", phone)
        assert event["data"]["person_id"] == held["person_id"]
        told.add(event["id"])
        source.now += rules.SENT_EVERY
    assert len(told) == 3


def test_a_device_that_lies_around_takes_no_other_phone(identity: Identity, source: Source) -> None:
    held = resident(identity, source)
    who = {"person_id": held["person_id"], "session_id": held["session_id"]}
    source.now += RECENT
    body = {"phone": OTHER_PHONE, "code": code_for(identity, OTHER_PHONE)}
    refused = bind(identity, body=body, **who)
    assert (refused.status, refused.json["code"]) == (409, "sign_in_again")
    who["session_id"] = sign_in(identity, code_for(identity), key="key-0002").json["session_id"]
    assert bind(identity, body=body, **who).status == 200, "the code is good yet"


def test_a_phone_gives_way_to_no_phone_of_somebody_else(identity: Identity, source: Source) -> None:
    held = resident(identity, source)
    sign_in(identity, code_for(identity, OTHER_PHONE), OTHER_PHONE, "key-0002")
    source.now += rules.SENT_EVERY
    body = {"phone": OTHER_PHONE, "code": code_for(identity, OTHER_PHONE)}
    who = {"person_id": held["person_id"], "session_id": held["session_id"]}
    assert bind(identity, body=body, **who).json["code"] == "login_of_another"


def test_what_wechat_knows_takes_nobodys_phone_away(identity: Identity, source: Source) -> None:
    held = resident(identity, source)
    who = {"person_id": held["person_id"], "session_id": held["session_id"]}
    body = {"code": identity.sandboxes.wechat.offer_phone(OTHER_PHONE)}
    assert bind(identity, body=body, how="/wechat", **who).json["code"] == "login_taken"


def test_who_acts_for_somebody_binds_no_phone_to_them(identity: Identity) -> None:
    person_id = identity.someone()
    body = {"phone": PHONE, "code": code_for(identity)}
    assert bind(identity, person_id, body, acting_id="per_" + "b" * 26).status == 404
