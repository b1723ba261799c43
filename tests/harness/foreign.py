"""Foreign ids (A2): every id of every request swapped for one that exists and is none of theirs.

The story is told twice.  All that the first telling stored is written into the world of the
second under other ids: once with another community and other people in it (abroad), once as
another household of the same building, once in another building.  So each id of the second
telling has foreign ones of its kind that really exist, and the people of the first telling, under
their other ids, see them.  Just before a request is sent, each of its ids, in the path, the query
or the body, is swapped for a foreign one in the valid caller's name.  The answer must be the one
that an id gets which nothing has, and nothing may be stored.  A person's id is nobody's secret:
there the answer must only be the same for everybody.  One is counted for each swapped id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache

import pytest

from local.apps import load_app
from shared import grants, ids, vault
from shared.app import App, Operation
from shared.auth import (
    PLATFORM,
    PUBLIC,
    Caller,
    Grant,
    Level,
    Role,
    covers,
    from_context,
    to_context,
)
from tests import stories
from tests.harness import named
from tests.harness.actors import Place, levels_of
from tests.harness.gateway import Answer, operation_of
from tests.harness.matrix import UNNAMED, heard_of, home_of, sent, stored, writes
from tests.harness.moved import Rename, abroad, across, added, moved, next_door
from tests.harness.named import Named, Scopes
from tests.harness.recorder import Asked, Trigger
from tests.harness.rights import holding
from tests.harness.world import World

_COUNT = 2
_OVERSEERS = {Role.PLATFORM_ADMIN, Role.SECURITY_AUDITOR}
"""Roles for which nothing of their scope is another person's own (RULES.md D8)."""
_CURSOR = "cursor"
NO_CURSOR = "bm90aGluZw"
"""A cursor that no list gave out."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)")


@dataclass
class Told:
    """What the first telling leaves: its world, its requests, the rooms that its answers name."""

    world: World
    asked: list[Asked]
    rooms: list[str]


@dataclass(frozen=True)
class Swap:
    """One id of a request swapped, and what came of it.

    Attributes
    ----------
    nothing
        The id that nothing has, and `absent` what it was answered.
    """

    way_in: str
    named: Named
    foreign: str
    nothing: str
    answer: Answer
    absent: Answer
    wrote: bool

    def fault(self) -> str:
        """What is wrong with it, if anything."""
        said = f"{self.way_in}, {self.foreign} for {self.named.id} in its {self.named.where}: "
        if self.answer.status >= 500:
            return f"{said}answered {self.answer.status}"
        if _told(self.answer, self.foreign) != _told(self.absent, self.nothing):
            return f"{said}{self.answer.text[:200]} is not what an absent id gets"
        if self.named.kind == "per":
            return ""
        if self.answer.status < 400 or self.wrote:
            return f"{said}answered {self.answer.status}, {'wrote' if self.wrote else 'read'}"
        if self.named.where[0] == "path" and self.answer.status != 404:
            return f"{said}answered {self.answer.status} instead of 404"
        return f"{said}told of it" if self.foreign in self.answer.text else ""


def _told(answer: Answer, any_id: str) -> tuple[int, str, str]:
    """An answer without the id that was asked for and the moment at which it was."""
    text = _MOMENT.sub("<now>", answer.text.replace(any_id, "<id>"))
    return answer.status, json.dumps(answer.headers), text


@dataclass
class Foreign:
    """What all swaps met, and how the foreign people's own requests were answered.

    `named` holds each kind of id that stood in the requests of a view.
    """

    swaps: list[Swap] = field(default_factory=list)
    named: set[tuple[str, str]] = field(default_factory=set)
    own: list[tuple[str, int]] = field(default_factory=list)

    def unswapped(self) -> set[tuple[str, str]]:
        """The views, and the kinds of their ids, of which none was ever swapped."""
        return self.named - {(swap.way_in, swap.named.kind) for swap in self.swaps}

    def faults(self) -> list[str]:
        """A sentence for each swap that met another answer than it must."""
        unseen = [f"{url} answered its own people {status}" for url, status in self.own
                  if status != 200]  # fmt: skip
        return [*unseen, *filter(None, (swap.fault() for swap in self.swaps))]


def swapped(capability: str, *ways_in: str) -> Foreign:
    """Tell a capability's story twice, and swap the ids of the second telling's requests.

    Parameters
    ----------
    ways_in
        The views whose requests are tried; all of them if none is named.
    """
    with _moveable():
        attack = _Attack(load_app(capability).app, ways_in, _first(capability))
        stories.told(capability, _COUNT, attack)
    return attack.met


@contextmanager
def _moveable() -> Iterator[None]:
    """Let what is sealed open under another id, and in the second telling what the first sealed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vault, "_context", lambda person_id: {"p": "anybody"})
        patch.setattr(vault, "_data_key", cache(lambda table: b"the same in both"))
        yield


