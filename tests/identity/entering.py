"""How people come in through the door: a code asked for and used, and WeChat's."""

from __future__ import annotations

from tests.harness.gateway import Answer
from tests.identity.scene import ADDRESS, DEVICE, PHONE, Identity


def ask_for_code(identity: Identity, phone: str = PHONE, address: str = ADDRESS) -> Answer:
    return identity.call("POST", "/codes", {"phone": phone}, address=address)


def code_for(identity: Identity, phone: str = PHONE) -> str:
    assert ask_for_code(identity, phone).status == 202
    return identity.sandboxes.messages.code(phone)


def sign_in(
    identity: Identity,
    code: str,
    phone: str = PHONE,
    key: str = "key-0001",
    address: str = ADDRESS,
) -> Answer:
    body = {"phone": phone, "code": code, "device": DEVICE}
    return identity.call("POST", "/sessions/sms", body, key=key, address=address)


def other(code: str) -> str:
    """Some other code."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def by_wechat(identity: Identity, code: str, key: str = "key-0001") -> Answer:
    return identity.call("POST", "/sessions/wechat", {"code": code, "device": DEVICE}, key=key)
