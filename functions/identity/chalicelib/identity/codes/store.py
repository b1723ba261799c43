"""What codes keep: one record for each phone, by its keyed hash, and two counters.

Access patterns
---------------
1. the code that a phone was sent   Get       pk = platform#codes#{phone}, sk = code
2. a code that is presented         Transact  the same, on its version, and the quota of its source;
                                              the quota alone, where there is none to be right
3. a code that is sent              Transact  the same, and the counters of
                                              its source: pk = platform#sources#{address}, sk = hour
                                              its day:    pk = platform#codesent#all, sk = day

All of them expire.  Neither a phone nor an address stands here, only their keyed hashes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute

from chalicelib.identity import records, sources
from chalicelib.identity.codes.rules import (
    ADDRESS_HOURLY_MAX,
    SOURCE_TRIES_MAX,
    TOTAL_DAILY_MAX,
    Challenge,
    Sent,
    windows,
)
from shared.auth import PLATFORM
from shared.errors import Limited
from shared.quotas import Quota, put_within
from shared.table import Refused, Transaction

_KEPT_FOR = timedelta(days=2)


class _CodeItem(records.Item):
    salt = UnicodeAttribute()
    asked_at = UTCDateTimeAttribute()
    tried = UnicodeAttribute(null=True)
    used_by = UnicodeAttribute(null=True)
    used_at = UTCDateTimeAttribute(null=True)
    sent = UnicodeAttribute()


class _CountItem(records.Item):
    used = NumberAttribute()


def get_challenge(phone: str) -> Challenge | None:
    """The code that a phone was sent last; None if there was none of late."""
    item = _CodeItem.find(*_key(phone))
    if item is None:
        return None
    return Challenge(
        phone=phone,
        salt=item.salt,
        asked_at=item.asked_at,
        tried=tuple((item.tried or "").split()),
        used_by=item.used_by or "",
        used_at=item.used_at,
        sent=tuple(Sent(*one.split("|")) for one in item.sent.split()),
        version=item.version,
    )


def save_challenge(challenge: Challenge, source: str, now: datetime) -> bool:
    """Store what presenting a code made of it; False if it changed since it was read.

    Raises
    ------
    Limited
        `too_many_attempts`: its source presented too many.
    Conflict
        `busy`: others from the same source kept colliding with this one.
    """
    return put_within(PLATFORM, [_tries(source, now)], _to_item(challenge)) is None


def count_try(source: str, now: datetime) -> None:
    """Count that a source presented a code where none was sent.

    Raises
    ------
    Limited, Conflict
        As `save_challenge`.
    """
    put_within(PLATFORM, [_tries(source, now)])


def _tries(source: str, now: datetime) -> Quota:
    window, ends_at = f"code-tries#{sources.quarter(now)}", now + _KEPT_FOR
    return Quota(source, window, SOURCE_TRIES_MAX, "too_many_attempts", ends_at)


def add_challenge(challenge: Challenge, source: str, now: datetime) -> bool:
    """Store the challenge of a new code and count it; False if somebody was faster.

    Raises
    ------
    Limited
        `too_many_codes`: the source has had its share of the hour.  `too_many_codes_today`: the
        whole platform that of the day.
    """
    hour, day = windows(now)
    asking = _CountItem(f"platform#sources#{source}", hour)
    total = _CountItem("platform#codesent#all", day)
    try:
        with Transaction() as transaction:
            transaction.put(_to_item(challenge))
            for counter, limit in ((asking, ADDRESS_HOURLY_MAX), (total, TOTAL_DAILY_MAX)):
                transaction.update(
                    counter,
                    [_CountItem.used.add(1), _CountItem.expires_at.set(now + _KEPT_FOR)],
                    _CountItem.used.does_not_exist() | (_CountItem.used < limit),
                )
    except Refused as refused:
        if refused.stored is not None and "used" in refused.stored:
            if refused.stored["sk"]["S"] == day:
                raise Limited("too_many_codes_today") from refused
            raise Limited("too_many_codes") from refused
        return False
    return True


def _to_item(challenge: Challenge) -> _CodeItem:
    return _CodeItem(
        *_key(challenge.phone),
        version=challenge.version,
        salt=challenge.salt,
        asked_at=challenge.asked_at,
        tried=" ".join(challenge.tried) or None,
        used_by=challenge.used_by or None,
        used_at=challenge.used_at,
        sent=" ".join("|".join(one) for one in challenge.sent),
        expires_at=challenge.asked_at + _KEPT_FOR,
    )


def _key(phone: str) -> tuple[str, str]:
    return f"platform#codes#{phone}", "code"
