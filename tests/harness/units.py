"""What DynamoDB charges for a write or a read, reckoned from items and by its published rules.

No emulator is asked: they report other units than AWS does (RELIABILITY.md).  Sizes are those of
"DynamoDB item sizes and formats", units those of "read and write operations" and of "Using global
secondary indexes" in the developer guide.  Where the guide is silent, the figures that the Parity
Suite measured on AWS decide (dynamodb-conformance 27, 124, 149; dynoxide 176, 188): an index is
charged for the change to what it holds, the larger image counts, and a transaction doubles what
the table is charged, not what its indexes are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

WRITE_STEP_BYTES = 1024
READ_STEP_BYTES = 4096

Item = Mapping[str, Mapping[str, Any]]
"""An item in DynamoDB's own form: `{"pk": {"S": "com_7k2m9x4a"}, …}`."""


@dataclass(frozen=True)
class Index:
    """A global secondary index: its own keys, and what it holds besides (None: everything)."""

    name: str
    keys: tuple[str, ...]
    projected: frozenset[str] | None = None


@dataclass(frozen=True)
class Schema:
    """What decides the price of a write: a table's keys and its indexes."""

    keys: tuple[str, ...]
    indexes: tuple[Index, ...] = ()


def item_bytes(item: Item) -> int:
    """The size of an item: its attributes' names in UTF-8, and their values."""
    return sum(len(name.encode()) + value_bytes(value) for name, value in item.items())


def value_bytes(value: Mapping[str, Any]) -> int:
    """The size of a value such as `{"S": "门禁"}`, without the name of its attribute.

    Raises
    ------
    ValueError
        DynamoDB has no such type.
    """
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return _number_bytes(content)
        case "B":
            return len(content)
        case "BOOL" | "NULL":
            return 1
        case "SS" | "NS" | "BS":
            return sum(value_bytes({kind[0]: element}) for element in content)
        case "L":
            return 3 + sum(1 + value_bytes(element) for element in content)
        case "M":
            return 3 + sum(
                1 + len(name.encode()) + value_bytes(element) for name, element in content.items()
            )
    raise ValueError(f"no type of DynamoDB: {kind}")


def _number_bytes(text: str) -> int:
    """A byte for two significant digits and one more; the guide says "approximately".

    A sign takes a byte too: the guide does not speak of it, and too much is the safe side.
    """
    number = Decimal(text)
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    return (len(digits) + 1) // 2 + 1 + (number < 0)


def write_units(
    schema: Schema, before: Item | None, after: Item | None, *, transacted: bool = False
) -> int:
    """What a write costs that made `after` of `before`; None is an item that is not there.

    The larger image is charged, and each index for what changed in it.  A condition check writes
    nothing and is charged as if: its two images are the same.

    Parameters
    ----------
    transacted
        The write is one of a transaction, which prepares it and then commits it.
    """
    indexes = (_index_units(schema, index, before, after) for index in schema.indexes)
    return refused_units(before, after, transacted=transacted) + sum(indexes)


def refused_units(before: Item | None, after: Item | None, *, transacted: bool = False) -> int:
    """What a write costs whose condition was not met: as much as it would have cost the table.

    AWS says so of single writes.  Of a cancelled transaction it reports no units; here every one
    of its writes is charged, which is the most that it can be.
    """
    larger = max(item_bytes(image) if image else 0 for image in (before, after))
    return _steps(larger, WRITE_STEP_BYTES) * (2 if transacted else 1)


def _index_units(schema: Schema, index: Index, before: Item | None, after: Item | None) -> int:
    old, new = entry(schema, index, before), entry(schema, index, after)
    if old == new:
        return 0
    if old and new and all(old[key] == new[key] for key in index.keys):
        return _steps(max(item_bytes(old), item_bytes(new)), WRITE_STEP_BYTES)
    # Under another key it is another entry: one is deleted and one is put, each with its own size.
    return sum(_steps(item_bytes(image), WRITE_STEP_BYTES) for image in (old, new) if image)


def entry(schema: Schema, index: Index, item: Item | None) -> Item | None:
    """What an index holds of an item; None where the item lacks one of the index's keys."""
    if item is None or any(key not in item for key in index.keys):
        return None
    if index.projected is None:
        return item
    held = {*schema.keys, *index.keys, *index.projected}
    return {name: value for name, value in item.items() if name in held}


def read_units(size_bytes: int, *, consistent: bool, transacted: bool = False) -> float:
    """What it costs to read so many bytes: of one item, or of all items that a Query looked at.

    Nothing found costs as much as a little.
    """
    return _steps(size_bytes, READ_STEP_BYTES) * (2 if transacted else 1 if consistent else 0.5)


def _steps(size_bytes: int, step_bytes: int) -> int:
    return max(1, -(-size_bytes // step_bytes))
