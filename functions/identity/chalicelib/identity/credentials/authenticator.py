"""The second factor: an authenticator's codes, one for each half minute (TOTP, RFC 6238)."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyotp import TOTP

_SECRET_BYTES = 20
_ISSUER = "Linli 邻里"


def secret_of(chance: bytes) -> str:
    """A secret in base 32, as authenticators take it: 160 of these 256 bits (RFC 4226 §4)."""
    return base64.b32encode(chance[:_SECRET_BYTES]).decode()


def enrolment(secret: str, username: str) -> str:
    """The `otpauth:` address that an authenticator reads off a picture."""
    return _totp(secret).provisioning_uri(name=username, issuer_name=_ISSUER)


def step_of_code(secret: str, code: str, steps: Iterable[int]) -> int | None:
    """The newest of these time steps whose code this is, or None; each takes as long."""
    from pyotp.utils import strings_equal

    totp = _totp(secret)
    right = [step for step in steps if strings_equal(totp.generate_otp(step), code)]
    return max(right, default=None)


def _totp(secret: str) -> TOTP:
    from pyotp import TOTP

    return TOTP(secret)
