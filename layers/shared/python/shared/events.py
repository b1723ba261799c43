"""Events: what a capability tells the others, once in effect however often it arrives.

An event is an attribute of the item whose change it announces, so both commit together.  The
table's stream takes it to `relay`, relay to the bus `community-events`, a rule to a queue, the
queue to a consumer, each at least once.  The id is the item's id and version: a repeat of the
same change is the same event, and a consumer that keeps the id has the effect once
(RELIABILITY.md 1.5, N1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec

from shared import aws, clock

MAX_BATCH = 10
"""PutEvents takes ten entries a call (AWS: EventBridge quotas)."""


class Event(msgspec.Struct, frozen=True):
    """One thing that happened: past-tense `type`, the item it happened to, and who did it.

    `data` holds ids, codes and numbers; never a name, a phone or another personal detail of a
    resident.
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
    """The event that the change of `subject_id` to `version` announces."""
    return Event(
        id=f"{subject_id}:{version}",
        type=type,
        source=source,
        at=at,
        community_id=community_id,
        subject_id=subject_id,
        version=version,
        actor_id=actor_id,
        data=data or {},
    )


def encode(event: Event) -> str:
    """The event as the text that an item carries."""
    return msgspec.json.encode(event).decode()


def decode(text: str | bytes) -> Event:
    """The event that `encode` wrote.

    Raises
    ------
    msgspec.ValidationError
        The text is not an event.
    """
    return msgspec.json.decode(text, type=Event)


class RelayFailed(Exception):
    """The bus did not take every event; the stream will deliver the batch again."""


def relay(records: Iterable[dict[str, Any]]) -> int:
    """Put the events that a batch of stream records carries on the bus; how many there were.

    Parameters
    ----------
    records
        The `dynamodb` parts of stream records with new images.

    Raises
    ------
    RelayFailed
        The bus refused some; the whole batch must come again, consumers drop what they know.
    """
    texts = [
        image["event"]["S"]
        for record in records
        if (image := record.get("NewImage")) and "S" in image.get("event", {})
    ]
    bus = aws.client("events")
    for start in range(0, len(texts), MAX_BATCH):
        entries = [_entry(decode(text), text) for text in texts[start : start + MAX_BATCH]]
        answer = bus.put_events(Entries=entries)
        if answer["FailedEntryCount"]:
            raise RelayFailed(f"{answer['FailedEntryCount']} of {len(entries)} events not taken")
    return len(texts)


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
