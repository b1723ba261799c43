"""Lambda layers: the locked libraries, pruned and byte-compiled, in content-named archives.

A layer is built from `layers/<name>/requirements.txt` (installed exactly, without dependencies
of its own), `layers/<name>/prune.txt` (what functions never need) and `layers/<name>/python`
(our own code).  The libraries are installed once for each lock; our code changes more often.
"""

from __future__ import annotations

import fnmatch
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from local import archive, botocore_data
from local.places import BUILD, LAYERS

# Lambda's machines in the words of `pip install --platform`; pip takes each tag literally.
LAMBDA = tuple(f"{tag}_x86_64" for tag in ("manylinux2014", "manylinux_2_27", "manylinux_2_28"))
_OLDEST_FOR_LAMBDA = (3, 12)


@dataclass(frozen=True)
class Artefact:
    """A file to deploy and the name it has in the artefact bucket."""

    path: Path
    key: str


class PackagingError(Exception):
    """Something could not be packaged; the message says what and where."""


def build_layer(name: str, platforms: tuple[str, ...]) -> Artefact:
    """Build the layer `name`, or find it built already.

    Parameters
    ----------
    platforms
        The wheel platforms to fetch libraries for (`LAMBDA` for AWS); none takes this machine's,
        whose Python runs the functions of the emulator.

    Raises
    ------
    PackagingError
        The libraries could not be installed.
    """
    folder = LAYERS / name
    if platforms and sys.version_info < _OLDEST_FOR_LAMBDA:
        raise PackagingError(
            "packages for AWS need Python 3.12 or newer here: the functions get this Python's "
            "version, and Lambda's 3.11 stands on a C library that today's wheels no longer take; "
            "choose one with `make package PYTHON=python3.13`"
        )
    libraries = _install(name, platforms)
    own = archive.sources(folder / "python")
    content = archive.digest(
        [libraries.name.encode(), archive.digest_of_files(own, folder).encode()]
    )
    target = BUILD / "layers" / f"{name}-{content}.zip"
    if not target.exists():
        members = _members(libraries)
        for path in own:
            member = path.relative_to(folder).as_posix()
            members[member] = path.read_bytes()
            if path.suffix == ".py":
                members[archive.cache_name(member)] = archive.compiled(path, f"/opt/{member}")
        archive.write_zip(target, members)
        _forget_older(target, name)
    return Artefact(target, f"layers/{target.name}")


def _install(name: str, platforms: tuple[str, ...]) -> Path:
    """The folder with the layer's pruned libraries."""
    folder = LAYERS / name
    lock = folder / "requirements.txt"
    prune = folder / "prune.txt"
    wanted = archive.digest(
        [
            lock.read_bytes(),
            prune.read_bytes() if prune.exists() else b"",
            " ".join(platforms).encode(),
            sys.implementation.cache_tag.encode() if sys.implementation.cache_tag else b"",
            Path(__file__).read_bytes(),
            Path(archive.__file__).read_bytes(),
            Path(botocore_data.__file__).read_bytes(),
        ]
    )
    target = BUILD / "layers" / f"{name}-libraries-{wanted}"
    if target.exists():
        return target
    unfinished = target.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    command += ["--disable-pip-version-check", "--require-hashes", "--only-binary=:all:"]
    command += ["--target", str(unfinished), "--requirement", str(lock)]
    if platforms:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        command += ["--python-version", version, "--implementation", "cp"]
    for platform in platforms:
        command += ["--platform", platform]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PackagingError(
            f"the libraries of layer {name} could not be installed:\n{done.stderr.strip()}"
        )
    _prune(unfinished, prune)
    _compile(unfinished)
    if (unfinished / "botocore").is_dir():
        botocore_data.prune(unfinished / "botocore" / "data")
    for stale in target.parent.glob(f"{name}-libraries-*"):
        if stale != unfinished:
            shutil.rmtree(stale)
    unfinished.rename(target)
    return target


def _prune(folder: Path, rules: Path) -> None:
    """Delete what the rules name; the last rule that matches a file decides, `!` keeps."""
    lines = rules.read_text().splitlines() if rules.exists() else []
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        name = path.relative_to(folder).as_posix()
        for pattern in reversed(patterns):
            if fnmatch.fnmatch(name, pattern.removeprefix("!")):
                if not pattern.startswith("!"):
                    path.unlink()
                break


def _compile(folder: Path) -> None:
    """Put the byte code of each module where Python looks for it."""
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        target = folder / archive.cache_name(name)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(archive.compiled(path, f"/opt/python/{name}"))


def _members(libraries: Path) -> dict[str, bytes]:
    return {
        f"python/{path.relative_to(libraries).as_posix()}": path.read_bytes()
        for path in sorted(libraries.rglob("*"))
        if path.is_file()
    }


def _forget_older(kept: Path, name: str) -> None:
    for path in kept.parent.glob(f"{name}-*.zip"):
        if path != kept:
            path.unlink()
