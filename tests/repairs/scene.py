"""The people, rooms and values that tests of repairs speak of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.repairs.model import Category, Kind, Place, Report, Technician
from shared.auth import Grant, Role
from tests.harness.gateway import Answer, send

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
COMMUNITY = "com_7k2m9x4a"
ELSEWHERE = "com_8m3n0y5b"
ROOM = "room_7k2m9x4a_3-1-502"
NEIGHBOUR_ROOM = "room_7k2m9x4a_3-1-503"
GRANT_ID = "gra_01jd0000000000000000000000"


@dataclass(frozen=True)
class Person:
    """Somebody with grants, as the authorizer hands them on."""

    person_id: str
    grants: tuple[Grant, ...]


def person(letter: str, role: Role | None, scope: str) -> Person:
    """A person whose id ends in `letter`, with one grant or none."""
    grants = (Grant(role, scope),) if role else ()
    return Person("per_" + letter * 26, grants)


RESIDENT = person("a", Role.OWNER, f"{COMMUNITY}/3/1/502")
FAMILY = person("b", Role.FAMILY_MEMBER, f"{COMMUNITY}/3/1/502")
NEIGHBOUR = person("c", Role.OWNER, f"{COMMUNITY}/3/1/503")
DISPATCHER = person("d", Role.DISPATCHER, COMMUNITY)
WORKER = person("e", Role.TECHNICIAN, COMMUNITY)
OTHER_WORKER = person("f", Role.TECHNICIAN, COMMUNITY)
BUTLER = person("g", Role.BUTLER, f"{COMMUNITY}/3")
BUTLER_NEXT_DOOR = person("h", Role.BUTLER, f"{COMMUNITY}/4")
GUARD = person("j", Role.GATE_GUARD, COMMUNITY)
FOREIGN_DISPATCHER = person("k", Role.DISPATCHER, ELSEWHERE)
FOREIGN_WORKER = person("m", Role.TECHNICIAN, ELSEWHERE)
FOREIGN_RESIDENT = person("n", Role.OWNER, f"{ELSEWHERE}/3/1/502")
NOBODY = person("p", None, "")


def report(**changes: Any) -> Report:
    """A report of a leaking pipe, or what `changes` make of it."""
    said: dict[str, Any] = {
        "room_id": ROOM,
        "place": Place.OWN,
        "kind": Kind.NORMAL,
        "category": Category.WATER,
        "title": "水管漏水",
        "description": "厨房水管漏水，地上有水",
        "photo_ids": (),
    }
    return Report(**{**said, **changes})


def technician(
    who: Person = WORKER, *, version: int = 1, active: bool = True, scope: str = COMMUNITY
) -> Technician:
    """One grant of a technician."""
    return Technician(who.person_id, "王师傅", scope, GRANT_ID, version, active)


def as_json(said: Report) -> dict[str, Any]:
    """The report as a client sends it."""
    return {
        "room_id": said.room_id,
        "place": said.place,
        "kind": said.kind,
        "category": said.category,
        "title": said.title,
        "description": said.description,
        "photo_ids": list(said.photo_ids),
    }


@dataclass(frozen=True)
class Repairs:
    """The capability as its functions run it: its app, its bucket, and AWS to look behind it."""

    module: Any
    client: Callable[[str], Any]
    table: str
    bucket: str

    def call(
        self, who: Person | None, method: str, url: str, body: Any = None, **headers: str
    ) -> Answer:
        """One request in somebody's name; None is a request that no authorizer spoke for."""
        return send(
            self.module.app,
            method,
            url,
            body=body,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            person_id=who.person_id if who else None,
            grants=who.grants if who else (),
        )

    def items(self) -> list[dict[str, Any]]:
        """Everything in the table, as DynamoDB keeps it."""
        found: list[dict[str, Any]] = self.client("dynamodb").scan(TableName=self.table)["Items"]
        return sorted(found, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    def keys(self) -> list[str]:
        """The keys of everything in the bucket."""
        listed = self.client("s3").list_objects_v2(Bucket=self.bucket)
        return [entry["Key"] for entry in listed.get("Contents", ())]
