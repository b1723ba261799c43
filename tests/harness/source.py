"""The one source of time and chance of a run: a clock that a test moves on, and seeded bytes.

The functions ask `shared.clock.now` and `shared.ids.random_bytes` and nothing else
(`tests/test_source.py` holds them to it), so whoever puts a source in their place decides what
time it is and which ids there are, and the same test makes the same run again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared import clock, ids

START = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
_TICK = timedelta(milliseconds=1)


class Source:
    """Time and chance.

    Attributes
    ----------
    now
        The instant that the functions are told.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Start again, as if nothing had happened."""
        self.now = START
        self._chance = random.Random(START.timestamp())

    def save(self) -> tuple[datetime, object]:
        """Where it stands, for `restore`."""
        return self.now, self._chance.getstate()

    def restore(self, saved: tuple[datetime, Any]) -> None:
        """Go on from where it stood."""
        self.now = saved[0]
        self._chance.setstate(saved[1])

    def tick(self) -> None:
        """Let one millisecond pass, so that two things do not happen at one instant."""
        self.now += _TICK

    def random_bytes(self, count: int) -> bytes:
        """The next bytes of chance."""
        return self._chance.randbytes(count)


@contextmanager
def one_source() -> Iterator[Source]:
    """A source in the place of the functions' own, for as long as the context lasts."""
    source = Source()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: source.now)
        patch.setattr(ids, "random_bytes", source.random_bytes)
        yield source
