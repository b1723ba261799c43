"""What may be chosen: a language, what to be spared, and the hours in which to be left in peace.

What warns of danger or opens a gate is never kept back: nobody can opt out of it, and quiet hours
do not hold it up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import time
from enum import StrEnum

from shared.errors import Conflict, invalid
from shared.outbox import EMPTY, Outbox


class Language(StrEnum):
    """The languages that the platform speaks."""

    CHINESE = "zh-CN"
    ENGLISH = "en"


class Topic(StrEnum):
    """What people are told of."""

    EMERGENCY = "emergency"
    GATES = "gates"
    REPAIRS = "repairs"
    FEES = "fees"
    NOTICES = "notices"
    ACTIVITIES = "activities"
    OFFERS = "offers"


class Channel(StrEnum):
    """How people are told."""

    PUSH = "push"
    SMS = "sms"
    WECHAT = "wechat"


SAFETY = frozenset({Topic.EMERGENCY, Topic.GATES})


@dataclass(frozen=True)
class OptOut:
    """Not to be told of this in this way."""

    topic: Topic
    channel: Channel


@dataclass(frozen=True)
class QuietHours:
    """From when to when, by the estate's clock, nothing is to ring; past midnight too."""

    begins: time
    ends: time


@dataclass(frozen=True)
class Settings:
    """One person's choices; version 0 stands for those of somebody who never chose."""

    person_id: str
    language: Language = Language.CHINESE
    opted_out: frozenset[OptOut] = frozenset()
    quiet_hours: QuietHours | None = None
    version: int = 0
    outbox: Outbox = field(default=EMPTY, compare=False, repr=False)


def change(
    before: Settings,
    language: Language,
    opted_out: Sequence[OptOut],
    quiet_hours: QuietHours | None,
    version: int,
) -> Settings:
    """The settings as somebody who saw `version` wants them; `before` itself if they are so.

    Raises
    ------
    Invalid
        `not_for_safety`, `given_twice` or `quiet_all_day`, at the field.
    Conflict
        `stale_version`: they were changed since.
    """
    for place, one in enumerate(opted_out):
        if one.topic in SAFETY:
            raise invalid(f"opted_out[{place}].topic", "not_for_safety")
        if one in opted_out[:place]:
            raise invalid(f"opted_out[{place}]", "given_twice")
    if quiet_hours is not None and quiet_hours.begins == quiet_hours.ends:
        raise invalid("quiet_hours.ends_at", "quiet_all_day")
    wanted = replace(
        before, language=language, opted_out=frozenset(opted_out), quiet_hours=quiet_hours
    )
    if wanted == before:
        return before
    if version != before.version:
        raise Conflict("stale_version")
    return replace(wanted, version=before.version + 1)
