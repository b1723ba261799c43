"""Time that stands still, and ids that are noted as they are made."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from shared import clock, ids
from tests.harness.world import Drawn


class Clock:
    """Stands still until it is moved on."""

    def __init__(self) -> None:
        self._now = datetime.fromisoformat("2026-11-22T04:00:00.000Z")

    def now(self) -> datetime:
        """The instant at which it stands."""
        return self._now

    def move_on(self) -> None:
        """A second passes."""
        self._now += timedelta(seconds=1)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of all functions, which a test moves on."""
    found = Clock()
    monkeypatch.setattr(clock, "now", found.now)
    return found


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """Every id that chance makes, as it is made."""
    noted, make = Drawn(), ids.ulid

    def ulid(now: datetime) -> str:
        made = make(now)
        noted.note(made)
        return made

    monkeypatch.setattr(ids, "ulid", ulid)
    return noted
