"""What signing in accepts and answers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chalicelib.identity.codes import rules
from chalicelib.identity.shapes import Code, Device, Phone
from shared import masks
from shared.requests import IMPERSONAL, Shape

WechatCode = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        examples=["0e3KpL1w3Xb7mZ2Dpi3w3aQ0Yq3KpL1h"],
        extra=IMPERSONAL,
    ),
]
Masked = Annotated[str, Meta(examples=["138****5678"])]
Seconds = Annotated[int, Meta(examples=[300])]


class SendCode(Shape):
    """Have a code sent to a phone."""

    phone: Phone


class CodeSent(Shape):
    """What is said to everybody: whether a message went out, the phone shows."""

    expires_in_seconds: Seconds = int(rules.GOOD_FOR.total_seconds())
    next_in_seconds: Seconds = int(rules.SENT_EVERY.total_seconds())


class SignInByCode(Shape):
    """Sign in by the code that a phone shows."""

    phone: Phone
    code: Code
    device: Device


class SignInByWechat(Shape):
    """Sign in by the code that `wx.login` gave."""

    code: WechatCode
    device: Device


class BindPhone(Shape):
    """Bind a phone by the code that it shows."""

    phone: Phone
    code: Code


class BindWechatPhone(Shape):
    """Bind the phone that WeChat knows, by the code that its button gave."""

    code: WechatCode


class BoundPhone(Shape):
    """The phone that one signs in by now."""

    phone: Masked


def bound_phone(phone: str) -> BoundPhone:
    """A phone that was bound, masked."""
    return BoundPhone(phone=masks.phone(phone))
