"""Tencent Cloud SMS on this machine: it checks signatures and keeps what each phone would show.

`POST /` is SendSms (version 2021-01-11).  `GET /sandbox/messages?phone=13812345678`, which the
provider has not, answers the messages of a phone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from typing import Any

from local.sandbox import Request, Sandbox

SECRET_ID, SECRET_KEY = "AKIDsandboxoflinli000000000000000000", "sandbox-of-the-messages"  # nosec B105  # opens no door
APP_ID, SIGN_NAME = "1400000001", "邻里"
TEMPLATES = {"code": "1000001", "invitation": "1000002", "wanted": "1000003"}
_WORDS = {
    "1000001": "【邻里】验证码 {1}，{2} 分钟内有效。请勿告诉他人。",
    "1000002": "【邻里】您的账号邀请码 {1}，{2} 小时内有效。请勿告诉他人。",
    "1000003": "【邻里】您已被邀请加入新的团队，请用原有账号登录；忘记密码请联系平台客服。",
}
_CLOCK_SKEW_SECONDS = 300
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<day>[0-9-]{10})/sms/tc3_request, "
    r"SignedHeaders=(?P<signed>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)


class TextMessages(Sandbox):
    """The provider of text messages."""

    def __init__(self, port: int = 0, now: Callable[[], float] = time.time) -> None:
        super().__init__(port)
        self._now = now
        self._shown: dict[str, list[str]] = {}
        self._values: dict[str, list[str]] = {}
        self.broken = False
        """Whether it takes no message."""

    def shown(self, phone: str) -> list[str]:
        """The messages that a phone shows, the newest last."""
        return self._shown.get(phone, [])

    def code(self, phone: str) -> str:
        """The code in the newest message of a phone."""
        return self._values[phone][0]

    def settings(self) -> dict[str, Any]:
        """How our functions reach it (`chalicelib.identity.providers.settings`)."""
        return {
            "address": self.address,
            "secret_id": SECRET_ID,
            "secret_key": SECRET_KEY,
            "app_id": APP_ID,
            "sign_name": SIGN_NAME,
            "templates": TEMPLATES,
        }

    def answer(self, request: Request) -> Any:
        """What the provider answers: always 200, with an `Error` where it refuses."""
        if request.method == "GET" and request.path == "/sandbox/messages":
            return {"messages": self.shown(request.query.get("phone", ""))}
        fault = self._fault(request)
        if fault:
            return {"Response": {"Error": {"Code": fault, "Message": fault}, "RequestId": _ID}}
        body = json.loads(request.body)
        statuses = [self._sent(phone, body) for phone in body["PhoneNumberSet"]]
        return {"Response": {"SendStatusSet": statuses, "RequestId": _ID}}

    def _fault(self, request: Request) -> str:
        """Why a request is refused; empty if it is in order."""
        headers = request.headers
        found = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if found is None:
            return "AuthFailure.InvalidAuthorization"
        if found["id"] != SECRET_ID:
            return "AuthFailure.SecretIdNotFound"
        at = int(headers.get("x-tc-timestamp", "0"))
        if abs(self._now() - at) > _CLOCK_SKEW_SECONDS:
            return "AuthFailure.SignatureExpire"
        if not hmac.compare_digest(_signature(request, found, at), found["signature"]):
            return "AuthFailure.SignatureFailure"
        if (headers.get("x-tc-action"), headers.get("x-tc-version")) != ("SendSms", "2021-01-11"):
            return "InvalidAction"
        body = json.loads(request.body)
        if body.get("SmsSdkAppId") != APP_ID:
            return "UnauthorizedOperation.SmsSdkAppIdVerifyFail"
        if body.get("SignName") != SIGN_NAME:
            return "FailedOperation.SignatureIncorrectOrUnapproved"
        if body.get("TemplateId") not in _WORDS:
            return "FailedOperation.TemplateIncorrectOrUnapproved"
        return "InternalError.Timeout" if self.broken else ""

    def _sent(self, number: str, body: dict[str, Any]) -> dict[str, Any]:
        phone = number.removeprefix("+86")
        words, values = _WORDS[body["TemplateId"]], body["TemplateParamSet"]
        for place, value in enumerate(values, 1):
            words = words.replace(f"{{{place}}}", value)
        self._shown.setdefault(phone, []).append(words)
        self._values[phone] = values
        return {
            "SerialNo": "2019:-6364874583427342425",
            "PhoneNumber": number,
            "Fee": 1,
            "SessionContext": "",
            "Code": "Ok",
            "Message": "send success",
            "IsoCode": "CN",
        }


def _signature(request: Request, found: re.Match[str], at: int) -> str:
    """The signature that the request should have (Tencent Cloud API: signature method v3)."""
    names = found["signed"].split(";")
    lines = (f"{name}:{request.headers.get(name, '').strip().lower()}\n" for name in names)
    canonical = "\n".join(
        (
            request.method,
            request.path,
            "",
            "".join(lines),
            found["signed"],
            hashlib.sha256(request.body).hexdigest(),
        )
    )
    day = time.strftime("%Y-%m-%d", time.gmtime(at))
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"TC3-HMAC-SHA256\n{at}\n{day}/sms/tc3_request\n{hashed}"
    key = b"TC3" + SECRET_KEY.encode()
    for part in (day, "sms", "tc3_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


_ID = "b5b41468-520d-4192-b42f-595cc34b6c1c"
