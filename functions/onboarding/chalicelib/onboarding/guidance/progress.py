"""What a company does after its approval, step by step."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Milestone(StrEnum):
    """What has to be done until a company works on the platform, in this order."""

    ACCOUNT = "account"
    COMMUNITY = "community"
    REGISTER = "register"
    STAFF = "staff"


@dataclass(frozen=True)
class Progress:
    """One milestone, and whether it is reached."""

    milestone: Milestone
    done: bool


def progress(reached: Collection[Milestone]) -> tuple[Progress, ...]:
    """Every milestone in its order."""
    return tuple(Progress(milestone, milestone in reached) for milestone in Milestone)
