"""Which fields of shapes are marked as personal, read from the shapes themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from shared.app import App, Operation
from tests.harness import canaries

Path = str
"""Names joined by dots; the places of a list are left out: `items.name`."""


def leaves(value: Any, path: Path = "") -> Iterator[tuple[Path, str]]:
    """Every text and number of a JSON value with its path, and every name that is used as a key."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path} (its name)", str(name)
            yield from leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value if isinstance(value, str) else json.dumps(value, default=str)


def personal(shape: Any) -> set[Path]:
    """The fields of a shape that are marked as personal."""
    return {path for path, mark, _ in _texts(inspect.type_info(shape)) if mark is True}


def unmarked(shape: Any) -> set[Path]:
    """The fields that would take somebody's name, phone or number, and do not say whose it is."""
    return {
        path
        for path, mark, text in _texts(inspect.type_info(shape))
        if mark is None and _takes(text)
    }


def faults(app: App, sent: dict[str, set[Path]]) -> Iterator[str]:
    """A sentence for each field that could hold personal values unknown to the search.

    Parameters
    ----------
    sent
        By view: the fields of bodies in which the story sent a canary.
    """
    for operation in app.operations:
        where = f"{app.app_name}.{operation.view.__name__}"
        for shape in _asked(operation):
            for path in sorted(unmarked(shape)):
                yield (
                    f"{where} takes {path}, which may hold a person's details: give its type "
                    "Meta(extra=PERSONAL) or Meta(extra=IMPERSONAL)"
                )
        for path in sorted(personal(operation.takes) - sent.get(operation.view.__name__, set())):
            yield f"{where} takes {path}, which is personal: let the story send a canary in it"


def _asked(operation: Operation) -> Iterator[Any]:
    yield operation.query
    if operation.takes is not None:
        yield operation.takes


def _texts(
    kind: inspect.Type, path: Path = "", mark: bool | None = None
) -> Iterator[tuple[Path, bool | None, inspect.StrType]]:
    """Every text below a type: its path, how it is marked, and what it takes."""
    match kind:
        case inspect.Metadata():
            given = (kind.extra or {}).get("personal", mark)
            yield from _texts(kind.type, path, given)
        case inspect.StrType():
            yield path, mark, kind
        case inspect.StructType():
            for field in kind.fields:
                name = field.encode_name
                yield from _texts(field.type, f"{path}.{name}" if path else name)
        case inspect.ListType() | inspect.VarTupleType():
            yield from _texts(kind.item_type, path, mark)
        case inspect.UnionType():
            for one in kind.types:
                yield from _texts(one, path, mark)
        case inspect.DictType():
            yield from _texts(kind.value_type, path, mark)


def _takes(text: inspect.StrType) -> bool:
    """Whether a canary fits into a text."""
    return any(
        len(value) >= (text.min_length or 0)
        and (text.max_length is None or len(value) <= text.max_length)
        and (text.pattern is None or re.search(text.pattern, value))
        for value in canaries.CANARIES.values()
    )


def planted(body: Any) -> set[Path]:
    """The fields of a body that hold a canary."""
    plain = msgspec.to_builtins(body)
    return {path for path, text in leaves(plain) if canaries.found(text)}
