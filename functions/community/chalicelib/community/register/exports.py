"""What was given out of the house register: noted and told before there is a file of it.

Access patterns
---------------
1. one export                        Put    pk = {community}#export#{export}, expires
2. how many somebody made on a day   (1)    pk = platform#quotas#{person}, sk = exports#{day}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import (
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from shared import clock, events, grants, quotas
from shared.auth import PLATFORM, Grant
from shared.errors import Conflict
from shared.outbox import EMPTY
from shared.quotas import Quota
from shared.table import Record, Refused

KEPT_FOR = timedelta(days=365)
REPEATED_FOR = timedelta(minutes=1)
"""After it the same key is no repeat whose answer was lost: each file leaves a trace."""
MAX_A_DAY = 20
"""Exports of one person on one day of the estate, of whichever communities."""


@dataclass(frozen=True)
class Export:
    """A community's whole register in one file, owners in full: for whom, and in which form."""

    id: str
    community_id: str
    format: str
    rooms: int
    by: str
    at: datetime


class _Export(Record):
    format = UnicodeAttribute()
    rooms = NumberAttribute()
    by = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    expires_at = TTLAttribute()


def note(export: Export, basis: Sequence[Grant]) -> None:
    """Write an export down, count and announce it, all or nothing; its repeat changes nothing.

    Parameters
    ----------
    basis
        The grants that whoever asks for it must still have at the moment of the write.

    Raises
    ------
    NotFound
        One of these was taken away since the authorizer saw it; nothing is stored.
    Limited
        `too_many_exports` on this day.
    Conflict
        `idempotency_key_reused`: its key made another one, or this one more than a minute ago.
        `stale_version`: the same person made another one at the same moment.
    """
    window, ends_at = f"exports#{clock.estate_date(export.at)}", export.at + timedelta(days=2)
    limits = (Quota(export.by, window, MAX_A_DAY, "too_many_exports", ends_at),)
    try:
        with grants.relying_on(export.by, basis) as transaction:
            transaction.put(_export_item(export))
            # Of all communities together, or who administers a company had a day's for each.
            quotas.spend(transaction, PLATFORM, limits)
    except Refused as refused:
        if refused.stored is None:
            raise Conflict("stale_version") from refused
        quotas.refuse_spent(refused.stored, limits)
        _check_repeat(export, refused.stored)


def _check_repeat(export: Export, stored: Mapping[str, Any]) -> None:
    made = _Export.from_raw_data(dict(stored))
    if made.format != export.format or export.at - made.at > REPEATED_FOR:
        raise Conflict("idempotency_key_reused")


def _export_item(export: Export) -> _Export:
    item = _Export(
        f"{export.community_id}#export#{export.id}",
        "export",
        format=export.format,
        rooms=export.rooms,
        by=export.by,
        at=export.at,
        expires_at=export.at + KEPT_FOR,
    )
    told = events.happened(
        "RegisterExported",
        "community",
        export.id,
        1,
        at=export.at,
        community_id=export.community_id,
        actor_id=export.by,
        data={"format": export.format, "rooms": export.rooms},
    )
    item.announce(EMPTY, told)
    return item
