"""moto without its waste: nothing that it does hangs on what is left out here.

- Of the tables of a transaction it keeps whole copies, one for each item, to put them back where
  it is refused.  Only the items that the transaction names can change; these alone are copied.
- Of an answer it looks for every member that the service's model knows, under six names each.
  An answer whose members all bear their own names has no others.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.model import StructureShape
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table


@contextmanager
def lean() -> Iterator[None]:
    """Leave moto's waste out, for as long as the context lasts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DynamoDBBackend, "transact_write_items", _transacting(patch))
        patch.setattr(BaseJSONSerializer, "_serialize_type_structure", _structure)
        yield


def _transacting(patch: pytest.MonkeyPatch) -> Any:
    transact = DynamoDBBackend.transact_write_items
    kept: dict[str, Table] = {}

    def transacted(backend: DynamoDBBackend, items: list[dict[str, Any]]) -> None:
        kept.clear()
        operations = [operation for item in items for operation in item.values()]
        for name in {operation.get("TableName") for operation in operations} & set(backend.tables):
            table = backend.tables[name]
            named = (one for one in operations if one["TableName"] == name)
            kept[name] = _as_it_was(table, (one.get("Key", one.get("Item")) for one in named))
        try:
            transact(backend, items)
        finally:
            kept.clear()

    patch.setattr(Table, "__deepcopy__", lambda table, memo: kept[table.name], raising=False)
    return transacted


def _as_it_was(table: Table, named: Iterable[dict[str, Any]]) -> Table:
    """The table to put back: it shares with this one all that the named keys are not."""
    # Not by its class, which would keep the copy in mind.
    made: Table = object.__new__(type(table))
    made.__dict__.update(table.__dict__)
    items: dict[Any, Any] = defaultdict(dict, table.items)
    made.items = items  # type: ignore[assignment]  # a defaultdict too
    for said in named:
        at = [DynamoType(said[name]) for name in table.table_key_attrs if name in said]
        if len(at) < len(table.table_key_attrs) or at[0] not in table.items:
            continue
        if table.range_key_attr is None:
            items[at[0]] = copy.deepcopy(table.items[at[0]])
            continue
        if items[at[0]] is table.items[at[0]]:
            items[at[0]] = dict(table.items[at[0]])
        if at[1] in items[at[0]]:
            items[at[0]][at[1]] = copy.deepcopy(items[at[0]][at[1]])
    if table.stream_shard is not None:
        made.stream_shard = copy.copy(table.stream_shard)
        made.stream_shard.table = made
        made.stream_shard.items = list(table.stream_shard.items)
    return made


_whole = BaseJSONSerializer._serialize_type_structure


def _structure(
    serializer: Any, serialized: Any, value: Any, shape: StructureShape, key: str
) -> None:
    members = shape.members
    if shape.is_document_type or type(value) is not dict or not value.keys() <= members.keys():
        _whole(serializer, serialized, value, shape, key)
        return
    wrapper = serializer.MAP_TYPE() if key else serialized
    for name in members:
        if name in value:
            members[name].parent = shape
            serializer._serialize_structure_member(wrapper, value, members[name], name)
    if key:
        serializer._default_serialize(serialized, wrapper, shape, key)
