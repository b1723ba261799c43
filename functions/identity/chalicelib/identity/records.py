"""What all records of identity are: items of its table, some of which expire."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import TTLAttribute

from shared.table import Record


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
