"""The state machine of the log: it hears, hours are sealed, auditors look, rows are bent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from shared import aws, clock, events
from shared.auth import Grant, Role
from tests.audit.invariants import broken
from tests.audit.model import AUDITORS, HOUR, Model, Row, people
from tests.audit.scene import hour_of
from tests.harness.hours import schedule
from tests.harness.machines import Machine, Person, queued, refuse, same_times
from tests.harness.oracles import Item, event_of, partition, plain

HERE, THERE = "com_a1b2c3d4", "com_e5f6g7h8"
COMPANY = "co_" + "7" * 26
_AUDITOR = Role.SECURITY_AUDITOR
ROLES = {
    "v": [Grant(_AUDITOR, "platform")],
    # The authorizer lets a grant on a company stand for each of its communities.
    "w": [Grant(_AUDITOR, COMPANY), Grant(_AUDITOR, HERE)],
    "x": [Grant(_AUDITOR, "co_" + "8" * 26), Grant(_AUDITOR, THERE)],
    "m": [Grant(Role.COMMUNITY_MANAGER, HERE)],
    "p": [Grant(Role.PLATFORM_ADMIN, "platform")],
    "r": [],
}
LETTERS = "abcd"
LOOKING = st.sampled_from("vvvvwwwxmpr")
SUBJECTS = (
    f"rep_a1b2c3d4_{'1' * 26}",
    f"rep_e5f6g7h8_{'2' * 26}",
    f"gra_{'3' * 26}",
    f"per_{'c' * 26}",
    COMPANY,
)
_WHERE = (HERE, THERE, HERE, "platform", COMPANY)
_EVENTS = st.tuples(st.integers(0, len(SUBJECTS) - 1), st.integers(1, 4))
_NUMBERS = st.integers(0, 11)


def told(number: int, version: int, at: datetime) -> events.Event:
    """A change of one of the subjects; the same each time, but for when it is said to be."""
    data: dict[str, Any] = {"state": version, "reporter_id": f"per_{LETTERS[version - 1] * 26}"}
    if version == 2:
        data["name"] = "王师傅"
    return events.Event(
        id=f"{SUBJECTS[number]}:{version}",
        type="ThingChanged",
        source="things",
        at=at,
        community_id=_WHERE[number],
        subject_id=SUBJECTS[number],
        version=version,
        actor_id="platform" if version == 4 else f"per_{LETTERS[number % 4] * 26}",
        data=data if version != 4 else {},
        for_id=f"per_{'d' * 26}" if version == 3 else "",
    )


class AuditMachine(Machine):
    """Events come in any order and twice, hours are sealed late or early, anybody looks."""

    tenants = re.compile(r"a1b2c3d4|e5f6g7h8|per_(\w)\1{25}")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.people = {letter: Person(letter, *held) for letter, held in ROLES.items()}
        self._first = self.now
        self._stream: list[Item] = []
        self._seen: set[str] = set()

    @rule(which=st.lists(_EVENTS, min_size=1, max_size=5), minutes=st.integers(0, 300))
    def hear(self, which: list[tuple[int, int]], minutes: int) -> None:
        """A batch of events is delivered, some of which happened a while ago or are known."""
        batch = [
            told(number, version, self._first - timedelta(minutes=minutes))
            for number, version in which
        ]
        assert self.world.deliver("record_activity", [queued(event) for event in batch]) == []
        for event in batch:
            self.world.seen["known" if event.id in self.model.heard else "heard"] += 1
            self.model.hear(_shown(event), self.now)

    @rule(minutes=st.sampled_from([1, 9, 11, 29, 61, 61, 200]))
    def time_passes(self, minutes: int) -> None:
        """Minutes or hours go by."""
        self.world.source.now += timedelta(minutes=minutes)

    @rule()
    def seal(self) -> None:
        """The hours that are over are sealed."""
        before = len(self.model.sealed)
        self.world.start("seal_hours", schedule("seal_hours"))
        self.model.seal(self.now)
        self.world.seen["sealed"] += len(self.model.sealed) > before

    @rule(
        letter=LOOKING,
        person=st.sampled_from([None, "a", "b", "d", "q"]),
        subject=st.sampled_from([None, None, None, *SUBJECTS[:3]]),
        place=st.sampled_from([None, None, HERE, THERE, COMPANY, "platform"]),
        since=st.sampled_from([None, None, -240, -60]),
        until=st.sampled_from([None, None, -100, 0]),
        limit=st.integers(1, 5),
    )
    def search(
        self,
        letter: str,
        person: str | None,
        subject: str | None,
        place: str | None,
        since: int | None,
        until: int | None,
        limit: int,
    ) -> None:
        """Somebody looks for a person, a thing or a place, and turns the pages."""
        asked: dict[str, Any] = {
            "person_id": person and f"per_{person * 26}",
            "subject_id": subject,
            "community_id": place,
            "since": since and self._first + timedelta(minutes=since),
            "until": None if until is None else self._first + timedelta(minutes=until),
        }
        self._search(self.people[letter], {k: v for k, v in asked.items() if v}, limit)

    @rule(letter=st.sampled_from("vvwx"), person=st.sampled_from(LETTERS), limit=st.integers(1, 3))
    def search_person(self, letter: str, person: str, limit: int) -> None:
        """An auditor looks for a person, where they are the auditor."""
        asked: dict[str, Any] = {"person_id": f"per_{person * 26}"}
        if letter != "v":
            asked["community_id"] = HERE if letter == "w" else THERE
        self._search(self.people[letter], asked, limit)

    def _search(self, who: Person, asked: dict[str, Any], limit: int) -> None:
        query = "&".join(f"{name}={_text(value)}" for name, value in asked.items())
        found: list[Row] = []
        cursor: str | None = ""
        while cursor is not None:
            url = f"/activities?{query}&limit={limit}" + (f"&cursor={cursor}" if cursor else "")
            answer = self.world.ask(who, "GET", url)
            if not self.agrees(answer, self.model.search, who, asked):
                return
            found += answer.json["items"]
            cursor = answer.json["next_cursor"]
        shown = [same_times(row) for row in found]
        wanted = self.model.search(who, asked)
        assert _sorted(shown) == _sorted(wanted)
        times = [row["at"] for row in shown]
        assert times == sorted(times, reverse=True)
        self.world.seen["found"] += bool(found)

    @rule(letter=LOOKING, since=st.integers(-2, 5), length=st.sampled_from([-1, 0, 3, 48, 49]))
    def check(self, letter: str, since: int, length: int) -> None:
        """Somebody lets some hours be compared with their seals."""
        begin = hour_of(self._first) + since * HOUR
        report = self._check(self.people[letter], begin, begin + length * HOUR)
        if report is not None:
            self._is(report, self._due(begin, begin + length * HOUR))

    def _check(self, who: Person, since: datetime, until: datetime) -> dict[str, Any] | None:
        body = {"since": clock.to_text(since), "until": clock.to_text(until)}
        answer = self.world.ask(who, "POST", "/checks", body)

        def may() -> None:
            refuse(not who.may(AUDITORS, "platform"))
            refuse(until < since, "ends_before_it_begins")
            refuse(until - since > 48 * HOUR, "too_long_a_time")

        return answer.json if self.agrees(answer, may) else None

    def _due(self, since: datetime, until: datetime) -> list[datetime]:
        """The hours that a check between two instants must look at."""
        last = min(hour_of(until), hour_of(self.now - timedelta(minutes=130)))
        first = max(hour_of(since), min(self.model.sealed, default=last + HOUR))
        return [first + n * HOUR for n in range(max(0, round((last - first) / HOUR) + 1))]

    def _is(self, report: dict[str, Any], due: list[datetime]) -> None:
        unsealed = [("seal_missing", _hour(one)) for one in due if one not in self.model.sealed]
        assert [(one["kind"], one["hour"]) for one in report["findings"]] == unsealed
        rows = sum(self.model.rows(one) for one in due)
        assert (report["hours"], report["rows"]) == (len(due), rows)
        self.world.seen["whole" if report["whole"] else "unsealed"] += bool(due)

    @precondition(lambda self: self._bendable())
    @rule(number=_NUMBERS, way=st.sampled_from(["changed", "missing", "added"]))
    def bend(self, number: int, way: str) -> None:
        """Somebody changes, takes away or adds a row of a sealed hour; then it is mended."""
        rows = self._bendable()
        row = rows[number % len(rows)]
        key = row["sk"]["S"]
        table, dynamodb = aws.setting("TABLE"), aws.client("dynamodb")
        if way == "changed":
            dynamodb.put_item(TableName=table, Item={**row, "actor_id": {"S": "per_" + "z" * 26}})
        elif way == "missing":
            dynamodb.delete_item(TableName=table, Key={"pk": row["pk"], "sk": row["sk"]})
        else:
            key = f"{key}0"
            dynamodb.put_item(TableName=table, Item={**row, "sk": {"S": key}})
        hour = datetime.fromisoformat(f"{key.partition('#')[0]}:00:00+00:00")
        report = self._check(self.people["v"], hour, hour)
        assert report is not None
        found = [(one["kind"], one["hour"], one["row"]) for one in report["findings"]]
        assert found == [(f"row_{way}", _hour(hour), key)]
        self.world.seen[f"row_{way}"] += 1
        if way == "added":
            dynamodb.delete_item(TableName=table, Key={"pk": row["pk"], "sk": {"S": key}})
        dynamodb.put_item(TableName=table, Item=row)

    def _bendable(self) -> list[Item]:
        """The rows of hours that a check looks at."""
        due = {_hour(one) for one in self.model.sealed if one <= self.now - timedelta(minutes=190)}
        items = [item for item in self.world.items() if "#log#" in item["pk"]["S"]]
        return [item for item in items if item["sk"]["S"].partition("#")[0] in due]

    @precondition(lambda self: self._stream)
    @rule(count=st.integers(1, 12))
    def relay(self, count: int) -> None:
        """The stream brings what was announced to the relay; all reach the bus."""
        images, self._stream = self._stream[:count], self._stream[count:]
        for image, event in zip(images, self.world.relay(images), strict=True):
            assert event == event_of(plain(image))
            assert event["type"] in ("ActivitySearched", "ActivityLogBroken")

    def broken(self, items: Iterable[Item]) -> list[str]:
        """What the oracles find wrong."""
        return broken(items, self.now)

    def compare(self, items: Iterable[Item]) -> None:
        """Rows and seals are stored as the model has them."""
        rows: dict[str, int] = {}
        seals: dict[str, int] = {}
        for item in items:
            known = plain(item)
            kind = partition(known)[1]
            if kind == "log":
                rows[known["id"]] = rows.get(known["id"], 0) + 1
                assert known["received_at"] == clock.to_text(
                    self.model.heard[known["id"]]["received_at"]
                )
            if kind == "seals":
                seals[known["sk"]] = known["rows"]
            if "event" in known and known["pk"] not in self._seen:
                self._seen.add(known["pk"])
                self._stream.append(item)
        wanted = {one: len(people(row)) or 1 for one, row in self.model.heard.items()}
        assert rows == wanted
        assert seals == {_hour(one): count for one, count in self.model.sealed.items()}
        assert self.world.keys() == {f"seals/{hour}.jsonl" for hour in seals}


def _shown(event: events.Event) -> Row:
    """An event as the log shows it."""
    return {
        "activity_id": event.id,
        "type": event.type,
        "source": event.source,
        "at": event.at,
        "community_id": event.community_id,
        "subject_id": event.subject_id,
        "version": event.version,
        "actor_id": event.actor_id,
        "for_id": event.for_id or None,
        "data": {name: value for name, value in event.data.items() if name != "name"},
    }


def _sorted(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: str(row["activity_id"]))


def _hour(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H}"


def _text(value: object) -> str:
    return clock.to_text(value) if isinstance(value, datetime) else str(value)
