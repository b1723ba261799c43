"""The table of families: what counts, what fails a run, and that a broken test shows."""

from __future__ import annotations

import pytest

from local import marked
from local.places import ROOT
from tests.harness.families import MARKER, families

pytest_plugins = ["pytester"]

EVERY_FAMILY = """
import pytest
from tests.harness.families import families

NAMES = [name for name in families() if name != {left!r}]

@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.family(n)) for n in NAMES])
def test_it_is_attacked(name, tally):
    tally.count(families()[name].test, "a thing")
    tally.count(families()[name].prove, "another thing")

def test_of_no_family():
    pass
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyprojecttoml(
        """
        [tool.pytest.ini_options]
        testpaths = ["attacks"]
        addopts = "-p tests.harness.families"
        """
    )
    pytester.mkdir("attacks")
    return pytester


def asked(run: pytest.Pytester, source: str, *options: str) -> pytest.RunResult:
    run.path.joinpath("attacks", "test_all.py").write_text(source)
    return run.runpytest_subprocess(*options)


def source(left: str = "", body: str = "") -> str:
    return EVERY_FAMILY.format(left=left) + "\n" + body


def test_a_run_in_which_every_family_reaches_its_count_passes(run: pytest.Pytester) -> None:
    result = asked(run, source())
    assert result.ret == pytest.ExitCode.OK
    family = families()["A3"]
    result.stdout.fnmatch_lines(
        [f"| A3 {family.title} | 2 | {family.test + family.prove:,} tokens | {family.test:,} | 0 |"]
    )


def test_a_family_that_attacked_nothing_is_unreachable_and_fails_the_run(
    run: pytest.Pytester,
) -> None:
    result = asked(run, source(left="A5"))
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["| A5 * | 0 | unreachable (0 functions) | *", "unreachable: A5"])


def test_a_test_that_fails_breaks_its_family(run: pytest.Pytester) -> None:
    body = "@pytest.mark.family('A5')\ndef test_broken(tally):\n    assert False\n"
    result = asked(run, source(body=body))
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["| A5 * | 1 |"])


def test_only_a_family_that_is_known_may_be_named(run: pytest.Pytester) -> None:
    body = "@pytest.mark.family('F99')\ndef test_unknown():\n    pass\n"
    result = asked(run, source(body=body))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*families.toml has no family F99*"])


def test_proving_leaves_other_tests_out(run: pytest.Pytester) -> None:
    result = asked(run, source(), "--prove", "--collect-only")
    result.stdout.no_fnmatch_line("*test_of_no_family*")


def test_every_readme_shows_every_family() -> None:
    for path, language in marked.readmes().items():
        shown = marked.part(path.read_text(), MARKER)
        for name, family in families().items():
            title = family.title if language == "en" else family.title_zh
            assert f"| {name} {title} |" in shown, f"{path.name}: run make prove"
