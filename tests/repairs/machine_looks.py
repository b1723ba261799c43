"""What the machine of repairs looks at: who is shown what, and whether all is kept as told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from shared import clock
from shared.auth import Grant, Role
from tests.harness.gateway import Answer
from tests.harness.machines import Machine, Person, refuse, same_times
from tests.harness.oracles import Item, Plain, instant, partition, plain
from tests.repairs.invariants import STEPS, broken
from tests.repairs.model import (
    DISPATCHERS,
    OVERSEERS,
    RESIDENTS,
    WORKERS,
    Model,
    Ticket,
    mine,
    sees,
)

HERE, THERE = "com_a1b2c3d4", "com_e5f6g7h8"
ROLES = {
    "a": [Grant(Role.OWNER, f"{HERE}/3/1/502")],
    "b": [Grant(Role.FAMILY_MEMBER, f"{HERE}/3/1/502")],
    "c": [Grant(Role.OWNER, f"{HERE}/3/1/503")],
    "d": [Grant(Role.DISPATCHER, HERE)],
    "e": [Grant(Role.TECHNICIAN, HERE)],
    "f": [Grant(Role.TECHNICIAN, HERE)],
    "g": [Grant(Role.BUTLER, f"{HERE}/3")],
    "h": [Grant(Role.BUTLER, f"{HERE}/4")],
    "j": [Grant(Role.GATE_GUARD, HERE)],
    "k": [Grant(Role.DISPATCHER, THERE)],
    "m": [Grant(Role.TECHNICIAN, THERE)],
    "n": [Grant(Role.TENANT, f"{THERE}/3/1/502")],
    # Whoever lives in one community and works in another must not mix them.
    "p": [Grant(Role.OWNER, f"{HERE}/3/1/502"), Grant(Role.TECHNICIAN, THERE)],
    "q": [Grant(Role.COMMUNITY_MANAGER, HERE), Grant(Role.COMMUNITY_MANAGER, THERE)],
    "r": [],
}
PEOPLE = st.sampled_from(sorted(ROLES))
COMMUNITIES = st.sampled_from([HERE, HERE, THERE])
NUMBERS = st.integers(0, 11)
_STORED_TIMES = {"reported_at", "due_at", "done_at", "closed_at"}
_DIGEST = re.compile("/[0-9a-f]{16}(?=[._])")
_STORED_JSON = {"rating", "photo_ids"}


def some_tickets(machine: Looks) -> bool:
    """Whether there is any ticket."""
    return bool(machine.model.tickets)


class Looks(Machine):
    """Looks at tickets and lists, takes changes to the bus, compares what is stored."""

    tenants = re.compile(r"a1b2c3d4|e5f6g7h8|per_(\w)\1{25}")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.people = {letter: Person(letter, *held) for letter, held in ROLES.items()}
        self.bytes: dict[str, str] = {}
        self._stream: list[Item] = []
        self._versions: dict[str, int] = {}

    @property
    def tickets(self) -> list[Ticket]:
        """Every ticket, in the order of their reports."""
        return list(self.model.tickets.values())

    def one(self, number: int) -> Ticket:
        """One of the tickets."""
        return self.tickets[-1 - number % len(self.tickets)]

    def one_open(self, number: int) -> Ticket:
        """One of the tickets that are not at their end, or any."""
        found = [t for t in self.tickets if t["closed_at"] is None] or self.tickets
        return found[-1 - number % len(found)]

    @precondition(some_tickets)
    @rule(number=NUMBERS, letter=PEOPLE)
    def look(self, number: int, letter: str) -> None:
        """Somebody looks at a ticket, and so do who lives or works next to whom it concerns."""
        for looking in dict.fromkeys((letter, "b", "f")):
            self._look(self.one(number), self.people[looking])

    def _look(self, ticket: Ticket, who: Person) -> None:
        answer = self.world.ask(who, "GET", f"/tickets/{ticket['ticket_id']}")
        if self.agrees(answer, refuse, not sees(who, ticket)):
            photos = dict.fromkeys(one for e in ticket.entries for one in e["photo_ids"])
            told = same_times(answer.json)
            unsaid = ("audience", "from_version")
            assert [{**e, "hash": ""} for e in told.pop("timeline")] == [
                {name: value for name, value in e.items() if name not in unsaid} | {"hash": ""}
                for e in ticket.entries
            ]
            shown = {one["photo_id"]: one for one in told.pop("photos")}
            states = {one: photo["state"] for one, photo in shown.items()}
            assert states == {one: self.model.photos[one]["state"] for one in photos}
            for photo in shown.values():
                assert (photo["url"] is not None) == (photo["state"] == "ready")
            self._is(told, ticket)

    @rule(letter=PEOPLE, which=st.sampled_from(["my-tickets", "my-jobs"]), limit=st.integers(1, 4))
    def list_own(self, letter: str, which: str, limit: int) -> None:
        """Somebody lists what they reported, or the jobs in their hand."""
        who, roles = self.people[letter], RESIDENTS if which == "my-tickets" else WORKERS
        wanted = [t for t in self.tickets if mine(who, t, which)]
        self._lists(who, f"/{which}?limit={limit}", not who.scopes(roles), wanted)

    @rule(letter=PEOPLE, community_id=COMMUNITIES, closed=st.booleans(), limit=st.integers(1, 4))
    def list_tickets(self, letter: str, community_id: str, closed: bool, limit: int) -> None:
        """Somebody lists a community's tickets: those that are open, or ended this month."""
        who, url = self.people[letter], f"/tickets?community_id={community_id}&limit={limit}"
        month = f"{clock.estate_date(self.now):%Y-%m}"
        wanted = [
            ticket
            for ticket in self.tickets
            if ticket["community_id"] == community_id and who.may(OVERSEERS, ticket.scope)
            if (ticket["closed_at"] is not None) == closed
            if not closed or f"{clock.estate_date(ticket['closed_at']):%Y-%m}" == month
        ]
        refused = not who.reaches(OVERSEERS, community_id)
        self._lists(who, f"{url}&state=closed" if closed else url, refused, wanted)

    @rule(letter=st.sampled_from("ddkqaeg"), community_id=COMMUNITIES)
    def list_technicians(self, letter: str, community_id: str) -> None:
        """Somebody lists to whom jobs may be given."""
        who = self.people[letter]
        answer = self.world.ask(who, "GET", f"/technicians?community_id={community_id}")
        refused = not who.reaches(DISPATCHERS, community_id)
        if self.agrees(answer, refuse, refused):
            names = ("person_id", "name", "scope")
            known = self.model.technicians(community_id)
            assert answer.json["items"] == [{name: one[name] for name in names} for one in known]

    def _lists(self, who: Person, url: str, refused: bool, wanted: list[Ticket]) -> None:
        """Turn the pages of a list; it holds these tickets, each once."""
        found: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = self.world.ask(who, "GET", url + (f"&cursor={cursor}" if cursor else ""))
            if not self.agrees(answer, refuse, refused):
                return
            found += answer.json["items"]
            cursor = answer.json["next_cursor"]
        by_id = {ticket["ticket_id"]: ticket for ticket in wanted}
        assert sorted(one["ticket_id"] for one in found) == sorted(by_id)
        names = ("version", "state", "overdue", "assignee_name")
        for one in found:
            ticket = by_id[one["ticket_id"]]
            assert [one[name] for name in names] == [self._api(ticket)[name] for name in names]

    @precondition(lambda self: self._stream)
    @rule(count=st.integers(1, 12), twice=st.booleans())
    def relay(self, count: int, twice: bool) -> None:
        """The stream brings changes to the relay, now and then again; all reach the bus."""
        images = self._stream[:count]
        self._stream = self._stream[0 if twice else count :]
        for image, event in zip(images, self.world.relay(images), strict=True):
            ticket = next(t for t in self.tickets if t["ticket_id"] == event["subject_id"])
            version = int(image["version"]["N"])
            step = STEPS[ticket.entries[version - 1]["action"]]
            assert event["id"] == f"{ticket['ticket_id']}:{version}"
            assert (event["type"], event["data"]["state"]) == (step.event, step.target)

    def broken(self, items: Iterable[Item]) -> list[str]:
        """What the oracles find wrong."""
        return broken(items, self.now)

    def compare(self, items: Iterable[Item]) -> None:
        """Tickets, photos and technicians are stored as the model has them."""
        stored: dict[str, list[Plain]] = {"ticket": [], "photo": [], "staff": [], "quotas": []}
        for item in items:
            known = plain(item)
            stored[partition(known)[1]].append(known)
            if "event" in known and self._versions.get(known["id"], 0) < known["version"]:
                self._versions[known["id"]] = known["version"]
                self._stream.append(item)
        by_id = {ticket["ticket_id"]: ticket for ticket in self.tickets}
        assert sorted(one["id"] for one in stored["ticket"]) == sorted(by_id)
        for one in stored["ticket"]:
            _kept(one, by_id[one["id"]])
        active = {(partition(one)[0], one["sk"]) for one in stored["staff"] if one["active"]}
        assert active == {
            (where, f"{one['person_id']}#{one['grant_id']}")
            for where in (HERE, THERE)
            for one in self.model.technicians(where)
        }
        photos = {one["id"]: one["state"] for one in stored["photo"]}
        assert photos == {one: photo["state"] for one, photo in self.model.photos.items()}
        kept = set()
        for photo_id, place in self.model.photos.items():
            stem = f"{place['community']}/{photo_id}"
            if photo_id in self.bytes:
                kept.add(f"quarantine/{stem}")
            if place["state"] == "ready":
                kept |= {f"photos/{stem}.jpg", f"photos/{stem}_thumb.jpg"}
        stored_keys = self.world.keys()
        assert {_DIGEST.sub("", key) for key in stored_keys} == kept

    def shows(self, answer: Answer, ticket: Ticket) -> None:
        """Fail unless an answer shows a ticket as the model has it."""
        self._is(same_times(answer.json), ticket)

    def _is(self, told: dict[str, Any], ticket: Ticket) -> None:
        del told["state_zh"], told["state_en"]
        assert told == self._api(ticket)

    def _api(self, ticket: Ticket) -> dict[str, Any]:
        due_at = ticket["due_at"]
        self.world.seen["overdue"] += due_at is not None and due_at <= self.now
        return {**ticket, "overdue": due_at is not None and due_at <= self.now}


def _kept(stored: Plain, ticket: Ticket) -> None:
    """Fail unless a ticket is stored as the model has it."""
    for name, value in ticket.items():
        kept = stored.get("id" if name == "ticket_id" else name)
        if name == "community_id":
            kept = partition(stored)[0]
        elif kept is not None and name in _STORED_TIMES:
            kept = instant(kept)
        elif kept is not None and name in _STORED_JSON:
            kept = json.loads(kept)
        assert kept == value, f"{stored['id']} keeps {name} {kept}, {value} was due"
    timeline = [{**e, "at": instant(e["at"])} for e in json.loads(stored["timeline"])]
    assert [{**e, "hash": ""} for e in timeline] == [{**e, "hash": ""} for e in ticket.entries]
