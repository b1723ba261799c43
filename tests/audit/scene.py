"""The people, things and moments that tests of the log speak of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared import aws, clock, events
from shared.auth import Grant, Role
from tests.harness.gateway import Answer, send
from tests.harness.hours import hours_later

COMPANY = "co_" + "7" * 26
COMMUNITY = "com_7k2m9x4a"
TICKET = "rep_7k2m9x4a_" + "1" * 26
GRANT_ID = "gra_" + "2" * 26
RESIDENT_ID, CLERK_ID, DAUGHTER_ID = ("per_" + letter * 26 for letter in "aed")


Item = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """Somebody with grants, as the authorizer hands them on."""

    person_id: str
    grants: tuple[Grant, ...]


AUDITOR = Person("per_" + "v" * 26, (Grant(Role.SECURITY_AUDITOR, "platform"),))
# The authorizer lets a grant on a company stand for each of its communities.
COMPANY_AUDITOR = Person(
    "per_" + "w" * 26,
    (Grant(Role.SECURITY_AUDITOR, COMPANY), Grant(Role.SECURITY_AUDITOR, COMMUNITY)),
)
MANAGER = Person("per_" + "m" * 26, (Grant(Role.COMMUNITY_MANAGER, COMMUNITY),))


def happened(number: int = 1, **changes: Any) -> events.Event:
    """The `number`th step of a ticket, or what `changes` make of it."""
    told: dict[str, Any] = {
        "id": f"{TICKET}:{number}",
        "type": "RepairAssigned",
        "source": "repairs",
        "at": clock.now(),
        "community_id": COMMUNITY,
        "subject_id": TICKET,
        "version": number,
        "actor_id": CLERK_ID,
        "data": {"state": "dispatched", "reporter_id": RESIDENT_ID},
    }
    return events.Event(**{**told, **changes})


def granted(name: str) -> events.Event:
    """Somebody became a technician, under this name."""
    return happened(
        id=f"{GRANT_ID}:1",
        type="StaffGranted",
        source="community",
        subject_id=GRANT_ID,
        version=1,
        actor_id=MANAGER.person_id,
        data={"person_id": CLERK_ID, "role": "technician", "scope": COMMUNITY, "name": name},
    )


def hour_of(moment: datetime) -> datetime:
    """The hour in which an instant falls."""
    return moment.replace(minute=0, second=0, microsecond=0)


def queued(*told: events.Event) -> dict[str, Any]:
    """A batch of the queue with these events."""
    return {
        "Records": [
            {"messageId": str(place), "eventSource": "aws:sqs", "body": body(event)}
            for place, event in enumerate(told)
        ]
    }


def body(event: events.Event) -> str:
    """What a rule of the bus puts into a queue."""
    return json.dumps({"detail": json.loads(events.encode(event))})


@dataclass(frozen=True)
class Log:
    """The capability as its functions run it: its app, and AWS to look and reach behind it."""

    module: Any
    table: str
    bucket: str

    def call(self, who: Person, method: str, url: str, body: Any = None) -> Answer:
        """One request in somebody's name."""
        return send(
            self.module.app,
            method,
            url,
            body=body,
            person_id=who.person_id,
            grants=who.grants,
        )

    def found(self, who: Person, query: str) -> list[dict[str, Any]]:
        """The activities of the first page that somebody finds."""
        answer = self.call(who, "GET", f"/activities?{query}")
        assert answer.status == 200, answer.text
        items: list[dict[str, Any]] = answer.json["items"]
        return items

    def hear(self, *told: events.Event) -> list[str]:
        """Deliver events; the messages that must come again."""
        answer = self.module.record_activity(queued(*told), None)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def items(self, kind: str = "") -> list[Item]:
        """Everything in the table, or what is of one kind, in the order of the keys."""
        found: list[Item] = aws.client("dynamodb").scan(TableName=self.table)["Items"]
        own = [item for item in found if not kind or item["pk"]["S"].split("#")[1] == kind]
        return sorted(own, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    def put(self, *items: Item) -> None:
        """Write items behind everybody's back."""
        for item in items:
            aws.client("dynamodb").put_item(TableName=self.table, Item=item)

    def drop(self, item: Item) -> None:
        """Delete an item behind everybody's back."""
        key = {name: item[name] for name in ("pk", "sk")}
        aws.client("dynamodb").delete_item(TableName=self.table, Key=key)

    def file(self, hour: str) -> bytes:
        """The file that seals an hour."""
        found = aws.client("s3").get_object(Bucket=self.bucket, Key=f"seals/{hour}.jsonl")
        body: bytes = found["Body"].read()
        return body

    def lay(self, hour: str, body: bytes | None) -> None:
        """Put a file in the place of an hour's, or none, as if nothing were locked."""
        where = {"Bucket": self.bucket, "Key": f"seals/{hour}.jsonl"}
        if body is None:
            aws.client("s3").delete_object(**where)
        else:
            aws.client("s3").put_object(**where, Body=body)


class Day:
    """Moments of a day that began four hours before this hour; each run seals as many hours."""

    def __init__(self) -> None:
        self._begin = hour_of(clock.now()) - timedelta(hours=4)

    @contextmanager
    def at(self, hours: int, minutes: int) -> Iterator[None]:
        """Let it be so long after the beginning, as long as the context lasts."""
        moment = self._begin + timedelta(hours=hours, minutes=minutes)
        with hours_later((moment - clock.now()) / timedelta(hours=1)):
            yield

    def text(self, hours: int) -> str:
        """The instant so many hours after the beginning."""
        return clock.to_text(self._begin + timedelta(hours=hours))
