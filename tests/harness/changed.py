"""What changed is attacked at full counts in every run, as `make prove` attacks everything.

What changed is read from git: on a branch, all since it left the main one; on main itself, since
the commit before the last; and in both what is not committed yet.  A tree without a history has
nothing that changed.  Each changed line of a function, a class or a constant belongs to ways in: a
function that bears the name of a way in to that one, since one verb and noun runs through route,
action, rule and sample; everything else to the ways in that come to it, and what nobody comes to
by name to all.  `MOST` ways in with the most changed lines are taken, so that the suite stays
within its ten minutes, and the report of the families says which, and how many are left to
`make prove`.  Policies and templates are not asked about: their families always run in full.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from local.source import Capability, Function, Module, Place, dotted_name, modules

MOST = 4
"""Of ways in that a run attacks in full: the dearest costs a minute, most of them ten seconds."""
_LAYER = Path("layers", "shared", "python")
_LOOKED_AT = ("functions", "events", str(_LAYER))
_FILE = re.compile(r"\+\+\+ (?:b/(?P<path>.*)|/dev/null)")
_HUNK = re.compile(r"@@ -\S+ \+(?P<first>\d+)(?:,(?P<count>\d+))? @@")


@dataclass(frozen=True)
class Changed:
    """What changed, by the ways in that it belongs to.

    Attributes
    ----------
    since
        The commit that the tree was compared with; None where there is no history.
    lines
        How many changed lines belong to each thing: `repairs.report_repair`.
    """

    since: str | None = None
    lines: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def full(self) -> frozenset[str]:
        """The things that a run attacks at full counts: those with the most changed lines."""
        return frozenset(sorted(self.lines, key=lambda thing: (-self.lines[thing], thing))[:MOST])

    def told(self, ran: Mapping[str, Iterable[str]]) -> Iterator[str]:
        """What a run says of it, given what each family attacked in full."""
        if self.since is None:
            yield "no git history here: nothing counts as changed"
            return
        since = f"changed since {self.since[:12]}"
        for thing in sorted(self.full):
            names = sorted(name for name, things in ran.items() if thing in things)
            yield f"{since}: {thing}, in full in {', '.join(names) or 'no family of this run'}"
        left = sorted(self.lines.keys() - self.full)
        if left:
            yield f"{since}, and left to make prove: {len(left)} more, {left[0]} to {left[-1]}"


def changed(root: Path) -> Changed:
    """What changed in the tree at `root`."""
    since = _since(root)
    return Changed() if since is None else Changed(since, things(root, changed_lines(root, since)))


def _since(root: Path) -> str | None:
    """The commit to compare with."""
    top = _git(root, "rev-parse", "--show-toplevel")
    # A copy inside somebody's repository has no history of its own.
    if top is None or Path(top).resolve() != root.resolve():
        return None
    head = _git(root, "rev-parse", "HEAD")
    for main in ("main", "origin/main"):
        left = _git(root, "merge-base", "HEAD", main)
        if left not in (None, head):
            return left
    return _git(root, "rev-parse", "--verify", "HEAD~1")


def changed_lines(root: Path, since: str) -> dict[str, set[int]]:
    """The lines of each file, by its path, that are not as they were.

    Where lines were only taken away, it is the line before them.
    """
    plain = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames")
    prefixes = ("--src-prefix=a/", "--dst-prefix=b/")
    diff = _git(root, "diff", "--unified=0", *plain, *prefixes, since, "--", *_LOOKED_AT)
    new = _git(root, "ls-files", "--others", "--exclude-standard", "--", *_LOOKED_AT)
    found: dict[str, set[int]] = {}
    lines: set[int] = set()
    for line in (diff or "").splitlines():
        if file := _FILE.fullmatch(line):
            lines = found.setdefault(file["path"], set()) if file["path"] else set()
        elif hunk := _HUNK.match(line):
            first, count = int(hunk["first"]), int(hunk["count"] or 1)
            lines.update(range(first, first + max(count, 1)))
    for path in (new or "").splitlines():
        found[path] = set(range(1, len((root / path).read_bytes().splitlines()) + 1))
    return found


def _git(root: Path, *asked: str) -> str | None:
    """What git answers; None where it does not know, or is not there."""
    git = shutil.which("git")
    if git is None:
        return None
    command = [git, "-c", "core.quotepath=off", "-C", str(root), *asked]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.stdout.rstrip("\n") if ran.returncode == 0 else None


def things(root: Path, lines: Mapping[str, set[int]]) -> Counter[str]:
    """How many of the changed lines belong to each way in, as `repairs.report_repair`."""
    known = [Ways(root, path.parent.name) for path in sorted(root.glob("functions/*/app.py"))]
    found: Counter[str] = Counter()
    for path, numbers in lines.items():
        folder, name = Path(path).parts[:2]
        near = known if folder == _LAYER.parts[0] else [one for one in known if one.name == name]
        for unit, count in _units(root / path, numbers).items():
            belongs = (
                {thing for one in near for thing in one.named(unit)}
                or {thing for one in near for thing in one.coming_to(path, unit)}
                or {thing for one in near for thing in one.things(one.ways_in)}
            )
            found.update(dict.fromkeys(belongs, count))
    return found


def _units(path: Path, numbers: set[int]) -> Counter[str]:
    """How many of the lines are of each function, method, class or constant, or of a sample.

    What has no name is counted under none; imports and what a module says of itself do nothing.
    """
    if path.suffix == ".json" and path.parent.parent.name == "events":
        return Counter({path.stem: len(numbers)})
    found: dict[int, str] = {}
    for node in ast.parse(path.read_text()).body if path.suffix == ".py" else ():
        says_only = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not says_only and not isinstance(node, ast.Import | ast.ImportFrom):
            found |= dict.fromkeys(_extent(node), _name(node))
        for part in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(part, Function):
                found |= dict.fromkeys(_extent(part), f"{_name(node)}.{part.name}")
    return Counter(found[number] for number in numbers if number in found)


def _extent(node: ast.stmt) -> range:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return range(first, (node.end_lineno or first) + 1)


def _name(node: ast.stmt) -> str:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return dotted_name(node.targets[0] if isinstance(node, ast.Assign) else node.target)
    return node.name if isinstance(node, Function | ast.ClassDef) else ""


@dataclass(frozen=True)
class Ways(Capability):
    """The ways into a capability, and what they come to in it and in the layer below it."""

    @cached_property
    def ways_in(self) -> frozenset[str]:
        """Each has a sample of the event that wakes it."""
        return frozenset(path.stem for path in self.root.glob(f"events/{self.name}/*.json"))

    @cached_property
    def modules(self) -> dict[str, Module]:
        """Its Python files and those of the layer, by dotted name."""
        return modules(self.folder, self.root) | modules(self.root / _LAYER, self.root)

    @cached_property
    def mentions(self) -> dict[Place, set[Place]]:
        """The functions that each function mentions, and methods by their bare names.

        A method counts where its class is known: in its module, and in those that import it.
        """
        methods: dict[str, set[Place]] = {}
        for module, name in super().mentions:
            if "." in name:
                methods.setdefault(name.rpartition(".")[2], set()).add((module, name))
        known = {
            module.dotted: {module.dotted}
            | {other.dotted for one in module.imports if (other := self.module_of(one))}
            for module in self.modules.values()
        }
        return {
            (module, name): found
            | {
                method
                for word in self._words[(module, name)]
                for method in methods.get(word, ())
                if method[0] in known[module]
            }
            for (module, name), found in super().mentions.items()
        }

    @cached_property
    def _words(self) -> dict[Place, set[str]]:
        """Every name that stands in a function, its decorators and its signature."""
        return {
            (module.dotted, name): {
                part.id if isinstance(part, ast.Name) else part.attr
                for part in ast.walk(function)
                if isinstance(part, ast.Name | ast.Attribute)
            }
            for module in self.modules.values()
            for name, function in module.functions.items()
        }

    @cached_property
    def _reached(self) -> dict[str, set[Place]]:
        """What each way in comes to, from all that bears its name."""
        bearing = {
            way_in: [place for place in self.mentions if place[1].split(".")[-1] == way_in]
            for way_in in self.ways_in
        }
        return {way_in: self.reach(*places) for way_in, places in bearing.items()}

    def things(self, ways_in: Iterable[str]) -> set[str]:
        """Ways in by the names under which they are attacked."""
        return {f"{self.name}.{way_in}" for way_in in ways_in}

    def named(self, unit: str) -> set[str]:
        """The way in whose name a function bears."""
        return self.things({unit.rpartition(".")[2]} & self.ways_in)

    def coming_to(self, path: str, unit: str) -> set[str]:
        """The ways in that come to a function, or in whose functions a name stands."""
        bare = unit.rpartition(".")[2]
        exact, by_name = set(), set()
        for way_in, places in self._reached.items():
            if any(self.modules[module].shown == path for module, name in places if name == unit):
                exact.add(way_in)
            if any(bare in self._words[place] for place in places):
                by_name.add(way_in)
        return self.things(exact or by_name)
