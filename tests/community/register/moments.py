"""Every order in which a reader's calls can fall between a writer's writes.

A writer does not wait for a reader, so it leaves the table in the same states whoever reads.  Each
state is kept as a table of its own, and each call of the reader is sent to one of them, never to an
earlier one than the call before: all orders are tried without a thread, and none twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from shared import aws
from tests.harness.tables import create_table

_WRITES = ("PutItem", "TransactWriteItems")
Order = tuple[int, ...]
"""Call of the reader → how many of the writes were done before it."""
T = TypeVar("T")


class Moments:
    """The states in which a writer leaves a table: before its first write, and after each."""

    def __init__(self, capability: str, table: str, write: Callable[[], object]) -> None:
        self._table = table
        states = [self._items()]

        def look(model: Any, **_: object) -> None:
            if model.name in _WRITES:
                states.append(self._items())

        with _hearing("after-call.dynamodb", look):
            write()
        self._tables = [_kept(capability, items) for items in states]

    def orders(self, read: Callable[[], T]) -> Iterator[tuple[Order, T]]:
        """What a reader sees in every order."""
        order: list[int] = []
        while True:
            with self._reading(order):
                seen = read()
            yield tuple(order), seen
            while order and order[-1] == len(self._tables) - 1:
                order.pop()
            if not order:
                return
            order[-1] += 1

    @contextmanager
    def _reading(self, order: list[int]) -> Iterator[None]:
        """Send the reader's calls where the order says; those beyond its end as soon as may be."""
        made = 0

        def send(params: dict[str, Any], **_: object) -> None:
            nonlocal made
            if made == len(order):
                order.append(order[-1] if order else 0)
            assert params["TableName"] == self._table
            params["TableName"] = self._tables[order[made]]
            made += 1

        with _hearing("before-parameter-build.dynamodb", send):
            yield

    def _items(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = aws.client("dynamodb").scan(TableName=self._table)["Items"]
        return found


@contextmanager
def _hearing(event: str, hear: Callable[..., None]) -> Iterator[None]:
    emitter = aws.client("dynamodb").meta.events
    emitter.register(event, hear)
    try:
        yield
    finally:
        emitter.unregister(event, hear)


def _kept(capability: str, items: list[dict[str, Any]]) -> str:
    """A table that holds these items and never changes; its name."""
    dynamodb = aws.client("dynamodb")
    name = f"{capability}-{uuid.uuid4().hex[:12]}"
    create_table(dynamodb, capability, name)
    for item in items:
        dynamodb.put_item(TableName=name, Item=item)
    return name
