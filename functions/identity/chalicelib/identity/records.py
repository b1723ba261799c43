"""What all records of identity do: expire, meet their own echo, and count against quotas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pynamodb.attributes import TTLAttribute

from shared.auth import PLATFORM
from shared.errors import Conflict
from shared.quotas import Quota, refuse_spent, spend
from shared.table import Record, Refused, Transaction, Unmet

# A neighbour's write can only collide on a quota; the next attempt comes after it.
_ATTEMPTS = 3


class Item(Record):
    """A record of this capability's table."""

    expires_at = TTLAttribute(null=True)


def is_echo(item: Item, stored: dict[str, Any] | None) -> bool:
    """Whether what stands in an item's way is this very write, whose answer was lost.

    The client library sends a write again whose answer it did not get.
    """
    wanted = item.serialize()
    wanted["version"] = {"N": str((item.version or 0) + 1)}
    return wanted == stored


def use_up(quota: Quota) -> None:
    """Raise a quota by itself, for what is counted whatever comes of it.

    Raises
    ------
    Limited
        The code of the quota, which is used up.
    Conflict
        `busy`: others kept raising it.
    """
    for _ in range(_ATTEMPTS):
        try:
            with Transaction() as transaction:
                spend(transaction, PLATFORM, [quota])
        except Refused as refused:
            if refused.stored is not None:
                refuse_spent(refused.stored, [quota])
        else:
            return
    raise Conflict("busy")


def add(
    item: Item,
    quotas: Sequence[Quota],
    relying: Callable[[Transaction], None] | None = None,
) -> dict[str, Any] | None:
    """Store an item and raise quotas, all or nothing.

    Parameters
    ----------
    relying
        Puts into the transaction what the item relies on.

    Returns
    -------
    dict or None
        What stood in the item's place, in DynamoDB's own form; None if the item was stored.

    Raises
    ------
    Unmet
        What the item relies on is not so.
    Limited
        The code of the first quota that is used up.
    Conflict
        `busy`: other writes of the same person kept colliding with this one.
    """
    for _ in range(_ATTEMPTS):
        try:
            with Transaction() as transaction:
                if relying is not None:
                    relying(transaction)
                transaction.put(item)
                spend(transaction, PLATFORM, quotas)
        except Unmet:
            raise
        except Refused as refused:
            if refused.stored is not None:
                refuse_spent(refused.stored, quotas)
                return refused.stored
        else:
            return None
    raise Conflict("busy")
