"""What all records of repairs do: expire, and meet their own echo."""

from __future__ import annotations

from pynamodb.attributes import TTLAttribute
from pynamodb.expressions.condition import Condition

from shared.errors import Conflict
from shared.table import Record, Refused


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
        if not item.is_echo(refused.stored):
            raise Conflict("stale_version") from refused
