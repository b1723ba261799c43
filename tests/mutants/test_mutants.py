"""Every fault that is planted in the product is found by the very test that must find it."""

from __future__ import annotations

import ast
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from local.places import BUILD, ROOT
from tests.harness.families import Tally, families
from tests.harness.mutants import FAMILY, Copy, Mutant, mutants, share

pytestmark = pytest.mark.family(FAMILY)

INVARIANTS = {"R1", "R2", "N1", "T1"}
"""Those of RELIABILITY.md that have code to break: L and S come with the ledger and settlement, G
with the gates; N2's queues have their alarms, and no owner or age of a dead letter yet."""
_LEAST = 30


@pytest.fixture(scope="module")
def copy() -> Iterator[Copy]:
    """The tree, to be broken."""
    root = BUILD / f"mutants-{os.getpid()}"
    yield Copy(ROOT, root)
    shutil.rmtree(root)


def test_a_mutant_is_killed_by_its_killer_alone(
    name: str, mutant: Mutant, copy: Copy, tally: Tally
) -> None:
    with copy.planted(mutant):
        verdict = copy.judged(mutant)
    assert verdict.complaints(mutant) == [], verdict.text
    tally.count(1, name)


@pytest.mark.parametrize("name", mutants())
def test_a_mutant_fits_the_file_it_is_planted_in(name: str) -> None:
    mutant = mutants()[name]
    path = ROOT / mutant.file
    broken = mutant.broken(path.read_text())
    assert broken != path.read_text()
    # What does not even load is no fault that anybody would have to find.
    if path.suffix == ".py":
        ast.parse(broken)
    elif path.suffix == ".json":
        json.loads(broken)


def test_every_family_and_every_invariant_has_its_mutant() -> None:
    known = mutants()
    assert len(known) >= _LEAST
    breaking = {invariant for mutant in known.values() for invariant in mutant.breaks}
    assert breaking == INVARIANTS
    proven = {mutant.family for mutant in known.values()} - {""}
    assert proven == families().keys() - {FAMILY}, "give each family a fault that it must find"


def test_a_run_that_proves_nothing_plants_one_for_each() -> None:
    known = mutants()
    chosen = share(known)
    assert {mutant.family for mutant in chosen.values()} >= families().keys() - {FAMILY}
    assert {broken for mutant in chosen.values() for broken in mutant.breaks} == INVARIANTS
    assert list(chosen) == [name for name in known if name in chosen]


# The runner is not fooled: a tiny tree, in which each way to be no kill is told.

RULE = "def may(age: int) -> bool:\n    return age >= 18\n"
TESTS = """
from rule import may

def test_a_child_may_not():
    assert not may(17), "a child"

def test_a_grown_up_may():
    assert may(18)
"""
GOOD = Mutant(
    breaks=(),
    file="rule.py",
    old="age >= 18",
    new="age >= 17",
    killer="test_rule.py::test_a_child_may_not",
    spare="test_rule.py::test_a_grown_up_may",
    says="a child",
)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    source = tmp_path_factory.mktemp("sample")
    (source / "rule.py").write_text(RULE)
    (source / "test_rule.py").write_text(TESTS)
    return Copy(source, tmp_path_factory.mktemp("copies") / "copy")


def complaints(sample: Copy, **changes: str) -> list[str]:
    mutant = msgspec.structs.replace(GOOD, **changes)
    with sample.planted(mutant):
        return sample.judged(mutant).complaints(mutant)


def test_a_mutant_that_its_killer_finds_is_killed(sample: Copy) -> None:
    assert complaints(sample) == []
    assert Path(sample.root, "rule.py").read_text() == RULE


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"new": "age > 17"}, f"{GOOD.killer}: PASSED and not FAILED"),
        ({"new": "age >= missing"}, f"{GOOD.spare}: FAILED and not PASSED"),
        ({"new": "age >= ("}, f"{GOOD.killer}: did not run and not FAILED"),
        ({"killer": "test_rule.py::test_nobody_wrote"}, "pytest ended with 4"),
        ({"says": "a pensioner"}, f"{GOOD.killer} failed, and does not say: a pensioner"),
    ],
    ids=["nothing changed", "all broken", "not loaded", "no such killer", "another reason"],
)
def test_what_is_no_kill_is_told(sample: Copy, changes: dict[str, str], told: str) -> None:
    assert told in complaints(sample, **changes)


def test_a_mutant_whose_text_is_gone_or_stands_twice_is_told() -> None:
    for text in ("", "age >= 18 age >= 18"):
        with pytest.raises(ValueError, match=f"stands {text.count('18')} times in rule.py"):
            GOOD.broken(text)
