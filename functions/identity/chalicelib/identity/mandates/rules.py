"""Of which kind a person without an account is, and who may end a mandate."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.errors import NotFound


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
    """Who acts for a person, and for whom they act."""

    acting_for_me: tuple[Other, ...]
    acted_for: tuple[Other, ...]


def check_party(caller_id: str, person_id: str, acting_id: str) -> None:
    """Let only the two whom a mandate is between end it.

    Raises
    ------
    NotFound
        The caller is neither.
    """
    if caller_id not in (person_id, acting_id):
        raise NotFound
