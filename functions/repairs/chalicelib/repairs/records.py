"""What all records of repairs do: meet their own echo, and raise the quotas of a new thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pynamodb.attributes import TTLAttribute
from pynamodb.expressions.condition import Condition

from shared import quotas as limits
from shared.errors import Conflict
from shared.quotas import Quota
from shared.table import Record, Refused, Transaction

# A neighbour's write can only collide on a quota; the next attempt comes after it.
_ATTEMPTS = 3


class Item(Record):
    """A record of this capability's table."""

    expires_at = TTLAttribute(null=True)


def save(item: Item, condition: Condition) -> None:
    """Store the next version of an item, if its version and `condition` still hold.

    An item that stands there already just as wanted is this very write: the answer to it was
    lost and the client library sent it again.

    Raises
    ------
    Conflict
        `stale_version`: somebody else was faster.
    """
    try:
        item.put(condition)
    except Refused as refused:
        if refused.stored is None or not echoes(item, refused.stored):
            raise Conflict("stale_version") from refused


def echoes(item: Item, stored: dict[str, Any]) -> bool:
    """Whether `stored` is what writing `item` would have stored."""
    wanted = item.serialize()
    wanted["version"] = {"N": str((item.version or 0) + 1)}
    return wanted == stored


def add(item: Item, community_id: str, quotas: Sequence[Quota]) -> dict[str, Any] | None:
    """Store a new item and raise quotas, all or nothing.

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
        stored = _try_to_add(item, community_id, quotas)
        if stored is None:
            return None
        if stored:
            limits.refuse_spent(stored, quotas)
            return stored
    raise Conflict("busy")


def _try_to_add(item: Item, community_id: str, quotas: Sequence[Quota]) -> dict[str, Any] | None:
    """None when stored, the item in the way, or nothing known of it after a collision."""
    try:
        with Transaction() as transaction:
            transaction.put(item)
            limits.spend(transaction, community_id, quotas)
    except Refused as refused:
        return refused.stored or {}
    return None
