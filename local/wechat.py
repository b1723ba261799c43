"""WeChat's mini-program server API on this machine: the real paths, bodies and error codes.

- `GET /sns/jscode2session`: who opened the mini-program; a code is good once, for five minutes
- `POST /cgi-bin/stable_token`: our own token
- `POST /wxa/business/getuserphonenumber`: the phone that somebody lets us have; a code is good once

What WeChat does in a phone, one asks for here at the paths below `/sandbox`, which WeChat has not:
`POST /sandbox/login {"user": "mama"}` answers the code that `wx.login` gives this user, and
`POST /sandbox/phone {"phone": "13812345678"}` the code of the button that asks for the phone.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from local.sandbox import Request, Sandbox

APP_ID, SECRET = "wx4c696e6c69000001", "sandbox-of-the-mini-program"  # nosec B105  # opens no door
CODE_SECONDS = 300
TOKEN_SECONDS = 7200
CALLS_PER_MINUTE = 100
"""Of one user's codes at `jscode2session` (WeChat: 45011)."""

INVALID_APP_ID, INVALID_SECRET, INVALID_TOKEN = 40013, 40125, 40001
INVALID_CODE, USED_CODE, TOO_OFTEN = 40029, 40163, 45011
_MESSAGES = {
    INVALID_APP_ID: "invalid appid",
    INVALID_SECRET: "invalid appsecret",
    INVALID_TOKEN: "invalid credential, access_token is invalid or not latest",
    INVALID_CODE: "invalid code",
    USED_CODE: "code been used",
    TOO_OFTEN: "api minute-quota reach limit, must slower, retry next minute",
    -1: "system error",
}


@dataclass
class _Code:
    """A code: whose it is, or which phone it gives, since when, and whether it was used."""

    about: str
    made_at: float
    used: bool = False


class Wechat(Sandbox):
    """WeChat, as the mini-program's server sees it."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self._logins: dict[str, _Code] = {}
        self._phones: dict[str, _Code] = {}
        self._given, self._good_until = "", 0.0
        self._asked: dict[str, deque[float]] = {}
        self.single_use = True
        """Whether a code is good once, as at WeChat; who tries one moment many times says no."""
        self.busy = False
        """Whether it answers everything with its own system error."""

    def login(self, user: str) -> str:
        """What `wx.login` gives a user: a code for `jscode2session`."""
        code = "0" + secrets.token_urlsafe(23)
        self._logins[code] = _Code(user, time.monotonic())
        return code

    def offer_phone(self, phone: str) -> str:
        """What the phone button gives: a code for `getuserphonenumber`."""
        code = secrets.token_hex(32)
        self._phones[code] = _Code(phone, time.monotonic())
        return code

    def forget_token(self) -> None:
        """Let the token that was given out be good no more, as WeChat may at any time."""
        self._given = ""

    def settings(self) -> dict[str, str]:
        """How our functions reach it (`chalicelib.identity.providers.settings`)."""
        return {"address": self.address, "app_id": APP_ID, "secret": SECRET}

    def answer(self, request: Request) -> Any:
        """What WeChat answers: always 200, with an `errcode` where it refuses."""
        if self.busy:
            return _refused(-1)
        match request.method, request.path:
            case "GET", "/sns/jscode2session":
                return self._session(request)
            case "POST", "/cgi-bin/stable_token":
                return self._stable_token(json.loads(request.body))
            case "POST", "/wxa/business/getuserphonenumber":
                return self._phone(request)
            case "POST", "/sandbox/login":
                return {"code": self.login(json.loads(request.body)["user"])}
            case "POST", "/sandbox/phone":
                return {"code": self.offer_phone(json.loads(request.body)["phone"])}
        return _refused(-1)

    def _session(self, request: Request) -> Any:
        query = request.query
        if query.get("appid") != APP_ID:
            return _refused(INVALID_APP_ID)
        if query.get("secret") != SECRET:
            return _refused(INVALID_SECRET)
        if query.get("grant_type") != "authorization_code":
            return _refused(-1)
        code, refusal = self._taken(self._logins, query.get("js_code", ""))
        if code is None:
            return _refused(refusal)
        if self._too_often(code.about):
            return _refused(TOO_OFTEN)
        return {
            "session_key": secrets.token_urlsafe(18),
            "openid": "o" + _digest("openid", code.about)[:27],
            "unionid": "oU" + _digest("unionid", code.about)[:26],
        }

    def _taken(self, codes: dict[str, _Code], text: str) -> tuple[_Code | None, int]:
        """The code that is used up by this, or None and why it is refused."""
        code = codes.get(text)
        if code is None or time.monotonic() - code.made_at > CODE_SECONDS:
            return None, INVALID_CODE
        if code.used:
            return None, USED_CODE
        code.used = self.single_use
        return code, 0

    def _too_often(self, user: str) -> bool:
        now, asked = time.monotonic(), self._asked.setdefault(user, deque())
        while asked and now - asked[0] > 60:
            asked.popleft()
        asked.append(now)
        return len(asked) > CALLS_PER_MINUTE

    def _stable_token(self, body: dict[str, Any]) -> Any:
        if body.get("appid") != APP_ID:
            return _refused(INVALID_APP_ID)
        if body.get("secret") != SECRET or body.get("grant_type") != "client_credential":
            return _refused(INVALID_SECRET)
        now = time.monotonic()
        if not self._given or now > self._good_until or body.get("force_refresh"):
            self._given, self._good_until = secrets.token_urlsafe(64), now + TOKEN_SECONDS
        return {"access_token": self._given, "expires_in": int(self._good_until - now)}

    def _phone(self, request: Request) -> Any:
        if not self._given or request.query.get("access_token") != self._given:
            return _refused(INVALID_TOKEN)
        code, refusal = self._taken(self._phones, json.loads(request.body).get("code", ""))
        if code is None:
            # Here WeChat calls a used code invalid.
            return _refused(INVALID_CODE if refusal == USED_CODE else refusal)
        return {
            "errcode": 0,
            "errmsg": "ok",
            "phone_info": {
                "phoneNumber": code.about,
                "purePhoneNumber": code.about,
                "countryCode": "86",
                "watermark": {"timestamp": int(time.time()), "appid": APP_ID},
            },
        }


def _digest(kind: str, user: str) -> str:
    return hashlib.sha256(f"{kind} of {user}".encode()).hexdigest()


def _refused(code: int) -> dict[str, Any]:
    return {"errcode": code, "errmsg": f"{_MESSAGES[code]}, rid: 65a0b1c2-3d4e5f60-7a8b9c0d"}
