"""What must hold of everything that the log keeps, read from the table alone (N1, A10).

The rows and the chain of their seals are written down here a second time.  The files that the
seals are of stand in a bucket; what is in them shows from the rows of their hours.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.harness.oracles import (
    Item,
    Plain,
    announced,
    crossing,
    instant,
    partition,
    plain,
    told,
    untold,
    where,
)

_PERSON = "per_"
_TELLS = {"search": ("ActivitySearched", "sea_"), "broken": ("ActivityLogBroken", "brk_")}


def broken(items: Iterable[Item], now: datetime) -> list[str]:
    """What is wrong with the items of the table, a sentence for each fault; none if all is well.

    Parameters
    ----------
    items
        Every item of the capability's table, as DynamoDB keeps it.
    now
        The instant at which they stand so: nothing in them may be of a later one.
    """
    raw = list(items)
    known = [plain(item) for item in raw]
    kinds: dict[str, list[Plain]] = {}
    for item in known:
        kinds.setdefault(partition(item)[1], []).append(item)
    rows = kinds.get("log", [])
    return [
        *crossing(known),
        *announced(known, now),
        *(said for row in rows for said in _row(row, now)),
        *_heard(rows, kinds.get("heard", [])),
        *_sealed(raw, kinds.get("seals", [])),
        *(said for kind in _TELLS for item in kinds.get(kind, []) for said in _tells(item, kind)),
    ]


def _row(row: Plain, now: datetime) -> Iterator[str]:
    """A row stands in the hour of its receipt, under whom and what it names."""
    hour = f"{instant(row['received_at']).astimezone(UTC):%Y-%m-%dT%H}"
    number = row["sk"].rpartition("#")[2]
    if (row["pk"], row["sk"]) != (f"platform#log#{hour[:7]}", f"{hour}#{row['id']}#{number}"):
        yield f"A10: {where(row)} was received in {hour}"
    if row["version"] != 1 or instant(row["received_at"]) > now:
        yield f"A10: {where(row)} was changed, or received in a time to come"
    if row["id"] != f"{row['subject_id']}:{row['subject_version']}":
        yield f"N1: {where(row)} is of {row['subject_id']} at version {row['subject_version']}"
    first = number == "0"
    lists = {
        "subject_key": f"platform#subject#{row['subject_id']}" if first else None,
        "place_key": f"{row['community_id']}#place#all" if first else None,
    }
    for name, wanted in lists.items():
        if row.get(name) != wanted:
            yield f"A10: {where(row)} is listed under {row.get(name)} and not {wanted}"
    if "name" in json.loads(row["data"]):
        yield f"A8: {where(row)} keeps a name"
    yield from untold(row)


def _heard(rows: Iterable[Plain], heard: Iterable[Plain]) -> Iterator[str]:
    """N1: an activity that is known has a row for each whom it concerns, in one hour, once."""
    known = {item["pk"].split("#", 2)[2] for item in heard}
    by_id: dict[str, list[Plain]] = {}
    for row in rows:
        by_id.setdefault(row["id"], []).append(row)
    for one in sorted(known ^ by_id.keys()):
        yield f"N1: {one} is {'known and has no row' if one in known else 'not known'}"
    for one, own in sorted(by_id.items()):
        people = _people(own[0])
        wanted = _keys("platform", people)
        here = _keys(own[0]["community_id"], people)
        own.sort(key=lambda row: int(row["sk"].rpartition("#")[2]))
        if [row.get("person_key") for row in own] != wanted:
            yield f"A10: {one} is listed for {[row.get('person_key') for row in own]}"
        if [row.get("person_here_key") for row in own] != here:
            yield f"A10: {one} is listed here for {[row.get('person_here_key') for row in own]}"
        if len({row["sk"].rpartition("#")[0] for row in own}) != 1:
            yield f"N1: {one} stands in more than one hour"


def _keys(owner: str, people: list[str]) -> list[str | None]:
    """Under what the rows of an activity are listed; one row, under nothing, if it is nobody's."""
    return [f"{owner}#person#{person}" for person in people] or [None]


def _people(row: Plain) -> list[str]:
    named = (row["actor_id"], row["for_id"], row["subject_id"], *json.loads(row["data"]).values())
    people = [one for one in named if isinstance(one, str) and one.startswith(_PERSON)]
    return list(dict.fromkeys(people))[:8]


def _sealed(raw: Iterable[Item], seals: Iterable[Plain]) -> Iterator[str]:
    """Every seal is of its rows, chained to the seal before, and no hour is left out."""
    by_hour: dict[str, list[Item]] = {}
    for item in raw:
        if item["pk"]["S"].startswith("platform#log#"):
            by_hour.setdefault(item["sk"]["S"].partition("#")[0], []).append(item)
    before, expected = "", None
    for seal in sorted(seals, key=lambda one: str(one["sk"])):
        hour = seal["sk"]
        if expected not in (None, hour):
            yield f"A10: between the seals, {expected} is left out"
        own = by_hour.pop(hour, [])
        digest = _digest(hour, before, own)
        if (seal["before"], seal["rows"], seal["digest"]) != (before, len(own), digest):
            yield f"A10: the seal of {hour} is not that of its rows"
        before, expected = seal["digest"], _next(hour)
        yield from untold(seal)
    if expected is not None:
        for hour in sorted(by_hour):
            if hour < expected:
                yield f"A10: rows of {hour} are in no seal, and later hours are sealed"


def _digest(hour: str, before: str, rows: list[Item]) -> str:
    lines = sorted([row["sk"]["S"], _sha256(_line(row))] for row in rows)
    head = {"hour": hour, "before": before, "rows": len(rows)}
    return _sha256("".join(f"{_line(part)}\n" for part in [head, *lines]))


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _next(hour: str) -> str:
    return f"{datetime.fromisoformat(f'{hour}:00:00') + timedelta(hours=1):%Y-%m-%dT%H}"


def _tells(item: Plain, kind: str) -> Iterator[str]:
    type, prefix = _TELLS[kind]
    name = partition(item)[2]
    if not name.startswith(prefix):
        yield f"N1: {where(item)} is none"
    yield from told(item, type, name)
