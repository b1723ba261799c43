"""How long a holding lasts that ends by itself: by its last day, in the estate's own calendar."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from shared import clock


def end_of(day: date) -> datetime:
    """The moment after the last of a day in the estate."""
    return datetime.combine(day + timedelta(days=1), time(), clock.ESTATE_ZONE)


def last_day(until: datetime | None) -> date | None:
    """The last day of what ends at this moment."""
    return None if until is None else clock.estate_date(until - timedelta(milliseconds=1))
