"""Locks answer what is asked for, with hashes, and name no machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import locks


def test_the_locks_of_the_tree_are_without_fault() -> None:
    assert locks.faults() == []


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("pillow==13.0.0", "pillow==12.0.0", "does not answer pillow==13.0.0"),
        ("    --hash=sha256:", "    --cache=sha256:", "a line without a hash"),
        ("pillow==13.0.0", "--index-url https://example.com\npillow==13.0.0", "names a host"),
    ],
)
def test_a_damaged_lock_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str, complaint: str
) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    wanted, lock = folder / "requirements.in", folder / "requirements.txt"
    original = next(found for found in locks.locks() if found[1].parent.name == "media")
    wanted.write_text(original[0].read_text())
    lock.write_text(original[1].read_text().replace(before, after))
    monkeypatch.setattr(locks, "ROOT", tmp_path)
    monkeypatch.setattr(locks, "locks", lambda: [(wanted, lock)])
    (tmp_path / "local" / "requirements").mkdir(parents=True)
    (tmp_path / "local" / "requirements" / "dev.txt").write_text(original[1].read_text())
    assert any(complaint in sentence for sentence in locks.faults())
