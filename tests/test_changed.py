"""What changed is found by git and by who reaches it, and runs attack it at full counts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from local.places import ROOT
from tests.architecture.sample import FILES
from tests.harness.changed import MOST, Changed, changed

pytest_plugins = ["pytester"]

FOLDER = "functions/things/chalicelib/things"
APP, RULES, ACTIONS = "functions/things/app.py", f"{FOLDER}/rules.py", f"{FOLDER}/actions.py"
SHAPES, STORE, LAYER = f"{FOLDER}/shapes.py", f"{FOLDER}/store.py", "layers/shared/python/shared"
MAKE, HEAR, SHOW = "things.make_thing", "things.hear_things", "things.show_chair"
SAMPLES = {f"events/{thing.replace('.', '/')}.json": "{}\n" for thing in (MAKE, HEAR, SHOW)}
TABLE = '''"""The table."""


class Record:
    def put(self) -> None:
        _send(self)

    def drop(self) -> None:
        pass


def _send(record: Record) -> None:
    pass
'''


class Tree:
    """A small capability, committed on the main branch."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in {**FILES, **SAMPLES, f"{LAYER}/table.py": TABLE}.items():
            self.write(name, text)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()
        self.commit()

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def git(self, *asked: str) -> None:
        somebody = ("-c", "user.name=Somebody", "-c", "user.email=somebody@ym.example")
        plain = ("-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null")
        subprocess.run(["git", *somebody, *plain, *asked], cwd=self.root, check=True)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "A step.")

    @property
    def lines(self) -> dict[str, int]:
        return dict(changed(self.root, {}).lines)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


def test_where_nothing_changed_nothing_is_attacked_in_full(tree: Tree) -> None:
    found = changed(tree.root, {})
    assert found.since is not None
    assert found.full == frozenset()
    assert list(found.told({"F1": set()})) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "lines"),
    [
        # Who bears the name of a way in belongs to it, and everything else to who comes to it.
        (ACTIONS, "    return made\n", "    return  made\n", {MAKE: 1}),
        (ACTIONS, '    """Hear of things."""\n', '    """Hear."""\n    pass\n', {HEAR: 2}),
        (RULES, "count == 7", "count == 8", {MAKE: 1}),
        (RULES, '    check(count, 9, "no_more_things")\n', "", {MAKE: 1}),
        (STORE, "    return 0\n", "    count = 0\n    return count\n", {MAKE: 2}),
        (STORE, "class _Chair(_Thing):\n", "class _Chair(_Thing):\n    seats = 4\n", {MAKE: 1}),
        (SHAPES, "    community_id: str\n", "    community_id: str | None\n", {MAKE: 1}),
        (f"{FOLDER}/permissions.py", '"See a chair."', '"See chairs."', {SHOW: 1}),
        (APP, 'queue="hear_things"', 'queue="hear"', {HEAR: 1}),
        # The layer belongs to those who use it, methods by their names.
        (f"{LAYER}/table.py", "        _send(self)\n", "        _send(record=self)\n", {MAKE: 1}),
        (f"{LAYER}/table.py", "Record) -> None:\n    pass", "Record) -> None:\n    1", {MAKE: 1}),
        # A sample is of the way in that it wakes.
        (f"events/{HEAR.replace('.', '/')}.json", "{}", '{"a": 1}', {HEAR: 1}),
        # What nobody comes to by name may be anybody's.
        (STORE, "    return None\n", "    return None or None\n", {MAKE: 1, HEAR: 1, SHOW: 1}),
        (APP, "app.include(chairs)", "app.include( chairs)", {MAKE: 1, HEAR: 1, SHOW: 1}),
        # These change nothing that a function does.
        (RULES, '"""What is decided about things."""', '"""What is decided."""', {}),
        (RULES, "import Conflict, Limited, invalid", "import Conflict, invalid, Limited", {}),
        ("functions/things/.chalice/policy-hear_things.json", "{}", '{"Version": ""}', {}),
        ("functions/things/requirements.txt", "", "nothing\n", {}),
    ],
)  # fmt: skip
def test_a_changed_line_belongs_to_the_ways_in_that_come_to_it(
    tree: Tree, file: str, old: str, new: str, lines: dict[str, int]
) -> None:
    tree.edit(file, old, new)
    assert tree.lines == lines
    # As much once it is committed.
    tree.commit()
    assert tree.lines == lines


