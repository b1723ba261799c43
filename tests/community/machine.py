"""The state machine of `community`: two companies, three communities, everything interleaved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from shared import clock, events
from tests.community.machine_looks import ADDRESS, NUMBERS, PEOPLE, Looks, room_id
from tests.community.model import GRANTABLE, MAY, Import, Key
from tests.community.model_homes import Homes
from tests.community.register.register_files import csv_of
from tests.community.register.scene import notification, rows_of
from tests.harness.machines import Person, queued, same_times
from tests.harness.oracles import event_of, plain

ROLES = st.sampled_from([*sorted(GRANTABLE), *("community_manager", "butler") * 2, "owner"])
RELATIONS = st.sampled_from(["owner", "owner", "owner", "tenant", "family_member"])
SOMEBODY = st.one_of(st.none(), st.none(), PEOPLE)
AREAS = st.dictionaries(
    st.sampled_from(["1", "1", "2"]),
    st.dictionaries(st.sampled_from(["101", "102", "201"]), st.integers(1, 3), min_size=1),
    min_size=1,
)
OWNER = "王芳"
_COMPANIES = ("安居物业", "万福物业", "同心物业")
_CODE = "91320114MA1MABCD0K"
_EVENTS = ("RepairReported", "RepairFinished", "RepairWithdrawn", "RepairRated", "RepairAssigned")
Said = dict[str, dict[str, int]]


class CommunityMachine(Looks):
    """Companies, rights, bindings, imports, rooms corrected by hand, repairs counted."""

    def _found(self) -> tuple[dict[str, Person], Homes]:
        made = super()._found()
        self.feel("m", "n")
        for letter, place in (("m", 0), ("n", 2)):
            self._bring_in(self.people[letter], self.communities[place], {"1": {"101": 1}})
        return made

    @rule(letter=st.sampled_from("zzzym"), key=st.integers(0, 3), name=st.integers(0, 2))
    def register_company(self, letter: str, key: int, name: int) -> None:
        """Somebody takes a company on."""
        who, said = self.people[letter], {"name": _COMPANIES[name], "credit_code": _CODE}

        def send() -> None:
            answer = self.world.ask(who, "POST", "/companies", said, f"key-{key:04}")
            register = self.model.register_company
            if self.agrees(answer, register, who, said, f"key-{key:04}", self.now):
                made = self.model.companies[who.person_id, f"key-{key:04}"]
                made.setdefault("company_id", answer.json["company_id"])
                assert {**answer.json, "created_at": made["created_at"]} == made

        self._send(send)

    @rule(letter=st.sampled_from("yyxzm"), key=st.integers(0, 4), number=NUMBERS)
    def register_community(self, letter: str, key: int, number: int) -> None:
        """Somebody opens a community, of one company or another."""
        company_id = self.companies[number % len(self.companies)]
        self.open_community(letter, f"key-{key:04}", company_id, "清河家园")

    def open_community(self, letter: str, key: str, company_id: str, name: str) -> None:
        """Open a community."""
        who = self.people[letter]
        said = {"company_id": company_id, "name": name, "address": ADDRESS}

        def send() -> None:
            answer = self.world.ask(who, "POST", "/communities", said, key)
            if self.agrees(answer, self.model.register_community, who, said, key, self.now):
                made = self.model.communities[who.person_id, key]
                made.setdefault("community_id", answer.json["community_id"])
                assert {**answer.json, "created_at": made["created_at"]} == made

        self._send(send)

    def give(self, giver: str, letter: str, role: str, scope: str) -> None:
        """Give a role, and let it be felt."""
        self._grant(self.people[giver], self.people[letter], role, scope)
        self.feel(letter)

    @rule(giver=SOMEBODY, letter=PEOPLE, role=ROLES, number=NUMBERS, felt=st.booleans())
    def grant(self, giver: str | None, letter: str, role: str, number: int, felt: bool) -> None:
        """Somebody gives a role: who may, as a rule."""
        scope = self.scope(number)
        who = self.people[giver] if giver else self._giver(role, scope)
        self._grant(who, self.people[letter], role, scope)
        if felt:
            self.feel(letter)

    @rule(number=NUMBERS, letter=st.sampled_from("btrsmn"), felt=st.booleans())
    def grant_well(self, number: int, letter: str, felt: bool) -> None:
        """Who may gives a role that is given there."""
        here, there = self.communities[0], self.communities[2]
        wanted = (
            ("butler", f"{here}/1"), ("technician", here), ("butler", there),
            ("community_manager", self.communities[1]), ("company_admin", self.companies[0]),
            ("security_auditor", "platform"), ("finance_clerk", self.companies[1]),
            ("dispatcher", there),
        )  # fmt: skip
        role, scope = wanted[number % len(wanted)]
        self._grant(self._giver(role, scope), self.people[letter], role, scope)
        if felt:
            self.feel(letter)

    def _grant(self, who: Person, to: Person, role: str, scope: str) -> None:
        said = {"person_id": to.person_id, "role": role, "scope": scope, "name": "小钱"}
        self._changes(who, "/grants", said, self.model.grant, said)

    @precondition(lambda self: self.model.holdings)
    @rule(giver=SOMEBODY, number=NUMBERS, felt=st.booleans(), same=st.sampled_from([1, 1, 0, 2]))
    def revoke(self, giver: str | None, number: int, felt: bool, same: int) -> None:
        """Somebody takes a role away that was given or was not, or lays down their own."""
        staff = [one for one in self.model.holdings.values() if "name" in one]
        one = staff[-1 - number % len(staff)]
        role, scope = one["role"], one["scope"] if same else self.scope(number)
        who = self.people[giver] if giver else self._giver(role, scope)
        who = self.people[one["person_id"][4]] if same == 2 else who
        said = {"person_id": one["person_id"], "role": role, "scope": scope, "reason": "离职"}
        self._changes(who, "/revocations", said, self.model.revoke, said)
        if felt:
            self.feel(one["person_id"][4])

    @precondition(lambda self: self.model.holdings)
    @rule(letter=st.sampled_from("mny"), number=NUMBERS)
    def give_what_was_lost(self, letter: str, number: int) -> None:
        """Somebody gives by a right that was taken away a moment ago."""
        giver = self.people[letter]
        for role, scope in sorted(self.model.rights[giver.person_id]):
            said = {"person_id": giver.person_id, "role": role, "scope": scope, "reason": "离职"}
            self._changes(self._giver(role, scope), "/revocations", said, self.model.revoke, said)
        for role, scope in (("butler", self.communities[2 * (letter == "n")]),
                            ("company_admin", self.companies[0])):  # fmt: skip
            self._grant(giver, self.people["trs"[number % 3]], role, scope)

    def _giver(self, role: str, scope: str) -> Person:
        """Who may give a role on a scope, if anybody may."""
        givers = GRANTABLE.get(role, (set(), MAY["grant"]))[1]
        able = [who for who in self.people.values() if who.may(givers, scope)]
        return able[0] if able else self.people["z"]

    @rule(
        letter=SOMEBODY, to=st.sampled_from("rrstm"), number=NUMBERS, relation=RELATIONS,
        leaves=st.booleans(),
    )  # fmt: skip
    def bind(self, letter: str | None, to: str, number: int, relation: str, leaves: bool) -> None:
        """A resident is bound to a room, and may leave it again."""
        known = [*self.known_rooms, self.room(number)]
        scope = known[number % len(known)]
        who = self.people[letter] if letter else self._who("bind", scope)
        url = f"/rooms/{room_id(scope)}"
        person_id = self.people[to].person_id
        said = {"person_id": person_id, "role": relation, "scope": scope, "until": None}
        body = {"person_id": said["person_id"], "relation": relation}
        self._changes(who, f"{url}/residents", body, self.model.bind, said)
        if leaves:
            why = {"reason": "搬走"}
            self._changes(who, f"{url}/departures", body | why, self.model.unbind, said | why)

    def _changes(
        self,
        who: Person,
        url: str,
        body: dict[str, Any],
        says: Callable[..., object],
        said: dict[str, Any],
    ) -> None:
        """A request that changes a holding; its answer shows the holding."""

        def send() -> None:
            answer = self.world.ask(who, "PUT" if "rights" in body else "POST", url, body)
            if self.agrees(answer, says, who, said, self.now):
                key = (said["person_id"], said["role"], said["scope"])
                kept = self.model.holdings[key]
                told = self.model.shown(kept, self.now)
                assert same_times(answer.json) == told
                self.world.seen[f"{kept['role']} {told['standing']}"] += 1

        self._send(send)

    def _send(self, request: Callable[[], None]) -> None:
        self.sent.append(request)
        request()

    @precondition(lambda self: self.sent)
    @rule(back=st.integers(0, 9))
    def again(self, back: int) -> None:
        """A request comes again, just as it was: its answer was lost, or somebody is impatient."""
        self.sent[-1 - back % len(self.sent)]()

    @rule(
        letter=SOMEBODY, number=NUMBERS, said=AREAS, meanwhile=st.one_of(st.none(), AREAS),
        whole=st.booleans(),
    )  # fmt: skip
    def bring_in(
        self, letter: str | None, number: int, said: Said, meanwhile: Said | None, whole: bool
    ) -> None:
        """A register file goes all the way, and another one may overtake it."""
        community_id = self.communities[(0, 2, 1)[number % 3]]
        who = self.people[letter] if letter else self._who("change", community_id)
        self._bring_in(who, community_id, said, meanwhile, whole)

    def _bring_in(
        self,
        who: Person,
        community_id: str,
        said: Said,
        meanwhile: Said | None = None,
        whole: bool = True,
    ) -> None:
        found = self._open(who, community_id, f"file-{len(self.imports):04}", "台账.csv")
        if found is None:
            return
        self._read(found, said, set())
        if meanwhile:
            self._bring_in(who, community_id, meanwhile)
        self._commit(who, found, found.version)
        for name in sorted(found.changes)[0 if whole else 1 :]:
            self._take(found, name)
        self._finish(found)

    def _who(self, action: str, scope: str) -> Person:
        """Somebody who may do a thing, if anybody may."""
        able = [who for who in self.people.values() if who.may(MAY[action], scope)]
        return able[-1] if able else self.people["z"]

    @rule(letter=SOMEBODY, number=NUMBERS, key=st.integers(0, 2))
    def open_import(self, letter: str | None, number: int, key: int) -> None:
        """Somebody opens an import, or opens it again."""
        community_id = self.communities[(0, 0, 2, 1)[number % 4]]
        name = "旧台账.csv" if number > 9 else "台账.csv"
        who = self.people[letter] if letter else self._who("change", community_id)
        self._open(who, community_id, f"key-{key:04}", name)

    def _open(self, who: Person, community_id: str, key: str, name: str) -> Import | None:
        url = f"/communities/{community_id}/imports"
        answer = self.world.ask(who, "POST", url, {"file_name": name}, key)
        made = Import("", community_id, name, who.person_id, self.now)
        if not self.agrees(answer, self.model.request_import, who, community_id, key, made):
            return None
        found = self.model.opened[community_id, who.person_id, key]
        found.id = found.id or answer.json["import_id"]
        self.model.imports[found.id] = found
        self.forms[found.id] = answer.json["upload"]["fields"]["key"]
        assert (answer.json["import_id"], answer.json["version"]) == (found.id, found.version)
        return found

    def _waiting(self, *states: str) -> list[Import]:
        return [one for one in self.imports if one.state in states and one.id in self.forms]

    @precondition(lambda self: self._waiting("awaiting_file"))
    @rule(number=NUMBERS, said=AREAS, bad=st.sampled_from(["", "", "1", "2"]))
    def read(self, number: int, said: Said, bad: str) -> None:
        """A file is uploaded and read; a row of it may be wrong."""
        waiting = self._waiting("awaiting_file")
        self._read(waiting[-1 - number % len(waiting)], said, {bad} & said.keys())

    def _read(self, found: Import, said: Said, bad: set[str]) -> None:
        rows = [
            row
            for name, areas in said.items()
            for number, area in _dm2(areas).items()
            for row in rows_of(name, {number: area}, 业主姓名=OWNER, 联系电话=phone(name, number))
        ]
        rows += [row for name in sorted(bad) for row in rows_of(name, {"901": -5})]
        self.world.upload(self.forms[found.id], csv_of(*rows))
        told = notification(self.forms[found.id])
        # A bucket tells of an upload at least once.
        assert self.world.deliver("read_register", [told, told]) == []
        areas: dict[str, dict[Key, int]] = {
            name: {("1", number): area for number, area in _dm2(of).items()}
            for name, of in said.items()
        }
        self.model.read(found, areas, bad)

    @precondition(lambda self: self._waiting("awaiting_file", "ready", "committing", "committed"))
    @rule(letter=SOMEBODY, number=NUMBERS, seen=st.sampled_from([0, 0, 0, -1, 1]))
    def commit(self, letter: str | None, number: int, seen: int) -> None:
        """Somebody applies a dry run, having seen this version or another one."""
        waiting = self._waiting("awaiting_file", "ready", "committing", "committed")
        found = waiting[-1 - number % len(waiting)]
        who = self.people[letter or found.by[4]]
        self._commit(who, found, max(1, found.version + seen))

    def _commit(self, who: Person, found: Import, seen: int) -> None:
        answer = self.world.ask(who, "POST", f"/imports/{found.id}/commit", {"version": seen})
        if self.agrees(answer, self.model.commit, who, found, seen, self.now):
            self.shows_import(answer, found)
        if found.state == "committing" and found.id not in self.tasks:
            # As the rule of the bus hands them to the state machine.
            stored = (plain(item) for item in self.world.items())
            told = next(event_of(item) for item in stored if item["sk"] == found.id)
            self.tasks[found.id] = {task["building"]: task for task in told["data"]["tasks"]}
            assert self.tasks[found.id].keys() == found.changes.keys()

    @precondition(lambda self: self._waiting("committing"))
    @rule(number=NUMBERS, building=st.integers(0, 1), times=st.integers(1, 2))
    def take(self, number: int, building: int, times: int) -> None:
        """The state machine brings an import into one building, and may do so twice."""
        waiting = self._waiting("committing")
        found = waiting[-1 - number % len(waiting)]
        names = sorted(found.changes)
        for _ in range(times if names else 0):
            self._take(found, names[building % len(names)])

    def _take(self, found: Import, name: str) -> None:
        if found.state != "committing":
            return
        answer = self.world.start("commit_building", self.tasks[found.id][name])
        outcome = self.model.take(found, name)
        assert answer == {"building": name, "outcome": outcome}
        self.world.seen[outcome] += 1
        self.results.setdefault(found.id, {}).setdefault(name, outcome)

    @precondition(lambda self: self._waiting("committing"))
    @rule(number=NUMBERS)
    def finish(self, number: int) -> None:
        """The state machine has done what it could; what it did not get to has failed."""
        waiting = self._waiting("committing")
        self._finish(waiting[-1 - number % len(waiting)])

    def _finish(self, found: Import) -> None:
        if found.state == "ready":
            return
        done = self.results.get(found.id, {})
        results = {name: done.get(name, "failed") for name in found.changes}
        event = {
            "import_id": found.id,
            "results": [{"building": name, "outcome": out} for name, out in results.items()],
        }
        for _ in range(2):
            answer = self.world.start("finish_import", event)
            self.model.finish(found, results)
            assert answer == {"import_id": found.id, "state": found.state}
        self.world.seen[found.state] += 1

    @rule(
        letter=SOMEBODY, number=NUMBERS, seen=st.sampled_from([0, 0, -1, 1]),
        area=st.integers(1, 3), shop=st.booleans(),
    )  # fmt: skip
    def edit_room(self, letter: str | None, number: int, seen: int, area: int, shop: bool) -> None:
        """Somebody corrects a room by hand, having seen this version or another one."""
        known = [*self.known_rooms, self.room(number)]
        scope = known[number % len(known)]
        who = self.people[letter] if letter else self._who("change", scope)
        kept = self.model.room(scope) or {"version": 1}
        version = max(1, kept["version"] + seen)
        said: dict[str, Any] = {"area": area * 100}
        if shop:
            said["use"] = "shop"
        body = {"version": version, "built_area_dm2": said["area"]} | (
            {"use": "shop"} if shop else {}
        )

        def send() -> None:
            answer = self.world.ask(who, "PATCH", f"/rooms/{room_id(scope)}", body)
            if self.agrees(answer, self.model.edit, who, scope, version, said):
                self.shows_room(answer, self.model.room(scope))

        self._send(send)

    @rule(told=st.lists(st.tuples(st.integers(0, 2), NUMBERS, st.integers(0, 4)), min_size=1))
    def hear_of_repairs(self, told: list[tuple[int, int, int]]) -> None:
        """What repairs tell comes in any order, and some of it twice."""
        bodies = []
        for place, version, kind in told[:5]:
            community_id = self.communities[place]
            event = events.happened(
                _EVENTS[kind],
                "repairs",
                f"rep_{community_id[4:]}_{kind:026}",
                version + 1,
                at=clock.now(),
                community_id=community_id,
                actor_id="per_" + "r" * 26,
            )
            self.model.hear(event.id, event.type, community_id)
            bodies.append(queued(event))
        assert self.world.deliver("count_repairs", bodies) == []

    @rule(hours=st.sampled_from([1, 30, 24 * 8]))
    def time_passes(self, hours: int) -> None:
        """Hours or days go by."""
        self.world.source.now += timedelta(hours=hours)


def phone(building: str, number: str) -> str:
    """The phone that the register has for a room."""
    return f"1380000{building}{number}"


def _dm2(areas: dict[str, int]) -> dict[str, int]:
    """Areas in whole square metres, as the register counts them."""
    return {number: area * 100 for number, area in areas.items()}
