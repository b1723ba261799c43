"""A crowd: what a query found, there in hundreds, for as long as a request is sent once more.

A list that costs a call for each of its items shows it when it is long.  To make everything long
through the doors takes moto minutes, since each of its transactions copies the table; so what the
queries of a request found is copied in the table under further keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from shared import aws

SIZE = 100
_BATCH = 25
"""Items that one BatchWriteItem takes."""


class Crowd:
    """Makes crowds in tables and takes them away again."""

    @cached_property
    def _own(self) -> Any:
        """A client that nobody listens to."""
        return aws.session().create_client("dynamodb")

    @contextmanager
    def around(self, queries: list[dict[str, Any]]) -> Iterator[None]:
        """Have each of these queries find `SIZE` items if it found any, while the context lasts."""
        made = [(query["TableName"], item) for query in queries for item in self._made(query)]
        self._write([(table, {"PutRequest": {"Item": item}}) for table, item in made])
        try:
            yield
        finally:
            self._write(
                [(table, {"DeleteRequest": {"Key": self._key(table, i)}}) for table, i in made]
            )

    def _made(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        table = query["TableName"]
        found = self._own.query(**query)["Items"]
        if not found:
            return []
        item = self._own.get_item(TableName=table, Key=self._key(table, found[-1]))["Item"]
        # An index lists items of any partition; a partition lists items by their sort key.
        partition, sort = self._keys(table)
        name = partition if "IndexName" in query else sort
        return [
            {**item, name: {"S": f"{item[name]['S']}-{number:03}"}}
            for number in range(SIZE - len(found))
        ]

    def _key(self, table: str, item: dict[str, Any]) -> dict[str, Any]:
        return {name: item[name] for name in self._keys(table)}

    def _keys(self, table: str) -> list[str]:
        described = self._own.describe_table(TableName=table)["Table"]
        return [key["AttributeName"] for key in described["KeySchema"]]

    def _write(self, requests: list[tuple[str, dict[str, Any]]]) -> None:
        for start in range(0, len(requests), _BATCH):
            tables: dict[str, list[dict[str, Any]]] = {}
            for table, request in requests[start : start + _BATCH]:
                tables.setdefault(table, []).append(request)
            left = self._own.batch_write_item(RequestItems=tables)["UnprocessedItems"]
            assert not left
