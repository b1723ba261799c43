"""The state machine of repairs: two communities at once, every step by anybody, in any order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from shared import clock, events
from tests.harness.machines import Person, queued
from tests.repairs.invariants import STEPS
from tests.repairs.machine_looks import (
    HERE,
    NUMBERS,
    PEOPLE,
    ROLES,
    THERE,
    some_tickets,
)
from tests.repairs.machine_photos import Photos
from tests.repairs.model import RESIDENTS, Ticket, entry

ROOMS = ("room_a1b2c3d4_3-1-502", "room_a1b2c3d4_3-1-503", "room_e5f6g7h8_3-1-502")
_A_LOT = 11
_PATHS = {
    "assign": "assignment",
    "accept": "acceptance",
    "return": "return",
    "start": "start",
    "finish": "completion",
    "rate": "rating",
    "withdraw": "withdrawal",
}
# What leads on comes before what leads back or aside.
_ONWARDS = ("accept", "start", "finish", "rate", "assign", "return", "withdraw")
REPORTERS = st.sampled_from("aaaccnnpbde")
CHOICES = st.sampled_from([0, 0, 0, 1, 2, 3])
WORDS = st.sampled_from(["", "请带水管接头", "没有配件了"])
# Of whom, in the other community, by which of their grants, at which version, as what.
_TOLD = st.tuples(
    st.sampled_from("eefmp"),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([0, 0, 1]),
    st.integers(1, 3),
    st.sampled_from([True, True, True, False]),
)


class RepairsMachine(Photos):
    """Reports, steps, photos, staff that come and go, time that passes."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Callable[[], None]] = []

    @initialize(how_far=st.integers(0, 3))
    def begin(self, how_far: int) -> None:
        """The technicians were granted their role long ago, and a first ticket is on its way."""
        self._hear([(letter, False, 0, 1, True) for letter in "efmp"])
        self.report("a", None, 0, 1, False, None)
        for _ in range(how_far):
            self.go_further(0, 0)

    @rule(
        letter=REPORTERS,
        room=st.sampled_from([None, None, None, *ROOMS]),
        key=st.integers(0, 2),
        words=st.integers(0, 3),
        emergency=st.booleans(),
        photo=st.sampled_from([None, None, None, 0, 1, 5]),
    )
    def report(
        self,
        letter: str,
        room: str | None,
        key: int,
        words: int,
        emergency: bool,
        photo: int | None,
    ) -> None:
        """Somebody reports, from their own room as a rule."""
        who = self.people[letter]
        said = {
            "room_id": room or self._room_of(who),
            "place": "public" if words == 3 else "own",
            "kind": "emergency" if emergency else "normal",
            "category": "water" if words else "lift",
            "title": "漏水" if words == 1 else "",
            "description": f"厨房水管漏水，第 {words} 处",
            "photo_ids": [] if photo is None else [self._photo_of(who, photo)],
        }
        self._report(who, said, f"key-{key:04}")

    @precondition(some_tickets)
    @rule(number=NUMBERS)
    def report_the_same(self, number: int) -> None:
        """Whoever waits for long says it once more, and again; or else under the old key."""
        request, ticket = list(self.model.tickets.items())[-1 - number % len(self.tickets)]
        names = ("room_id", "place", "kind", "category", "title", "description", "photo_ids")
        said, who = {name: ticket[name] for name in names}, self.people[request[1][4]]
        for _ in range(2):
            self._report(who, said, f"same-{len(self.sent):04}")
        self._report(who, {**said, "title": "还没修"}, request[2])

    @precondition(lambda self: len(self.model.tickets) < _A_LOT)
    @rule(letter=st.sampled_from("acn"), count=st.sampled_from([3, _A_LOT]))
    def report_a_lot(self, letter: str, count: int) -> None:
        """Somebody reports until they are stopped."""
        for number in range(count):
            said = {
                "room_id": {"a": ROOMS[0], "c": ROOMS[1], "n": ROOMS[2]}[letter],
                "place": "own",
                "kind": "normal",
                "category": "other",
                "title": "",
                "description": f"厨房水管漏水，{number} 号 {self.now}",
                "photo_ids": [],
            }
            self._report(self.people[letter], said, f"{self.now:%m%d%H%M%S%f}")

    def _room_of(self, who: Person) -> str:
        """Somebody's own room, or any."""
        for scope in who.scopes(RESIDENTS):
            return "room_" + scope[4:].replace("/", "_", 1).replace("/", "-")
        return ROOMS[0]

    def _report(self, who: Person, said: dict[str, Any], key: str) -> None:
        def send() -> None:
            answer = self.world.ask(who, "POST", "/tickets", said, key)
            if self.agrees(answer, self.model.report, who, said, key, self.now):
                community_id = "com_" + said["room_id"].split("_")[1]
                made = self.model.tickets[community_id, who.person_id, key]
                made["ticket_id"] = made["ticket_id"] or answer.json["ticket_id"]
                self.shows(answer, made)

        self._send(send)

    @precondition(some_tickets)
    @rule(
        number=NUMBERS,
        action=st.sampled_from(sorted(_PATHS)),
        letter=st.one_of(st.none(), st.none(), PEOPLE),
        seen=st.sampled_from([0, 0, 0, -1, 1]),
        worker=st.sampled_from("eefmpa"),
        words=WORDS,
        stars=st.integers(1, 5),
    )
    def step(
        self,
        number: int,
        action: str,
        letter: str | None,
        seen: int,
        worker: str,
        words: str,
        stars: int,
    ) -> None:
        """Anybody takes any step, having seen this version or another one."""
        ticket = self.one(number)
        who = self.people[letter] if letter else self._whose(ticket, action)
        version = max(1, ticket["version"] + seen)
        self._step(ticket, action, who, version, self._said(action, who, worker, words, stars))

    @precondition(some_tickets)
    @rule(number=NUMBERS, choice=CHOICES, worker=st.sampled_from("eefmp"), words=WORDS)
    def go_on(self, number: int, choice: int, worker: str, words: str) -> None:
        """Whose turn it is takes a step that leads on."""
        self._go_on(self.one_open(number), choice, worker, words)

    def _go_on(self, ticket: Ticket, choice: int, worker: str, words: str) -> None:
        open_to = [name for name in _ONWARDS if ticket["state"] in STEPS[name].sources]
        if not open_to:
            return
        action = open_to[choice % len(open_to)]
        who = self._whose(ticket, action)
        if action == "finish" and not self._photos_of(who, ticket["community_id"]):
            self._ask_photo(who, ticket["community_id"], "place-work")
        said = self._said(action, who, worker, words, 1 + choice % 5)
        self._step(ticket, action, who, ticket["version"], said)

    @precondition(some_tickets)
    @rule(number=NUMBERS)
    def try_all(self, number: int) -> None:
        """Whose step it would be tries each, wrongly; then one of them goes on."""
        ticket = self.one_open(number)
        for action in _ONWARDS:
            beside = int(ticket["state"] in STEPS[action].sources)
            who = self._whose(ticket, action)
            said = self._said(action, who, "e", "试试", 3)
            self._step(ticket, action, who, ticket["version"] + beside, said)
        self._go_on(ticket, number % 4 if number > 7 else 0, "e", "")

    @precondition(some_tickets)
    @rule(number=NUMBERS, choice=CHOICES)
    def go_further(self, number: int, choice: int) -> None:
        """Most often things go their way."""
        self.go_on(number, choice, "e", "")

    def _whose(self, ticket: Ticket, action: str) -> Person:
        """Whose step it is; the dispatcher's where nobody has the ticket in hand."""
        owner = ticket.get(f"{STEPS[action].actor}_id")
        if owner is None:
            return self.people["d" if ticket["community_id"] == HERE else "k"]
        return self.people[owner[4]]

    def _said(
        self, action: str, who: Person, worker: str, words: str, stars: int
    ) -> dict[str, Any]:
        """What is said with a step, as the timeline keeps it."""
        if action == "assign":
            return {"worker_id": self.people[worker].person_id, "note": words}
        if action in ("return", "withdraw"):
            return {"note": words or "不用修了"}
        if action == "finish":
            return {"photo_ids": [self._photo_of(who, stars)], "note": words}
        if action == "rate":
            rating = {"speed": stars, "attitude": 6 - stars, "quality": 3}
            return {"rating": rating, "note": words}
        return {}

    def _step(
        self, ticket: Ticket, action: str, who: Person, version: int, said: dict[str, Any]
    ) -> None:
        body: dict[str, Any] = {"version": version, **said.get("rating", {})}
        body |= {name: value for name, value in said.items() if name not in ("rating", "note")}
        word = {"return": "reason", "withdraw": "reason", "rate": "comment"}.get(action, "note")
        if "note" in said:
            body[word] = said["note"]

        def send() -> None:
            url = f"/tickets/{ticket['ticket_id']}/{_PATHS[action]}"
            answer = self.world.ask(who, "POST", url, body)
            wanted = entry(action, who, version, self.now, **said)
            before = ticket["version"]
            if self.agrees(answer, self.model.step, ticket, wanted, who):
                self.shows(answer, ticket)
                self.world.seen[action if ticket["version"] > before else "repeated"] += 1

        self._send(send)

    def _send(self, request: Callable[[], None]) -> None:
        self.sent.append(request)
        request()

    @precondition(lambda self: self.sent)
    @rule(back=st.integers(0, 9))
    def again(self, back: int) -> None:
        """A request comes again, just as it was: its answer was lost, or somebody is impatient."""
        self.sent[-1 - back % len(self.sent)]()

    @rule(letter=st.sampled_from("an"), kind=st.sampled_from(["good", "bad"]))
    def report_with_photo(self, letter: str, kind: str) -> None:
        """Somebody reports with a photo that was examined, unless it was none."""
        who = self.people[letter]
        self._ask_photo(who, HERE if letter == "a" else THERE, f"shown-{len(self.forms):04}")
        if not self.forms:
            # Their rights have ended, and nobody has a photo.
            return
        self.upload(0, kind)
        self.take_photos([0])
        photo_id = self._form(0)
        said = {
            "room_id": self._room_of(who),
            "place": "public",
            "kind": "normal",
            "category": "wall",
            "title": "",
            "description": "楼道墙皮脱落，见照片",
            "photo_ids": [photo_id],
        }
        self._report(who, said, f"photo-{len(self.sent):04}")

    @rule(told=st.lists(_TOLD, min_size=1, max_size=3))
    def hear_of_staff(self, told: list[tuple[str, bool, int, int, bool]]) -> None:
        """What community tells of staff comes in any order, twice, or late."""
        self._hear(told)

    @rule(letter=st.sampled_from("efm"))
    def hear_late(self, letter: str) -> None:
        """What happened to a grant is told in the wrong order."""
        person_id = self.people[letter].person_id
        known = max(one["version"] for one in self.model.told if one["person_id"] == person_id)
        self._hear([(letter, False, 0, known + 2, True), (letter, False, 0, known + 1, True)])

    def _hear(self, told: list[tuple[str, bool, int, int, bool]]) -> None:
        bodies = []
        for letter, elsewhere, number, version, technician in told:
            who = self.people[letter]
            community_id = THERE if (letter in "mp") != elsewhere else HERE
            change = {
                "person_id": who.person_id,
                "grant_id": f"gra_{letter * 17}{community_id[4:]}{number}",
                "version": version,
                "active": version % 2 == 1,
                "scope": community_id,
                "name": f"{letter}师傅{number}",
                "community_id": community_id,
            }
            if technician:
                self.model.told.append(change)
            role = "technician" if technician else "gate_guard"
            bodies.append(queued(_staff_event(change, role)))
        assert self.world.deliver("keep_staff", bodies) == []

    @rule(letter=st.sampled_from("aeeadkmnp"), back=st.sampled_from([True, True, False]))
    def rights(self, letter: str, back: bool) -> None:
        """Somebody's rights end, or begin again, as the authorizer tells it from now on."""
        self.people[letter].grants = list(ROLES[letter]) if back else []

    @rule(minutes=st.sampled_from([1, 16, 61, 121, 60 * 49, 60 * 24 * 8]))
    def time_passes(self, minutes: int) -> None:
        """Minutes, hours or days go by."""
        self.world.source.now += timedelta(minutes=minutes)

    @precondition(some_tickets)
    @rule(number=NUMBERS, beyond=st.integers(-1, 1))
    def time_comes(self, number: int, beyond: int) -> None:
        """Somebody goes on just before, at or after the instant when it is due or final."""
        rated = [t for t in self.tickets if t["state"] == "closed"]
        ticket = rated[-1] if rated and number % 2 else self.one(number)
        at = ticket["due_at"] or ticket["closed_at"] + timedelta(days=7)
        # The next request comes a millisecond later.
        at += timedelta(milliseconds=beyond - 1)
        self.world.source.now = max(self.now, at)
        self._go_on(ticket, 0, "e", f"{beyond}")


def _staff_event(change: dict[str, Any], role: str) -> events.Event:
    return events.happened(
        "StaffGranted" if change["active"] else "StaffRevoked",
        "community",
        change["grant_id"],
        change["version"],
        at=clock.now(),
        community_id=change["community_id"],
        actor_id="per_" + "q" * 26,
        data={**{name: change[name] for name in ("person_id", "scope", "name")}, "role": role},
    )
