"""What can come at the same moment in repairs: every step of a ticket in each of its states."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from shared import aws, clock, events
from tests.harness.interleavings import Rivals
from tests.harness.recorder import Recorder, Trigger
from tests.repairs import pictures
from tests.repairs.scene import (
    COMMUNITY,
    DISPATCHER,
    OTHER_WORKER,
    RESIDENT,
    WORKER,
    Person,
    as_json,
    report,
)

APART = {
    "sweep_events": "it reads every item in one consistent call, and changes none of them",
}
"""What need not be brought together, with anything or with another, and why."""

_RATING = {"speed": 5, "attitude": 4, "quality": 5}


def scenes(recorder: Recorder) -> Iterator[Rivals]:
    """Bring a ticket from its report to its rating; at each state, what may come."""
    for worker in (WORKER, OTHER_WORKER):
        recorder.start("keep_staff", _told(worker, 1, granted=True))
    form = recorder.request(RESIDENT, "POST", "/photos", _PLACE, 201, key="photo-0000")
    key = form["fields"]["key"]
    aws.client("s3").put_object(Bucket=aws.setting("BUCKET"), Key=key, Body=pictures.jpeg())
    yield lambda of: [
        of.asking(RESIDENT, "POST", "/photos", _PLACE, key="photo-0000"),
        of.asking(RESIDENT, "POST", "/photos", _PLACE, key="photo-0001"),
        of.asking(RESIDENT, "POST", "/tickets", _said([form["photo_id"]]), key="key-0000"),
        of.asking(RESIDENT, "POST", "/tickets", _said([]), key="key-0001"),
        of.starting("take_photo", _uploaded(key)),
    ]
    mended, key_of_mended = _uploaded_photo(recorder)
    said = _said([form["photo_id"]])
    ticket = recorder.request(RESIDENT, "POST", "/tickets", said, 201, key="key-0000")

    def again(of: Recorder) -> list[Trigger]:
        return [
            of.asking(RESIDENT, "POST", "/tickets", said, key="key-0000"),
            of.asking(RESIDENT, "POST", "/photos", _PLACE, key="photo-0000"),
            of.asking(WORKER, "POST", "/photos", _PLACE, key="photo-0002"),
            of.starting("take_photo", _uploaded(key)),
            of.starting("take_photo", _uploaded(key_of_mended)),
        ]

    for who, path, facts in (
        (DISPATCHER, "assignment", {"worker_id": WORKER.person_id}),
        (WORKER, "acceptance", {}),
        (WORKER, "start", {}),
        (WORKER, "completion", {"photo_ids": [mended]}),
        (RESIDENT, "rating", _RATING),
    ):
        yield _steps(ticket, mended, again)
        if ticket["state"] == "new":
            yield _staff_changes(ticket)
        body = {**facts, "version": ticket["version"]}
        ticket = recorder.request(who, "POST", f"/tickets/{ticket['ticket_id']}/{path}", body)
    yield _steps(ticket, mended, again)


_PLACE = {"community_id": COMMUNITY, "content_type": "image/jpeg", "size_bytes": 5_000}


def _said(photo_ids: list[str]) -> dict[str, Any]:
    return as_json(report(photo_ids=tuple(photo_ids)))


def _uploaded_photo(recorder: Recorder) -> tuple[str, str]:
    form = recorder.request(WORKER, "POST", "/photos", _PLACE, 201, key="photo-0002")
    key, photo_id = form["fields"]["key"], str(form["photo_id"])
    aws.client("s3").put_object(Bucket=aws.setting("BUCKET"), Key=key, Body=pictures.jpeg())
    return photo_id, key


def _steps(ticket: dict[str, Any], mended: str, again: Rivals) -> Rivals:
    """Every step that anybody may try on the ticket as it is now, and what comes again."""
    url, version = f"/tickets/{ticket['ticket_id']}", ticket["version"]

    def rivals(of: Recorder) -> list[Trigger]:
        def step(who: Person, path: str, **facts: Any) -> Trigger:
            return of.asking(who, "POST", f"{url}/{path}", {**facts, "version": version})

        return [
            step(DISPATCHER, "assignment", worker_id=WORKER.person_id),
            step(DISPATCHER, "assignment", worker_id=OTHER_WORKER.person_id),
            step(WORKER, "acceptance"),
            step(WORKER, "return", reason="没有配件"),
            step(WORKER, "start"),
            step(WORKER, "completion", photo_ids=[mended]),
            step(RESIDENT, "rating", **_RATING),
            step(RESIDENT, "rating", **{**_RATING, "speed": 1}),
            step(RESIDENT, "withdrawal", reason="自己修好了"),
            of.asking(RESIDENT, "GET", url),
            *again(of),
        ]

    return rivals


def _staff_changes(ticket: dict[str, Any]) -> Rivals:
    """Somebody ceases to be a technician, and is one again, while a job is given to them."""
    url = f"/tickets/{ticket['ticket_id']}/assignment"
    given = {"worker_id": WORKER.person_id, "version": ticket["version"]}
    return lambda of: [
        of.asking(DISPATCHER, "POST", url, given),
        of.asking(DISPATCHER, "GET", f"/technicians?community_id={COMMUNITY}"),
        of.starting("keep_staff", _told(WORKER, 2, granted=False)),
        of.starting("keep_staff", _told(WORKER, 3, granted=True)),
    ]


def _told(worker: Person, version: int, *, granted: bool) -> dict[str, Any]:
    """A queue's message that somebody became a technician, or is none any more."""
    event = events.happened(
        "StaffGranted" if granted else "StaffRevoked",
        "community",
        f"gra_{worker.person_id.removeprefix('per_')}",
        version,
        at=clock.now(),
        community_id=COMMUNITY,
        actor_id=DISPATCHER.person_id,
        data={
            "person_id": worker.person_id,
            "role": "technician",
            "scope": COMMUNITY,
            "name": "王师傅",
        },
    )
    return _queued({"detail": json.loads(events.encode(event))})


def _uploaded(key: str) -> dict[str, Any]:
    """A queue's message that an object was made."""
    return _queued({"Records": [{"s3": {"object": {"key": key}}}]})


def _queued(body: dict[str, Any]) -> dict[str, Any]:
    message = {"messageId": "m0", "eventSource": "aws:sqs", "body": json.dumps(body)}
    return {"Records": [message]}
