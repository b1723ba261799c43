"""Seals (封存): what an hour's rows were, as files that nobody can write again, each chained.

An hour is sealed when it is over.  Its file begins with the hour, the digest of the file before
and the number of rows; then comes a line for each row with its key and its hash, in the order of
the keys.  The seal is the digest of that file.  So whatever happens to a row later, the file says
which one; and a file that is replaced no longer fits the one after it.  Empty hours are sealed as
well, so that none can be cut out.

The file's bucket lets nobody write over or delete it, for longer than the log must be kept; the
table holds the seal beside the rows.  Whoever rewrites the table has not rewritten the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from shared.outbox import HOUR, hour_of

PREFIX = "seals/"
CONTENT_TYPE = "application/x-ndjson"
MAX_BYTES = 32 * 1024 * 1024
"""Of one file: 200,000 rows in an hour, 55 a second without a pause."""
SETTLED = timedelta(minutes=10)
"""How long after an hour no writer can be in it any more.

A row's hour is read from the clock before its write begins, and the function that writes ends 30
seconds later, done or not; clocks of functions agree to well below a second.
"""


class Line(NamedTuple):
    """A row by the end of its key, and the hash of all that is stored of it."""

    key: str
    hash: str


@dataclass(frozen=True)
class Seal:
    """What the table keeps of an hour's file: its digest, that of the one before, its rows."""

    hour: str
    before: str
    rows: int
    digest: str


class Kind(StrEnum):
    """What a check can find."""

    ROW_CHANGED = "row_changed"
    ROW_MISSING = "row_missing"
    ROW_ADDED = "row_added"
    ROWS_DIFFER = "rows_differ"
    SEAL_MISSING = "seal_missing"
    SEAL_DIFFERS = "seal_differs"
    FILE_MISSING = "file_missing"
    FILE_UNREADABLE = "file_unreadable"
    CHAIN_BROKEN = "chain_broken"


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was: of which kind, in which hour, and the row where known."""

    kind: Kind
    hour: str
    row: str = ""


@dataclass(frozen=True)
class Sealed:
    """What a run sealed: from which hour to which, how many rows; whether hours are left."""

    first: str | None
    last: str | None
    hours: int
    rows: int
    finished: bool


@dataclass(frozen=True)
class Report:
    """What a check saw: from which hour to which, and what is not as it was, at most 100 things.

    Attributes
    ----------
    hours, rows
        How many it read; hours that need no seal yet, and those before the log began, are not
        among them.
    more
        Whether there is more wrong than is told.
    """

    first: str | None
    last: str | None
    hours: int
    rows: int
    findings: tuple[Finding, ...]
    more: bool


def hash_of(item: Mapping[str, Any]) -> str:
    """The hash of everything that is stored of an item, in DynamoDB's own form."""
    return _digest(_plain(item))


def file_name(hour: str) -> str:
    """The key of an hour's file in the bucket: `seals/2026-11-22T04.jsonl`."""
    return f"{PREFIX}{hour}.jsonl"


def hour_in(name: str) -> str:
    """The hour whose file has this key."""
    return name.removeprefix(PREFIX).removesuffix(".jsonl")


def write(hour: str, before: str, lines: Sequence[Line]) -> bytes:
    """The file that seals an hour."""
    head = {"hour": hour, "before": before, "rows": len(lines)}
    return "".join(f"{_plain(part)}\n" for part in (head, *sorted(lines))).encode()


def read(text: bytes) -> tuple[Seal, dict[str, str]] | None:
    """The seal that a file makes, and the hashes of its rows by their keys; None if it is none."""
    try:
        head, *rows = (json.loads(line) for line in text.decode().splitlines())
        seal = Seal(head["hour"], head["before"], head["rows"], _digest(text.decode()))
        hashes = dict(rows)
    except (ValueError, TypeError, KeyError):
        return None
    return seal, hashes


def compare(
    hour: str, lines: Sequence[Line], seal: Seal | None, text: bytes | None, before: str | None
) -> Iterator[Finding]:
    """What of an hour is not as it was sealed; nothing if all is.

    Parameters
    ----------
    lines
        The rows as they are now.
    seal, text
        What the table says, and the file; None where there is none.
    before
        The digest of the hour before; None where nothing is left that tells it.
    """
    if seal is None:
        yield Finding(Kind.SEAL_MISSING, hour)
    if text is None:
        if seal is not None:
            yield Finding(Kind.FILE_MISSING, hour)
            if _digest(write(hour, seal.before, lines).decode()) != seal.digest:
                yield Finding(Kind.ROWS_DIFFER, hour)
        return
    kept = read(text)
    if kept is None:
        yield Finding(Kind.FILE_UNREADABLE, hour)
        return
    if seal is not None and seal != kept[0]:
        yield Finding(Kind.SEAL_DIFFERS, hour)
    if kept[0].hour != hour or before not in (None, kept[0].before):
        yield Finding(Kind.CHAIN_BROKEN, hour)
    yield from _rows(hour, dict(lines), kept[1])


def _rows(hour: str, now: Mapping[str, str], then: Mapping[str, str]) -> Iterator[Finding]:
    for key in sorted(now.keys() | then.keys()):
        if key not in now:
            yield Finding(Kind.ROW_MISSING, hour, key)
        elif key not in then:
            yield Finding(Kind.ROW_ADDED, hour, key)
        elif now[key] != then[key]:
            yield Finding(Kind.ROW_CHANGED, hour, key)


def digest_of(text: bytes | None, seal: Seal | None) -> str | None:
    """The digest to which the next hour is chained: the file's, or what the table says of it."""
    if text is not None:
        return hashlib.sha256(text).hexdigest()
    return seal.digest if seal is not None else None


def after(hour: str, count: int = 1) -> str:
    """The hour so many hours later."""
    return hour_of(datetime.fromisoformat(f"{hour}:00:00").replace(tzinfo=UTC) + count * HOUR)


def newest_over(now: datetime) -> str:
    """The last hour in which no writer can be any more."""
    return hour_of(now - SETTLED - HOUR)


def newest_due(now: datetime) -> str:
    """The last hour that must be sealed by now: the sealing that comes each hour has ended."""
    return hour_of(now - SETTLED - 2 * HOUR)


def _plain(value: Any) -> str:
    # What is no JSON, the bytes of an attribute that is none of ours, is hashed as Python shows it.
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=repr
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
