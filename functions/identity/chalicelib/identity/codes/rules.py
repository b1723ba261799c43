"""How often a code is sent, how often it may be guessed, and how long it is good.

Numbers against guessing: a code is one of a million and may be tried 5 times; a phone gets 10 a
day, so whoever tries all day long is right once in 55 years.  One source tries 40 in a quarter of
an hour, whatever the phones: it is right once in 260 days.

Of what a phone has in an hour and a day, and of the tries at a code, one source has about half:
alone it neither uses up the codes of a phone nor wears out the one that its bearer was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from shared import clock
from shared.errors import Limited

GOOD_FOR = timedelta(minutes=5)
SENT_EVERY = timedelta(seconds=60)
ATTEMPTS_MAX, SOURCE_ATTEMPTS_MAX = 5, 3
"""Wrong tries at one code: from anywhere, and from one source."""
HOURLY_MAX, SOURCE_HOURLY_MAX = 5, 3
DAILY_MAX, SOURCE_DAILY_MAX = 10, 6
"""Codes of one phone: whoever asks for them, and asked for by one source."""
SOURCE_TRIES_MAX = 40
"""Codes that one source presents in a quarter of an hour."""
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


class Sent(NamedTuple):
    """That a code was sent: in which hour, and because of which source."""

    hour: str
    source: str


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
    tried
        The sources of the wrong tries at it.
    sent
        What the phone was sent on the day of this code, this one among them.
    """

    phone: str
    salt: str
    asked_at: datetime
    tried: tuple[str, ...] = ()
    used_by: str = ""
    used_at: datetime | None = None
    sent: tuple[Sent, ...] = ()
    version: int | None = None


def may_send(before: Challenge | None, source: str, now: datetime) -> bool:
    """Whether a phone may get a code now; not within a minute of the one before.

    Raises
    ------
    Limited
        `too_many_codes`, `too_many_codes_today`: the phone, or this source of the phone, has had
        its share.  It is the same of every phone, whoever it is that has it.
    """
    if before is None:
        return True
    if now - before.asked_at < SENT_EVERY:
        return False
    today = _sent_today(before, now)
    hour, _ = windows(now)
    in_hour = [one for one in today if one.hour == hour]
    if _is_used_up(today, source, DAILY_MAX, SOURCE_DAILY_MAX):
        raise Limited("too_many_codes_today")
    if _is_used_up(in_hour, source, HOURLY_MAX, SOURCE_HOURLY_MAX):
        raise Limited("too_many_codes")
    return True


def _sent_today(before: Challenge, now: datetime) -> tuple[Sent, ...]:
    _, day = windows(now)
    return tuple(one for one in before.sent if one.hour.startswith(day))


def _is_used_up(sent: Sequence[Sent], source: str, most: int, most_of_source: int) -> bool:
    of_source = sum(one.source == source for one in sent)
    return len(sent) >= most or of_source >= most_of_source


def next_challenge(
    before: Challenge | None, phone: str, salt: str, source: str, now: datetime
) -> Challenge:
    """The challenge of a code that is sent now; the one before it is good no more."""
    hour, _ = windows(now)
    today = _sent_today(before, now) if before else ()
    return Challenge(
        phone=phone,
        salt=salt,
        asked_at=now,
        sent=(*today, Sent(hour, source)),
        version=before.version if before else None,
    )


def windows(now: datetime) -> tuple[str, str]:
    """The hour and the day in which a code counts, in the estate's zone."""
    hour = now.astimezone(clock.ESTATE_ZONE).strftime("%Y-%m-%dT%H")
    return hour, hour[:10]


def presented(
    before: Challenge, is_right: bool, request: str, source: str, now: datetime
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
    of_source = before.tried.count(source)
    worn = len(before.tried) >= ATTEMPTS_MAX or of_source >= SOURCE_ATTEMPTS_MAX
    if now - before.asked_at > GOOD_FOR or worn:
        return before, Verdict.REFUSED
    if not is_right:
        return replace(before, tried=(*before.tried, source)), Verdict.WRONG
    return replace(before, used_by=request, used_at=now), Verdict.RIGHT


def digits(chance: bytes) -> str:
    """The six digits that 32 bytes make; no code is noticeably likelier than another."""
    return f"{int.from_bytes(chance, 'big') % _ONE_OF:06}"
