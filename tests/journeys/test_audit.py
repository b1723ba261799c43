"""What happened through the other capabilities stands in the log, sealed; who bends it is found."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from local.client import wait_until
from local.platform import STAGE, Platform
from shared import clock
from shared.outbox import hour_of
from tests.harness.estate import Estate, building, found_estate, house, import_register, ok, room_id
from tests.harness.hours import schedule
from tests.harness.people import People, Someone

Row = dict[str, Any]


@pytest.fixture(scope="module")
def estate(people: People) -> Estate:
    made = found_estate(people, "audit")
    assert import_register(made, building("1栋", 1))["state"] == "committed"
    return made


@pytest.fixture(scope="module")
def auditor(people: People) -> Someone:
    person = people.named("audit-auditor")
    wanted = {"person_id": person.person_id, "role": "security_auditor", "scope": "platform"}
    ok(people.admin().call("POST", "/community/grants", {**wanted, "name": "周审计"}), 201)
    return people.again(person)


@pytest.fixture
def ticket(estate: Estate, people: People) -> Row:
    """A repair that a resident reported and took back."""
    resident = house(people, estate, "audit-resident", "1-1-101")
    report = {
        "room_id": room_id(estate, "1-1-101"),
        "place": "own",
        "kind": "normal",
        "category": "water",
        "description": "厨房水管漏水，地上都是水。",
    }
    made: Row = ok(resident.call("POST", "/repairs/tickets", report), 201)
    path = f"/repairs/tickets/{made['ticket_id']}/withdrawal"
    taken: Row = ok(resident.call("POST", path, {"version": 1, "reason": "自己修好了"}))
    return taken


def found(auditor: Someone, query: str) -> list[Row]:
    items: list[Row] = ok(auditor.call("GET", f"/audit/activities?{query}&limit=100"))["items"]
    return items


def test_an_auditor_finds_who_did_what_to_what(
    estate: Estate, auditor: Someone, people: People, ticket: Row
) -> None:
    thing = f"subject_id={ticket['ticket_id']}"
    wait_until(lambda: len(found(auditor, thing)) == 2, "both steps in the log")
    newest, oldest = found(auditor, thing)
    assert (newest["type"], oldest["type"]) == ("RepairWithdrawn", "RepairReported")
    resident = people.named("audit-resident").person_id
    assert {newest["actor_id"], oldest["actor_id"]} == {resident}
    assert newest["community_id"] == estate.community_id
    # That the auditor looked is known to whoever looks next.
    mine = f"person_id={auditor.person_id}"
    wait_until(
        lambda: any(one["type"] == "ActivitySearched" for one in found(auditor, mine)),
        "the search in the log",
    )
    assert estate.manager.call("GET", f"/audit/activities?{mine}").status == 404


def test_a_row_that_somebody_changed_is_found(
    platform: Platform, auditor: Someone, ticket: Row
) -> None:
    thing = f"subject_id={ticket['ticket_id']}"
    wait_until(lambda: len(found(auditor, thing)) == 2, "both steps in the log")
    # What was heard just now is sealed in an hour; so it is let to have been heard five hours ago.
    begun = clock.now() - timedelta(hours=5)
    rows = _heard_at(platform, begun)
    _start(platform, "SealHours")
    wanted = {"since": clock.to_text(begun), "until": clock.to_text(clock.now())}
    report = ok(auditor.call("POST", "/audit/checks", wanted))
    assert (report["whole"], report["findings"]) == (True, [])
    assert report["rows"] >= len(rows)
    bent = next(row for row in rows if ticket["ticket_id"] in row["id"]["S"])
    forged = {**bent, "actor_id": {"S": auditor.person_id}}
    _table(platform).put_item(TableName=platform.outputs["audit"]["Table"], Item=forged)
    report = ok(auditor.call("POST", "/audit/checks", wanted))
    assert [(one["kind"], one["row"]) for one in report["findings"]] == [
        ("row_changed", bent["sk"]["S"])
    ]
    # The daily check finds it as well, and tells the log itself.
    _start(platform, "CheckDays")
    wait_until(
        lambda: any(
            one["type"] == "ActivityLogBroken" for one in found(auditor, "community_id=platform")
        ),
        "what was found in the log",
    )


def test_a_sealed_hour_s_file_cannot_be_written_again(platform: Platform) -> None:
    bucket = platform.outputs["audit"]["Bucket"]
    s3 = platform.emulator.session().client("s3")
    kept = s3.list_objects_v2(Bucket=bucket)["Contents"][0]["Key"]
    lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    assert lock["Rule"]["DefaultRetention"] == {"Mode": "COMPLIANCE", "Years": 4}
    version = s3.list_object_versions(Bucket=bucket, Prefix=kept)["Versions"][0]["VersionId"]
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key=kept, VersionId=version)
    with pytest.raises(s3.exceptions.ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key=kept, Body=b"forged", IfNoneMatch="*")


def _table(platform: Platform) -> Any:
    return platform.emulator.session().client("dynamodb")


def _heard_at(platform: Platform, moment: datetime) -> list[Row]:
    """Let every row of the log have been heard at another moment; the rows as they then are."""
    table, dynamodb = platform.outputs["audit"]["Table"], _table(platform)
    pages = dynamodb.get_paginator("scan").paginate(TableName=table)
    hour, moved = hour_of(moment), []
    for row in [item for page in pages for item in page["Items"]]:
        if row["pk"]["S"].startswith("platform#log#"):
            dynamodb.delete_item(TableName=table, Key={"pk": row["pk"], "sk": row["sk"]})
            place = {
                "pk": {"S": f"platform#log#{hour[:7]}"},
                "sk": {"S": f"{hour}#{row['sk']['S'].partition('#')[2]}"},
            }
            moved.append({**row, **place, "received_at": {"S": clock.to_text(moment)}})
            dynamodb.put_item(TableName=table, Item=moved[-1])
    return moved


def _start(platform: Platform, resource: str) -> None:
    """Start a function of the log, as its schedule does."""
    session = platform.emulator.session()
    named = session.client("cloudformation").describe_stack_resource(
        StackName=f"linli-{STAGE}-audit", LogicalResourceId=resource
    )["StackResourceDetail"]["PhysicalResourceId"]
    event = json.dumps(schedule(resource)).encode()
    answer = session.client("lambda").invoke(FunctionName=named, Payload=event)
    assert "FunctionError" not in answer, answer["Payload"].read()
