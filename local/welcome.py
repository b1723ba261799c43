"""What `make run` shows a newcomer: whom they can be, and three requests that work when pasted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from rich.table import Table

from local.people import Person
from shared import ids

_ALWAYS_SHOWN = frozenset({"company_admin", "community_manager"})


def table(people: Sequence[Person], places: Mapping[str, str]) -> Table:
    """The first person of each role, every chief and manager, and how to get their tokens.

    Parameters
    ----------
    places
        The names of companies and communities by their ids.
    """
    shown = list(_samples(people))
    others = len(people) - len(shown)
    found = Table(
        title="People",
        caption=f"and {others} others in build/local.json; a token: make token WHO=…",
        title_justify="left",
        caption_justify="left",
    )
    found.add_column("name", no_wrap=True)
    found.add_column("role", no_wrap=True)
    found.add_column("where")
    found.add_column("make token WHO=", no_wrap=True)
    for person in shown:
        where = "\n".join(_where(scope, places) for scope in person.scope.split())
        found.add_row(person.name, person.role, where, person.username)
    return found


def requests(people: Sequence[Person], base_url: str) -> Iterator[tuple[str, str]]:
    """Three requests as lines for a shell, each with a word about what it shows."""
    resident = next(person for person in people if person.role == "owner")
    room_id = _room_id(resident.scope.split()[0])
    yield (
        f"我是谁 Who am I: {resident.name}, at home in two communities",
        _line(resident, f"{base_url}/community/me"),
    )
    butler = next(person for person in people if person.role == "butler")
    community_id, building = butler.scope.split("/")
    rooms = f"/community/communities/{community_id}/buildings/{quote(building)}/rooms?limit=2"
    yield (
        f"楼里的房屋 The first rooms of a building, owners masked, for {butler.name}, its butler",
        _line(butler, f"'{base_url}{rooms}'"),
    )
    report = {
        "room_id": room_id,
        "place": "own",
        "kind": "normal",
        "category": "water",
        "description": "厨房水龙头漏水，关不紧",
    }
    body = json.dumps(report, ensure_ascii=False, separators=(",", ":"))
    yield (
        f"报修 {resident.name} reports a dripping tap; the same key twice is one report",
        _line(
            resident,
            f'-H "Idempotency-Key: first-repair" -H "Content-Type: application/json" '
            f"-d '{body}' {base_url}/repairs/tickets",
        ),
    )


def _line(person: Person, rest: str) -> str:
    return f'curl -s -H "Authorization: Bearer $(make -s token WHO={person.username})" {rest}'


def _samples(people: Sequence[Person]) -> Iterator[Person]:
    met: set[str] = set()
    for person in people:
        if person.role not in met or person.role in _ALWAYS_SHOWN:
            yield person
        met.add(person.role)


def _where(scope: str, places: Mapping[str, str]) -> str:
    """清河家园 3-2-602 for `com_…/3/2/602`; what has no name stays as it is."""
    place, *inside = scope.split("/")
    return f"{places.get(place, place)} {'-'.join(inside)}".strip()


def _room_id(scope: str) -> str:
    community_id, *key = scope.split("/")
    return ids.room_id(community_id, key[0], key[1], key[2])
