"""The ids that a request names, wherever they stand: found, judged by their scope, and swapped.

An id is known by its form (`shared.ids`), never by the name of its field, so that a capability
that comes later has its ids found as well.  A part of a path that is no id is a name inside the
thing before it: `/communities/com_7k2m9x4a/buildings/3` speaks of `com_7k2m9x4a/3`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared import ids
from shared.app import Operation
from shared.auth import PLATFORM, covers
from tests.harness.recorder import Asked

_LETTER = f"[{ids.ALPHABET}]"
_STEP = r"[^-/#\s\"\\&?,;<>]{1,32}"
_FORMS = (
    f"room_{_LETTER}{{8}}_{_STEP}-{_STEP}-{_STEP}",
    f"[a-z]{{2,8}}_{_LETTER}{{8}}_{_LETTER}{{26}}",
    f"com_{_LETTER}{{8}}(?:/{_STEP}){{0,3}}",
    f"[a-z]{{2,8}}_{_LETTER}{{26}}",
)
ANY_ID = re.compile(r"(?<![A-Za-z0-9])(?:" + "|".join(_FORMS) + r")(?![A-Za-z0-9])")
Where = tuple[str | int, ...]


@dataclass(frozen=True)
class Named:
    """An id in a request: where it stands, and the path of names down to it, if it is a name."""

    where: Where
    id: str

    @property
    def kind(self) -> str:
        """`room`, `rep`, `com`, `scope` for a path below a community."""
        return kind_of(self.id)


def kind_of(any_id: str) -> str:
    """What an id is of, by its form."""
    return "scope" if "/" in any_id or any_id == PLATFORM else any_id.partition("_")[0]


def in_text(text: str) -> list[str]:
    """Every id in a text."""
    return [match.group() for match in ANY_ID.finditer(text)]


def in_request(operation: Operation, asked: Asked) -> list[Named]:
    """Every id of a request: its path's, its query's, its body's."""
    path, _, query = asked.url.partition("?")
    return [
        *_in_path(operation, path),
        *(
            Named(("query", number), part.partition("=")[2])
            for number, part in enumerate(filter(None, query.split("&")))
            if _is_id(part.partition("=")[2])
        ),
        *(Named(("body", *where), text) for where, text in _texts(asked.body) if _is_id(text)),
    ]


def _in_path(operation: Operation, path: str) -> Iterator[Named]:
    before = ""
    parts = zip(operation.path.split("/"), path.split("/"), strict=True)
    for number, (declared, part) in enumerate(parts):
        if declared.startswith("{"):
            before = part if _is_id(part) else f"{before}/{part}"
            yield Named(("path", number), before)


def _is_id(text: str) -> bool:
    return text == PLATFORM or ANY_ID.fullmatch(text) is not None


def _texts(body: Any, where: Where = ()) -> Iterator[tuple[Where, str]]:
    if isinstance(body, str):
        yield where, body
    elif isinstance(body, Mapping):
        for name, value in body.items():
            yield from _texts(value, (*where, name))
    elif isinstance(body, list | tuple):
        for number, value in enumerate(body):
            yield from _texts(value, (*where, number))


def swapped(asked: Asked, named: Named, other: str) -> Asked:
    """The request with another id in the place of one of its own."""
    kind, *where = named.where
    if kind == "body":
        body = json.loads(json.dumps(asked.body))
        *down, last = where
        inner = body
        for step in down:
            inner = inner[step]
        inner[last] = other
        return replace(asked, body=body)
    path, mark, query = asked.url.partition("?")
    number = int(where[0])
    if kind == "query":
        parts = query.split("&")
        parts[number] = f"{parts[number].partition('=')[0]}={other}"
        return replace(asked, url=f"{path}{mark}{'&'.join(parts)}")
    steps = path.split("/")
    # A name inside a thing is written alone: `3` of `com_7k2m9x4a/3`.
    steps[number] = other if _is_id(steps[number]) else other.rpartition("/")[2]
    return replace(asked, url="/".join(steps) + mark + query)


def absent(any_id: str) -> str:
    """An id of the same form that nothing has."""
    kind = kind_of(any_id)
    if kind == "scope":
        return any_id if any_id == PLATFORM else f"{any_id.rpartition('/')[0]}/97"
    if kind == "room":
        return re.sub(r"_[^_]*$", "_97-9-9797", any_id)
    letters = 8 if kind == "com" else 26
    return any_id[:-letters] + "q0" * (letters // 2)


ANYBODYS = frozenset({"bind_phone", "bind_wechat_phone", "claim_room"})
"""Views by which whoever is signed in may name anything: what they make of it is their own, and
the answer names nothing else."""


@dataclass(frozen=True)
class Scopes:
    """Where things are: by their ids, or by the room that is stored with them.

    `companies` holds which community is of which company.
    """

    rooms: Mapping[str, str]
    companies: frozenset[tuple[str, str]]

    def of(self, any_id: str) -> str | None:
        """The scope of what an id names; None for people, who are nobody's."""
        kind = kind_of(any_id)
        if kind in ("scope", "com", "co"):
            return any_id
        if kind == "room":
            return ids.room_scope(any_id)
        if any_id in self.rooms:
            return ids.room_scope(self.rooms[any_id])
        inner = any_id.split("_")
        return f"com_{inner[1]}" if len(inner) == 3 else None

    def reached(self, own: Iterable[str], any_id: str) -> bool:
        """Whether one of these grants' scopes reaches what an id names, or the company above."""
        scope = self.of(any_id)
        return scope is not None and any(
            reaches(held, scope) or (held.partition("/")[0], scope) in self.companies
            for held in own
        )


def reaches(own: str, scope: str) -> bool:
    """Whether a grant on `own` covers a scope, or a part of the whole community that it is."""
    return covers(own, scope) or ("/" not in scope and covers(scope, own))


def scopes_of(items: Iterable[Mapping[str, Any]]) -> Scopes:
    """Where things are that are stored with their room, and the communities of companies."""
    rooms, companies = {}, set()
    for item in items:
        if {"id", "room_id"} <= item.keys():
            rooms[item["id"]["S"]] = item["room_id"]["S"]
        if "company_id" in item:
            keys = in_text(f"{item['pk']['S']} {item['sk']['S']}")
            companies |= {(one, item["company_id"]["S"]) for one in keys}
    return Scopes(rooms, frozenset(companies))
