"""What repairs hear and tell: the staff's events, the stream to the bus, and every sample event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared import aws, clock, events
from tests.harness.gateway import Answer
from tests.repairs.scene import COMMUNITY, DISPATCHER, RESIDENT, WORKER, Repairs, as_json, report

SAMPLES = Path(__file__).parents[2] / "events" / "repairs"
REPORT = as_json(report())


def ok(answer: Answer, status: int = 200) -> Any:
    assert answer.status == status, answer.text
    return answer.json


def staff_event(kind: str, version: int, role: str = "technician", **data: str) -> dict[str, Any]:
    event = events.happened(
        kind,
        "community",
        "gra_01jd0000000000000000000000",
        version,
        at=clock.now(),
        community_id=COMMUNITY,
        actor_id=DISPATCHER.person_id,
        data={
            "person_id": WORKER.person_id,
            "role": role,
            "scope": COMMUNITY,
            "name": "王师傅",
            **data,
        },
    )
    body = json.dumps({"detail": json.loads(events.encode(event))})
    return {"messageId": f"v{version}", "eventSource": "aws:sqs", "body": body}


def hear(repairs: Repairs, *messages: dict[str, Any]) -> list[str]:
    answer = repairs.module.keep_staff({"Records": list(messages)}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def technicians(repairs: Repairs) -> list[str]:
    found = ok(repairs.call(DISPATCHER, "GET", f"/technicians?community_id={COMMUNITY}"))
    return [item["name"] for item in found["items"]]


def test_a_technician_is_known_once_granted_and_forgotten_once_revoked(repairs: Repairs) -> None:
    assert hear(repairs, staff_event("StaffGranted", 1)) == []
    assert technicians(repairs) == ["王师傅"]
    revoked = staff_event("StaffRevoked", 2)
    assert hear(repairs, revoked, staff_event("StaffGranted", 1), revoked) == []
    assert technicians(repairs) == []
    assert hear(repairs, staff_event("StaffGranted", 3)) == []
    assert technicians(repairs) == ["王师傅"]


def test_other_roles_are_given_no_jobs(repairs: Repairs) -> None:
    assert hear(repairs, staff_event("StaffGranted", 1, role="gate_guard")) == []
    assert repairs.items() == []


def test_a_staff_event_that_is_none_fails_alone(repairs: Repairs) -> None:
    bad = [staff_event("StaffGranted", 2, role="wizard"), staff_event("StaffLeft", 3)]
    assert hear(repairs, bad[0], staff_event("StaffGranted", 1), bad[1]) == ["v2", "v3"]
    assert technicians(repairs) == ["王师傅"]


def test_what_a_change_announces_reaches_the_bus(
    repairs: Repairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    ok(repairs.call(RESIDENT, "POST", "/tickets", REPORT, Idempotency_Key="key-0001"), 201)
    (item,) = [i for i in repairs.items() if "event" in i]
    stream = {"Records": [{"eventName": "INSERT", "dynamodb": {"NewImage": item}}]}
    put: list[Any] = []
    monkeypatch.setenv("BUS", "community-events")
    aws.client("events").create_event_bus(Name="community-events")
    aws.client("events").meta.events.register(
        "provide-client-params.eventbridge.PutEvents", lambda params, **_: put.append(params)
    )
    repairs.module.relay_events(stream, None)
    (entry,) = put[0]["Entries"]
    assert (entry["Source"], entry["DetailType"]) == ("linli.repairs", "RepairReported")
    assert REPORT["description"] not in entry["Detail"]
    assert entry["Resources"] == [item["id"]["S"]]


def test_every_way_in_has_its_sample(repairs: Repairs) -> None:
    functions = {"take_photo", "keep_staff", "relay_events", "sweep_events"}
    routes = {operation.view.__name__ for operation in repairs.module.app.operations}
    assert {sample.stem for sample in SAMPLES.glob("*.json")} == functions | routes
