"""Staff come in on the running platform: invited by SMS, with a password and an authenticator."""

from __future__ import annotations

from typing import Any

from pyotp import TOTP

from local.client import Client
from local.platform import Platform
from local.sandboxes import Sandboxes
from shared import clock
from tests.harness.people import People

PHONE, USERNAME = "13612345678", "chen.manager"
PASSWORD = "清河家园值班室的那盏旧台灯"  # nosec B105  # of an invented person


def ask(platform: Platform, path: str, body: Any, status: int, key: str) -> Any:
    """One request of somebody without a token."""
    answer = Client(platform.base_url).ask("POST", f"/identity{path}", body, key)
    assert answer.status == status, answer.json
    return answer.json


def test_a_manager_is_invited_comes_in_with_two_factors_and_is_heard(
    platform: Platform, people: People, sandboxes: Sandboxes
) -> None:
    admin = people.admin().client
    invited = {"name": "陈经理", "phone": PHONE, "scope": "platform"}
    told = admin.ask("POST", "/identity/invitations", invited, "invite-0001")
    assert told.status == 201, told.json
    shown = {"phone": PHONE, "code": sandboxes.messages.code(PHONE)}
    chosen = {**shown, "username": USERNAME, "password": PASSWORD}
    accepted = ask(platform, "/invitations/acceptance", chosen, 200, "accept-0001")
    secret = accepted["otpauth_uri"].partition("secret=")[2].partition("&")[0]
    code = TOTP(secret).at(clock.now())
    way_in = {"username": USERNAME, "password": PASSWORD, "device": "web"}
    ask(platform, "/sessions/password", {**way_in, "totp": code}, 409, "sign-in-0000")
    ask(platform, "/invitations/confirmation", {**shown, "totp": code}, 200, "confirm-0001")
    # The code that confirmed is used up; the next one is taken half a minute early.
    ask(platform, "/sessions/password", {**way_in, "totp": code}, 409, "sign-in-0001")
    following = TOTP(secret).at(clock.now(), counter_offset=1)
    held = ask(platform, "/sessions/password", {**way_in, "totp": following}, 201, "sign-in-0002")
    assert held["person_id"] == told.json["person_id"]
    mine = Client(platform.base_url, held["access_token"])
    wanted = {"language": "en", "opted_out": [{"topic": "offers", "channel": "sms"}], "version": 0}
    settings = mine.ask("PUT", "/identity/me/settings", wanted)
    assert settings.json["version"] == 1
    said = {"kind": "idea", "text": "希望报修可以预约晚上的时间"}
    given = mine.ask("POST", "/identity/me/feedback", said, "feedback-0001").json
    url = f"/identity/persons/{given['person_id']}/feedback/{given['feedback_id']}/answer"
    answered = admin.ask("POST", url, {"text": "谢谢，下个版本就有", "version": 1})
    assert answered.json["state"] == "answered", answered.json
    (own,) = mine.ask("GET", "/identity/me/feedback").json["items"]
    assert own["answer"] == "谢谢，下个版本就有"
