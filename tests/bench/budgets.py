"""The budgets of `budgets.toml`, read and checked for form."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import msgspec

from local import places

_FILE = Path(__file__).with_name("budgets.toml")
Reason = Annotated[str, msgspec.Meta(min_length=10)]


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Budget(_Line, frozen=True):
    """The most modules that a function may have loaded after its first request."""

    modules: int
    besides: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    why: str = ""


class Deployment(_Line, frozen=True):
    """The most that a function weighs with its layers, unpacked, in millions of bytes."""

    mb: int
    why: str = ""


class Cost(_Line, frozen=True):
    """What the dearest run of a way in costs, each measure by itself.

    `writes` and `reads` are units of DynamoDB, `log` is bytes.
    """

    calls: int
    writes: int
    reads: float
    log: int


class Duplicate(_Line, frozen=True):
    """The AWS calls of a request or an event that comes a second time."""

    calls: int
    why: str = ""


def functions() -> dict[str, Budget]:
    """What each function may have loaded, by its name in the table of the bench."""
    return _by_function({name: _read()[name] for name in places.capabilities()}, Budget)


def deployments() -> dict[str, Deployment]:
    """What each function may weigh, by its name in the table of the bench."""
    return _by_function(_read()["deployments"], Deployment)


def runs(capability: str) -> dict[str, Cost]:
    """What each way in of a capability costs."""
    return _of(capability, "runs", Cost)


def calls() -> dict[str, int]:
    """How many calls the dearest run of each way in makes, by `repairs.report_repair`."""
    return {
        f"{capability}.{way_in}": cost.calls
        for capability in places.capabilities()
        for way_in, cost in runs(capability).items()
    }


def duplicates(capability: str) -> dict[str, Duplicate]:
    """What each way in that writes costs when it is asked a second time."""
    return _of(capability, "duplicates", Duplicate)


def growing(capability: str) -> dict[str, str]:
    """The ways in that make more calls when there is more, and what there is more of."""
    return _of(capability, "growing", Reason)


def dear_pages(capability: str) -> dict[str, str]:
    """The lists whose page may cost more than half a unit for 4 KB, and why."""
    return _of(capability, "dear_pages", Reason)


def _by_function(tables: dict[str, Any], kind: Any) -> dict[str, Any]:
    return {
        f"{capability}.{function}": msgspec.convert(budget, kind)
        for capability, functions in tables.items()
        for function, budget in functions.items()
    }


def _of(capability: str, table: str, kind: Any) -> dict[str, Any]:
    lines = _read()[table].get(capability, {})
    return {way: msgspec.convert(line, kind) for way, line in lines.items()}


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text("utf-8"))
