"""The families of attacks: what each reached in a run, and the one table that says so.

A test belongs to a family by mark (`pytest.mark.family("F1")`) and counts its attacks with the
fixture `tally`.  What a family counts, and how much it must reach, stands in `families.toml`; a
run of everything that a family took no part in, or reached too little in, fails as unreachable,
since a test that attacks nothing would pass as well.  `pytest --prove` runs the families alone at
their full counts and writes the table into the READMEs; every other run does so to what changed
(`changed.py`), and ends with what that was.  `pytest tests/faults --only repairs.report_repair`
attacks one thing, to look at it or to see that a fault in it is found.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from local import marked
from tests.bench import budgets
from tests.harness.changed import Changed, changed

MARKER = "proof"
COMMAND = "make prove"
_FAMILIES = Path(__file__).with_name("families.toml")
_HEADINGS = {
    "en": ("family", "attacked", "reached", "wanted", "broken"),
    "zh-CN": ("攻击族", "对象", "达到", "要求", "被攻破"),
}
_UNREACHABLE = {"en": "unreachable", "zh-CN": "未达到"}
Count = Annotated[int, msgspec.Meta(ge=1)]


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a family counts, the least it must reach, and whether each thing's count is printed."""

    title: str
    title_zh: str
    counted: str
    test: Count
    prove: Count
    each: bool = False


def families() -> dict[str, Family]:
    """Every family by its id, in the order of the table."""
    return msgspec.convert(tomllib.loads(_FAMILIES.read_text()), dict[str, Family])


class Reached(msgspec.Struct):
    """What a family did in this run: how often it attacked each thing, and its broken tests.

    Attributes
    ----------
    full
        What it attacked at full counts, since it changed.
    """

    attacked: dict[str, int] = {}
    broken: int = 0
    full: set[str] = set()

    @property
    def count(self) -> int:
        """All of its attacks."""
        return sum(self.attacked.values())

    def add(self, attacks: int, attacked: str) -> None:
        """Add attacks on one thing."""
        self.attacked[attacked] = self.attacked.get(attacked, 0) + attacks


class Tally:
    """The count of one family, as its tests add to it.

    Attributes
    ----------
    proving
        Whether this run proves: everything at full counts, by chance that is new in each run.
    """

    def __init__(self, reached: Reached, families: Families) -> None:
        self._reached = reached
        self._families = families
        self.proving = families.proving

    def wants(self, attacked: str) -> bool:
        """Whether this run attacks a thing, by the name under which it is counted."""
        return self._families.only in (None, attacked)

    def full(self, *things: str) -> bool:
        """Whether this run goes to the full counts for one of these: it proves, or they changed."""
        if self.proving:
            return True
        found = self._families.changed.full.intersection(things)
        self._reached.full |= found
        return bool(found)

    def count(self, attacks: int, attacked: str) -> None:
        """Add attacks on one thing, named as a person would: `repairs.report_repair`."""
        self._reached.add(attacks, attacked)


