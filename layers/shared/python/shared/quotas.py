"""Limits against abuse: how often a person may do what costs others work or money (D2).

A quota names a counter that the write itself raises, so no write passes the limit unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, TTLAttribute

from shared.errors import Conflict, Limited
from shared.table import Record, Refused, Transaction, Unmet

# A neighbour's write can only collide on a quota; the next attempt comes after it.
_ATTEMPTS = 3


@dataclass(frozen=True)
class Quota:
    """A counter of one person, phone or source in one window of time, and where it refuses.

    `code` is the refusal's; the counter is forgotten at `ends_at`.
    """

    whose: str
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
        counter = _Counter(f"{owner}#quotas#{quota.whose}", quota.window)
        transaction.update(
            counter,
            [_Counter.used.add(1), _Counter.expires_at.set(quota.ends_at)],
            _Counter.used.does_not_exist() | (_Counter.used < quota.limit),
        )


def check_left(owner: str, quotas: Sequence[Quota]) -> None:
    """Refuse what a quota has no room for, before anything is stored for it; one read.

    Raises
    ------
    Limited
        The code of the first quota that is used up.
    """
    keys = [(f"{owner}#quotas#{quota.whose}", quota.window) for quota in quotas]
    used = {(one.pk, one.sk): one.used for one in _Counter.batch_get(keys, consistent_read=True)}
    for key, quota in zip(keys, quotas, strict=True):
        if used.get(key, 0) >= quota.limit:
            raise Limited(quota.code, limit=quota.limit)


def put_within(
    owner: str,
    quotas: Sequence[Quota],
    *items: Record,
    relying: Callable[[Transaction], None] | None = None,
) -> dict[str, Any] | None:
    """Store new items and raise quotas, all or nothing; of no item, raise them whatever comes.

    Parameters
    ----------
    owner
        The community whose counters they are, or the platform.
    relying
        Puts into the transaction what the items rely on.

    Returns
    -------
    dict or None
        What stood in an item's place, in DynamoDB's own form; None if all were stored.

    Raises
    ------
    Unmet
        What the items rely on is not so.
    Limited
        The code of the first quota that is used up.
    Conflict
        `busy`: other writes kept colliding with this one.
    """
    for _ in range(_ATTEMPTS):
        try:
            with Transaction() as transaction:
                if relying is not None:
                    relying(transaction)
                for item in items:
                    transaction.put(item)
                spend(transaction, owner, quotas)
        except Unmet:
            raise
        except Refused as refused:
            # Nothing is known of what stands there after a collision.
            if refused.stored is not None:
                refuse_spent(refused.stored, quotas)
                return refused.stored
        else:
            return None
    raise Conflict("busy")


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
