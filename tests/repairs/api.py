"""Steps of a repair, taken through the API."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chalicelib.repairs import store
from chalicelib.repairs.model import Action
from shared import events
from tests.harness.gateway import Answer
from tests.repairs import pictures
from tests.repairs.scene import (
    COMMUNITY,
    DISPATCHER,
    RESIDENT,
    WORKER,
    Person,
    Repairs,
    as_json,
    report,
    technician,
)

SAMPLES = Path(__file__).parents[2] / "events" / "repairs"
REPORT = as_json(report())
PHOTO = pictures.jpeg()


def ok(answer: Answer, status: int = 200) -> Any:
    assert answer.status == status, answer.text
    return answer.json


def reported(repairs: Repairs, key: str = "key-0001", **changes: Any) -> dict[str, Any]:
    answer = repairs.call(RESIDENT, "POST", "/tickets", {**REPORT, **changes}, Idempotency_Key=key)
    found: dict[str, Any] = ok(answer, 201)
    return found


def taken_photo(repairs: Repairs, who: Person, raw: bytes) -> str:
    """A photo that was uploaded, and examined."""
    body = {"community_id": COMMUNITY, "content_type": "image/jpeg", "size_bytes": 5000}
    answer = repairs.call(who, "POST", "/photos", body, Idempotency_Key=f"photo-{uuid.uuid4()}")
    photo_id: str = ok(answer, 201)["photo_id"]
    key = f"quarantine/{COMMUNITY}/{photo_id}"
    repairs.client("s3").put_object(Bucket=repairs.bucket, Key=key, Body=raw)
    body_text = json.dumps({"Records": [{"s3": {"object": {"key": key}}}]})
    answer = repairs.module.take_photo({"Records": [message("m0", body_text)]}, None)
    assert answer == {"batchItemFailures": []}
    return photo_id


def message(message_id: str, body: str) -> dict[str, Any]:
    return {"messageId": message_id, "eventSource": "aws:sqs", "body": body}


def take(repairs: Repairs, action: Action, ticket: dict[str, Any], who: Person) -> Answer:
    """Ask for a step with what it needs."""
    url = f"/tickets/{ticket['ticket_id']}"
    version = {"version": ticket["version"]}
    store.keep_technician(COMMUNITY, technician())
    said: dict[Action, tuple[str, Callable[[], dict[str, Any]]]] = {
        Action.ASSIGN: ("assignment", lambda: {"worker_id": WORKER.person_id}),
        Action.ACCEPT: ("acceptance", dict),
        Action.RETURN: ("return", lambda: {"reason": "没有配件"}),
        Action.START: ("start", dict),
        Action.FINISH: ("completion", lambda: {"photo_ids": [taken_photo(repairs, WORKER, PHOTO)]}),
        Action.RATE: ("rating", lambda: {"speed": 5, "attitude": 4, "quality": 5}),
        Action.WITHDRAW: ("withdrawal", lambda: {"reason": "自己修好了"}),
    }
    path, facts = said[action]
    return repairs.call(who, "POST", f"{url}/{path}", {**facts(), **version})


def through(repairs: Repairs, *actions: Action, **changes: Any) -> dict[str, Any]:
    """A ticket after these steps, each taken by whom it belongs to."""
    ticket = reported(repairs, **changes)
    for action in actions:
        who = {
            Action.ASSIGN: DISPATCHER,
            Action.RATE: RESIDENT,
            Action.WITHDRAW: RESIDENT,
        }.get(action, WORKER)
        ticket = ok(take(repairs, action, ticket, who))
    return ticket


ALL = (Action.ASSIGN, Action.ACCEPT, Action.START, Action.FINISH, Action.RATE)


def announced(repairs: Repairs) -> list[str]:
    """The event that each ticket carries now."""
    found = [i["event"]["S"] for i in repairs.items() if "event" in i]
    return [events.decode(text).type for text in found]
