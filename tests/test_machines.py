"""Every capability has a model that is small enough to be believed."""

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


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())