def test_on_a_branch_all_that_it_did_counts_and_on_main_the_last_step(tree: Tree) -> None:
    tree.git("checkout", "--quiet", "-b", "a-branch")
    tree.edit(RULES, "count == 7", "count == 8")
    tree.commit()
    tree.edit(SHAPES, "    community_id: str\n", "    community_id: str | None\n")
    tree.commit()
    tree.edit(ACTIONS, '"""Hear of things."""', '"""Hear."""')
    assert tree.lines == {MAKE: 2, HEAR: 1}
    tree.commit()
    tree.git("checkout", "--quiet", "main")
    tree.git("merge", "--quiet", "--ff-only", "a-branch")
    assert tree.lines == {HEAR: 1}


def test_a_new_file_counts_before_it_is_committed(tree: Tree) -> None:
    tree.write(f"{FOLDER}/shelf.py", "def lift() -> None:\n    pass\n")
    tree.edit(ACTIONS, '    """Hear of things."""\n', "    shelf.lift()\n")
    tree.edit(ACTIONS, "import rules, shapes, store", "import rules, shapes, shelf, store")
    assert tree.lines == {HEAR: 3}


def test_a_file_that_is_gone_counts_at_those_who_no_longer_use_it(tree: Tree) -> None:
    (tree.root / RULES).unlink()
    tree.edit(ACTIONS, "    made = rules.make(", "    made = model.make(")
    assert tree.lines == {MAKE: 1}


def test_without_a_history_nothing_counts_and_the_run_says_so(tree: Tree) -> None:
    tree.edit(RULES, "count == 7", "count == 8")
    shutil.copytree(tree.root / "functions", tree.root / "build" / "functions")
    shutil.copytree(tree.root / "events", tree.root / "build" / "events")
    for root in (tree.root / "build", tree.root.parent):
        found = changed(root, {})
        assert found.full == frozenset()
        assert list(found.told({})) == ["no git history here: nothing counts as changed"]


def test_what_makes_too_many_calls_is_left_to_make_prove() -> None:
    lines = {f"things.do_{number}": number for number in range(1, 6)}
    calls = {"things.do_5": 9, "things.do_4": 7, "things.do_3": 4, "things.do_2": 3}
    assert Changed("0123456789abcdef", lines, calls).full == {
        "things.do_4", "things.do_2", "things.do_1"
    }  # fmt: skip


def test_a_clone_of_one_commit_has_no_history(tree: Tree) -> None:
    clone = tree.root.parent / "clone"
    tree.git("clone", "--quiet", "--depth=1", tree.root.as_uri(), str(clone))
    assert changed(clone, {}).since is None


def test_no_more_are_taken_than_there_is_time_for_and_the_rest_is_told() -> None:
    lines = {f"things.do_{number}": number for number in range(1, MOST + 3)}
    found = Changed("0123456789abcdef", {**lines, "things.do_also": 3})
    assert found.full == {f"things.do_{number}" for number in range(3, MOST + 3)}
    told = list(found.told({"F1": {"things.do_3"}, "A8": found.full}))
    assert told[0] == "changed since 0123456789ab: things.do_3, in full in A8, F1"
    assert told[1] == "changed since 0123456789ab: things.do_4, in full in A8"
    said = "and left to make prove: 3 more, things.do_1 to things.do_also"
    assert told[MOST:] == [f"changed since 0123456789ab, {said}"]


IN_FULL = """
import pytest

pytestmark = pytest.mark.family("F1")

@pytest.mark.parametrize("thing", ["things.make_thing", "things.hear_things"])
def test_it_is_attacked(thing, tally):
    tally.count(100 if tally.full(thing) else 1, thing)
"""


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ([], ["F1 *hear_things: 1", "F1 *make_thing: 100", "*make_thing, in full in F1"]),
        (["--numprocesses=2"], ["F1 *make_thing: 100", "*make_thing, in full in F1"]),
        (["--prove"], ["F1 *hear_things: 100", "F1 *make_thing: 100"]),
    ],
    ids=["one process", "two processes", "proving"],
)  # fmt: skip
def test_a_run_attacks_what_changed_in_full_and_says_so(
    options: list[str],
    shown: list[str],
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Tree(pytester.path).edit(RULES, "count == 7", "count == 8")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeini("[pytest]\ntestpaths = .")
    pytester.makepyfile(test_it=IN_FULL)
    plugins = ("-p", "tests.harness.families", "-p", "no:schemathesis")
    result = pytester.runpytest_subprocess(*plugins, "test_it.py", *options)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(shown)
    if "--prove" in options:
        result.stdout.no_fnmatch_line("*changed since*")
