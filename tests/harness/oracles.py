"""What must hold of stored items whatever the capability: whose they are, and what they announce.

An oracle reads nothing but items as DynamoDB keeps them, and answers with sentences; none means
that all is well.  `tests/<capability>/invariants.py` adds what holds of its own kinds.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

Item = Mapping[str, Any]
"""An item in DynamoDB's own form: `{"pk": {"S": …}, "version": {"N": …}, …}`."""
Plain = dict[str, Any]

_COMMUNITY = "[0-9a-hjkmnp-tv-z]{8}"
_NAMED = re.compile(
    rf"com_(?P<bare>{_COMMUNITY})(?![0-9a-z])"
    rf"|(?<![a-z])[a-z]{{2,8}}_(?P<inner>{_COMMUNITY})_(?:[0-9a-z]{{26}}(?![0-9a-z])|[^-/#\s]+-)"
)
_FREE = frozenset({"address", "description", "file_name", "name", "note", "reason", "title"})
"""Words of people, who may write what they like."""


def plain(item: Item) -> Plain:
    """The item with its texts, whole numbers, truths and sets as Python has them; no nulls."""
    found: Plain = {}
    for name, typed in item.items():
        ((kind, value),) = typed.items()
        if kind != "NULL":
            found[name] = int(value) if kind == "N" else value
    return found


def partition(item: Plain) -> tuple[str, str, str]:
    """Whose an item is, of which kind, and which one: `<community>#<kind>#<id>`."""
    owner, kind, name = str(item["pk"]).split("#", 2)
    return owner, kind, name


def crossing(items: Iterable[Plain]) -> Iterator[str]:
    """T1: everything that an item of a community names belongs to that community."""
    for item in items:
        owner = partition(item)[0]
        if owner.startswith("com_"):
            foreign = sorted(set(_communities(item)) - {owner})
            if foreign:
                yield f"T1: {where(item)} of {owner} names {', '.join(foreign)}"


def announced(items: Iterable[Plain], now: datetime) -> Iterator[str]:
    """N1: an event that stands on an item is that item's, at that version, and stands once."""
    ids: Counter[str] = Counter()
    for item in items:
        if "event" not in item:
            continue
        event = event_of(item)
        ids[event["id"]] += 1
        if event["version"] != item["version"]:
            yield f"N1: {where(item)} has version {item['version']}, its event {event['version']}"
        if event["id"] != f"{event['subject_id']}:{event['version']}":
            yield f"N1: {where(item)} has an event with the id {event['id']}"
        if event["community_id"] != partition(item)[0]:
            yield f"N1: {where(item)} has an event of {event['community_id']}"
        if instant(event["at"]) > now:
            yield f"N1: {where(item)} has an event of a time to come, {event['at']}"
    yield from (f"N1: the event {one} stands on {n} items" for one, n in ids.items() if n > 1)


def told(item: Plain, type: str, subject_id: str) -> Iterator[str]:
    """N1: an item carries the event of its last change."""
    if "event" not in item:
        yield f"N1: {where(item)} carries no event of its last change"
        return
    event = event_of(item)
    if (event["type"], event["subject_id"]) != (type, subject_id):
        said = f"{event['type']} of {event['subject_id']}"
        yield f"N1: {where(item)} tells {said}, and not {type} of {subject_id}"


def untold(item: Plain) -> Iterator[str]:
    """N1: an item whose last change is nobody else's business carries no event."""
    if "event" in item:
        yield f"N1: {where(item)} tells {event_of(item)['type']} of a change that has no event"


def event_of(item: Plain) -> Plain:
    """The event that an item carries."""
    event: Plain = json.loads(item["event"])
    return event


def instant(text: str) -> datetime:
    """The instant that a text of the table or of an event means."""
    return datetime.fromisoformat(text)


def where(item: Plain) -> str:
    """An item, as a sentence names it."""
    return f"{item['pk']} / {item['sk']}"


def _communities(value: Any, name: str = "") -> Iterator[str]:
    """Every community that a value names, people's own words left out."""
    if name in _FREE:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _communities(inner, key)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _communities(inner)
    elif isinstance(value, str):
        if value.startswith(("{", "[")):
            yield from _communities(json.loads(value))
        else:
            for match in _NAMED.finditer(value):
                yield f"com_{match['bare'] or match['inner']}"
