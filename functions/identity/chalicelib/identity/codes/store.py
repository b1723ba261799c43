"""What codes keep: one record for each phone, by its keyed hash, and two counters.

Access patterns
---------------
1. the code that a phone was sent   Get       pk = platform#codes#{phone}, sk = code
2. a code that is presented         Put       the same, on its version
3. a code that is sent              Transact  the same, and the counters of
                                              its source: pk = platform#sources#{address}, sk = hour
                                              its day:    pk = platform#codesent#all, sk = day

All of them expire.  Neither a phone nor an address stands here, only their keyed hashes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute

from chalicelib.identity import records
from chalicelib.identity.codes.rules import (
    ADDRESS_HOURLY_MAX,
    TOTAL_DAILY_MAX,
    Challenge,
    windows,
)
from shared.errors import Limited
from shared.table import Refused, Transaction

_KEPT_FOR = timedelta(days=2)


class _CodeItem(records.Item):
    salt = UnicodeAttribute()
    asked_at = UTCDateTimeAttribute()
    attempts = NumberAttribute()
    used_by = UnicodeAttribute(null=True)
    used_at = UTCDateTimeAttribute(null=True)
    hour = UnicodeAttribute()
    in_hour = NumberAttribute()
    day = UnicodeAttribute()
    in_day = NumberAttribute()


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
        attempts=int(item.attempts),
        used_by=item.used_by or "",
        used_at=item.used_at,
        hour=item.hour,
        in_hour=int(item.in_hour),
        day=item.day,
        in_day=int(item.in_day),
        version=item.version,
    )


def save_challenge(challenge: Challenge) -> bool:
    """Store what presenting a code made of it; False if it changed since it was read."""
    try:
        _to_item(challenge).put()
    except Refused:
        return False
    return True


def add_challenge(challenge: Challenge, address: str, now: datetime) -> bool:
    """Store the challenge of a new code and count it; False if somebody was faster.

    Parameters
    ----------
    address
        The keyed hash of the source address.

    Raises
    ------
    Limited
        `too_many_codes`: the source, or the whole platform, has had its share.
    """
    hour, day = windows(now)
    source = _CountItem(f"platform#sources#{address}", hour)
    total = _CountItem("platform#codesent#all", day)
    try:
        with Transaction() as transaction:
            transaction.put(_to_item(challenge))
            for counter, limit in ((source, ADDRESS_HOURLY_MAX), (total, TOTAL_DAILY_MAX)):
                transaction.update(
                    counter,
                    [_CountItem.used.add(1), _CountItem.expires_at.set(now + _KEPT_FOR)],
                    _CountItem.used.does_not_exist() | (_CountItem.used < limit),
                )
    except Refused as refused:
        if refused.stored is not None and "used" in refused.stored:
            raise Limited("too_many_codes") from refused
        return False
    return True


def _to_item(challenge: Challenge) -> _CodeItem:
    return _CodeItem(
        *_key(challenge.phone),
        version=challenge.version,
        salt=challenge.salt,
        asked_at=challenge.asked_at,
        attempts=challenge.attempts,
        used_by=challenge.used_by or None,
        used_at=challenge.used_at,
        hour=challenge.hour,
        in_hour=challenge.in_hour,
        day=challenge.day,
        in_day=challenge.in_day,
        expires_at=challenge.asked_at + _KEPT_FOR,
    )


def _key(phone: str) -> tuple[str, str]:
    return f"platform#codes#{phone}", "code"
