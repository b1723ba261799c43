"""What `identity` tells of people, as far as it matters here."""

from __future__ import annotations

import msgspec

from shared.requests import converted


class PhoneBound(msgspec.Struct, frozen=True):
    """Somebody showed that a phone is theirs; both are keyed hashes (`vault.blind`)."""

    person_id: str
    person_version: int
    phone: str
    name: str


class PersonsMerged(msgspec.Struct, frozen=True):
    """Two records turned out to be one person, who goes on as `into_id`."""

    person_id: str
    into_id: str


class PersonErased(msgspec.Struct, frozen=True):
    """Somebody's details were destroyed at their wish (PIPL art. 47)."""

    person_id: str


def phone_bound(data: object) -> PhoneBound:
    """The data of `PhoneBound`; Misfit if it is none."""
    return converted(data, PhoneBound)


def persons_merged(data: object) -> PersonsMerged:
    """The data of `PersonsMerged`; Misfit if it is none."""
    return converted(data, PersonsMerged)


def person_erased(data: object) -> PersonErased:
    """The data of `PersonErased`; Misfit if it is none."""
    return converted(data, PersonErased)
