"""The sweeper: tells again what items announced a day ago, for a stream may have lost it (N1).

A stream keeps a change for 24 hours; a relay that is down for longer, or gives a record up, loses
the event.  So each item that announces stands in the index `by_sweep_hour` under the hour in
which the sweeper is to look at it, and keeps what it announced until then (`shared.outbox`).

An hour is read when it is over, and once more in the next sweep, since an item may still announce
something under it in between.  Every event that is read goes on the bus, whether the stream
brought it or not: which did is known nowhere, and consumers drop what they know by its id.  The
table itself remembers how far a sweep came, page by page, so that one that crashed, or did not
come for a while, leaves no hour out.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from shared import events
from shared.events import REPLAYED_FOR
from shared.outbox import HOUR, hour_of
from shared.table import MAX_LIMIT, SWEEP_KEY, Record, page

SETTLED = timedelta(minutes=10)
"""How long after an hour its last writes can land, and reach the index."""
MAX_PAGES = 100
"""Pages of 100 items that one sweep reads; what is left waits for the next."""
_MARK = ("platform#sweeper#all", "mark")


class _BySweepHour(GlobalSecondaryIndex["_Item"]):  # type: ignore[no-untyped-call]  # untyped upstream
    class Meta:
        index_name = "by_sweep_hour"
        projection = KeysOnlyProjection()

    sweep_key = UnicodeAttribute(hash_key=True)
    sweep_hour = UnicodeAttribute(range_key=True)


class _Item(Record):
    by_sweep_hour = _BySweepHour()


class _Mark(Record):
    """How far the sweep has come: the first hour to read, and the place in an unfinished pass."""

    first_hour = UnicodeAttribute()
    last_hour = UnicodeAttribute(null=True)
    cursor = UnicodeAttribute(null=True)


class Swept(msgspec.Struct, frozen=True):
    """What a sweep did: hours it began and ended with, events told, and those left out.

    Left out are texts that are no events, and events older than consumers remember.
    """

    first_hour: str
    last_hour: str
    told: int
    left_out: int
    finished: bool


def sweep(now: datetime) -> Swept:
    """Put on the bus what items announced that are due by now, from where the last sweep ended.

    Raises
    ------
    RelayFailed
        The bus did not take some; what stands behind them was told, and the next sweep begins with
        their page again.
    Refused
        Another sweep is at work.
    """
    newest = hour_of(now - SETTLED - HOUR)
    mark = _Mark.find(*_MARK) or _Mark(*_MARK, first_hour=hour_of(now - REPLAYED_FOR))
    first, told, left_out, finished = mark.first_hour, 0, 0, False
    failed: events.RelayFailed | None = None
    for _ in range(MAX_PAGES):
        if mark.cursor is None:
            # The hours of a pass stand, so that each is read whole after it was over.
            mark.last_hour = max(newest, mark.first_hour)
        found = page(
            _Item,
            SWEEP_KEY,
            limit=MAX_LIMIT,
            cursor=mark.cursor,
            index=_Item.by_sweep_hour,
            range_condition=_BySweepHour.sweep_hour.between(mark.first_hour, mark.last_hour),
        )
        ready, unfit = _events_of(found.items, now)
        try:
            events.publish(ready)
        except events.RelayFailed as error:
            failed = error
        told, left_out = told + len(ready), left_out + unfit
        before = mark.first_hour, mark.cursor
        mark.cursor = found.next_cursor
        if mark.cursor is None:
            finished = mark.last_hour >= newest
            mark.first_hour = mark.last_hour
        # The mark waits before what the bus refused; what stands behind it does not.
        if failed is None and before != (mark.first_hour, mark.cursor):
            mark.put()
        if finished:
            break
    if failed is not None:
        raise failed
    return Swept(first, mark.last_hour or first, told, left_out, finished)


def _events_of(
    keys: tuple[_Item, ...], now: datetime
) -> tuple[list[tuple[events.Event, str]], int]:
    """What these items have announced of late, and how many texts of theirs are left out."""
    ready: list[tuple[events.Event, str]] = []
    unfit = 0
    if not keys:
        return ready, unfit
    asked = [(item.pk, item.sk) for item in keys]
    for item in _Item.batch_get(asked, consistent_read=True):
        for text in item.outbox.texts:
            event = _read(text)
            if event is None or now - event.at > REPLAYED_FOR:
                unfit += 1
            else:
                ready.append((event, text))
    return ready, unfit


def _read(text: str) -> events.Event | None:
    try:
        return events.decode(text)
    except msgspec.DecodeError:
        # It is counted and logged; what stands behind it must not wait for it.
        return None
