"""How often a code is sent, how often it may be guessed, and how long it is good.

Numbers against guessing: a code is one of a million and may be tried 5 times; a phone gets 10 a
day, so whoever tries all day long is right once in 55 years.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared import clock

GOOD_FOR = timedelta(minutes=5)
SENT_EVERY = timedelta(seconds=60)
ATTEMPTS_MAX = 5
HOURLY_MAX = 5
DAILY_MAX = 10
ADDRESS_HOURLY_MAX = 100
"""Codes that one source address asks for in an hour; a whole estate may share one address."""
TOTAL_DAILY_MAX = 20_000
"""Codes of the whole platform in a day: what an attack may cost us before a person looks."""
LOST_REPLY = timedelta(seconds=60)
"""How long a request that used a code, and whose answer was lost, may come again."""
_ONE_OF = 1_000_000


class Verdict(StrEnum):
    """What presenting a code comes to."""

    RIGHT = "right"
    REPEATED = "repeated"
    WRONG = "wrong"
    REFUSED = "refused"


@dataclass(frozen=True)
class Challenge:
    """The code that was sent to a phone last, and how many were sent before.

    The code itself is nowhere: a key of the platform makes it out of the phone's keyed hash and
    `salt`, whenever it is asked for.

    Attributes
    ----------
    phone
        The phone's keyed hash.
    used_by
        The digest of the request that used it; empty while it is unused.
    """

    phone: str
    salt: str
    asked_at: datetime
    attempts: int = 0
    used_by: str = ""
    used_at: datetime | None = None
    hour: str = ""
    in_hour: int = 0
    day: str = ""
    in_day: int = 0
    version: int | None = None


def may_send(before: Challenge | None, now: datetime) -> bool:
    """Whether a phone may get a code now."""
    if before is None:
        return True
    if now - before.asked_at < SENT_EVERY:
        return False
    hour, day = windows(now)
    return not (
        (before.hour == hour and before.in_hour >= HOURLY_MAX)
        or (before.day == day and before.in_day >= DAILY_MAX)
    )


def next_challenge(before: Challenge | None, phone: str, salt: str, now: datetime) -> Challenge:
    """The challenge of a code that is sent now; the one before it is good no more."""
    hour, day = windows(now)
    in_hour = before.in_hour if before and before.hour == hour else 0
    in_day = before.in_day if before and before.day == day else 0
    return Challenge(
        phone=phone,
        salt=salt,
        asked_at=now,
        hour=hour,
        in_hour=in_hour + 1,
        day=day,
        in_day=in_day + 1,
        version=before.version if before else None,
    )


def windows(now: datetime) -> tuple[str, str]:
    """The hour and the day in which a code counts, in the estate's zone."""
    hour = now.astimezone(clock.ESTATE_ZONE).strftime("%Y-%m-%dT%H")
    return hour, hour[:10]


def presented(
    before: Challenge, is_right: bool, request: str, now: datetime
) -> tuple[Challenge, Verdict]:
    """What presenting a code comes to, and the challenge as it stands afterwards.

    Parameters
    ----------
    is_right
        Whether it is the code that was sent.
    request
        The digest of the request: who used the code may repeat that request for a minute.
    """
    if before.used_at is not None:
        again = is_right and before.used_by == request and now - before.used_at <= LOST_REPLY
        return before, Verdict.REPEATED if again else Verdict.REFUSED
    if now - before.asked_at > GOOD_FOR or before.attempts >= ATTEMPTS_MAX:
        return before, Verdict.REFUSED
    if not is_right:
        return replace(before, attempts=before.attempts + 1), Verdict.WRONG
    return replace(before, used_by=request, used_at=now), Verdict.RIGHT


def digits(chance: bytes) -> str:
    """The six digits that 32 bytes make; no code is noticeably likelier than another."""
    return f"{int.from_bytes(chance, 'big') % _ONE_OF:06}"
