"""What an item keeps of its own announcements, so that a dead stream loses none of them.

The stream takes an item's newest event to the bus and forgets after 24 hours.  So the item keeps
the events of its last days, and the hour in which the sweeper is to look at it, 25 hours after
the first event that asks for it: what the stream has not brought by then it never will.

That hour stands while the sweeper may still read it.  It reads an hour when it is over, and once
more an hour later; a change in the hour after leaves it as it is and is seen by the second
reading, a later one asks for a new hour, after the first reading has told all that went before.
So every event is told again within 28 hours, however often its item changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

STREAM_LIFE = timedelta(hours=24)
"""How long a stream keeps a change (AWS: DynamoDB Streams, data retention)."""
SWEPT_AFTER = STREAM_LIFE + timedelta(hours=1)
KEPT_FOR = timedelta(hours=72)
"""How long an item keeps what it announced; the sweeper may be down for 20 hours of it."""
MAX_KEPT = 100
"""Events of one item, so that it stays well below 400 KB; the oldest give way."""
HOUR = timedelta(hours=1)


class _Told(msgspec.Struct):
    """What has to be known of an event to forget it in time."""

    at: datetime


@dataclass(frozen=True)
class Outbox:
    """The events of an item's last days as texts, oldest first, and the hour of their sweep.

    A thing carries it from its reading to its next writing; it is not part of what the thing is.
    """

    texts: tuple[str, ...] = ()
    sweep_hour: str | None = None

    def announcing(self, text: str) -> Outbox:
        """The outbox with one event more, without those that are old enough to be forgotten."""
        at = _at(text)
        kept = [one for one in self.texts if _at(one) > at - KEPT_FOR]
        return Outbox((*kept, text)[-MAX_KEPT:], _sweep_hour(self.sweep_hour, at))

    def without(self, detail: str) -> Outbox:
        """The outbox whose events do not say `detail` of their data any more."""
        return Outbox(tuple(_without(text, detail) for text in self.texts), self.sweep_hour)

    def inheriting(self, gone: Iterable[Outbox], now: datetime) -> Outbox:
        """The outbox with what other things, which go in the same write, have announced.

        It is swept at the first hour that one of them still waits for; an hour that the sweeper
        may have read already asks for nothing.
        """
        all_of_them = (self, *gone)
        texts = sorted((text for one in all_of_them for text in one.texts), key=_at)
        hours = (one.sweep_hour for one in all_of_them if one.sweep_hour is not None)
        waiting = (hour for hour in hours if hour >= hour_of(now - HOUR))
        return Outbox(tuple(texts[-MAX_KEPT:]), min(waiting, default=self.sweep_hour))


EMPTY = Outbox()


def hour_of(moment: datetime) -> str:
    """The hour, in UTC, in which `moment` falls: `2026-11-22T07`; texts that sort as hours do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H")


def _sweep_hour(before: str | None, at: datetime) -> str:
    if before is not None and before >= hour_of(at - HOUR):
        return before
    return hour_of(at + SWEPT_AFTER)


def _without(text: str, detail: str) -> str:
    event = msgspec.json.decode(text)
    if not event.get("data", {}).get(detail):
        return text
    event["data"][detail] = ""
    return msgspec.json.encode(event).decode()


def _at(text: str) -> datetime:
    return msgspec.json.decode(text, type=_Told).at
