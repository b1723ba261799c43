"""Locks: every library pinned with hashes, and nothing in them that names a machine or a host.

python -m local.locks check        no network needed
python -m local.locks write        resolves anew
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from local.places import LAYERS, ROOT, layers

OLDEST_PYTHON = "3.11"
# Chalice declares its command line's libraries; functions use its runtime only.
_NOT_IN_LAYERS = (
    *("ansicon", "blessed", "click", "editor", "inquirer", "jinxed", "pip", "pyyaml"),
    *("readchar", "runs", "setuptools", "wcwidth", "wheel", "xmod"),
)
# The layers that another stands on: a function that has it has them, so it repeats nothing of them.
_BELOW = {"envelope": ("shared", "crypto"), "passwords": ("shared", "crypto")}
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;]+)(?: ; (.+?))? \\$")


def locks() -> list[tuple[Path, Path]]:
    """Each list of what we ask for, and the lock that answers it."""
    folders = [ROOT / "local" / "requirements" / name for name in ("dev", "emulator")]
    found = [(folder.with_suffix(".in"), folder.with_suffix(".txt")) for folder in folders]
    for name in layers():
        folder = LAYERS / name
        found.append((folder / "requirements.in", folder / "requirements.txt"))
    return found


def faults() -> list[str]:
    """What is wrong with the locks, a sentence each."""
    found: list[str] = []
    everything = _pins(ROOT / "local" / "requirements" / "dev.txt")
    for wanted, lock in locks():
        shown = lock.relative_to(ROOT)
        text = lock.read_text()
        found += [f"{shown} names a host or a folder: {line}" for line in _addresses(text)]
        pins = _pins(lock)
        for line in text.replace("\\\n", "").splitlines():
            if line.strip() and "--hash=sha256:" not in line:
                found.append(f"{shown} has a line without a hash: {line.strip()}")
        for requirement in _requirements(wanted):
            version = pins.get(canonicalize_name(requirement.name))
            if version is None or not requirement.specifier.contains(version, prereleases=True):
                found.append(f"{shown} does not answer {requirement}: run `make lock`")
        if lock.parent.parent == LAYERS:
            for name, version in pins.items():
                if everything.get(name) != version:
                    found.append(f"{shown} has {name} {version}, dev.txt {everything.get(name)}")
    return found


def write() -> None:
    """Resolve every lock anew, for all supported Pythons and machines."""
    for wanted, lock in locks():
        command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet"]
        command += ["--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes"]
        command += ["--no-annotate", "--no-header", "--upgrade", str(wanted), "-o", str(lock)]
        if lock.parent.parent == LAYERS:
            below = [_pins(LAYERS / name / lock.name) for name in _BELOW.get(lock.parent.name, ())]
            for name in (*_NOT_IN_LAYERS, *(name for pins in below for name in pins)):
                command += ["--no-emit-package", name]
        subprocess.run(command, check=True)


def _requirements(path: Path) -> list[Requirement]:
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def _pins(lock: Path) -> dict[str, Version]:
    matches = (_PIN.match(line) for line in lock.read_text().splitlines())
    return {canonicalize_name(found[1]): Version(found[2]) for found in matches if found}


def _addresses(text: str) -> list[str]:
    return [line for line in text.splitlines() if "://" in line or line.startswith("-")]


def main() -> None:
    """Check the locks, or write them."""
    if sys.argv[1:] == ["write"]:
        write()
    wrong = faults()
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
