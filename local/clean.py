"""Forget everything that runs, tests and checks left behind.

Runs on the machine's own Python with nothing installed, so it uses the standard library only.
"""

from __future__ import annotations

import fcntl
import shutil
import sys

from local.places import BUILD, ROOT

_LEFT_BEHIND = (".venv", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis")


def main() -> None:
    """Refuse while the platform runs; otherwise delete."""
    lock = BUILD / "local" / "lock"
    if lock.exists():
        with lock.open("ab") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                sys.exit("the platform runs from this folder: stop it with Ctrl-C first")
    for name in ("build", *_LEFT_BEHIND):
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for cache in ROOT.rglob("__pycache__"):
        shutil.rmtree(cache, ignore_errors=True)


if __name__ == "__main__":
    main()
