"""Time: stored in UTC, ruled and shown in the estate's own zone (Asia/Shanghai, no summer time)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

# China has kept one zone without summer time since 1992, so a fixed offset is exact and needs no
# time-zone data in the function.
ESTATE_ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")


def now() -> datetime:
    """This instant in UTC, to the millisecond, as it is stored."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def estate_date(moment: datetime) -> date:
    """The calendar day in the estate on which `moment` falls."""
    return moment.astimezone(ESTATE_ZONE).date()


def to_text(moment: datetime) -> str:
    """`moment` as RFC 3339 in UTC with milliseconds: `2026-11-22T04:05:06.789Z`.

    All texts have one length, so they sort as the instants do.
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """The instant that `to_text` wrote.

    Raises
    ------
    ValueError
        `text` is no RFC 3339 instant.
    """
    return datetime.fromisoformat(text)