class Families:
    """The plugin: hands out tallies, hears of broken tests, prints the table."""

    def __init__(self, config: pytest.Config) -> None:
        self.proving: bool = config.getoption("--prove")
        self.only: str | None = config.getoption("--only")
        self.known = families()
        self.reached: dict[str, Reached] = {}
        self._root = config.rootpath
        # Who asks for single files or tests does not ask what a family reaches.
        self.whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not (
            config.getoption("-k") or config.getoption("-m") or self.only
        )

    @cached_property
    def changed(self) -> Changed:
        """What changed in the tree whose tests these are."""
        return changed(self._root, budgets.calls())

    def of(self, item: pytest.Item) -> str | None:
        """The family that a test belongs to."""
        mark = item.get_closest_marker("family")
        if mark is None:
            return None
        (name,) = mark.args
        if name not in self.known:
            raise pytest.UsageError(f"{item.nodeid}: families.toml has no family {name}")
        return str(name)

    @pytest.fixture
    def tally(self, request: pytest.FixtureRequest) -> Tally:
        """Counts the attacks of the family that the test is marked with."""
        name = self.of(request.node)
        if name is None:
            raise pytest.UsageError(f"{request.node.nodeid}: say which family it belongs to")
        return Tally(self.reached.setdefault(name, Reached()), self)

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Under `--prove`, leave the tests out that belong to no family."""
        named = {item: self.of(item) for item in items}
        if self.proving:
            others = [item for item in items if named[item] is None]
            config.hook.pytest_deselected(items=others)
            items[:] = [item for item in items if named[item] is not None]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[None]:
        """A test of a family that fails, fails the family."""
        report: pytest.TestReport = yield  # type: ignore[assignment]  # untyped upstream
        name = self.of(item)
        if name is not None and report.failed:
            self.reached.setdefault(name, Reached()).broken += 1
        return report  # type: ignore[return-value]  # as above

    def wanted(self, name: str) -> int:
        """The least that a family must reach in this run."""
        family = self.known[name]
        return family.prove if self.proving else family.test

    def short(self) -> list[str]:
        """The families that did not reach what they must."""
        return [
            name
            for name in self.known
            if self.reached.get(name, Reached()).count < self.wanted(name)
        ]

    def table(self, language: str) -> str:
        """The table as Markdown: family, attacked, reached, wanted, broken."""
        lines = [
            "| {} | {} | {} | {} | {} |".format(*_HEADINGS[language]),
            "|---|---:|---:|---:|---:|",
        ]
        for name, family in self.known.items():
            if name not in self.reached and not self.whole:
                continue
            reached = self.reached.get(name, Reached())
            title = family.title if language == "en" else family.title_zh
            enough = reached.count >= self.wanted(name)
            count = (
                f"{reached.count:,} {family.counted}"
                if enough or not self.whole
                else (f"{_UNREACHABLE[language]} ({reached.count:,} {family.counted})")
            )
            lines.append(
                f"| {name} {title} | {len(reached.attacked):,} | {count} "
                f"| {self.wanted(name):,} | {reached.broken} |"
            )
        return "\n".join(lines)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A run of everything fails if a family did not reach what it must."""
        worker_output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if worker_output is not None:
            # One of several processes: the one that started it counts and judges.
            worker_output[MARKER] = msgspec.to_builtins(self.reached)
        elif self.whole and not session.config.option.collectonly:
            if self.short() and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
            if self.proving and session.exitstatus == pytest.ExitCode.OK:
                for path, language in marked.readmes().items():
                    text = f"`{COMMAND}`, {date.today()}\n\n{self.table(language)}"
                    path.write_text(marked.filled(path.read_text(), MARKER, text))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what one of several processes reached."""
        output = getattr(node, "workeroutput", {})
        for name, part in msgspec.convert(output.get(MARKER, {}), dict[str, Reached]).items():
            reached = self.reached.setdefault(name, Reached())
            for attacked, attacks in part.attacked.items():
                reached.add(attacks, attacked)
            reached.broken += part.broken
            reached.full |= part.full

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table."""
        if self.reached:
            terminalreporter.section("families")
            terminalreporter.line(self.table("en"))
            for name in sorted(self.reached):
                if self.known[name].each:
                    for attacked, count in sorted(self.reached[name].attacked.items()):
                        terminalreporter.line(f"{name} {attacked}: {count:,}")
            if not self.proving:
                ran = {name: sorted(reached.full) for name, reached in self.reached.items()}
                for sentence in self.changed.told(ran):
                    terminalreporter.line(sentence)
        if self.whole and self.short():
            terminalreporter.line(f"unreachable: {', '.join(self.short())}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--prove`: the families alone, at their full counts; `--only`: one thing of what they try."""
    parser.addoption("--prove", action="store_true", help="the families alone, at full counts")
    parser.addoption("--only", metavar="THING", help="F1, F2: attack this alone")


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark and the plugin."""
    config.addinivalue_line("markers", "family(name): the family of attacks a test belongs to")
    config.pluginmanager.register(Families(config), "families")
