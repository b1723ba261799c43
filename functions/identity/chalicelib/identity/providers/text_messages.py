"""Text messages by Tencent Cloud SMS (SendSms, version 2021-01-11), signed with TC3-HMAC-SHA256.

The one interface is `send`; another provider is another file with the same.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

import msgspec

from chalicelib.identity.providers import settings
from chalicelib.identity.providers.settings import SmsSettings, Unreachable

Template = Literal["code", "invitation", "wanted"]
_SERVICE, _VERSION, _ACTION = "sms", "2021-01-11", "SendSms"


class _Status(msgspec.Struct, rename="pascal"):
    code: str


class _Fault(msgspec.Struct, rename="pascal"):
    code: str


class _Response(msgspec.Struct, rename="pascal"):
    send_status_set: list[_Status] = []
    error: _Fault | None = None


class _Answer(msgspec.Struct, rename="pascal"):
    response: _Response


def send(template: Template, phone: str, values: tuple[str, ...], now: datetime) -> None:
    """Have a text message sent to a mainland phone.

    Parameters
    ----------
    template
        What it says; the provider knows the words.
    values
        What stands in the template's places.

    Raises
    ------
    Unreachable
        The provider did not take it; the log has its code.
    """
    known = settings.sms()
    body = msgspec.json.encode(
        {
            "PhoneNumberSet": [f"+86{phone}"],
            "SmsSdkAppId": known.app_id,
            "SignName": known.sign_name,
            "TemplateId": known.templates[template],
            "TemplateParamSet": list(values),
        }
    )
    answer = settings.answer_of("POST", f"{known.address}/", body, _headers(known, body, now))
    try:
        response = msgspec.json.decode(answer, type=_Answer).response
    except msgspec.DecodeError as error:
        raise Unreachable from error
    if response.error or [one.code for one in response.send_status_set] != ["Ok"]:
        raise Unreachable


def _headers(known: SmsSettings, body: bytes, now: datetime) -> dict[str, str]:
    """The headers of a request, with its signature."""
    at = int(now.timestamp())
    proven = {
        "content-type": "application/json; charset=utf-8",
        "host": known.address.partition("://")[2],
        "x-tc-action": _ACTION,
    }
    scope, signature = signed(known.secret_key, _SERVICE, proven, body, at)
    return {
        **proven,
        "x-tc-version": _VERSION,
        "x-tc-region": known.region,
        "x-tc-timestamp": str(at),
        "authorization": (
            f"TC3-HMAC-SHA256 Credential={known.secret_id}/{scope}, "
            f"SignedHeaders={';'.join(proven)}, Signature={signature}"
        ),
    }


def signed(
    secret_key: str, service: str, headers: Mapping[str, str], body: bytes, at: int
) -> tuple[str, str]:
    """The scope and the signature of a request (Tencent Cloud API: signature method v3).

    Parameters
    ----------
    headers
        Those that are signed, in the order of their names.
    at
        Seconds since 1970, as the header `X-TC-Timestamp` says them.
    """
    day = datetime.fromtimestamp(at, UTC).date().isoformat()
    lines = "".join(f"{name}:{value.lower()}\n" for name, value in headers.items())
    digest = hashlib.sha256(body).hexdigest()
    request = "\n".join(("POST", "/", "", lines, ";".join(headers), digest))
    scope = f"{day}/{service}/tc3_request"
    text = f"TC3-HMAC-SHA256\n{at}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"TC3{secret_key}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return scope, hmac.digest(key, text.encode(), "sha256").hex()
