"""Limits against abuse: how often a person may do what costs others work or money (D2).

A quota names a counter that the write itself raises, so no write passes the limit unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, TTLAttribute

from shared.errors import Limited
from shared.table import Record, Transaction


@dataclass(frozen=True)
class Quota:
    """A counter of one person in one window of time, and the limit at which it refuses.

    `code` is the refusal's; the counter is forgotten at `ends_at`.
    """

    person_id: str
    window: str
    limit: int
    code: str
    ends_at: datetime


class _Counter(Record):
    used = NumberAttribute()
    expires_at = TTLAttribute()


def spend(transaction: Transaction, owner: str, quotas: Iterable[Quota]) -> None:
    """Raise quotas as part of a transaction; none may be used up.

    Parameters
    ----------
    owner
        The community whose counters they are, or the platform.
    """
    for quota in quotas:
        counter = _Counter(f"{owner}#quotas#{quota.person_id}", quota.window)
        transaction.update(
            counter,
            [_Counter.used.add(1), _Counter.expires_at.set(quota.ends_at)],
            _Counter.used.does_not_exist() | (_Counter.used < quota.limit),
        )


def refuse_spent(stored: Mapping[str, Any], quotas: Iterable[Quota]) -> None:
    """Say which quota is used up, if it was one that stood in a transaction's way.

    Parameters
    ----------
    stored
        The item that refused the transaction, in DynamoDB's own form.

    Raises
    ------
    Limited
        The code of that quota.
    """
    for quota in quotas:
        if stored["sk"]["S"] == quota.window:
            raise Limited(quota.code, limit=quota.limit)
