"""Where things are: the tree, and `build/`, which holds everything a run leaves behind."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
FUNCTIONS = ROOT / "functions"
INFRA = ROOT / "infra"
LAYERS = ROOT / "layers"
EMULATOR_PYTHON = BUILD / "emulator-venv" / "bin" / "python"

# Every API trusts the authorizer that this capability owns, so it is deployed first.
_FIRST = "community"


def capabilities() -> list[str]:
    """The names of all capabilities, in the order they are deployed."""
    names = sorted(path.parent.name for path in FUNCTIONS.glob("*/app.py"))
    return sorted(names, key=lambda name: name != _FIRST)


def layers() -> list[str]:
    """The names of all Lambda layers."""
    return sorted(path.parent.name for path in LAYERS.glob("*/requirements.txt"))
