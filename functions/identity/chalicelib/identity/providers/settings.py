"""How providers are reached and who we are to them: one document in Secrets Manager.

Addresses, templates and secrets stand together, so that a provider is changed as a whole, without
a deployment and at once: the document is read whenever a provider is needed.
"""

from __future__ import annotations

from functools import cache

import msgspec
import urllib3

from shared import aws
from shared.errors import Conflict

_TIMEOUT = urllib3.Timeout(connect=2, read=5)


class SmsSettings(msgspec.Struct, frozen=True):
    """Tencent Cloud SMS: where it answers, and our account, application, signature, templates.

    `templates` are the provider's ids of the texts that it approved, by what each is for.
    """

    secret_id: str
    secret_key: str
    app_id: str
    sign_name: str
    templates: dict[str, str]
    address: str = "https://sms.tencentcloudapi.com"
    region: str = "ap-guangzhou"


class WechatSettings(msgspec.Struct, frozen=True):
    """The mini-program: where WeChat answers, and what it is called there."""

    app_id: str
    secret: str
    address: str = "https://api.weixin.qq.com"


class Providers(msgspec.Struct, frozen=True):
    """Those that are configured; a stage may begin without any."""

    sms: SmsSettings | None = None
    wechat: WechatSettings | None = None


class Unreachable(Conflict):
    """A provider gave no answer, or none that we understand; nothing is known of the request."""

    def __init__(self) -> None:
        super().__init__("provider_unreachable")


def sms() -> SmsSettings:
    """How text messages are sent.

    Raises
    ------
    Unreachable
        Nothing is configured.
    """
    found = _read(aws.setting("PROVIDERS")).sms
    if found is None:
        raise Unreachable
    return found


def wechat() -> WechatSettings:
    """How the mini-program's accounts are asked for.

    Raises
    ------
    Unreachable
        Nothing is configured.
    """
    found = _read(aws.setting("PROVIDERS")).wechat
    if found is None:
        raise Unreachable
    return found


def answer_of(
    method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> bytes:
    """What a provider answers, whatever its status.

    Raises
    ------
    Unreachable
        It does not.
    """
    try:
        answer = _pool().request(method, url, body=body or None, headers=headers)
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable from error
    return answer.data


def _read(name: str) -> Providers:
    client = aws.client("secretsmanager")
    try:
        document = client.get_secret_value(SecretId=name)["SecretString"]
    except client.exceptions.ResourceNotFoundException as error:
        raise Unreachable from error
    return msgspec.json.decode(document, type=Providers)


@cache
def _pool() -> urllib3.PoolManager:
    # A code may be good for one request only, so none is sent twice.
    return urllib3.PoolManager(timeout=_TIMEOUT, retries=False)
