"""Every capability has a state machine and a model of it that is small enough to be believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.places import FUNCTIONS, ROOT, capabilities

_SHARE = 0.05
"""Of the capability's lines: a model as long as what it models has the same faults (F3)."""


@pytest.mark.parametrize("name", capabilities())
def test_a_model_is_at_most_a_twentieth_of_its_capability(name: str) -> None:
    model = _lines(ROOT / "tests" / name / "model.py")
    whole = sum(_lines(path) for path in (FUNCTIONS / name).rglob("*.py"))
    assert model <= whole * _SHARE, f"tests/{name}/model.py has {model} lines of {whole}"


@pytest.mark.parametrize("part", ["invariants.py", "machine.py", "model.py", "test_machine.py"])
@pytest.mark.parametrize("name", capabilities())
def test_every_capability_has_its_machine(name: str, part: str) -> None:
    assert (ROOT / "tests" / name / part).is_file(), f"tests/{name} has no {part}"


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())
