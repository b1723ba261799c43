"""What changed is attacked at full counts in every run, as `make prove` attacks everything.

What changed is read from git: on a branch, all since it left the main one; on main itself, the
last commit; and on both what is not committed yet.  A tree without a history has nothing that
changed.  Each changed line of a function, a class or a constant belongs to ways in: a function that
bears the name of a way in to that one, since one verb and noun runs through route, action, rule
and sample; everything else to the ways in that come to it, and what nobody comes to by name to
all.  Up to `MOST` with the most changed lines are taken, as far as there is time for their calls,
so that the suite stays within its ten minutes; the report of the families says which, and how many
are left to `make prove`.

In full go the families that can take one way in and finish: F1, F2, F8, A8, A11.  The subsets of
F7 and the steps of F3 cost minutes, whatever changed, and the mutants of F10 are of no way in:
these keep their share.  The others, and with them policies and templates, always run in full.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tests.harness.ways import LAYER, Ways, units

MOST = 3
"""Ways in that a run attacks in full: most take half a minute of one core."""
TIME = 64
"""Squares of their calls, together: each pair of calls is struck, and the dearest take minutes."""
_LOOKED_AT = ("functions", "events", str(LAYER))
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
    calls
        How many calls of AWS a run of each thing makes, as far as it is known.
    """

    since: str | None = None
    lines: Mapping[str, int] = field(default_factory=dict)
    calls: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def full(self) -> frozenset[str]:
        """The things that a run attacks at full counts: those with the most changed lines."""
        taken: set[str] = set()
        left = TIME
        for thing in sorted(self.lines, key=lambda thing: (-self.lines[thing], thing)):
            takes = self.calls.get(thing, 0) ** 2
            if len(taken) < MOST and takes <= left:
                taken.add(thing)
                left -= takes
        return frozenset(taken)

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


def changed(root: Path, calls: Mapping[str, int]) -> Changed:
    """What changed in the tree at `root`, where a run of a thing makes so many calls."""
    since = _since(root)
    if since is None:
        return Changed()
    return Changed(since, things(root, changed_lines(root, since)), calls)


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
    if diff is None or new is None:
        raise RuntimeError(f"git cannot say what changed since {since}")
    found: dict[str, set[int]] = {}
    lines: set[int] = set()
    for line in diff.split("\n"):
        if file := _FILE.fullmatch(line):
            lines = found.setdefault(file["path"], set()) if file["path"] else set()
        elif hunk := _HUNK.match(line):
            first, count = int(hunk["first"]), int(hunk["count"] or 1)
            lines.update(range(first, first + max(count, 1)))
    for path in new.splitlines():
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
        near = known if folder == LAYER.parts[0] else [one for one in known if one.name == name]
        for unit, count in units(root / path, numbers).items():
            belongs = (
                {thing for one in near for thing in one.named(unit)}
                or {thing for one in near for thing in one.coming_to(path, unit)}
                or {thing for one in near for thing in one.things(one.ways_in)}
            )
            found.update(dict.fromkeys(belongs, count))
    return found
