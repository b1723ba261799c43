"""Passwords at rest: argon2id as OWASP asks for it, and how soon a guesser would come to one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_MEMORY_KIB, _ROUNDS, _LANES = 19_456, 2, 1
"""OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two rounds, one lane."""
_SALT_BYTES = 16
_READ_CHARS = 20
"""How much of a password zxcvbn reads: its work grows with the square of what it reads, and what is
longer is hard to guess by its length."""
_NOBODYS = (
    "$argon2id$v=19$m=19456,t=2,p=1$BCo1wZSofcIdlJ4ZD1resA$tix50"
    "8TaWGU3GmQM33q9qdzxaZ0jOpOVqD9k3se4eFU"
)
"""A hash that whoever has no credential is held against, so that it takes as long."""


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=_ROUNDS, memory_cost=_MEMORY_KIB, parallelism=_LANES)


def hashed(password: str, salt: bytes) -> str:
    """The password as it is kept: parameters, salt and hash in one text.

    Parameters
    ----------
    salt
        32 bytes that no other password was hashed with; the first 16 are used (RFC 9106 §3.1).
    """
    return _hasher().hash(password, salt=salt[:_SALT_BYTES])


def is_right(kept: str | None, password: str) -> bool:
    """Whether this is the password; where there is none it is nobody's, and takes as long."""
    from argon2.exceptions import VerifyMismatchError

    try:
        return _hasher().verify(kept or _NOBODYS, password) and kept is not None
    except VerifyMismatchError:
        return False


def is_outdated(kept: str) -> bool:
    """Whether it was hashed with other parameters than today's."""
    return _hasher().check_needs_rehash(kept)


def score(password: str, username: str) -> int:
    """0 to 4: how many guesses it would take somebody who knows the username (zxcvbn)."""
    from zxcvbn import zxcvbn

    return int(zxcvbn(password[:_READ_CHARS], user_inputs=[username])["score"])
