"""How often WeChat is asked, for whom: each request counts once, however often it comes.

Access patterns
---------------
1. a request, and the quota of its asker   Transact   pk = platform#asked#{source or person},
                                                      sk = {request}

Of a request stands its keyed hash; all of it expires.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from pynamodb.attributes import UTCDateTimeAttribute

from chalicelib.identity import records, sources
from shared import ids, vault
from shared.auth import PLATFORM
from shared.errors import Conflict
from shared.quotas import Quota, put_within

_REPEATED_FOR = timedelta(minutes=1)
_KEPT_FOR = timedelta(hours=1)


class _AskedItem(records.Item):
    at = UTCDateTimeAttribute()


def count_asking(whose: str, request: str, limit: int, now: datetime) -> None:
    """Count a request, unless it is one that came a moment ago.

    Parameters
    ----------
    request
        The code that it brings, and its Idempotency-Key.
    limit
        How many a quarter of an hour has for them.

    Raises
    ------
    Limited
        `too_many_attempts`.
    Conflict
        `code_refused`: it came more than a minute ago, and WeChat takes a code once.  `busy`:
        others of the same asker kept colliding with this one.
    """
    known = hmac.digest(vault.derived_key("asked"), request.encode(), "sha256")
    window, ends_at = f"wechat#{sources.quarter(now)}", now + _KEPT_FOR
    quota = Quota(whose, window, limit, "too_many_attempts", ends_at)
    asked = _AskedItem(f"platform#asked#{whose}", ids.letters(known), at=now, expires_at=ends_at)
    stored = put_within(PLATFORM, [quota], asked)
    if stored is not None and now - _AskedItem.from_raw_data(stored).at > _REPEATED_FOR:
        raise Conflict("code_refused")
