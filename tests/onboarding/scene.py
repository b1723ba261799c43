"""The people, companies and files that tests of onboarding speak of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.onboarding.credit_code import check_character
from shared import clock, events
from shared.auth import PLATFORM, Grant, Role
from tests.harness import canaries
from tests.harness.gateway import Answer, send

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0 a licence \xff\xd9"
COMMUNITY = "com_7k2m9x4a"


@dataclass(frozen=True)
class Person:
    """Somebody with grants, as the authorizer hands them on."""

    person_id: str
    grants: tuple[Grant, ...] = ()


APPLICANT = Person("per_" + "a" * 26)
OTHER = Person("per_" + "b" * 26)
OFFICER = Person("per_" + "m" * 26, (Grant(Role.MARKET_OFFICER, PLATFORM),))
ADMIN = Person("per_" + "z" * 26, (Grant(Role.PLATFORM_ADMIN, PLATFORM),))
AUDITOR = Person("per_" + "s" * 26, (Grant(Role.SECURITY_AUDITOR, PLATFORM),))


def code(number: int = 0) -> str:
    """A whole credit code, another one for each number; none of them ends in X."""
    bodies = (f"91320114MA1{number:04}{letter}X" for letter in "QR")
    return next(body + end for body in bodies if (end := check_character(body)) != "X")


def said(qualification_ids: list[str], number: int = 0, **changes: Any) -> dict[str, Any]:
    """What a company says of itself, as a client sends it."""
    return {
        "name": f"安居物业{number}",
        "credit_code": code(number),
        "qualification_ids": qualification_ids,
        "introduction": canaries.said("管理三个小区"),
        **changes,
    }


def wanted(qualification_ids: list[str], number: int = 0, **changes: Any) -> dict[str, Any]:
    """A whole application, as a client sends it."""
    return {"kind": "property_company", **said(qualification_ids, number, **changes)}


def uploaded(key: str) -> str:
    """What the bucket tells of an object that was made."""
    return json.dumps({"Records": [{"s3": {"object": {"key": key}}}]})


def told(
    type: str, subject_id: str, community_id: str, data: dict[str, Any], source: str = "community"
) -> str:
    """A message of what another capability tells."""
    event = events.happened(
        type,
        source,
        subject_id,
        1,
        at=clock.now(),
        community_id=community_id,
        actor_id=ADMIN.person_id,
        data=data,
    )
    return json.dumps({"detail": json.loads(events.encode(event))})


def first_days(person_id: str, company_id: str, community_id: str) -> list[str]:
    """What the others tell of a company's first days, one message for each milestone."""
    return [
        told("CredentialsSet", person_id, PLATFORM, {"person_id": person_id}, source="identity"),
        told("CommunityOpened", community_id, community_id, {"company_id": company_id}),
        told("RegisterImportFinished", "imp_1", community_id, {"state": "committed"}),
        told(
            "StaffGranted",
            "gra_1",
            community_id,
            {"person_id": OTHER.person_id, "role": "butler", "scope": f"{community_id}/3"},
        ),
    ]


@dataclass(frozen=True)
class Onboarding:
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

    def deliver(self, function: str, *bodies: str) -> list[dict[str, str]]:
        """A batch of a queue; what must come again."""
        records = [
            {"messageId": f"m{place}", "eventSource": "aws:sqs", "body": body}
            for place, body in enumerate(bodies)
        ]
        answer = getattr(self.module, function)({"Records": records}, None)
        found: list[dict[str, str]] = answer["batchItemFailures"]
        return found

    def items(self) -> list[dict[str, Any]]:
        """Everything in the table, as DynamoDB keeps it."""
        found: list[dict[str, Any]] = self.client("dynamodb").scan(TableName=self.table)["Items"]
        return sorted(found, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    def stored_files(self) -> list[str]:
        """The keys of everything in the bucket."""
        listed = self.client("s3").list_objects_v2(Bucket=self.bucket)
        return [entry["Key"] for entry in listed.get("Contents", ())]