def _first(capability: str) -> Told:
    told = Told(World({}, {}), [], [])

    def keep(trigger: Trigger) -> None:
        told.world = stored()
        if trigger.asked is not None:
            told.asked.append(trigger.asked)

    runs = stories.told(capability, _COUNT, keep).runs
    answered = {one for run in runs for one in named.in_text(json.dumps(run.answer))}
    told.rooms = sorted(one for one in answered if named.kind_of(one) == "room")
    return told


class _Attack:
    """What happens before each request of the second telling."""

    def __init__(self, app: App, ways_in: tuple[str, ...], told: Told) -> None:
        self.met = Foreign()
        self._app = app
        self._ways_in = ways_in
        self._told = told
        self._home = UNNAMED
        self._before = told.world
        self._foreign: dict[Rename, dict[str, list[str]]] = {}
        self._cursors: dict[str, str] = {}
        self._oversees = False

    def __call__(self, trigger: Trigger) -> None:
        way_in, asked = trigger.way_in, trigger.asked
        if asked is None:
            return
        if not self._foreign:
            self._move_in()
        operation = operation_of(self._app, asked.method, asked.url)
        ids_named = named.in_request(operation, asked)
        self._home = home_of(self._home, asked, [one.id for one in ids_named])
        if operation.allows is PUBLIC or (self._ways_in and way_in not in self._ways_in):
            return
        if way_in in named.ANYBODYS:
            return
        callers = _least(operation, asked, self._home)
        if callers:
            self.met.named |= {(way_in, one.kind) for one in ids_named}
        self._oversees = operation.allows.roles <= _OVERSEERS
        for held in callers:
            with holding(asked.who.person_id, held):
                self._before = stored()
                scopes = _scopes(self._before)
                caller = from_context(to_context(asked.who.person_id, held), operation.allows)
                theirs = replace(asked, who=caller)
                for one in ids_named:
                    for other in self._others(one, scopes, caller):
                        both = (
                            Swapped(any_id, named.swapped(theirs, one, any_id))
                            for any_id in (other, named.absent(other))
                        )
                        self._swap(way_in, one, *both)
                if way_in in self._cursors:
                    both = (
                        Swapped(cursor, _with_query(theirs, f"{_CURSOR}={cursor}"))
                        for cursor in (self._cursors[way_in], NO_CURSOR)
                    )
                    self._swap(way_in, Named(("query", _CURSOR), _CURSOR), *both)

    def _move_in(self) -> None:
        """Write the first telling's world beside the second's, and let its people look at it."""
        empty = stored()
        for rename in (abroad, next_door, across):
            there = moved(self._told.world, empty, rename)
            self._foreign[rename] = _by_kind(there, self._told.rooms, rename)
            now = stored()
            added(now, there).put_back(now)
        for asked in self._told.asked:
            if asked.method == "GET":
                grants = [Grant(g.role, abroad(g.scope)) for g in asked.who.grants]
                context = to_context(abroad(asked.who.person_id), grants)
                same = replace(asked, url=abroad(asked.url))
                self.met.own.append((same.url, sent(self._app, same, context).status))
                self._keep_cursor(same, context)

    def _keep_cursor(self, there: Asked, context: Mapping[str, str]) -> None:
        """Keep where a foreign list goes on, if it does; a mere number names nothing foreign."""
        operation = operation_of(self._app, there.method, there.url)
        if _CURSOR in operation.query.__struct_fields__:
            page = sent(self._app, _with_query(there, "limit=1"), context).json
            cursor = page.get("next_cursor")
            if cursor is not None and not cursor.isdigit():
                self._cursors[operation.view.__name__] = cursor

    def _others(self, one: Named, scopes: Scopes, caller: Caller) -> Iterator[str]:
        """The foreign ids of the same kind that this caller must not reach."""
        for rename, known in self._foreign.items():
            if one.kind == "scope" and one.where[0] == "path" and rename is abroad:
                # A name inside a community is swapped within it; the community is an id itself.
                continue
            for other in known.get(one.kind, ()):
                if other != one.id and not self._theirs(rename, other, scopes, caller):
                    yield other
                    break

    def _theirs(self, rename: Rename, other: str, scopes: Scopes, caller: Caller) -> bool:
        """Whether an id is within a caller's scopes after all, or another person's own."""
        own = caller.scopes
        if named.kind_of(other) == "per":
            # Whoever has a right in a building is not foreign to who looks after it, by what the
            # gateway says of them or by what is stored.
            over, looks_after = (grants.grants_of(one) for one in (other, caller.person_id))
            own += tuple(grant.scope for grant in looks_after)
            return any(covers(held, grant.scope) for held in own for grant in over)
        scope = scopes.of(other)
        if scope is not None and self._oversees:
            return any(named.reaches(held, scope) for held in own)
        inner = named.kind_of(other) != "room" and other.count("_") == 2
        if scope is None or (rename is not abroad and inner and other not in scopes.rooms):
            return False
        return any(named.reaches(held, scope) for held in own)

    def _swap(self, way_in: str, one: Named, foreign: Swapped, absent: Swapped) -> None:
        answer, wrote = self._tried(foreign.asked)
        nothing, _ = self._tried(absent.asked)
        self.met.swaps.append(Swap(way_in, one, foreign.id, absent.id, answer, nothing, wrote))

    def _tried(self, asked: Asked) -> tuple[Answer, bool]:
        """An answer, and whether it changed what is stored, which is put back."""
        context = to_context(asked.who.person_id, asked.who.grants)
        answer, calls = heard_of(self._app, asked, context)
        after = stored() if writes(calls) else self._before
        if after == self._before:
            return answer, False
        self._before.put_back(after)
        return answer, True


