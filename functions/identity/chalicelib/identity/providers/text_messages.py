"""Text messages by Tencent Cloud SMS (SendSms, version 2021-01-11), signed with TC3-HMAC-SHA256.

The one interface is `send`; another provider is another file with the same.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from chalicelib.identity.providers import settings
from chalicelib.identity.providers.settings import SmsSettings, Unreachable

Template = Literal["code", "invitation"]
_SERVICE, _VERSION, _ACTION = "sms", "2021-01-11", "SendSms"
_CONTENT_TYPE = "application/json; charset=utf-8"
_SIGNED = "content-type;host;x-tc-action"


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
    """The headers of a request, with its signature (Tencent Cloud API: signature method v3)."""
    host, at = urlsplit(known.address).netloc, int(now.timestamp())
    return {
        "Content-Type": _CONTENT_TYPE,
        "Host": host,
        "X-TC-Action": _ACTION,
        "X-TC-Version": _VERSION,
        "X-TC-Region": known.region,
        "X-TC-Timestamp": str(at),
        "Authorization": authorization(known.secret_id, known.secret_key, host, body, at),
    }


def authorization(secret_id: str, secret_key: str, host: str, body: bytes, at: int) -> str:
    """What proves a request to be ours: TC3-HMAC-SHA256 over its content, host and action.

    Parameters
    ----------
    at
        Seconds since 1970, as the header `X-TC-Timestamp` says them.
    """
    day = datetime.fromtimestamp(at, UTC).date().isoformat()
    signed = f"content-type:{_CONTENT_TYPE}\nhost:{host}\nx-tc-action:{_ACTION.lower()}\n"
    request = "\n".join(("POST", "/", "", signed, _SIGNED, hashlib.sha256(body).hexdigest()))
    scope = f"{day}/{_SERVICE}/tc3_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"TC3-HMAC-SHA256\n{at}\n{scope}\n{digest}"
    key = f"TC3{secret_key}".encode()
    for part in (day, _SERVICE, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return (
        f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, "
        f"SignedHeaders={_SIGNED}, Signature={signature}"
    )
