"""Mutants (F10): faults planted in the product on purpose, each killed by the test that must.

A mutant is one realistic fault: a condition dropped, a version not raised, an event left out.  It
names the invariant it breaks, the family that must see it, the text it replaces and the one test
that must fail; a second test, its spare, must still pass, so that a mutant which breaks everything
is not taken for a kill.  Each is planted in a copy of the tree and both tests run there in an
interpreter of their own.  A mutant counts as killed only if just its killer failed, in a test and
not on the way to it, and for the reason that the mutant foretold.  The count is one for each;
a run that proves ends with the table of who killed which.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from local.places import ROOT

FAMILY = "F10"
_LISTS = ROOT / "tests" / "mutants"
_LEFT = shutil.ignore_patterns("__pycache__", ".*_cache", "deployments", "deployed")
_KILLED_AFTER_SECONDS = 600
# As the short summary of pytest tells them.
_TOLD = re.compile(r"^(PASSED|FAILED|ERROR) (\S+::.+?)(?: - .*)?$", re.MULTILINE)


class Mutant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fault, and who must find it.

    Attributes
    ----------
    breaks
        The invariants of RELIABILITY.md that hold no more.
    family
        The family of attacks to which the killer belongs, or whose fault it is of old.
    old, new
        A text that stands once in `file`, and the fault in its place.
    killer, spare
        The node that must fail, and one that must still pass.
    says
        What the failure says, so that it is this fault that was found.
    only
        The one thing that the killer is to attack, where it would attack everything.
    """

    breaks: tuple[str, ...]
    family: str = ""
    file: str
    old: str
    new: str
    killer: str
    spare: str
    says: str
    only: str = ""

    def broken(self, text: str) -> str:
        """The text of its file with the fault in it.

        Raises
        ------
        ValueError
            What it replaces does not stand exactly once in the text: the mutant has rotted.
        """
        found = text.count(self.old)
        if found != 1:
            raise ValueError(f"its old text stands {found} times in {self.file}")
        return text.replace(self.old, self.new)


def mutants() -> dict[str, Mutant]:
    """Every mutant by its name, in the order of the lists."""
    found: dict[str, Mutant] = {}
    for path in sorted(_LISTS.glob("*.toml")):
        listed = msgspec.convert(tomllib.loads(path.read_text()), dict[str, Mutant])
        twice = found.keys() & listed.keys()
        if twice:
            raise ValueError(f"{path.name} has mutants of another list: {sorted(twice)}")
        found |= listed
    return found


def share(known: Mapping[str, Mutant]) -> dict[str, Mutant]:
    """The first mutant of each family, and one for each invariant that none of these breaks."""
    first: dict[str, str] = {}
    for name, mutant in known.items():
        if mutant.family:
            first.setdefault(mutant.family, name)
    chosen = set(first.values())
    broken = {invariant for name in chosen for invariant in known[name].breaks}
    for name, mutant in known.items():
        if not broken.issuperset(mutant.breaks):
            chosen.add(name)
            broken.update(mutant.breaks)
    return {name: mutant for name, mutant in known.items() if name in chosen}


@dataclass(frozen=True)
class Verdict:
    """What became of the two tests.

    Attributes
    ----------
    status
        pytest's own: 1 where tests failed, 2 to 5 where it could not run them.
    outcomes
        `PASSED`, `FAILED` or `ERROR` by node.
    text
        All that pytest said.
    """

    status: int
    outcomes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""

    def complaints(self, mutant: Mutant) -> list[str]:
        """Why this is no kill; nothing if it is."""
        wanted = {mutant.killer: "FAILED", mutant.spare: "PASSED"}
        found = [
            f"{node}: {self.outcomes.get(node, 'did not run')} and not {outcome}"
            for node, outcome in wanted.items()
            if self.outcomes.get(node) != outcome
        ]
        found += [f"{node} ran too" for node in self.outcomes.keys() - wanted.keys()]
        if self.status != 1:
            found.append(f"pytest ended with {self.status}")
        if not found and mutant.says not in self.text:
            found.append(f"{mutant.killer} failed, and does not say: {mutant.says}")
        return found


class Copy:
    """A tree that may be broken, as the one it was taken from may not."""

    def __init__(self, source: Path, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True)
        for path in sorted(source.iterdir()):
            if path.is_dir() and not path.name.startswith(".") and path.name != "build":
                shutil.copytree(path, root / path.name, ignore=_LEFT)
            elif path.is_file():
                shutil.copy2(path, root)

    @contextmanager
    def planted(self, mutant: Mutant) -> Iterator[None]:
        """Let the mutant live in the copy, for as long as the context lasts."""
        path = self.root / mutant.file
        whole = path.read_text()
        path.write_text(mutant.broken(whole))
        try:
            yield
        finally:
            path.write_text(whole)

    def judged(self, mutant: Mutant) -> Verdict:
        """What the mutant's tests say of the copy as it is."""
        only = ["--only", mutant.only] if mutant.only else []
        asked = [mutant.killer, mutant.spare, *only]
        quiet = ["-p", "no:cacheprovider", "-rfEp", "--tb=short", "--show-capture=no"]
        quiet += ["-o", "verbosity_assertions=2"]
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", *asked, *quiet],
            cwd=self.root,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_KILLED_AFTER_SECONDS,
            check=False,
        )
        outcomes = {node: outcome for outcome, node in _TOLD.findall(ran.stdout)}
        return Verdict(ran.returncode, outcomes, ran.stdout)


def _environment() -> dict[str, str]:
    """The environment without what this run has made of it; no byte code of a mutant stays."""
    foreign = ("AWS_", "PYTEST_", "PYTHON")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    ours = {
        "COLUMNS": "200",
        "MACHINE_UNSHRUNK": "1",
        # Those of other packages are half of a start, and no killer needs them.
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {**kept, **ours}


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say who killed each mutant, where a run proves."""
    plugin: Any = config.pluginmanager.get_plugin("families")
    reached = plugin.reached.get(FAMILY)
    if reached is None or not config.getoption("--prove"):
        return
    terminalreporter.section("mutants")
    terminalreporter.line("| mutant | killed by |\n|---|---|")
    for name, mutant in mutants().items():
        if name in reached.attacked:
            terminalreporter.line(f"| {name.replace('_', ' ')} | `{mutant.killer}` |")