@dataclass(frozen=True)
class Swapped:
    """A request with another id in it."""

    id: str
    asked: Asked


def _with_query(asked: Asked, query: str) -> Asked:
    """The request with this parameter, in the place of one of its name."""
    path, _, rest = asked.url.partition("?")
    name = query.partition("=")[0]
    others = [part for part in rest.split("&") if part and part.partition("=")[0] != name]
    return replace(asked, url=f"{path}?{'&'.join([*others, query])}")


def _least(operation: Operation, asked: Asked, home: Place) -> list[tuple[Grant, ...]]:
    """The valid caller's grants; of one for whom nothing is foreign, those of lesser roles.

    Where no lesser role has the permission, nothing is foreign to anybody who has it.  A butler's
    is added where it is enough, since a building is less than a community.
    """
    roles = operation.allows.roles
    at = (Level.ROOM, Level.BUILDING, Level.COMMUNITY, Level.COMPANY)
    lesser = [role for role in sorted(roles) if levels_of(role) & set(at)]
    if not any(grant.scope == PLATFORM for grant in asked.who.grants):
        least = [role for role in lesser if role is Role.BUTLER]
        return [asked.who.grants, *(_held(role, home, at) for role in least)]
    return [_held(role, home, at) for role in lesser]


def _held(role: Role, home: Place, at: tuple[Level, ...]) -> tuple[Grant, ...]:
    level = next(level for level in at if level in levels_of(role))
    grant = Grant(role, home.scope(level))
    # The authorizer lets a grant on a company stand for each of its communities.
    return (grant, Grant(role, home.community)) if level is Level.COMPANY else (grant,)


def _by_kind(world: World, rooms: list[str], rename: Rename) -> dict[str, list[str]]:
    """The ids of a world by their kinds; those of the rooms as well that were told of."""
    stored_ids = {one for kept in world.items.values() for item in kept.values()
                  for one in named.in_text(str(item))}  # fmt: skip
    own = {rename(room) for room in rooms} if rename is abroad else set(rooms)
    streets = {"/".join(ids.room_parts(room)[:2]) for room in own}
    found: dict[str, list[str]] = {}
    for one in sorted(stored_ids | own | streets):
        found.setdefault(named.kind_of(one), []).append(one)
    return found


def _scopes(world: World) -> Scopes:
    return named.scopes_of(item for kept in world.items.values() for item in kept.values())
