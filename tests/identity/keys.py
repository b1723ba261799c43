"""KMS keys that are the same whenever the same thing is made: a run can be compared with another.

moto draws a key and its name anew each time, out of nobody's sight.  Here both follow from the
key's description, in which whoever makes it says what for and when.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from moto.kms import models

from tests.harness.issuer import new_key

_KINDS = 4
"""Different keys of one run: more than are ever published at once."""


@cache
def _keys() -> tuple[rsa.RSAPrivateKey, ...]:
    return tuple(new_key() for _ in range(_KINDS))


@contextmanager
def steady() -> Iterator[None]:
    """Keys that follow from their description, for as long as the context lasts."""
    make, keys = models.Key.__init__, _keys()

    def made(self: Any, *given: Any, **named: Any) -> None:
        make(self, *given, **named)
        if self.key_spec == "RSA_2048":
            number = uuid.uuid5(uuid.NAMESPACE_URL, self.description)
            self.id = str(number)
            self.arn = f"{self.arn.rpartition('/')[0]}/{self.id}"
            self.private_key.private_key = keys[number.int % _KINDS]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models.Key, "__init__", made)
        patch.setattr(rsa, "generate_private_key", lambda **_: keys[0])
        yield
