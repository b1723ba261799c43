"""Everything that can be asked of the log, asked once: for permissions, budgets and the contract.

The list of the clerk comes to hold as many things as the story is told with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chalicelib.audit import seals, store
from shared import aws, clock, files
from shared.outbox import hour_of
from tests.audit.scene import (
    AUDITOR,
    CLERK_ID,
    COMMUNITY,
    COMPANY,
    COMPANY_AUDITOR,
    DAUGHTER_ID,
    GRANT_ID,
    RESIDENT_ID,
    TICKET,
    Day,
    body,
    granted,
    happened,
    queued,
)
from tests.harness import canaries
from tests.harness.hours import schedule
from tests.harness.recorder import Recorder


def tell(recorder: Recorder, count: int) -> None:
    """Tell it with `count` steps of a ticket, all by one clerk."""
    day = Day()
    with day.at(0, 5):
        _heard(recorder, count)
    with day.at(1, 20):
        _file_without_seal()
        recorder.start("seal_hours", schedule("seal_hours"))
    with day.at(2, 20):
        recorder.start("seal_hours", schedule("seal_hours"))
    with day.at(4, 0):
        _searched(recorder, day)
        _told(recorder)
        wanted = {"since": day.text(0), "until": day.text(4)}
        assert recorder.request(AUDITOR, "POST", "/checks", wanted)["hours"] == 2
        _bend()
        recorder.start("check_days", schedule("check_days"))
        assert not recorder.request(AUDITOR, "POST", "/checks", wanted)["whole"]
    with day.at(34, 0):
        recorder.start("sweep_events", schedule("sweep_events"))


def _heard(recorder: Recorder, count: int) -> None:
    told = [
        granted(canaries.STAFF_NAME),
        *(happened(number + 1, for_id=DAUGHTER_ID) for number in range(count)),
    ]
    for event in told:
        answer = recorder.start("record_activity", queued(event))
        assert answer == {"batchItemFailures": []}


def _file_without_seal() -> None:
    """A sealing died when it had written its file."""
    hour = hour_of(clock.now() - seals.HOUR)
    text = seals.write(hour, "", store.list_lines(hour))
    files.write_once(seals.file_name(hour), text, seals.CONTENT_TYPE)


def _searched(recorder: Recorder, day: Day) -> None:
    here, all_day = f"community_id={COMMUNITY}", f"since={day.text(0)}&until={day.text(24)}"
    for query in (
        f"person_id={CLERK_ID}",
        f"person_id={RESIDENT_ID}&since={day.text(0)}",
        f"person_id={DAUGHTER_ID}&until={day.text(24)}",
        f"subject_id={GRANT_ID}",
        f"community_id={COMPANY}",
    ):
        recorder.request(AUDITOR, "GET", f"/activities?{query}&limit=100")
    for query in (
        here,
        f"{here}&{all_day}",
        f"{here}&person_id={CLERK_ID}",
        f"{here}&person_id={DAUGHTER_ID}",
        f"subject_id={TICKET}",
    ):
        recorder.request(COMPANY_AUDITOR, "GET", f"/activities?{query}&limit=100")


def _bend() -> None:
    """Somebody changes a row behind everybody's back."""
    row = next(item for item in _stored() if "#log#" in item["pk"]["S"])
    aws.client("dynamodb").put_item(
        TableName=aws.setting("TABLE"), Item={**row, "actor_id": {"S": RESIDENT_ID}}
    )


def _told(recorder: Recorder) -> None:
    """The stream brings what was announced, and the relay takes it to the bus."""
    changed = [item for item in _stored() if "event" in item][:1]
    records = [{"eventName": "INSERT", "dynamodb": {"NewImage": item}} for item in changed]
    recorder.start("relay_events", {"Records": records})


def _stored() -> Iterator[dict[str, Any]]:
    yield from aws.client("dynamodb").scan(TableName=aws.setting("TABLE"))["Items"]


def _steps(_: Recorder, count: int) -> list[str]:
    return [body(happened(number + 1)) for number in range(count)]


WAITING: Mapping[str, Callable[[Recorder, int], list[str]]] = {"record_activity": _steps}
"""Queue's function → so many messages that wait for it, each with an effect of its own."""
