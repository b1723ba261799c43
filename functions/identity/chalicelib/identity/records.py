"""What all records of identity are: things that may expire."""

from __future__ import annotations

from pynamodb.attributes import TTLAttribute

from shared.table import Record


class Item(Record):
    """A record of this capability's table."""

    expires_at = TTLAttribute(null=True)
