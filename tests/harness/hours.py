"""The clock moved on, for what only happens hours or days later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from shared import clock


@contextmanager
def hours_later(hours: float) -> Iterator[None]:
    """Let it be so many hours later than it is, as long as the context lasts."""
    before = clock.now

    def now() -> datetime:
        return before() + timedelta(hours=hours)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", now)
        yield


def schedule(function: str) -> dict[str, object]:
    """What the schedule of a function hands it (AWS: EventBridge, scheduled rules)."""
    return {
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-11-22T04:10:00Z",
        "region": "ap-southeast-1",
        "resources": [f"arn:aws:events:ap-southeast-1:123456789012:rule/{function}"],
        "detail": {},
    }
