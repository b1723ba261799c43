"""Time that a test moves on, and ids that are noted as they are made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from shared import ids
from tests.harness.source import Source, one_source
from tests.harness.world import Drawn


@pytest.fixture
def source() -> Iterator[Source]:
    """The time and chance of all functions."""
    with one_source() as found:
        yield found


@pytest.fixture
def drawn(source: Source, monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """Every id that chance makes, as it is made."""
    noted, make, make_other = Drawn(), ids.ulid, ids.random_platform_id

    def ulid(now: datetime) -> str:
        made = make(now)
        noted.note(made)
        return made

    def random_platform_id(kind: str) -> str:
        made = make_other(kind)
        noted.note(made.rpartition("_")[2])
        return made

    monkeypatch.setattr(ids, "ulid", ulid)
    monkeypatch.setattr(ids, "random_platform_id", random_platform_id)
    return noted
