"""Reckons what each call to DynamoDB costs, from its parameters, its answer and what is stored.

The size of an item that a write changes stands in no request, so the meter reads it before the
call, and after it where only DynamoDB knows what came of it; with a client of its own that nobody
listens to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared import aws
from tests.harness.units import (
    Item,
    Schema,
    item_bytes,
    read_units,
    refused_units,
    write_units,
)

_REFUSED = ("ConditionalCheckFailedException", "TransactionCanceledException")
_SINGLE = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete"}
# What the meter keeps in a call's context, which botocore hands to all hooks of the call.
_PARAMS, _CHANGED = "linli_params", "linli_changed"


@dataclass(frozen=True)
class Charge:
    """What one call cost, and how much it returned."""

    operation: str
    writes: int = 0
    reads: float = 0
    returned_bytes: int = 0


class Meter:
    """Reckons the calls of one client; a call is shown to it before it is sent and when answered.

    Parameters
    ----------
    schemas
        Those of all tables that are called, by the tables' names.
    """

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas
        self._own = aws.session().create_client("dynamodb")

    def asked(self, operation: str, params: Mapping[str, Any], context: dict[str, Any]) -> None:
        """Look at what a call is about to change."""
        context[_PARAMS] = params
        context[_CHANGED] = [
            (kind, write, self._stored(write)) for kind, write in _writes(operation, params)
        ]

    def answered(self, operation: str, answer: Any, context: dict[str, Any]) -> Charge:
        """What the call cost."""
        code = answer.get("Error", {}).get("Code")
        if code is not None and code not in _REFUSED:
            # Throttled, or not understood: nothing was done.
            return Charge(operation)
        if changed := context[_CHANGED]:
            transacted, refused = operation == "TransactWriteItems", code is not None
            units = (
                self._cost(kind, write, before, transacted=transacted, refused=refused)
                for kind, write, before in changed
            )
            return Charge(operation, writes=sum(units))
        reads, size = _read(operation, context[_PARAMS], answer)
        return Charge(operation, reads=reads, returned_bytes=size)

    def _cost(
        self,
        kind: str,
        write: Mapping[str, Any],
        before: Item | None,
        *,
        transacted: bool,
        refused: bool,
    ) -> int:
        after = self._after(kind, write, before, refused)
        if refused:
            return refused_units(before, after, transacted=transacted)
        schema = self._schemas[write["TableName"]]
        return write_units(schema, before, after, transacted=transacted)

    def _after(
        self, kind: str, write: Mapping[str, Any], before: Item | None, refused: bool
    ) -> Item | None:
        match kind:
            case "Put":
                item: Item = write["Item"]
                return item
            case "Delete":
                return None
            case "Update" if not refused:
                return self._stored(write)
            case "Update":
                # What it would have become is not known; it is no larger than this.
                given = write.get("ExpressionAttributeValues", {})
                return {**(before or write["Key"]), **given}
        return before

    def _stored(self, write: Mapping[str, Any]) -> Item | None:
        schema = self._schemas[write["TableName"]]
        key = write.get("Key") or {name: write["Item"][name] for name in schema.keys}
        found: Item | None = self._own.get_item(
            TableName=write["TableName"], Key=key, ConsistentRead=True
        ).get("Item")
        return found


def _writes(operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each write of a call: its kind and its parameters."""
    if operation == "TransactWriteItems":
        for one in params["TransactItems"]:
            yield from one.items()
    elif operation in _SINGLE:
        yield _SINGLE[operation], params


def _read(operation: str, params: Mapping[str, Any], answer: Any) -> tuple[float, int]:
    """The units of a read, and the bytes that it returned."""
    consistent = params.get("ConsistentRead", False)
    match operation:
        case "GetItem":
            _assert_whole(params)
            size = item_bytes(answer.get("Item", {}))
            return read_units(size, consistent=consistent), size
        case "Query":
            _assert_whole(params)
            size = sum(item_bytes(item) for item in answer["Items"])
            return read_units(size, consistent=consistent), size
        case "BatchGetItem":
            return _read_batch(params, answer)
    raise AssertionError(f"say here what {operation} costs")


def _read_batch(params: Mapping[str, Any], answer: Any) -> tuple[float, int]:
    """Each item is rounded up by itself, and one that is not there costs as much as a small one."""
    units, returned = 0.0, 0
    for table, wanted in params["RequestItems"].items():
        _assert_whole(wanted)
        consistent = wanted.get("ConsistentRead", False)
        sizes = [item_bytes(item) for item in answer["Responses"].get(table, ())]
        left = len(answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", ()))
        sizes += [0] * (len(wanted["Keys"]) - left - len(sizes))
        units += sum(read_units(size, consistent=consistent) for size in sizes)
        returned += sum(sizes)
    return units, returned


def _assert_whole(params: Mapping[str, Any]) -> None:
    """What is filtered or cut out is charged all the same, and stands in no answer."""
    cut = {"AttributesToGet", "FilterExpression", "ProjectionExpression"} & params.keys()
    assert not cut, f"say here what a read costs with {', '.join(sorted(cut))}"
