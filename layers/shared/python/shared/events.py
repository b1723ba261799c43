"""Events: what a capability tells the others, once in effect however often it arrives.

An event is an attribute of the item whose change it announces, so both commit together.  The
table's stream takes it to `relay`, relay to the bus `community-events`, a rule to a queue, the
queue to a consumer, each at least once; a day later the sweeper (`shared.sweeper`) puts it on the
bus again, in case the stream died.  The id is the item's id and version: a repeat of the same
change is the same event, and a consumer that keeps the id has the effect once (RELIABILITY.md
1.5, N1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from shared import auth, aws, clock

MAX_BATCH = 10
"""PutEvents takes ten entries a call (AWS: EventBridge quotas)."""
MAX_BATCH_BYTES = 250_000
"""PutEvents takes 256 KB a call, all entries together (AWS: PutEvents entry size)."""
MAX_EVENT_BYTES = 200_000
_ENTRY_BYTES = 1_000
"""What source, type, time and subject add to an event's text, at most."""
REPLAYED_FOR = timedelta(days=14)
"""The sweeper puts no event on the bus that is older than this, however late it is itself."""
REMEMBERED_FOR = timedelta(days=35)
"""How long a consumer must know what it took: longer than a replay, then the four days of a queue
and the fourteen of its dead letters, one after the other."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened: past-tense `type`, the item it happened to, and who did it.

    `actor_id` is whose hands it were; `for_id`, where it is not empty, in whose name they did it: a
    daughter for her grandmother, an officer for a firm (RULES.md D8).  `data` holds ids, codes and
    numbers; never a name, a phone or another personal detail of a resident.
    """

    id: str
    type: str
    source: str
    at: datetime
    community_id: str
    subject_id: str
    version: int
    actor_id: str
    data: dict[str, Any] = {}
    for_id: str = ""


def happened(
    type: str,
    source: str,
    subject_id: str,
    version: int,
    *,
    at: datetime,
    community_id: str,
    actor_id: str,
    data: dict[str, Any] | None = None,
) -> Event:
    """The event that the change of `subject_id` to `version` announces.

    Parameters
    ----------
    actor_id
        Who did it, as the capability knows them; where somebody acts for this person in the request
        that runs now, or they act for a firm by its mandate, the event says both.
    """
    hands = auth.acting_for(actor_id)
    in_the_name_of = actor_id if hands else auth.firm_of(actor_id, community_id)
    return Event(
        id=f"{subject_id}:{version}",
        type=type,
        source=source,
        at=at,
        community_id=community_id,
        subject_id=subject_id,
        version=version,
        actor_id=hands or actor_id,
        data=data or {},
        for_id=in_the_name_of,
    )


def encode(event: Event) -> str:
    """The event as the text that an item carries."""
    text = msgspec.json.encode(event)
    # A call to the bus must have room for it, or it would never leave the table.
    assert len(text) <= MAX_EVENT_BYTES, f"{event.type} is too large to be announced"
    return text.decode()


def decode(text: str | bytes) -> Event:
    """The event that `encode` wrote.

    Raises
    ------
    msgspec.ValidationError
        The text is not an event.
    """
    return msgspec.json.decode(text, type=Event)


class RelayFailed(Exception):
    """The bus did not take every event; those that it did not take must come again."""


def relay(records: Iterable[dict[str, Any]]) -> int:
    """Put the events that a batch of stream records carries on the bus; how many there were.

    One that cannot be put there holds up none of its neighbours: they are on the bus before the
    batch fails.  Lambda then halves the batch until the bad record is alone and given up.

    Parameters
    ----------
    records
        The `dynamodb` parts of stream records with new images.

    Raises
    ------
    RelayFailed
        Some are not on the bus; the whole batch must come again, consumers drop what they know.
    """
    texts = [
        image["event"]["S"]
        for record in records
        if (image := record.get("NewImage")) and "S" in image.get("event", {})
    ]
    told, unreadable = [], 0
    for text in texts:
        try:
            told.append((decode(text), text))
        except msgspec.DecodeError:
            unreadable += 1
    publish(told)
    if unreadable:
        raise RelayFailed(f"{unreadable} of {len(texts)} are no events")
    return len(texts)


def publish(told: Sequence[tuple[Event, str]]) -> None:
    """Put events on the bus in their order, each with the text that its item carries.

    Raises
    ------
    RelayFailed
        The bus did not take some; all others are on it.
    """
    bus = aws.client("events")
    refused = 0
    for entries in _batches(told):
        answer = bus.put_events(Entries=entries)
        refused += answer["FailedEntryCount"]
    if refused:
        raise RelayFailed(f"{refused} of {len(told)} events not taken")


def _batches(told: Sequence[tuple[Event, str]]) -> Iterator[list[dict[str, Any]]]:
    """What one call takes, again and again: at most ten entries that are not too large together."""
    entries: list[dict[str, Any]] = []
    size = 0
    for event, text in told:
        entry_size = len(text.encode()) + _ENTRY_BYTES
        if entries and (len(entries) == MAX_BATCH or size + entry_size > MAX_BATCH_BYTES):
            yield entries
            entries, size = [], 0
        entries.append(_entry(event, text))
        size += entry_size
    if entries:
        yield entries


def _entry(event: Event, text: str) -> dict[str, Any]:
    return {
        "EventBusName": aws.setting("BUS"),
        "Source": f"linli.{event.source}",
        "DetailType": event.type,
        "Time": event.at,
        "Resources": [event.subject_id],
        "Detail": text,
    }


def from_queue(body: str) -> Event:
    """The event inside a queue message that a rule of the bus put there."""
    return msgspec.convert(msgspec.json.decode(body)["detail"], Event)


def consume(
    messages: Iterable[tuple[str, str]],
    take: Callable[[Event, datetime], None],
    failed: Callable[[str], None],
) -> dict[str, list[dict[str, str]]]:
    """Give each queued event to `take`; the answer names the messages that must come again.

    Parameters
    ----------
    messages
        Message id and body.
    take
        Has its effect once for an event id, however often it is called.
    failed
        Called inside the handler of the exception with the message id, to log it.
    """
    return each(messages, lambda body, now: take(from_queue(body), now), failed)


def each(
    messages: Iterable[tuple[str, str]],
    take: Callable[[str, datetime], None],
    failed: Callable[[str], None],
) -> dict[str, list[dict[str, str]]]:
    """Give each message body to `take`; a body that fails fails alone (partial batch response).

    The failure of one message must not hold up its neighbours, so any exception becomes a line
    in the answer: the queue delivers that message again and, after its limit, to the dead-letter
    queue (AWS: `ReportBatchItemFailures`).
    """
    failures = []
    for message_id, body in messages:
        try:
            take(body, clock.now())
        except Exception:
            failed(message_id)
            failures.append({"itemIdentifier": message_id})
    return {"batchItemFailures": failures}
