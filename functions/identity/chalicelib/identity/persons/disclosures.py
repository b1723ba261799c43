"""What was shown of a person's details, written down and told before it is shown.

Access patterns
---------------
1. one disclosure, and its teller's quota  Transact  pk = platform#disclosure#{id}, sk = disclosure
2. the same, when its request comes again  Get       the same key
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute, UTCDateTimeAttribute

from chalicelib.identity import records
from shared import clock, events
from shared.auth import PLATFORM
from shared.errors import Conflict
from shared.quotas import Quota, put_within

KEPT_FOR = timedelta(days=365)
REPEATED_FOR = timedelta(minutes=1)
"""After it the same key is no repeat whose answer was lost: each look leaves a trace."""


@dataclass(frozen=True)
class Disclosure:
    """Which fields of whom are shown to whom, and why."""

    id: str
    person_id: str
    shown_to: str
    fields: tuple[str, ...]
    reason: str
    at: datetime


class _DisclosureItem(records.Item):
    person_id = UnicodeAttribute()
    shown_to = UnicodeAttribute()
    fields = UnicodeAttribute()
    reason = UnicodeAttribute()
    at = UTCDateTimeAttribute()


def note(disclosure: Disclosure, limit: int, code: str) -> None:
    """Write a disclosure down and announce it, once.

    Parameters
    ----------
    limit, code
        How many a day the person it is shown to may have, and what they are refused with.

    Raises
    ------
    Limited
        The day's disclosures are used up.
    Conflict
        `idempotency_key_reused`: its id is another's, or was used more than a minute ago.  `busy`:
        others kept coming in between.
    """
    day = clock.estate_date(disclosure.at).isoformat()
    ends_at = disclosure.at + timedelta(days=2)
    quota = Quota(disclosure.shown_to, f"{code}#{day}", limit, code, ends_at)
    if not _is_known(disclosure) and put_within(PLATFORM, [quota], _to_item(disclosure)):
        # The same request stored it a moment ago, or another one did under its id.
        _is_known(disclosure)


def _is_known(disclosure: Disclosure) -> bool:
    item = _DisclosureItem.find(*_key(disclosure))
    if item is None:
        return False
    asked = (disclosure.person_id, " ".join(disclosure.fields), disclosure.reason)
    late = disclosure.at - item.at > REPEATED_FOR
    if late or (item.person_id, item.fields, item.reason) != asked:
        raise Conflict("idempotency_key_reused")
    return True


def _key(disclosure: Disclosure) -> tuple[str, str]:
    return f"platform#disclosure#{disclosure.id}", "disclosure"


def _to_item(disclosure: Disclosure) -> _DisclosureItem:
    item = _DisclosureItem(
        *_key(disclosure),
        person_id=disclosure.person_id,
        shown_to=disclosure.shown_to,
        fields=" ".join(disclosure.fields),
        reason=disclosure.reason,
        at=disclosure.at,
        expires_at=disclosure.at + KEPT_FOR,
    )
    told = events.happened(
        "PersonalDataShown",
        "identity",
        disclosure.id,
        1,
        at=disclosure.at,
        community_id=PLATFORM,
        actor_id=disclosure.shown_to,
        data={
            "person_id": disclosure.person_id,
            "fields": list(disclosure.fields),
            "reason": disclosure.reason,
        },
    )
    item.announce(item.outbox, told)
    return item
