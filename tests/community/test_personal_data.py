"""Who a person is stands in the register and in the export, and nowhere else: no log, no event."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.community import authorizer
from chalicelib.community.register.rules import Outcome
from local.apps import load_app
from shared import aws
from shared.auth import Role
from tests.community.estate import OWNER_PHONE, PERSONAL, Estate, an_estate, rows
from tests.community.register.register_files import a_row, csv_of
from tests.community.register.scene import CLERK, NOW, notification
from tests.conftest import Cloud
from tests.harness.calls import heard
from tests.harness.gateway import send

MODULE = load_app("community")
KEYED = {"Idempotency-Key": "key-of-the-test"}
STAFF_NAME = "钱多多"
SECRETS = (*PERSONAL, STAFF_NAME)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that the functions write to their log."""
    handler = MODULE.app.logger.registered_handler
    written = io.StringIO()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


@pytest.fixture
def estate(moto_cloud: Cloud) -> Estate:
    moto_cloud.client("events").create_event_bus(Name="bus")
    moto_cloud.setenv("BUS", "bus")
    return an_estate(moto_cloud)


def told(text: str) -> list[str]:
    """The secrets that a text tells, written as they are or escaped as JSON does."""
    escaped = {secret: json.dumps(secret)[1:-1] for secret in SECRETS}
    return [secret for secret in SECRETS if secret in text or escaped[secret] in text]


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def queued(body: str) -> dict[str, Any]:
    return {"Records": [{"messageId": "message-1", "body": body}]}


def staff(estate: Estate) -> dict[str, Any]:
    """Somebody who may do everything here, and the platform's admin."""
    grants = tuple(grant for role in Role for grant in estate.grants(role))
    return {"person_id": CLERK, "grants": grants, "headers": KEYED}


def test_a_request_is_one_line_that_names_nobody(estate: Estate, log: io.StringIO) -> None:
    for operation in MODULE.app.operations:
        good = estate.requests()[operation.view.__name__]
        body = None if good.body is None else dict(good.body)
        if body and "name" in body:
            body["name"] = STAFF_NAME
        send(MODULE.app, operation.method, good.url(operation), body=body, **staff(estate))
    assert told(log.getvalue()) == []
    found = lines(log)
    assert len(found) == len(MODULE.app.operations)
    assert all(line["person_id"] == CLERK for line in found)
    assert all({"status", "ms", "request_id"} <= line.keys() for line in found)
    assert max(map(len, log.getvalue().splitlines())) < 400


def test_a_bad_request_is_not_repeated_in_the_log(estate: Estate, log: io.StringIO) -> None:
    for operation in MODULE.app.operations:
        good = estate.requests()[operation.view.__name__]
        wrong = dict.fromkeys(good.body or {}, SECRETS)
        for body in (" ".join(SECRETS), {SECRETS[0]: SECRETS[1]}, wrong):
            query = f"{good.url(operation)}{'&' if good.query else '?'}cursor={OWNER_PHONE}"
            send(MODULE.app, operation.method, query, body=body, **staff(estate))
    assert told(log.getvalue()) == []


def test_the_events_of_a_register_and_of_its_residents_name_nobody(
    estate: Estate, log: io.StringIO
) -> None:
    register = estate.register
    changed = a_row(
        楼栋号="3栋", 房号="502", 业主姓名=PERSONAL[0], 联系电话=OWNER_PHONE, 备注=PERSONAL[0]
    )
    with heard() as calls:
        done = register.commit(register.dry_run(csv_of(*rows(), changed)))
        for name in ("bind_resident", "unbind_resident", "edit_room"):
            operation = next(o for o in MODULE.app.operations if o.view.__name__ == name)
            good = estate.requests()[name]
            url = good.url(operation)
            send(MODULE.app, operation.method, url, body=good.body, **staff(estate))
    assert [plan.outcome for plan in done.buildings] == [Outcome.COMMITTED]
    types = {event.type for event in calls.events}
    assert types >= {
        "RegisterImportCommitted",
        "BuildingRegistered",
        "RegisterImportFinished",
        "ResidentBound",
        "ResidentUnbound",
    }
    assert told(repr(calls.events)) == []
    assert told(log.getvalue()) == []


def test_a_file_that_fails_to_be_read_leaves_no_trace_of_what_it_says(
    estate: Estate, log: io.StringIO, moto_cloud: Cloud
) -> None:
    register = estate.register
    key = f"quarantine/{estate.community_id}/{estate.import_id}"
    aws.client("s3").put_object(Bucket=register.bucket, Key=key, Body=csv_of(*rows()))
    for body in (notification(key), notification(OWNER_PHONE), " ".join(SECRETS), "{}"):
        MODULE.read_register(queued(body), None)
    moto_cloud.setenv("TABLE", "no-such-table")
    answer = MODULE.read_register(queued(notification(key)), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
    assert any("no-such-table" in json.dumps(line) or "exception" in line for line in lines(log))
    assert told(log.getvalue()) == []


def test_an_event_that_cannot_be_counted_is_not_repeated_in_the_log(
    estate: Estate, log: io.StringIO
) -> None:
    for detail in (" ".join(SECRETS), {"id": SECRETS[0]}, {"name": STAFF_NAME}):
        body = json.dumps({"detail": detail})
        answer = MODULE.count_repairs(queued(body), None)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
    assert told(log.getvalue()) == []


def test_a_commit_that_fails_tells_nobodys_name(estate: Estate, log: io.StringIO) -> None:
    found = estate.register.imported(estate.import_id)
    estate.register.begin(found)
    task = {"import_id": found.id, "building": "9", "base_version": 0,
            "dry_run_id": found.dry_run_id, "actor_id": CLERK}  # fmt: skip
    with pytest.raises(LookupError) as failed:
        MODULE.commit_building(task, None)
    assert told(str(failed.value)) == []
    assert told(log.getvalue()) == []


def test_a_refused_token_is_not_written_down(
    estate: Estate, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISSUERS", "[]")
    authorizer._verifier.cache_clear()
    token = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
    event = {"authorizationToken": f"Bearer {token}", "methodArn": "arn"}
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        MODULE.authorize(event, None)
    authorizer._verifier.cache_clear()
    assert not any(part in log.getvalue() for part in token.split("."))
    assert lines(log)[0]["message"] == "refused"


def test_the_relay_writes_how_many_and_not_what(estate: Estate, log: io.StringIO) -> None:
    event = {"id": "x:1", "type": "StaffGranted", "source": "community", "at": NOW.isoformat(),
             "community_id": estate.community_id, "subject_id": "x", "version": 1,
             "actor_id": CLERK, "data": {"name": STAFF_NAME}}  # fmt: skip
    image = {"event": {"S": json.dumps(event)}}
    stream = {"Records": [{"dynamodb": {"NewImage": image, "Keys": {}}}]}
    MODULE.relay_events(stream, None)
    assert [line["events"] for line in lines(log)] == [1]
    assert told(log.getvalue()) == []
