"""Zip files that are the same bytes whenever they hold the same things."""

from __future__ import annotations

import hashlib
import py_compile
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16

_CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


def write_zip(target: Path, members: Mapping[str, bytes]) -> None:
    """Write `members` (name in the archive → content) to `target`, all of it or nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _READABLE
            archive.writestr(entry, members[name])
    unfinished.replace(target)


def digest(parts: Iterable[bytes]) -> str:
    """A short name for contents: the first 16 hexadecimal digits of their SHA-256."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()[:16]


def sources(folder: Path) -> list[Path]:
    """Every file below `folder` but what Python and the checkers leave beside their sources."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _CACHES & set(path.relative_to(folder).parts)
    ]


def digest_of_files(paths: Iterable[Path], root: Path) -> str:
    """A short name for a set of files: their names below `root` and their contents."""
    return digest(
        part
        for path in sorted(paths)
        for part in (path.relative_to(root).as_posix().encode(), path.read_bytes())
    )


def compiled(source: Path, shown_as: str) -> bytes:
    """The byte code of `source`, trusted without looking at the source again.

    Lambda's file system is read-only and its files have no true times, so byte code that is
    checked against the source would be thrown away at every cold start.
    """
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "code.pyc"
        py_compile.compile(
            str(source),
            cfile=str(target),
            dfile=shown_as,
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        return target.read_bytes()


def cache_name(module: str) -> str:
    """Where this Python looks for the byte code of `module` (a path ending in .py)."""
    folder, _, name = module.rpartition("/")
    tag = sys.implementation.cache_tag
    prefix = f"{folder}/" if folder else ""
    return f"{prefix}__pycache__/{name.removesuffix('.py')}.{tag}.pyc"
