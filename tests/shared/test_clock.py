"""Time is stored in UTC to the millisecond and ruled by the estate's calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import clock

MOMENTS = st.integers(0, 4_102_444_800_000).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)


def test_now_is_utc_to_the_millisecond() -> None:
    now = clock.now()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 22, 15, 59, 59, 999_000, UTC), date(2026, 11, 22)),
        (datetime(2026, 11, 22, 16, 0, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2026, 7, 1, 16, 0, tzinfo=UTC), date(2026, 7, 2)),
    ],
)
def test_the_estates_day_starts_at_16_utc_in_summer_and_winter(moment: datetime, day: date) -> None:
    assert clock.estate_date(moment) == day


def test_an_instant_is_written_with_milliseconds_and_z() -> None:
    shanghai = datetime(2026, 11, 22, 12, 5, 6, tzinfo=clock.ESTATE_ZONE)
    assert clock.to_text(shanghai) == "2026-11-22T04:05:06.000Z"


@given(MOMENTS)
def test_a_written_instant_is_read_back(moment: datetime) -> None:
    assert clock.from_text(clock.to_text(moment)) == moment


@given(MOMENTS, MOMENTS)
def test_written_instants_sort_as_the_instants_do(one: datetime, other: datetime) -> None:
    assert (clock.to_text(one) < clock.to_text(other)) == (one < other)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30T00:00:00Z"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^Invalid isoformat|^day is out of range"):
        clock.from_text(text)
