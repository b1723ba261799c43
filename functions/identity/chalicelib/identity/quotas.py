"""Limits against abuse: how often somebody may do what costs others work, in one window of time.

A quota names a counter that the write itself raises, so no write passes the limit unseen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pynamodb.attributes import NumberAttribute

from chalicelib.identity import records
from shared.errors import Conflict, Limited
from shared.table import Refused, Transaction

# A neighbour's write can only collide on a quota; the next attempt comes after it.
_ATTEMPTS = 3


@dataclass(frozen=True)
class Quota:
    """A counter of one person, or of one blind phone, in one window, and its limit.

    `code` is the refusal's; the counter is forgotten at `ends_at`.
    """

    whose: str
    window: str
    limit: int
    code: str
    ends_at: datetime


class _QuotaItem(records.Item):
    used = NumberAttribute()


def add(item: records.Item, quotas: Sequence[Quota]) -> dict[str, Any] | None:
    """Store an item and raise quotas, all or nothing.

    Returns
    -------
    dict or None
        What stood in the item's place, in DynamoDB's own form; None if the item was stored.

    Raises
    ------
    Limited
        The code of the first quota that is used up.
    Conflict
        `busy`: other writes of the same person kept colliding with this one.
    """
    for _ in range(_ATTEMPTS):
        stored = _try_to_add(item, quotas)
        if stored is None:
            return None
        if stored:
            for quota in quotas:
                if stored["sk"]["S"] == quota.window:
                    raise Limited(quota.code, limit=quota.limit)
            return stored
    raise Conflict("busy")


def _try_to_add(item: records.Item, quotas: Sequence[Quota]) -> dict[str, Any] | None:
    """None when stored, the item in the way, or nothing known of it after a collision."""
    try:
        with Transaction() as transaction:
            transaction.put(item)
            for quota in quotas:
                raise_quota(transaction, quota)
    except Refused as refused:
        return refused.stored or {}
    return None


def raise_quota(transaction: Transaction, quota: Quota) -> None:
    """Count once more as part of a transaction, which the limit refuses."""
    transaction.update(
        _QuotaItem(f"platform#quotas#{quota.whose}", quota.window),
        [_QuotaItem.used.add(1), _QuotaItem.expires_at.set(quota.ends_at)],
        _QuotaItem.used.does_not_exist() | (_QuotaItem.used < quota.limit),
    )
