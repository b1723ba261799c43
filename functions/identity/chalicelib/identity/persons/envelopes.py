"""A person's details in their envelope: an array, so that no byte names what the place says."""

from __future__ import annotations

from dataclasses import fields

import msgspec

from chalicelib.identity.persons.rules import Details
from shared import vault

_FIELDS = tuple(field.name for field in fields(Details))


def seal(person_id: str, wrapped_key: bytes, details: Details) -> bytes:
    """The envelope of a person's details."""
    facts = [getattr(details, name) for name in _FIELDS]
    return vault.seal(person_id, wrapped_key, msgspec.msgpack.encode(facts))


def opened(person_id: str, wrapped_key: bytes, envelope: bytes) -> Details:
    """The details in a person's envelope; what an older release did not know of is empty."""
    facts = msgspec.msgpack.decode(vault.open_sealed(person_id, wrapped_key, envelope))
    known = dict(zip(_FIELDS, facts, strict=False))
    return Details(**{**known, "plates": tuple(known.get("plates", ()))})
