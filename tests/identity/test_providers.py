"""The providers' protocols: our side against the sandboxes, and the sandboxes against the books."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import urllib3

from chalicelib.identity.providers import text_messages, wechat
from chalicelib.identity.providers.settings import Unreachable
from local import wechat as weixin
from local.sandboxes import Sandboxes
from shared import aws, clock
from tests.identity.scene import OTHER_PHONE, PHONE, Identity

EXAMPLE = (
    b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
)


def test_the_signature_is_that_of_the_providers_own_example() -> None:
    """Tencent Cloud API, signature method v3: the example of its documentation."""
    headers = {
        "content-type": "application/json; charset=utf-8",
        "host": "cvm.tencentcloudapi.com",
    }
    assert text_messages.signed(
        "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", "cvm", headers, EXAMPLE, 1551113065
    ) == (
        "2019-02-25/cvm/tc3_request",
        "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168",
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("secret_key", "another"),
        ("secret_id", "another"),
        ("app_id", "1400000002"),
        ("sign_name", "another"),
    ],
)
def test_a_message_of_somebody_else_is_not_sent(identity: Identity, field: str, value: str) -> None:
    configured = json.loads(identity.sandboxes.document())
    configured["sms"][field] = value
    secrets = aws.client("secretsmanager")
    secrets.put_secret_value(SecretId="linli/test/providers", SecretString=json.dumps(configured))
    with pytest.raises(Unreachable):
        text_messages.send("code", PHONE, ("000000", "5"), clock.now())
    assert identity.sandboxes.messages.shown(PHONE) == []


def test_an_old_signature_is_refused(identity: Identity) -> None:
    with pytest.raises(Unreachable):
        text_messages.send("code", PHONE, ("000000", "5"), datetime(2026, 11, 1, tzinfo=UTC))


@pytest.mark.usefixtures("identity")
def test_whoever_is_not_configured_is_not_reached() -> None:
    secrets = aws.client("secretsmanager")
    for document in ("{}", None):
        if document is None:
            secrets.delete_secret(SecretId="linli/test/providers", ForceDeleteWithoutRecovery=True)
        else:
            secrets.put_secret_value(SecretId="linli/test/providers", SecretString=document)
        with pytest.raises(Unreachable):
            text_messages.send("code", PHONE, ("000000", "5"), clock.now())
        with pytest.raises(Unreachable):
            wechat.account_of("code", "key-0001", clock.now())


@pytest.mark.usefixtures("identity")
def test_a_provider_that_is_gone_is_not_reached() -> None:
    gone = {"wechat": {"app_id": "a", "secret": "s", "address": "http://127.0.0.1:9"}}
    aws.client("secretsmanager").put_secret_value(
        SecretId="linli/test/providers", SecretString=json.dumps(gone)
    )
    with pytest.raises(Unreachable):
        wechat.account_of("code", "key-0001", clock.now())


@pytest.fixture
def sandboxes() -> Iterator[Sandboxes]:
    """The sandboxes by themselves."""
    with Sandboxes() as running:
        yield running


def ask(sandboxes: Sandboxes, method: str, path: str, body: Any = None) -> Any:
    """One request to WeChat."""
    answer = urllib3.request(method, sandboxes.wechat.address + path, json=body, retries=False)
    assert answer.status == 200
    return answer.json()


def session(sandboxes: Sandboxes, code: str, **differing: str) -> Any:
    asked = {
        "appid": weixin.APP_ID,
        "secret": weixin.SECRET,
        "js_code": code,
        "grant_type": "authorization_code",
    }
    query = "&".join(f"{name}={value}" for name, value in (asked | differing).items())
    return ask(sandboxes, "GET", f"/sns/jscode2session?{query}")


def test_a_login_code_gives_openid_and_unionid_once(sandboxes: Sandboxes) -> None:
    code = ask(sandboxes, "POST", "/sandbox/login", {"user": "mama"})["code"]
    found = session(sandboxes, code)
    assert set(found) == {"session_key", "openid", "unionid"}
    assert session(sandboxes, code)["errcode"] == weixin.USED_CODE
    assert session(sandboxes, sandboxes.wechat.login("mama"))["openid"] == found["openid"]


@pytest.mark.parametrize(
    ("differing", "errcode"),
    [
        ({"appid": "another"}, weixin.INVALID_APP_ID),
        ({"secret": "another"}, weixin.INVALID_SECRET),
        ({"js_code": "another"}, weixin.INVALID_CODE),
    ],
)
def test_wechat_refuses_by_code(
    sandboxes: Sandboxes, differing: dict[str, str], errcode: int
) -> None:
    refused = session(sandboxes, sandboxes.wechat.login("mama"), **differing)
    assert refused["errcode"] == errcode
    assert "rid" in refused["errmsg"]


def test_a_login_code_is_good_for_five_minutes(
    sandboxes: Sandboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = sandboxes.wechat.login("mama")
    monkeypatch.setattr(weixin, "CODE_SECONDS", -1)
    assert session(sandboxes, code)["errcode"] == weixin.INVALID_CODE


def test_who_asks_too_often_is_told_so(
    sandboxes: Sandboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weixin, "CALLS_PER_MINUTE", 1)
    answers = [session(sandboxes, sandboxes.wechat.login("mama")) for _ in range(2)]
    assert [each.get("errcode", 0) for each in answers] == [0, weixin.TOO_OFTEN]


def test_a_stable_token_stays_until_it_is_forced(sandboxes: Sandboxes) -> None:
    body = {"grant_type": "client_credential", "appid": weixin.APP_ID, "secret": weixin.SECRET}
    first, same, forced = (
        ask(sandboxes, "POST", "/cgi-bin/stable_token", {**body, "force_refresh": force})
        for force in (False, False, True)
    )
    assert first["access_token"] == same["access_token"] != forced["access_token"]
    assert 7_100 < first["expires_in"] <= 7_200


def test_a_phone_code_gives_the_phone_once_and_to_us_alone(sandboxes: Sandboxes) -> None:
    code = ask(sandboxes, "POST", "/sandbox/phone", {"phone": OTHER_PHONE})["code"]
    path = "/wxa/business/getuserphonenumber?access_token="
    assert ask(sandboxes, "POST", path + "x", {"code": code})["errcode"] == weixin.INVALID_TOKEN
    body = {"grant_type": "client_credential", "appid": weixin.APP_ID, "secret": weixin.SECRET}
    token = ask(sandboxes, "POST", "/cgi-bin/stable_token", body)["access_token"]
    found = ask(sandboxes, "POST", path + token, {"code": code})["phone_info"]
    assert (found["purePhoneNumber"], found["watermark"]["appid"]) == (
        OTHER_PHONE,
        weixin.APP_ID,
    )
    again = ask(sandboxes, "POST", path + token, {"code": code})
    assert again["errcode"] == weixin.INVALID_CODE
