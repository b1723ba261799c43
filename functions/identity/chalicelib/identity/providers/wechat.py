"""The mini-program's accounts at WeChat: who opened it, and the phone they let us have.

`jscode2session`, `stable_token` and `getuserphonenumber` of the mini-program's server API.  The
session key that WeChat sends along is neither kept nor handed on: nothing here needs it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from chalicelib.identity.providers import settings
from chalicelib.identity.providers.settings import Unreachable, WechatSettings

_USED_UP = {40029, 40163, 41008}
"""The code is none, was used, or is missing (WeChat: global return codes)."""
_BAD_TOKEN = {40001, 40014, 42001}
_TOKEN_SPARE = timedelta(minutes=5)
_ANSWERS_KEPT = 100
_KEPT_FOR = timedelta(seconds=60)
_A = TypeVar("_A")


class CodeRefused(Exception):
    """WeChat does not take this code: it was used, is too old, or never was one."""


@dataclass(frozen=True)
class Account:
    """Who opened the mini-program: `openid` in ours, `unionid` in all of the same company."""

    openid: str
    unionid: str


class _Session(msgspec.Struct):
    openid: str = ""
    unionid: str = ""
    errcode: int = 0


class _Token(msgspec.Struct):
    access_token: str = ""
    expires_in: int = 0


class _Watermark(msgspec.Struct):
    appid: str


class _PhoneInfo(msgspec.Struct, rename="camel"):
    pure_phone_number: str
    country_code: str
    watermark: _Watermark


class _Phone(msgspec.Struct):
    errcode: int = 0
    phone_info: _PhoneInfo | None = None


def account_of(code: str, request: str, now: datetime) -> Account:
    """Who opened the mini-program, by the code that `wx.login` gave them.

    Parameters
    ----------
    request
        The Idempotency-Key of the request; WeChat takes a code once, so whoever comes again with
        the same code and key within a minute is told what WeChat said.

    Raises
    ------
    CodeRefused
        WeChat does not take the code.
    Unreachable
        It does not answer, or is too busy.
    """

    def ask() -> tuple[str, ...]:
        known = settings.wechat()
        query = urlencode(
            {
                "appid": known.app_id,
                "secret": known.secret,
                "js_code": code,
                "grant_type": "authorization_code",
            }
        )
        answer = settings.answer_of("GET", f"{known.address}/sns/jscode2session?{query}")
        found = _decoded(answer, _Session)
        _check(found.errcode)
        if not found.openid:
            raise Unreachable
        return found.openid, found.unionid

    return Account(*_SAID.answer(("account", code, request), ask, now))


def phone_of(code: str, request: str, now: datetime) -> str:
    """The mainland phone that somebody let us have, by the code that their button gave.

    Raises
    ------
    CodeRefused
        WeChat does not take the code, or gives the phone to another mini-program or country.
    Unreachable
        It does not answer, or is too busy.
    """

    def ask() -> tuple[str, ...]:
        known = settings.wechat()
        found = _asked_for_phone(known, code, _token(known, now, ""))
        if found.errcode in _BAD_TOKEN:
            stale = _token(known, now, "")
            found = _asked_for_phone(known, code, _token(known, now, stale))
        _check(found.errcode)
        info = found.phone_info
        if info is None or info.watermark.appid != known.app_id or info.country_code != "86":
            raise CodeRefused
        return (info.pure_phone_number,)

    (phone,) = _SAID.answer(("phone", code, request), ask, now)
    return phone


def _asked_for_phone(known: WechatSettings, code: str, token: str) -> _Phone:
    url = f"{known.address}/wxa/business/getuserphonenumber?{urlencode({'access_token': token})}"
    body = msgspec.json.encode({"code": code})
    headers = {"Content-Type": "application/json"}
    return _decoded(settings.answer_of("POST", url, body, headers), _Phone)


def _token(known: WechatSettings, now: datetime, stale: str) -> str:
    """Our own token at WeChat, kept while it is good; another where it found `stale` bad."""
    kept, until = _TOKENS.get(known, ("", now))
    if kept and kept != stale and now < until:
        return kept
    body = msgspec.json.encode(
        {
            "grant_type": "client_credential",
            "appid": known.app_id,
            "secret": known.secret,
            "force_refresh": bool(stale),
        }
    )
    headers = {"Content-Type": "application/json"}
    url = f"{known.address}/cgi-bin/stable_token"
    found = _decoded(settings.answer_of("POST", url, body, headers), _Token)
    if not found.access_token:
        raise Unreachable
    good_for = timedelta(seconds=found.expires_in) - _TOKEN_SPARE
    _TOKENS[known] = found.access_token, now + good_for
    return found.access_token


def _check(errcode: int) -> None:
    if errcode in _USED_UP:
        raise CodeRefused
    if errcode:
        raise Unreachable


def _decoded(answer: bytes, shape: type[_A]) -> _A:
    try:
        return msgspec.json.decode(answer, type=shape)
    except msgspec.DecodeError as error:
        raise Unreachable from error


class _Said:
    """What WeChat said to the last requests, for those of them whose answer was lost."""

    def __init__(self) -> None:
        self._kept: dict[bytes, tuple[datetime, tuple[str, ...]]] = {}

    def answer(
        self, request: tuple[str, ...], ask: Callable[[], tuple[str, ...]], now: datetime
    ) -> tuple[str, ...]:
        """What was said to this very request within the last minute, or what `ask` brings."""
        self._kept = {key: one for key, one in self._kept.items() if now - one[0] <= _KEPT_FOR}
        key = hashlib.sha256("\0".join(request).encode()).digest()
        if key not in self._kept:
            if len(self._kept) >= _ANSWERS_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = now, ask()
        return self._kept[key][1]


_SAID = _Said()
_TOKENS: dict[WechatSettings, tuple[str, datetime]] = {}
