"""Time and chance come from one place each, and no function writes a file: a run can be replayed.

Read from the source of functions/ and layers/: `shared.clock.now` alone asks what time it is,
`shared.ids.random_bytes` alone draws chance, and nothing is left behind in `/tmp`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.places import FUNCTIONS, LAYERS, ROOT
from shared import clock, ids
from tests.harness.source import START, one_source

_OURS = (LAYERS / "shared" / "python", FUNCTIONS)
SOURCES = sorted(path for folder in _OURS for path in folder.rglob("*.py"))
# Where a thing may be asked: the one source, or a measure of how long something took or is kept,
# on which no answer and no stored value depends.
_ASKED_BY = {
    "shared/clock.py": {"datetime.now"},
    "shared/ids.py": {"secrets", "secrets.token_bytes"},
    "shared/app.py": {"time", "time.perf_counter"},
    "community/authorizer.py": {"time", "time.monotonic"},
}
_MODULES = {"random", "secrets", "tempfile", "time", "uuid"}
_CALLS = {
    "date.today",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "os.getrandom",
    "os.urandom",
    "SystemRandom",
}
_WRITES = {"write_bytes", "write_text", "touch", "mkdir", "makedirs"}


def asked(tree: ast.AST) -> Iterator[str]:
    """Each time, each chance and each file that a module asks for, by the name it has there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in _MODULES)
        elif isinstance(node, ast.ImportFrom):
            if node.module in _MODULES:
                yield node.module
            for name in node.names:
                if f"{node.module}.{name.name}" in _CALLS:
                    yield f"{node.module}.{name.name}"
        elif isinstance(node, ast.Attribute):
            dotted = ast.unparse(node)
            last = ".".join(dotted.split(".")[-2:])
            if last in _CALLS or dotted.split(".")[0] in _MODULES:
                yield last
            elif node.attr in _WRITES:
                yield node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("open", "io.open"):
            mode = node.args[1:2] + [k.value for k in node.keywords if k.arg == "mode"]
            if mode and set(ast.unparse(mode[0])) & set("wax+"):
                yield "open for writing"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_time_and_chance_come_from_one_source_and_no_file_is_written(path: Path) -> None:
    allowed = next((known for end, known in _ASKED_BY.items() if str(path).endswith(end)), set())
    found = set(asked(ast.parse(path.read_text())))
    assert found <= allowed, f"{path.relative_to(ROOT)} asks for {sorted(found - allowed)}"


@pytest.mark.parametrize(
    "line",
    [
        "import time",
        "from random import choice",
        "import uuid",
        "from secrets import token_hex",
        "at = datetime.now(UTC)",
        "at = datetime.datetime.utcnow()",
        "day = date.today()",
        "from os import urandom",
        "key = os.urandom(16)",
        "import tempfile",
        "open('/tmp/x', 'w')",
        "open('/tmp/x', mode='ab')",
        "Path('/tmp/x').write_text(name)",
    ],
)
def test_another_source_is_seen(line: str) -> None:
    assert list(asked(ast.parse(line)))


def test_a_source_gives_the_same_run_again() -> None:
    runs = []
    for _ in range(2):
        with one_source() as source:
            first = ids.ulid(clock.now())
            source.tick()
            runs.append((first, ids.ulid(clock.now()), clock.now()))
    assert runs[0] == runs[1]
    assert runs[0][0] < runs[0][1]
    assert clock.now() != START
