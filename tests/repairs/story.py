"""Everything that can be asked of repairs, asked once: for permissions, budgets and the contract.

Each list comes to hold as many things as the story is told with, and is asked for whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from shared import aws, clock, events
from tests.harness import canaries
from tests.harness.hours import hours_later, schedule
from tests.harness.recorder import Recorder
from tests.repairs import pictures
from tests.repairs.scene import (
    COMMUNITY,
    DISPATCHER,
    NEIGHBOUR,
    NEIGHBOUR_ROOM,
    RESIDENT,
    WORKER,
    Person,
    as_json,
    report,
)

_PHOTOS_MAX = 9
_ALL = "limit=100"
_PHOTO = pictures.jpeg()


def tell(recorder: Recorder, count: int) -> None:
    """Tell it with `count` (at most ten) technicians, tickets and (at most nine) photos."""
    _staff_comes(recorder, count)
    photos = [_photo(recorder, RESIDENT) for _ in range(min(count, _PHOTOS_MAX))]
    tickets = [_reported(recorder, number, photos) for number in range(count)]
    _step(recorder, DISPATCHER, tickets[0], "assignment", {"worker_id": WORKER.person_id})
    _step(recorder, WORKER, tickets[0], "return", {"reason": canaries.said("没有配件")})
    given = {"worker_id": WORKER.person_id, "note": canaries.said("先打电话")}
    for ticket in tickets:
        _step(recorder, DISPATCHER, ticket, "assignment", given)
        _step(recorder, WORKER, ticket, "acceptance", {})
    recorder.request(WORKER, "GET", f"/my-jobs?{_ALL}")
    recorder.request(RESIDENT, "GET", f"/my-tickets?{_ALL}")
    recorder.request(DISPATCHER, "GET", f"/tickets?community_id={COMMUNITY}&{_ALL}")
    recorder.request(DISPATCHER, "GET", f"/technicians?community_id={COMMUNITY}&{_ALL}")
    done = {"photo_ids": [_photo(recorder, WORKER)], "note": canaries.said("已修好")}
    stars = {"speed": 5, "attitude": 4, "quality": 5}
    rated = {**stars, "comment": canaries.said("师傅来得很快")}
    for ticket in tickets:
        _step(recorder, WORKER, ticket, "start", {})
        _step(recorder, WORKER, ticket, "completion", done)
        _step(recorder, RESIDENT, ticket, "rating", rated)
    recorder.request(DISPATCHER, "GET", f"/tickets?community_id={COMMUNITY}&state=closed&{_ALL}")
    recorder.request(RESIDENT, "GET", f"/tickets/{tickets[0]['ticket_id']}")
    _withdrawn(recorder)
    _photo_comes_to_nothing(recorder)
    _told(recorder, tickets)
    _swept(recorder)


def _staff_comes(recorder: Recorder, count: int) -> None:
    for body in _granted(recorder, count):
        _delivered(recorder, "keep_staff", body)


def _granted(_: Recorder, count: int) -> list[str]:
    """What community tells of so many grants."""
    told = [
        events.happened(
            "StaffGranted",
            "community",
            f"gra_{number:026}",
            1,
            at=clock.now(),
            community_id=COMMUNITY,
            actor_id=DISPATCHER.person_id,
            data={
                "person_id": WORKER.person_id,
                "role": "technician",
                "scope": COMMUNITY,
                "name": canaries.STAFF_NAME,
            },
        )
        for number in range(count)
    ]
    return [json.dumps({"detail": json.loads(events.encode(event))}) for event in told]


def _delivered(recorder: Recorder, function: str, body: str) -> None:
    message = {"messageId": "m0", "eventSource": "aws:sqs", "body": body}
    answer = recorder.start(function, {"Records": [message]})
    assert answer == {"batchItemFailures": []}


def _photo(recorder: Recorder, who: Person) -> str:
    """A photo that was uploaded, and examined."""
    photo_id, body = _posted(recorder, who)
    _delivered(recorder, "take_photo", body)
    return photo_id


def _posted(recorder: Recorder, who: Person) -> tuple[str, str]:
    """A photo whose bytes lie in quarantine, and what the bucket tells of it."""
    form = _place(recorder, who)
    aws.client("s3").put_object(Bucket=_bucket(), Key=form["fields"]["key"], Body=_PHOTO)
    return form["photo_id"], _uploaded(form["fields"]["key"])


def _posted_photos(recorder: Recorder, count: int) -> list[str]:
    return [_posted(recorder, RESIDENT)[1] for _ in range(count)]


def _place(recorder: Recorder, who: Person) -> dict[str, Any]:
    body = {"community_id": COMMUNITY, "content_type": "image/jpeg", "size_bytes": len(_PHOTO)}
    form: dict[str, Any] = recorder.request(
        who, "POST", "/photos", body, 201, key=f"photo-{len(recorder.runs):04}"
    )
    return form


def _bucket() -> str:
    return aws.setting("BUCKET")


def _uploaded(key: str) -> str:
    return json.dumps({"Records": [{"s3": {"object": {"key": key}}}]})


def _photo_comes_to_nothing(recorder: Recorder) -> None:
    """Its bytes are gone when the second delivery of the same notification looks for them."""
    key = _place(recorder, RESIDENT)["fields"]["key"]
    _delivered(recorder, "take_photo", _uploaded(key))


def _reported(recorder: Recorder, number: int, photos: list[str]) -> dict[str, Any]:
    leak = canaries.said(f"厨房第 {number} 处漏水")
    said = as_json(report(title=canaries.said("漏水"), description=leak, photo_ids=tuple(photos)))
    return _sent(recorder, RESIDENT, "/tickets", said, f"key-{number:04}", 201)


def _sent(
    recorder: Recorder, who: Person, url: str, body: Any, key: str = "key-0000", status: int = 200
) -> dict[str, Any]:
    answer: dict[str, Any] = recorder.request(who, "POST", url, body, status, key=key)
    return answer


def _step(
    recorder: Recorder, who: Person, ticket: dict[str, Any], path: str, facts: dict[str, Any]
) -> None:
    url = f"/tickets/{ticket['ticket_id']}/{path}"
    ticket.update(_sent(recorder, who, url, {**facts, "version": ticket["version"]}))


def _withdrawn(recorder: Recorder) -> None:
    said = as_json(report(room_id=NEIGHBOUR_ROOM))
    ticket = _sent(recorder, NEIGHBOUR, "/tickets", said, "key-9999", 201)
    _step(recorder, NEIGHBOUR, ticket, "withdrawal", {"reason": canaries.said("自己修好了")})


def _told(recorder: Recorder, tickets: list[dict[str, Any]]) -> None:
    """The stream brings the tickets' changes, and the relay takes them to the bus."""
    stored = aws.client("dynamodb").scan(TableName=aws.setting("TABLE"))["Items"]
    changed = [item for item in stored if "event" in item][: len(tickets)]
    records = [{"eventName": "MODIFY", "dynamodb": {"NewImage": item}} for item in changed]
    recorder.start("relay_events", {"Records": records})


def _swept(recorder: Recorder) -> None:
    """The sweeper tells again what was announced, when no stream can bring it any more."""
    with hours_later(28):
        recorder.start("sweep_events", schedule("sweep_events"))


WAITING: Mapping[str, Callable[[Recorder, int], list[str]]] = {
    "keep_staff": _granted,
    "take_photo": _posted_photos,
}
"""Queue's function → so many messages that wait for it, each with an effect of its own."""
