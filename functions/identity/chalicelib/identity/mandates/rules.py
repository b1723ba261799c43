"""Of which kind a person without an account is, and who may ask for and end a mandate."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.identity.persons.rules import Person, may_act
from shared.errors import NotFound

OFFERS_A_DAY = 10
"""Names that one person tries on one day: whoever knows the other needs one or two."""


class Dependence(StrEnum):
    """Why somebody has no account of their own."""

    MINOR = "minor"
    ELDERLY = "elderly"
    OTHER = "other"


@dataclass(frozen=True)
class Other:
    """Whoever stands at the other end of a mandate, as both may see each other."""

    person_id: str
    name: str
    has_account: bool


@dataclass(frozen=True)
class Mandates:
    """Who acts for a person, who is asked to, and for whom they act."""

    acting_for_me: tuple[Other, ...]
    asked_to_act: tuple[Other, ...]
    acted_for: tuple[Other, ...]


def check_named(person: Person | None, name_key: str) -> Person:
    """Whoever has an id, is called by this name, and may act for others.

    Raises
    ------
    NotFound
        There is nobody like that: whoever tries ids learns of nobody.
    """
    if person is None or person.name_key != name_key or not may_act(person):
        raise NotFound
    return person


def check_party(caller_id: str, person_id: str, acting_id: str) -> None:
    """Let only the two whom a mandate is between end it.

    Raises
    ------
    NotFound
        The caller is neither.
    """
    if caller_id not in (person_id, acting_id):
        raise NotFound
