"""The people that tests of people speak of, and how they call."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.identity.persons import arrivals
from chalicelib.identity.persons.rules import Details
from chalicelib.identity.sessions import opening
from shared import aws, clock
from shared.auth import PLATFORM, Grant, Role
from tests.harness.gateway import Answer, send
from tests.harness.rights import hold
from tests.identity.scene import Identity

PHONE, OTHER_PHONE = "13812345678", "13987654321"
NAME, ID_NUMBER, PLATE = "欧阳青竹", "11010519491231002X", "京A12345"
ROOM, BUILDING = "com_7k2m9x4a/3/1/502", "com_7k2m9x4a/3"


@dataclass(frozen=True)
class Somebody:
    """Somebody with grants, as the authorizer hands them on, and whoever acts for them."""

    person_id: str
    grants: tuple[Grant, ...] = ()
    acting_id: str = ""


ADMIN = Somebody("per_" + "z" * 26, (Grant(Role.PLATFORM_ADMIN, PLATFORM),))
SECOND = Somebody("per_" + "y" * 26, (Grant(Role.PLATFORM_ADMIN, PLATFORM),))
BUTLER = Somebody("per_" + "b" * 26, (Grant(Role.BUTLER, BUILDING),))
STRANGER = Somebody("per_" + "s" * 26, (Grant(Role.BUTLER, "com_8m3n0y5b"),))


@dataclass(frozen=True)
class People:
    """Identity with its operators and a butler, and on which session each signed in last."""

    identity: Identity
    sessions: dict[str, str] = field(default_factory=dict)

    def call(
        self, who: Somebody, method: str, url: str, body: Any = None, key: str = "key-0001"
    ) -> Answer:
        """One request in somebody's name."""
        packed = ";".join(f"{grant.role.value}:{grant.scope}" for grant in who.grants)
        return send(
            self.identity.module.app,
            method,
            url,
            body=body,
            headers={"Idempotency-Key": key},
            authorizer={
                "person_id": who.person_id,
                "grants": packed,
                "acting_id": who.acting_id,
                "session_id": self.sessions.get(who.person_id, ""),
            },
        )

    def resident(self, phone: str = PHONE, *grants: Grant, **known: Any) -> Somebody:
        """Somebody who signed up by a phone just now, with grants."""
        details = Details(phone=phone, **known)
        person = arrivals.arrive("phone", phone, details, clock.now())
        hold(person.id, *grants)
        return Somebody(person.id, grants)

    def sign_in(self, who: Somebody, now: datetime | None = None) -> None:
        """Somebody signs in on a device, and asks from there from now on."""
        at = now or clock.now()
        cause = f"sms-{who.person_id}-{at}"
        held = opening.open_session(who.person_id, "resident", "iPhone", cause, at)
        self.sessions[who.person_id] = held.session_id

    def told_of(self, who: Somebody) -> list[dict[str, Any]]:
        """What a person's item announced, in its order."""
        (item,) = (
            one
            for one in self.identity.items()
            if (one["pk"]["S"], one["sk"]["S"]) == (f"platform#person#{who.person_id}", "person")
        )
        earlier = [one["S"] for one in item.get("earlier", {"L": []})["L"]]
        newest = [item["event"]["S"]] if "event" in item else []
        return [json.loads(text) for text in (*earlier, *newest)]

    def stored(self) -> str:
        """Everything in the table and the grants table, bytes as they are."""
        dynamodb = aws.client("dynamodb")
        tables = (self.identity.table, aws.setting("GRANTS_TABLE"))
        return "\n".join(str(dynamodb.scan(TableName=table)["Items"]) for table in tables)

    def rows(self, person_id: str) -> set[str]:
        """The sort keys of a person's rows in the grants table."""
        found = aws.client("dynamodb").query(
            TableName=aws.setting("GRANTS_TABLE"),
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"platform#person#{person_id}"}},
        )
        return {item["sk"]["S"] for item in found["Items"]}
