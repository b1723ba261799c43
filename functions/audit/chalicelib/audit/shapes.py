"""What the log accepts and answers."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from chalicelib.audit import model, seals, texts
from shared.requests import (
    IMPERSONAL,
    Cursor,
    Id,
    Instant,
    PageQuery,
    PersonId,
    Shape,
)
from shared.table import Page

ActivityId = Annotated[
    str, Meta(examples=["rep_7k2m9x4a_01kan7q2w8e5r1t4y6v9p3s0dz:2"], extra=IMPERSONAL)
]
Kind = Annotated[str, Meta(examples=["RepairAssigned"])]
Source = Annotated[str, Meta(examples=["repairs"])]
Place = Annotated[
    Id,
    Meta(
        description="A community, a company, or `platform`.",
        examples=["com_7k2m9x4a"],
    ),
]
SubjectId = Annotated[Id, Meta(examples=["rep_7k2m9x4a_01kan7q2w8e5r1t4y6v9p3s0dz"])]
Version = Annotated[int, Meta(examples=[2])]
ActorId = Annotated[
    str,
    Meta(
        description="A person, or `platform` for what happens by itself.",
        examples=["per_4q8s1n6v0x3z7b2d5g9j4m8p1r"],
    ),
]
Data = Annotated[
    dict[str, Any],
    Meta(
        description="Ids, codes and numbers, as the event told them; never a name.",
        examples=[{"state": "dispatched"}],
    ),
]
Stray = Annotated[
    bool,
    Meta(
        description="Whether it stands where no seal covers it: somebody put it there.",
        examples=[False],
    ),
]
Hour = Annotated[str, Meta(description="In UTC.", examples=["2026-11-22T04"])]
Row = Annotated[str, Meta(examples=["2026-11-22T04#rep_7k2m9x4a_01kan7q2w8e5r1t4y6v9p3s0dz:2#0"])]
Count = Annotated[int, Meta(examples=[24])]
FindingKind = Annotated[seals.Kind, Meta(examples=[seals.Kind.ROW_CHANGED])]
KindZh = Annotated[str, Meta(examples=[texts.FINDINGS[seals.Kind.ROW_CHANGED][0]])]
KindEn = Annotated[str, Meta(examples=[texts.FINDINGS[seals.Kind.ROW_CHANGED][1]])]


class ActivityQuery(PageQuery, kw_only=True):
    """Whose or what activities (操作): a person's, a thing's, or all of a place.

    A person's may be narrowed to a place; without one they are of the whole platform.  Both
    instants are included.
    """

    person_id: PersonId | None = None
    subject_id: SubjectId | None = None
    community_id: Place | None = None
    since: Instant | None = None
    until: Instant | None = None

    def search(self) -> model.Search:
        """The search as the rules take it."""
        return model.Search(
            person_id=self.person_id or "",
            subject_id=self.subject_id or "",
            place=self.community_id or "",
            since=self.since,
            until=self.until,
        )


class CheckLog(Shape):
    """Which hours of the log are compared with their seals (校验): at most 48."""

    since: Instant
    until: Instant


class Activity(Shape):
    """Who did what to what, in whose name, where and when."""

    activity_id: ActivityId
    type: Kind
    source: Source
    at: Instant
    received_at: Instant
    community_id: Place
    subject_id: SubjectId
    version: Version
    actor_id: ActorId
    for_id: PersonId | None
    data: Data
    stray: Stray


class ActivityPage(Shape):
    """A page of activities, newest first."""

    items: list[Activity]
    next_cursor: Cursor | None


class Finding(Shape):
    """Something in the log that is not as it was; which row, where that can be known."""

    kind: FindingKind
    kind_zh: KindZh
    kind_en: KindEn
    hour: Hour
    row: Row | None


class CheckReport(Shape):
    """What a check read, and everything that it found, up to 100 things."""

    whole: bool
    first_hour: Hour | None
    last_hour: Hour | None
    hours: Count
    rows: Count
    findings: list[Finding]
    more: bool


def activity_page(found: Page[model.Activity]) -> ActivityPage:
    """A page of activities as the API shows it."""
    return ActivityPage(
        items=[_activity(one) for one in found.items], next_cursor=found.next_cursor
    )


def _activity(found: model.Activity) -> Activity:
    return Activity(
        activity_id=found.id,
        type=found.type,
        source=found.source,
        at=found.at,
        received_at=found.received_at,
        community_id=found.community_id,
        subject_id=found.subject_id,
        version=found.subject_version,
        actor_id=found.actor_id,
        for_id=found.for_id or None,
        data=found.data,
        stray=found.stray,
    )


def check_report(found: seals.Report) -> CheckReport:
    """A check's report as the API shows it."""
    return CheckReport(
        whole=not found.findings,
        first_hour=found.first,
        last_hour=found.last,
        hours=found.hours,
        rows=found.rows,
        findings=[_finding(one) for one in found.findings],
        more=found.more,
    )


def _finding(found: seals.Finding) -> Finding:
    zh, en = texts.FINDINGS[found.kind]
    return Finding(kind=found.kind, kind_zh=zh, kind_en=en, hour=found.hour, row=found.row or None)
