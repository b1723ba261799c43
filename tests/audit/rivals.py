"""What can come at the same moment in the log: the same event, another, a sealing, a search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared import aws
from tests.audit.scene import (
    AUDITOR,
    CLERK_ID,
    COMMUNITY,
    COMPANY_AUDITOR,
    RESIDENT_ID,
    Day,
    granted,
    happened,
    queued,
)
from tests.harness.hours import schedule
from tests.harness.interleavings import Rivals
from tests.harness.recorder import Recorder, Trigger

APART = {
    "sweep_events": "it reads every item in one consistent call, and changes none of them",
}
"""What need not be brought together, with anything or with another, and why."""


def scenes(recorder: Recorder) -> Iterator[Rivals]:
    """Events come in, hours end, one row is bent; at each moment, what may come."""
    day = Day()
    with day.at(0, 5):
        recorder.start("record_activity", queued(happened(1)))
    with day.at(1, 20):
        # A row comes while the hour before is sealed, twice; people look.
        yield _all_of(day)
        recorder.start("seal_hours", schedule("seal_hours"))
        recorder.start("record_activity", queued(happened(2)))
    with day.at(4, 20):
        # Hours are overdue.  A check in the midst of it finds some of them without a seal, which
        # is true at that moment, and neither what it finds before nor after.
        yield lambda of: [of.starting("seal_hours", schedule("seal_hours"))] * 2
        recorder.start("seal_hours", schedule("seal_hours"))
    with day.at(6, 20):
        recorder.start("seal_hours", schedule("seal_hours"))
        _bend()
        yield _all_of(day)


def _all_of(day: Day) -> Rivals:
    def rivals(of: Recorder) -> list[Trigger]:
        return [
            of.starting("record_activity", queued(happened(3), granted("小王"))),
            of.starting("record_activity", queued(happened(4))),
            *_sealings(day)(of),
            *_searches(of),
        ]

    return rivals


def _sealings(day: Day) -> Rivals:
    wanted = {"since": day.text(0), "until": day.text(1)}
    return lambda of: [
        of.starting("seal_hours", schedule("seal_hours")),
        of.starting("check_days", schedule("check_days")),
        of.asking(AUDITOR, "POST", "/checks", wanted),
    ]


def _searches(of: Recorder) -> list[Trigger]:
    here = f"/activities?community_id={COMMUNITY}"
    return [
        of.asking(AUDITOR, "GET", f"/activities?person_id={CLERK_ID}"),
        of.asking(COMPANY_AUDITOR, "GET", here),
        of.asking(COMPANY_AUDITOR, "GET", f"{here}&person_id={RESIDENT_ID}"),
    ]


def _bend() -> None:
    """Somebody takes a row away."""
    table = aws.setting("TABLE")
    stored: list[dict[str, Any]] = aws.client("dynamodb").scan(TableName=table)["Items"]
    row = next(item for item in stored if "#log#" in item["pk"]["S"])
    aws.client("dynamodb").delete_item(TableName=table, Key={k: row[k] for k in ("pk", "sk")})
