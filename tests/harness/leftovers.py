"""What the functions' modules still hold once a request is over (T1).

A container serves one community after another: a value of one that stays in a module's global, in
an app or in a cache may be answered to the next.
"""

from __future__ import annotations

import gc
import re
import sys
from collections import deque
from collections.abc import Iterator
from functools import _lru_cache_wrapper
from types import FunctionType, ModuleType
from typing import Any

import msgspec

_OURS = re.compile(r"(shared|chalicelib|app_of_\w+)(\.|$)")
_WALKED = re.compile(r"(shared|chalicelib|app_of_\w+|chalice|pynamodb)(\.|$)")


def left_over(tenant: re.Pattern[str]) -> list[str]:
    """Where a text that `tenant` finds is held by a module of ours, as a path of names."""
    walk = _Walk(tenant)
    for name, module in list(sys.modules.items()):
        if isinstance(module, ModuleType) and _OURS.match(name):
            for key, value in list(vars(module).items()):
                if not key.startswith("__"):
                    walk.into(value, f"{name}.{key}")
    return walk.found


class _Walk:
    """A way through everything that is reached from the modules and belongs to them."""

    def __init__(self, tenant: re.Pattern[str]) -> None:
        self._tenant = tenant
        self._seen: set[int] = set()
        self.found: list[str] = []

    def into(self, value: Any, path: str) -> None:
        """Look at a value and at what it holds."""
        if isinstance(value, str | bytes):
            text = value if isinstance(value, str) else value.decode("utf-8", "replace")
            if self._tenant.search(text):
                self.found.append(f"{path} holds {text[:80]}")
            return
        if id(value) in self._seen or isinstance(value, ModuleType | re.Pattern):
            return
        self._seen.add(id(value))
        for name, inner in _held(value):
            self.into(inner, f"{path}.{name}")


def _held(value: Any) -> Iterator[tuple[str, Any]]:
    """What a value holds, as far as it is ours."""
    if isinstance(value, dict):
        for key, inner in list(value.items()):
            yield "key", key
            yield str(key)[:40], inner
    elif isinstance(value, list | tuple | set | frozenset | deque):
        yield from (("item", inner) for inner in list(value))
    elif isinstance(value, _lru_cache_wrapper):
        # What a cache keeps can only be seen by the collector of garbage.
        yield from (("cache", inner) for inner in gc.get_referents(value) if type(inner) is dict)
    elif isinstance(value, FunctionType):
        for cell in value.__closure__ or ():
            yield "closure", cell.cell_contents
    elif isinstance(value, msgspec.Struct):
        yield from msgspec.structs.asdict(value).items()
    elif _WALKED.match(str(getattr(value, "__module__", "") or type(value).__module__)):
        yield from getattr(value, "__dict__", {}).items()
