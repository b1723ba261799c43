"""The part of the machine of `community` that lives there: households, claims, people."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from shared import clock, events, vault
from tests.community.machine import OWNER, RELATIONS, SOMEBODY, CommunityMachine, phone
from tests.community.machine_looks import NUMBERS, PEOPLE, room_id
from tests.community.model import MAY, RIGHTS
from tests.community.model_homes import Homes
from tests.harness.machines import Person, queued, refuse, same_times

_LIVING = st.sampled_from("rrstb")
_MEMBERS = ("family_member", "tenant")
_SOMEBODY_ELSE = st.one_of(st.none(), st.none(), _LIVING)
_DECISIONS = st.sampled_from(["confirm", "refuse", "withdraw"])
_ORDER = ("pay", "open", "order", "vote")
_SWITCHES = st.sets(st.sampled_from(sorted(RIGHTS)))


class HomesMachine(CommunityMachine):
    """Owners add, switch and end; people claim, are confirmed, merged, erased and move out."""

    def _found(self) -> tuple[dict[str, Person], Homes]:
        made = super()._found()
        # In the first home of all lives an owner with a child.
        self._bind("m", "r", f"{self.communities[0]}/1/1/101", "owner")
        self._bind("m", "s", f"{self.communities[0]}/1/1/101", "family_member")
        self.feel("r", "s")
        return made

    def _bind(self, giver: str, letter: str, scope: str, relation: str) -> None:
        said = {"person_id": self.people[letter].person_id, "role": relation, "scope": scope}
        body = {"person_id": said["person_id"], "relation": relation}
        url = f"/rooms/{room_id(scope)}/residents"
        self._changes(self.people[giver], url, body, self.model.bind, {**said, "until": None})

    def _home(self, number: int) -> str:
        """One of the rooms that somebody owns, as a rule."""
        owned = [k[2] for k, v in self.model.holdings.items() if k[1] == "owner"]
        return owned[number % len(owned)] if owned and number < 9 else self.room(number)

    def _owner(self, scope: str) -> Person:
        able = [who for who in self.people.values() if who.may({"owner"}, scope)]
        if not able:
            letters = [k[0][4] for k in self.model.lives(scope, "owner")] or ["r"]
            self.feel(letters[0])
            return self.people[letters[0]]
        return able[0]

    def _dweller(self, number: int, to: str | None, *relations: str) -> tuple[str, str, str]:
        """Who lives somewhere, as what and where; or `to`, who may live there or not."""
        living = [
            key
            for key, kept in self.model.holdings.items()
            if key[1] in relations and kept["standing"] == "active"
        ]
        if to or not living:
            return to or "r", relations[number % len(relations)], self._home(number)
        person_id, relation, scope = living[number % len(living)]
        return person_id[4], relation, scope

    @rule(
        letter=SOMEBODY, to=_LIVING, number=NUMBERS, relation=st.sampled_from(_MEMBERS),
        days=st.sampled_from([None, 0, 3]), felt=st.booleans(),
    )  # fmt: skip
    def add_member(
        self, letter: str | None, to: str, number: int, relation: str, days: int | None, felt: bool
    ) -> None:
        """An owner adds somebody to the household, a tenant perhaps for some days."""
        scope = self._home(number)
        who, until = self.people[letter] if letter else self._owner(scope), None
        body: dict[str, Any] = {"person_id": self.people[to].person_id, "relation": relation}
        if relation == "tenant" and days is not None:
            last = clock.estate_date(self.now) + timedelta(days=days)
            body["until"] = last.isoformat()
            until = datetime.combine(last + timedelta(days=1), time(), clock.ESTATE_ZONE)
        said = {"person_id": body["person_id"], "role": relation, "scope": scope, "until": until}
        self._changes(who, f"/rooms/{room_id(scope)}/members", body, self.model.add, said)
        if felt:
            self.feel(to)

    @rule(letter=SOMEBODY, to=_SOMEBODY_ELSE, number=NUMBERS, on=_SWITCHES)
    def switch_rights(self, letter: str | None, to: str | None, number: int, on: set[str]) -> None:
        """An owner switches what somebody may do."""
        dweller, relation, scope = self._dweller(number, to, *_MEMBERS)
        who = self.people[letter] if letter else self._owner(scope)
        self._switch(who, "per_" + dweller * 26, relation, scope, on)

    @rule(number=NUMBERS, on=_SWITCHES)
    def give_a_vote(self, number: int, on: set[str]) -> None:
        """An owner lets whoever rents the home vote, which is not for tenants."""
        scope = self._home(number)
        for person_id, relation, _ in self.model.lives(scope, "tenant")[:1]:
            self._switch(self._owner(scope), person_id, relation, scope, on | {"vote"})

    def _switch(self, who: Person, person_id: str, relation: str, scope: str, on: set[str]) -> None:
        said = {"person_id": person_id, "role": relation, "scope": scope, "rights": on}
        body = {"relation": relation, "rights": {right: right in on for right in RIGHTS}}
        url = f"/rooms/{room_id(scope)}/residents/{person_id}/rights"
        self._changes(who, url, body, self.model.switch, said)

    @rule(letter=SOMEBODY, to=_SOMEBODY_ELSE, number=NUMBERS)
    def leave(self, letter: str | None, to: str | None, number: int) -> None:
        """Somebody moves out, or is sent away."""
        dweller, relation, scope = self._dweller(number, to, "owner", *_MEMBERS)
        who = self.people[letter or dweller]
        body = {"person_id": "per_" + dweller * 26, "relation": relation, "reason": "搬走"}
        said = {"person_id": body["person_id"], "role": relation, "scope": scope, "reason": "搬走"}
        url = f"/rooms/{room_id(scope)}/departures"
        self._changes(who, url, body, self.model.unbind, said)

    @rule(letter=PEOPLE)
    def list_homes(self, letter: str) -> None:
        """Somebody looks at their homes, as they are this moment."""
        who = self.people[letter]
        answer = self.world.ask(who, "GET", "/me/homes")
        shown = [(h["relation"], h["room_id"], h["rights"]) for h in answer.json["items"]]
        known = self.model.holdings.items()
        mine = [(k, h) for k, h in known if k[0] == who.person_id and "rights" in h]
        assert sorted(shown, key=str) == sorted(
            (
                (k[1], room_id(k[2]), {right: right in h["rights"] for right in _ORDER})
                for k, h in mine
                if self.model.holds(k, self.now)
            ),
            key=str,
        )

    @rule(letter=PEOPLE, number=NUMBERS)
    def bind_phone(self, letter: str, number: int) -> None:
        """Somebody shows that a phone is theirs, perhaps the one that the register has."""
        _, building, _, name = self._home(number).split("/")
        said = {"person_version": 1, "phone": vault.blind("phone", phone(building, name)),
                "name": vault.blind("name", OWNER)}  # fmt: skip
        self._hears("PhoneBound", self.people[letter], **said)
        self.model.phones[self.people[letter].person_id] = phone(building, name)

    @rule(letter=_LIVING, number=NUMBERS, relation=RELATIONS, key=st.integers(0, 9))
    def claim(self, letter: str, number: int, relation: str, key: int) -> None:
        """Somebody claims a room."""
        who, scope, name = self.people[letter], self._home(number), f"claim-{key:04}"
        said, owner = {"relation": relation}, phone(*scope.split("/")[1::2])

        def send() -> None:
            answer = self.world.ask(who, "POST", f"/rooms/{room_id(scope)}/claims", said, name)
            claim = self.model.claim
            if self.agrees(answer, claim, who, scope, relation, name, owner, self.now):
                kept = claim(who, scope, relation, name, owner, self.now)
                kept.setdefault("id", answer.json["claim_id"])
                self._shows(answer.json, kept)
                self.world.seen[f"claim {kept['state']}"] += 1

        self._send(send)

    def _shows(self, told: dict[str, Any], kept: dict[str, Any]) -> None:
        names = ("person_id", "state", "by", "at", "reason")
        wanted = [kept["id"], room_id(kept["scope"]), kept["role"], *(kept[n] for n in names)]
        shown = same_times(told)
        assert [shown["claim_id"], shown["room_id"], shown["relation"],
                *(shown[n] for n in names)] == wanted  # fmt: skip

    @precondition(lambda self: self.model.claims)
    @rule(letter=SOMEBODY, number=NUMBERS, action=_DECISIONS)
    def decide(self, letter: str | None, number: int, action: str) -> None:
        """A claim is confirmed, refused or taken back."""
        one = list(self.model.claims.values())[-1 - number % len(self.model.claims)]
        due = self.people[one["person_id"][4]]
        if action != "withdraw":
            due = self._who("bind", one["scope"])
        who, reason = self.people[letter] if letter else due, "已核对"
        url = f"/claims/{one['id']}/decision"
        body = {"confirm": action == "confirm", "reason": reason}
        if action == "withdraw":
            url, reason = f"/claims/{one['id']}/withdrawal", ""

        def send() -> None:
            answer = self.world.ask(who, "POST", url, None if action == "withdraw" else body)
            if self.agrees(answer, self.model.decide, who, one, action, reason, self.now):
                self._shows(answer.json, one)
                self.world.seen[f"claim {one['state']}"] += 1

        self._send(send)

    @rule(letter=PEOPLE, number=NUMBERS)
    def list_claims(self, letter: str, number: int) -> None:
        """Somebody lists the claims that wait, and who lives in a community or a building."""
        who, scope = self.people[letter], self.room(number).rpartition("/")[0]
        answer = self.world.ask(who, "GET", f"/claims?scope={scope}&limit=100")
        if self.agrees(answer, refuse, not who.may(MAY["bind"], scope)):
            waiting = [c["id"] for c in self.model.claims.values() if c["state"] == "pending"
                       and c["scope"].startswith(f"{scope}/")]  # fmt: skip
            assert sorted(c["claim_id"] for c in answer.json["items"]) == sorted(waiting)
        community_id, building = self._home(number).split("/")[:2]
        url = f"/communities/{community_id}/residents?limit=2"
        self._users(who, community_id, url)
        self._users(who, f"{community_id}/{building}", f"{url}&building={building}")

    def _users(self, who: Person, scope: str, url: str) -> None:
        found = self._pages(who, url, not who.may(MAY["list_residents"] - {"owner"}, scope))
        if found is not None:
            self.world.seen["users shown" if found else "nobody shown"] += 1
            names = ("person_id", "relation", "room_id", "standing", "until", "at")
            known = sorted(self.model.holdings.items(), key=lambda kept: (kept[0][2], kept[0]))
            assert [tuple(same_times(one)[n] for n in names) for one in found] == [
                (*k[:2], room_id(k[2]), *(self.model.shown(h, self.now)[n] for n in names[3:]))
                for k, h in known
                if "rights" in h and h["standing"] == "active" and k[2].startswith(f"{scope}/")
            ]

    @rule(letter=_LIVING, into=st.sampled_from([None, "t", "s"]))
    def somebody_is_gone(self, letter: str, into: str | None) -> None:
        """Two records turn out to be one person, or somebody is erased; it is told twice."""
        if letter == into:
            return
        who, more = self.people[letter], {}
        if into:
            more = {"into_id": self.people[into].person_id}
        self._hears("PersonsMerged" if into else "PersonErased", who, **more)
        self.model.gone(who.person_id, more.get("into_id"), "per_" + "z" * 26, self.now)

    def _hears(self, type: str, who: Person, **said: object) -> None:
        event = events.happened(
            type,
            "identity",
            who.person_id,
            1,
            at=clock.now(),
            community_id="platform",
            actor_id="per_" + "z" * 26,
            data={"person_id": who.person_id, **said},
        )
        assert self.world.deliver("follow_people", [queued(event), queued(event)]) == []
