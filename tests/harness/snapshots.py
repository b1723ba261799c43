"""moto's transactions without their waste.

moto keeps a copy of a transaction's tables, to put them back where it is refused.  It makes one
for each item of the transaction, where one for each table is enough, and its copies are tracked
as tables for ever.  Half of what a transaction takes is this; nothing that it does hangs on it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table


@contextmanager
def one_of_each_table() -> Iterator[None]:
    """Let a transaction copy each of its tables once, for as long as the context lasts."""
    transact = DynamoDBBackend.transact_write_items
    copies: dict[int, Table] = {}

    def copied(table: Table, memo: dict[int, Any]) -> Table:
        if id(table) not in copies:
            # Not by its class, which would keep the copy in mind.
            made: Table = object.__new__(type(table))
            copies[id(table)] = made
            memo[id(table)] = made
            made.__dict__.update(copy.deepcopy(table.__dict__, memo))
        return copies[id(table)]

    def transacted(backend: DynamoDBBackend, items: list[dict[str, Any]]) -> None:
        copies.clear()
        try:
            transact(backend, items)
        finally:
            copies.clear()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Table, "__deepcopy__", copied, raising=False)
        patch.setattr(DynamoDBBackend, "transact_write_items", transacted)
        yield
