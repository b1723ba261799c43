"""A resident signs in on the running platform: by SMS, by WeChat, and until they sign out."""

from __future__ import annotations

from typing import Any

from local.client import Client
from local.platform import Platform
from local.sandboxes import Sandboxes

PHONE = "13912345678"


def ask(platform: Platform, path: str, body: Any, status: int, key: str | None = None) -> Any:
    """One request of somebody without a token."""
    answer = Client(platform.base_url).ask("POST", f"/identity{path}", body, key)
    assert answer.status == status, answer.json
    return answer.json


def whoami(platform: Platform, token: str) -> Any:
    """Whom the authorizer takes the bearer of a token for."""
    answer = Client(platform.base_url, token).ask("GET", "/community/me")
    return answer.json["person_id"] if answer.status == 200 else answer.status


def test_a_resident_comes_in_by_sms_goes_on_and_leaves(
    platform: Platform, sandboxes: Sandboxes
) -> None:
    ask(platform, "/codes", {"phone": PHONE}, 202)
    body = {"phone": PHONE, "code": sandboxes.messages.code(PHONE), "device": "iPhone 17"}
    held = ask(platform, "/sessions/sms", body, 201, "sign-in-0001")
    assert whoami(platform, held["access_token"]) == held["person_id"]
    renewed = ask(platform, "/sessions/refresh", {"refresh_token": held["refresh_token"]}, 200)
    assert whoami(platform, renewed["access_token"]) == held["person_id"]
    mine = Client(platform.base_url, renewed["access_token"])
    assert mine.ask("POST", "/identity/sessions/sign-out").status == 200
    ask(platform, "/sessions/refresh", {"refresh_token": renewed["refresh_token"]}, 409)


def test_a_resident_comes_in_by_wechat_and_binds_their_phone(
    platform: Platform, sandboxes: Sandboxes
) -> None:
    body = {"code": sandboxes.wechat.login("mama"), "device": "HUAWEI Mate 80"}
    held = ask(platform, "/sessions/wechat", body, 201, "sign-in-0002")
    mine = Client(platform.base_url, held["access_token"])
    offered = {"code": sandboxes.wechat.offer_phone("13712345678")}
    bound = mine.ask("POST", "/identity/me/phone/wechat", offered, "bind-0001")
    assert (bound.status, bound.json) == (200, {"phone": "137****5678"})


def test_the_issuer_describes_itself_to_everybody(platform: Platform, sandboxes: Sandboxes) -> None:
    known = Client(platform.base_url)
    described = known.ask("GET", "/identity/.well-known/openid-configuration").json
    assert described["issuer"] == f"{platform.base_url}/identity"
    document = known.ask("GET", "/identity/.well-known/jwks.json").json
    assert len(document["keys"]) == 1


def test_a_token_of_ours_that_was_tampered_with_is_refused(
    platform: Platform, sandboxes: Sandboxes
) -> None:
    body = {"code": sandboxes.wechat.login("baba"), "device": "web"}
    token = ask(platform, "/sessions/wechat", body, 201, "sign-in-0003")["access_token"]
    signed, _, signature = token.rpartition(".")
    assert whoami(platform, f"{signed}.{signature[::-1]}") == 401
