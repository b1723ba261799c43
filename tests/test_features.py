"""FEATURES.md says what is there: every route it names exists, every test it names runs."""

from __future__ import annotations

import ast
import re

import pytest

from local import features, marked
from local.apps import load_app
from local.features import Row
from local.places import INFRA, ROOT, capabilities

ROWS = features.read(features.FEATURES.read_text())
WORKING = [row for row in ROWS if row.works]


def routes() -> set[str]:
    """`METHOD /capability/path` of every route."""
    return {
        f"{operation.method} /{name}{operation.path}"
        for name in capabilities()
        for operation in load_app(name).app.operations
    }


def test_every_row_of_the_catalogue_stands_there_once_in_its_order() -> None:
    by_subsystem: dict[str, list[int]] = {}
    for row in ROWS:
        by_subsystem.setdefault(row.subsystem, []).append(row.number)
    assert list(by_subsystem) == list(features.SUBSYSTEMS)
    for numbers in by_subsystem.values():
        assert numbers == list(range(1, len(numbers) + 1))
    assert len(ROWS) == 259


@pytest.mark.parametrize("row", WORKING, ids=lambda row: row.id)
def test_every_way_to_a_feature_exists(row: Row) -> None:
    known, templates = routes(), "".join(path.read_text() for path in INFRA.glob("*.yaml"))
    for way in row.ways:
        kind, _, what = way.partition(" ")
        if kind in ("topic", "schedule"):
            assert what in templates, f"{row.id}: no template declares the {kind} {what}"
        else:
            assert way in known, f"{row.id}: no app has the route {way}"


@pytest.mark.parametrize("row", WORKING, ids=lambda row: row.id)
def test_every_feature_is_shown_by_a_test(row: Row) -> None:
    assert row.tests, f"{row.id} works without a test"
    for named in row.tests:
        path, _, function = named.partition("::")
        assert (ROOT / path).is_file(), f"{row.id}: there is no {path}"
        tree = ast.parse((ROOT / path).read_text())
        tests = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert function in tests, f"{row.id}: {path} has no {function}"


@pytest.mark.parametrize("row", [row for row in ROWS if not row.works], ids=lambda row: row.id)
def test_a_feature_without_a_way_to_it_names_no_test(row: Row) -> None:
    assert row.tests == ()


@pytest.mark.parametrize("name", capabilities())
def test_the_rows_that_a_capability_covers_are_named_with_its_routes(name: str) -> None:
    top = ROOT / "functions" / name / "chalicelib" / name / "__init__.py"
    covered = set(re.findall(r"\b[A-Z]{2}-\d\d\b", top.read_text()))
    routed = {row.id for row in WORKING if any(f" /{name}/" in way for way in row.ways)}
    assert covered == routed


def test_every_readme_shows_the_totals_that_the_script_counts() -> None:
    stale = [
        path.name
        for path, language in marked.readmes().items()
        if marked.part(path.read_text(), features.MARKER) != features.totals(ROWS, language)
    ]
    assert stale == [], "run python -m local.features"


TABLE = """\
| id | feature | route, topic or schedule | test |
|---|---|---|---|
| RA-01 | Asked for | - | - |
| RA-02 | Found | GET /a/b<br>POST /a/b | tests/a.py::test_b |
| UM-01 | Begun (in part) | GET /a/c | tests/a.py::test_c<br>tests/a.py::test_d |
"""


def test_rows_are_read_with_all_their_ways_and_tests() -> None:
    absent, whole, partly = features.read(TABLE)
    assert (absent.id, absent.works, absent.tests) == ("RA-01", False, ())
    assert whole.ways == ("GET /a/b", "POST /a/b")
    assert (whole.works, whole.in_part) == (True, False)
    assert (partly.works, partly.in_part, len(partly.tests)) == (True, True, 2)


@pytest.mark.parametrize(
    "line", ["| RA-1 | x | - | - |", "| RA-01 | x | - |", "| RA-01 | x | - | - | - |", "| x |"]
)
def test_a_line_that_is_no_row_is_named(line: str) -> None:
    with pytest.raises(ValueError, match=r"not a row of FEATURES\.md"):
        features.read(TABLE + line)


def test_totals_are_counted_for_each_subsystem_and_for_all() -> None:
    lines = features.totals(features.read(TABLE), "en").splitlines()
    assert "| RA Residents' app | 2 | 1 | 0 |" in lines
    assert "| UM App-user management | 1 | 0 | 1 |" in lines
    assert "| NF Non-functional | 0 | 0 | 0 |" in lines
    assert lines[-1] == "| **all** | 3 | 1 | 1 |"
    assert features.totals([], "zh-CN").startswith("| 子系统 | 条目 | 已实现 | 部分实现 |")


def test_only_what_stands_between_the_markers_is_replaced() -> None:
    readme = "# Top\n\n<!-- part -->\nold\n<!-- /part -->\n\nBottom\n"
    once = marked.filled(readme, "part", "new")
    assert once == readme.replace("old", "new")
    assert marked.part(once, "part") == "new"


def test_a_readme_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no <!-- part -->"):
        marked.filled("# Top\n", "part", "new")
