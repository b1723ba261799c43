"""What the machine of `community` looks at: who is shown what, and whether all is kept as told."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from shared import grants
from shared.auth import PLATFORM, Grant, Role
from tests.community.invariants import broken
from tests.community.model import MAY, RESIDENTS, RIGHTS, Building, Import, level
from tests.community.model_homes import Homes
from tests.harness.gateway import Answer
from tests.harness.machines import Machine, Person, refuse, same_times
from tests.harness.oracles import Item, Plain, event_of, instant, partition, plain
from tests.harness.rights import hold

# z runs the platform, y and x a company each, m and n a community of theirs; the others come.
LETTERS = "zyxmnbtrs"
PEOPLE = st.sampled_from(LETTERS)
NUMBERS = st.integers(0, 11)
_FOUNDED = (("y", 0, "清河家园"), ("y", 1, "云栖苑"), ("x", 2, "望江府"))
_ROOM = ("101", "102", "201")
ADDRESS = "南京市雨花台区清河路18号"


class Looks(Machine):
    """Looks at companies, rights and the register, compares what is stored."""

    tenants = re.compile(r"co(m)?_[0-9a-hjkmnp-tv-z]{8}|per_(\w)\2{25}")

    def __init__(self) -> None:
        super().__init__()
        self._forget()
        self.people, self.model = self.world.scene(self._found)
        # Whether the scene was made or remembered, nothing else of it is known.
        self._forget()

    def _forget(self) -> None:
        self.sent: list[Callable[[], None]] = []
        self.forms: dict[str, str] = {}
        self.tasks: dict[str, dict[str, dict[str, Any]]] = {}
        self.results: dict[str, dict[str, str]] = {}
        self._stream: list[Item] = []
        self._told: set[str] = set()

    def _found(self) -> tuple[dict[str, Person], Homes]:
        """Two companies with an admin each, three communities, two of them with a manager."""
        self.people = {letter: Person(letter) for letter in LETTERS}
        self.model = Homes(self.people["z"])
        hold("per_" + "z" * 26, Grant(Role.PLATFORM_ADMIN, PLATFORM))
        self.feel("z")
        for number, letter in enumerate("yx"):
            self.register_company("z", number, number)
            self.give("z", letter, "company_admin", self.companies[number])
        for letter, number, name in _FOUNDED:
            self.open_community(letter, f"key-{number:04}", self.companies[number // 2], name)
        self.feel("y", "x")
        self.give("y", "m", "community_manager", self.communities[0])
        self.give("x", "n", "community_manager", self.communities[2])
        return self.people, self.model

    def register_company(self, letter: str, key: int, name: int) -> None:
        """Take a company on."""
        raise NotImplementedError

    def open_community(self, letter: str, key: str, company_id: str, name: str) -> None:
        """Open a community."""
        raise NotImplementedError

    def give(self, giver: str, letter: str, role: str, scope: str) -> None:
        """Give a role, and let it be felt."""
        raise NotImplementedError

    @property
    def companies(self) -> list[str]:
        """Every company's id, in the order they came."""
        return [one["company_id"] for one in self.model.companies.values()]

    @property
    def communities(self) -> list[str]:
        """Every community's id, in the order they came."""
        return [one["community_id"] for one in self.model.communities.values()]

    @property
    def imports(self) -> list[Import]:
        """Every import, in the order they came."""
        return list(self.model.imports.values())

    def feel(self, *letters: str) -> None:
        """Let the authorizer tell of people's rights as they are now."""
        for letter in letters:
            person = self.people[letter]
            person.grants = self.model.held(person.person_id, self.now)

    def scope(self, number: int) -> str:
        """One of the scopes that rights are given on, now and then one that is none."""
        here, there = self.communities[0], self.communities[2]
        scopes = [here, there, self.companies[0], self.companies[1], f"{here}/1", f"{there}/1/1"]
        scopes += [PLATFORM, self.communities[1], f"{here}/1/1/101", "com_00000000", "co_x", here]
        return scopes[number % len(scopes)]

    def room(self, number: int) -> str:
        """The scope of one of the rooms that there are, or could be."""
        community_id = self.communities[(0, 0, 2, 1)[number % 4]]
        return f"{community_id}/{1 + number // 8}/1/{_ROOM[number % len(_ROOM)]}"

    @property
    def known_rooms(self) -> list[str]:
        """The scopes of the rooms that there are."""
        known = self.model.buildings.items()
        return ["/".join((*at, *key)) for at, building in known for key in building.rooms]

    @rule(letter=PEOPLE)
    def sign_in(self, letter: str) -> None:
        """The authorizer looks somebody's rights up."""
        person = self.people[letter]
        found = grants.grants_of(person.person_id)
        wanted = self.model.held(person.person_id, self.now)
        assert sorted((g.role, g.scope) for g in found) == sorted((g.role, g.scope) for g in wanted)
        person.grants = wanted

    @rule(letter=PEOPLE)
    def show_me(self, letter: str) -> None:
        """Somebody asks who they are."""
        answer = self.world.ask(self.people[letter], "GET", "/me")
        names = {one["community_id"]: one["name"] for one in self.model.communities.values()}
        shown = [(g["role"], g["scope"], g["community_name"]) for g in answer.json["grants"]]
        held = self.people[letter].grants
        assert shown == [(g.role, g.scope, names.get(g.scope.split("/")[0])) for g in held]

    @rule(letter=PEOPLE, number=NUMBERS)
    def list_what_there_is(self, letter: str, number: int) -> None:
        """Somebody lists companies, and the communities of one."""
        who, company_id = self.people[letter], self.companies[number % len(self.companies)]
        refused = not who.may(MAY["list_companies"], PLATFORM)
        self._lists(who, "/companies?limit=1", refused, "company_id", self.companies)
        refused = not who.may(MAY["list_communities"], company_id)
        url, wanted = f"/communities?company_id={company_id}", self.model.of_company(company_id)
        self._lists(who, f"{url}&limit=2", refused, "community_id", wanted)

    @rule(letter=PEOPLE, number=NUMBERS)
    def look_at_community(self, letter: str, number: int) -> None:
        """Somebody looks at a community and at its counts."""
        who, community_id = self.people[letter], [*self.communities, "com_00000000"][number % 4]
        answer = self.world.ask(who, "GET", f"/communities/{community_id}")
        if self.agrees(answer, self.model.community, who, "get_community", community_id):
            kept = self.model.community(who, "get_community", community_id)
            assert same_times(answer.json) == kept
        answer = self.world.ask(who, "GET", f"/communities/{community_id}/statistics")
        if self.agrees(answer, refuse, not who.may(MAY["statistics"], community_id)):
            buildings = self._buildings(community_id)
            counts = {name: self.model.counts[community_id, name] for name in answer.json}
            rooms = sum(len(building.rooms) for building in buildings.values())
            own = {"community_id": community_id, "buildings": len(buildings), "rooms": rooms}
            assert answer.json == counts | own

    @rule(letter=PEOPLE, number=NUMBERS)
    def list_rights(self, letter: str, number: int) -> None:
        """Somebody lists who has which role somewhere, and who is bound to a room."""
        who, scope = self.people[letter], self.scope(number)
        refused = not who.may(MAY["list_grants"], scope)
        if level(scope) in ("platform", "company", "community") and scope != "co_x":
            staff = [h for h in self.model.holdings.values() if h["role"] not in RESIDENTS]
            wanted = [h for h in staff if h["scope"].split("/")[0] == scope]
            self._holdings(who, f"/grants?scope={scope}&limit=3", refused, wanted)
        room = self.room(number)
        wanted = [h for h in self.model.holdings.values() if h["scope"] == room]
        if not who.may(MAY["list_residents"] - {"owner"}, room):
            # An owner sees who lives there now.
            known = self.model.holdings.items()
            wanted = [h for k, h in known if k[2] == room and self.model.holds(k, self.now)]
        refused = not who.may(MAY["list_residents"], room)
        self._holdings(who, f"/rooms/{room_id(room)}/residents?limit=2", refused, wanted)

    @rule(letter=PEOPLE, number=NUMBERS)
    def look_at_register(self, letter: str, number: int) -> None:
        """Somebody looks at buildings, at the rooms of one, at a single room."""
        who, room = self.people[letter], self.room(number)
        community_id, name = room.split("/")[:2]
        buildings = self._buildings(community_id)
        answer = self.world.ask(who, "GET", f"/communities/{community_id}/buildings")
        if self.agrees(answer, refuse, not who.reaches(MAY["view"], community_id)):
            told = {one["building"]: one["rooms"] for one in answer.json["items"]}
            assert told == {
                one: len(building.rooms)
                for one, building in buildings.items()
                if who.reaches(MAY["view"], f"{community_id}/{one}")
            }
        url = f"/communities/{community_id}/buildings/{name}/rooms?limit=2"
        refused = not who.may(MAY["view"], f"{community_id}/{name}") or name not in buildings
        rooms = buildings.get(name, Building()).rooms
        wanted = [room_id(f"{community_id}/{name}/{unit}/{number}") for unit, number in rooms]
        self._lists(who, url, refused, "room_id", wanted)
        answer = self.world.ask(who, "GET", f"/rooms/{room_id(room)}")
        kept = self.model.room(room)
        if self.agrees(answer, refuse, not who.may(MAY["view"], room) or kept is None):
            self.shows_room(answer, kept)

    def shows_room(self, answer: Answer, kept: dict[str, Any] | None) -> None:
        """Fail unless an answer shows a room as the model has it."""
        told = answer.json
        shown = {"area": told["built_area_dm2"], "use": told["use"], "version": told["version"]}
        assert shown == kept

    @precondition(lambda self: self.model.imports)
    @rule(letter=PEOPLE, number=NUMBERS)
    def look_at_imports(self, letter: str, number: int) -> None:
        """Somebody looks at an import, and lists those of its community."""
        who, found = self.people[letter], self.imports[-1 - number % len(self.imports)]
        answer = self.world.ask(who, "GET", f"/imports/{found.id}")
        if self.agrees(answer, self.model.imported, who, found):
            self.shows_import(answer, found)
        own = [one.id for one in self.imports if one.community_id == found.community_id]
        refused = not who.may(MAY["change"], found.community_id)
        url = f"/communities/{found.community_id}/imports?limit=2"
        self._lists(who, url, refused, "import_id", own)

    def shows_import(self, answer: Answer, found: Import) -> None:
        """Fail unless an answer shows an import as the model has it."""
        told = answer.json
        assert (told["state"], told["version"]) == (found.state, found.version)
        outcomes = {plan["building"]: plan["outcome"] for plan in told["buildings"]}
        assert outcomes == found.outcomes
        for plan in told["buildings"]:
            if plan["outcome"] != "blocked":
                wanted = found.totals[plan["building"]]
                assert {name: plan["totals"][name] for name in wanted} == dict(wanted)

    def _lists(
        self, who: Person, url: str, refused: bool, name: str, wanted: Iterable[str]
    ) -> None:
        """Turn the pages of a list; it holds these, each once."""
        found = self._pages(who, url, refused)
        if found is not None:
            assert sorted(one[name] for one in found) == sorted(wanted)

    def _holdings(self, who: Person, url: str, refused: bool, wanted: list[dict[str, Any]]) -> None:
        found = self._pages(who, url, refused)
        if found is not None:
            shown = [self.model.shown(one, self.now) for one in wanted]
            order = ("person_id", "role", "scope")
            assert sorted((same_times(one) for one in found), key=lambda h: [h[n] for n in order]) \
                == sorted(shown, key=lambda h: [h[n] for n in order])  # fmt: skip

    def _pages(self, who: Person, url: str, refused: bool) -> list[Any] | None:
        found: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = self.world.ask(who, "GET", url + (f"&cursor={cursor}" if cursor else ""))
            if not self.agrees(answer, refuse, refused):
                return None
            found += answer.json["items"]
            cursor = answer.json["next_cursor"]
        return found

    def _buildings(self, community_id: str) -> dict[str, Building]:
        """A community's buildings that have rooms."""
        known = self.model.buildings.items()
        return {key[1]: kept for key, kept in known if key[0] == community_id and kept.rooms}

    @precondition(lambda self: self._stream)
    @rule(count=st.integers(1, 12), twice=st.booleans())
    def relay(self, count: int, twice: bool) -> None:
        """The stream brings changes to the relay, now and then again; all reach the bus."""
        images = self._stream[:count]
        self._stream = self._stream[0 if twice else count :]
        assert self.world.relay(images) == [event_of(plain(image)) for image in images]

    def broken(self, items: Iterable[Item]) -> list[str]:
        """What the oracles find wrong."""
        return broken(items, self.now)

    def compare(self, items: Iterable[Item]) -> None:
        """Companies, rights, register and counts are stored as the model has them."""
        kinds: dict[str, list[Plain]] = {}
        for item in items:
            known = plain(item)
            kinds.setdefault(partition(known)[1], []).append(known)
            if "event" in known and event_of(known)["id"] not in self._told:
                self._told.add(event_of(known)["id"])
                self._stream.append(item)
        assert sorted(one["sk"] for one in kinds["companies"]) == sorted(self.companies)
        assert sorted(one["sk"] for one in kinds["communities"]) == sorted(self.communities)
        self._compare_rights(kinds)
        self._compare_register(kinds)
        counts = Counter(
            {
                (partition(one)[0], name): value
                for one in kinds.get("counts", ())
                for name, value in one.items()
                if name.startswith("repairs_")
            }
        )
        assert counts == self.model.counts

    def _compare_rights(self, kinds: dict[str, list[Plain]]) -> None:
        names = ("name", "standing", "by", "reason", "version")
        stored = {
            (one["person_id"], one["role"], one["scope"]): [
                *({**one, "by": _shown_by(one)}[name] for name in names),
                RIGHTS - set(filter(None, one.get("off", "").split("-"))),
                instant(one["until"]) if "until" in one else None,
            ]
            for one in (*kinds["grants"], *kinds.get("residents", ()))
        }
        assert stored == {
            key: [
                *(one.get(name, "") for name in names),
                one.get("rights", RIGHTS),
                one.get("until"),
            ]
            for key, one in self.model.holdings.items()
        }
        rights = {(partition(one)[2], one["role"], one["scope"]) for one in kinds["person"]}
        claims = {partition(one)[2]: one["state"] for one in kinds.get("claim", ())}
        assert claims == {one["id"]: one["state"] for one in self.model.claims.values()}
        held = self.model.rights.items()
        assert rights == {(person_id, *right) for person_id, own in held for right in own}

    def _compare_register(self, kinds: dict[str, list[Plain]]) -> None:
        stored: dict[tuple[str, str], Building] = {}
        for one in kinds.get("building", ()):
            owner, _, name = partition(one)
            building = stored.setdefault((owner, name), Building())
            if one["sk"] == "building":
                building.version, building.import_id = one["version"], one["import_id"]
            elif "body" in one:
                said = json.loads(one["body"])
                building.rooms[said["unit"], said["number"]] = {
                    "area": said["built_area_dm2"],
                    "use": said["use"],
                    "version": one["version"],
                }
        assert stored == {key: kept for key, kept in self.model.buildings.items() if kept.version}
        found = {one["sk"]: (one["state"], one["version"]) for one in kinds.get("imports", ())}
        assert found == {one.id: (one.state, one.version) for one in self.imports}


def room_id(scope: str) -> str:
    """The id of the room that a scope is."""
    community_id, building, unit, number = scope.split("/")
    return f"room_{community_id.removeprefix('com_')}_{building}-{unit}-{number}"


def _shown_by(kept: Plain) -> str:
    """Who did it, as everybody but the log knows it."""
    by: str = kept["by"]
    return "platform" if kept.get("by_platform") and kept["scope"] != "platform" else by
