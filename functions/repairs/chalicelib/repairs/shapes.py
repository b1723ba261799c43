"""What repairs accept and answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from chalicelib.repairs import model, rules, texts, trail
from chalicelib.repairs.model import Category, Kind, Place, State
from chalicelib.repairs.photos.rules import (
    MAX_BYTES,
    PhotoState,
    Refusal,
    ShownPhoto,
    UploadForm,
)
from shared import clock
from shared.auth import Role
from shared.errors import invalid
from shared.requests import (
    PERSONAL,
    CommunityId,
    Cursor,
    FormFields,
    Id,
    Instant,
    Link,
    PageQuery,
    PersonId,
    RoomId,
    Shape,
    converted,
)
from shared.table import Page

TicketId = Annotated[Id, Meta(examples=["rep_7k2m9x4a_01kan7q2w8e5r1t4y6v9p3s0dz"])]
PhotoId = Annotated[Id, Meta(examples=["pho_7k2m9x4a_01kan7m4c6x8z2b5n7k1h3j9fq"])]
Title = Annotated[str, Meta(max_length=60, examples=["水管漏水"], extra=PERSONAL)]
Note = Annotated[str, Meta(max_length=300, examples=["请带上四分水管接头"], extra=PERSONAL)]
Reason = Annotated[str, Meta(min_length=2, max_length=300, examples=["没有配件"], extra=PERSONAL)]
_MAX_COMMENT = 500
Comment = Annotated[str, Meta(max_length=_MAX_COMMENT, examples=["师傅来得很快"], extra=PERSONAL)]
# What was said at a step, be it a note, a reason or a comment, which is the longest of them.
Words = Annotated[
    str, Meta(max_length=_MAX_COMMENT, examples=["请带上四分水管接头"], extra=PERSONAL)
]
Description = Annotated[
    str,
    Meta(
        min_length=rules.MIN_DESCRIPTION,
        max_length=1000,
        examples=["厨房水管漏水，地上有水"],
        extra=PERSONAL,
    ),
]
Version = Annotated[
    int, Meta(ge=1, description="The version that the caller has seen.", examples=[3])
]
Stars = Annotated[int, Meta(ge=1, le=5, examples=[5])]
PhotoIds = Annotated[tuple[PhotoId, ...], Meta(max_length=rules.MAX_PHOTOS)]
SomePhotoIds = Annotated[tuple[PhotoId, ...], Meta(min_length=1, max_length=rules.MAX_PHOTOS)]
WorkerName = Annotated[str, Meta(examples=["王师傅"], extra=PERSONAL)]
Urgency = Annotated[Kind, Meta(examples=[Kind.NORMAL])]
Trade = Annotated[Category, Meta(examples=[Category.WATER])]
# A ticket is shown as it ends, so that every field of it has a value.
Standing = Annotated[State, Meta(examples=[State.CLOSED])]
StandingZh = Annotated[str, Meta(examples=[texts.STATES[State.CLOSED][0]])]
StandingEn = Annotated[str, Meta(examples=[texts.STATES[State.CLOSED][1]])]
ShownVersion = Annotated[int, Meta(examples=[6])]
Month = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$(?!\n)", examples=["2026-11"])]


class RequestPhotoUpload(Shape):
    """A place for one photo (照片)."""

    community_id: CommunityId
    content_type: Literal["image/jpeg", "image/png", "image/webp"]
    size_bytes: Annotated[int, Meta(ge=1, le=MAX_BYTES, examples=[482_311])]


class PhotoUpload(Shape):
    """A form to post the photo's bytes with: its fields first, then the file as `file`."""

    photo_id: PhotoId
    url: Link
    fields: FormFields
    expires_at: Instant


class ReportRepair(Shape):
    """What is broken, where, and how urgent it is (报修)."""

    room_id: RoomId
    place: Place
    kind: Urgency
    category: Trade
    description: Description
    title: Title = ""
    photo_ids: PhotoIds = ()

    def report(self) -> model.Report:
        """The report as the rules take it."""
        return model.Report(
            room_id=self.room_id,
            place=self.place,
            kind=self.kind,
            category=self.category,
            title=self.title,
            description=self.description,
            photo_ids=self.photo_ids,
        )


class AssignRepair(Shape):
    """To whom a job is given (派单)."""

    worker_id: PersonId
    version: Version
    note: Note = ""


class TakeStep(Shape):
    """A step that needs no words: accept, start."""

    version: Version


class ReturnRepair(Shape):
    """Why a job is given back."""

    version: Version
    reason: Reason


class FinishRepair(Shape):
    """How it looks now that it is mended."""

    version: Version
    photo_ids: SomePhotoIds
    note: Note = ""


class Rating(Shape):
    """1 to 5 stars for each side of the service (服务评价)."""

    speed: Stars
    attitude: Stars
    quality: Stars


class RateRepair(Rating):
    """A rating, with a word if one likes."""

    version: Version
    comment: Comment = ""

    def rating(self) -> trail.Rating:
        """The rating as the rules take it."""
        return trail.Rating(self.speed, self.attitude, self.quality)


class WithdrawRepair(Shape):
    """Why no repair is needed any more."""

    version: Version
    reason: Reason


class TicketQuery(PageQuery, kw_only=True):
    """Which tickets of a community: the open ones, or those that ended in a month.

    `closed` without a month means this month.
    """

    community_id: CommunityId
    state: Literal["open", "closed"] = "open"
    month: Month | None = None

    def ended_in(self, now: datetime) -> str | None:
        """The month whose tickets are asked for; None for the open ones.

        Raises
        ------
        Invalid
            A month for open tickets, which belong to none.
        """
        if self.state == "closed":
            return self.month or clock.estate_date(now).isoformat()[:7]
        if self.month is not None:
            raise invalid("query:month", "no_month_for_open")
        return None


class CommunityQuery(PageQuery, kw_only=True):
    """Of which community."""

    community_id: CommunityId


class TicketSummary(Shape):
    """A ticket (工单) as lists show it."""

    ticket_id: TicketId
    community_id: CommunityId
    room_id: RoomId
    place: Place
    kind: Urgency
    category: Trade
    title: Title
    state: Standing
    state_zh: StandingZh
    state_en: StandingEn
    reporter_id: PersonId
    assignee_id: PersonId | None
    assignee_name: WorkerName | None
    reported_at: Instant
    due_at: Instant | None
    overdue: bool
    closed_at: Instant | None
    version: ShownVersion


class Ticket(TicketSummary):
    """A ticket as it stands after a step."""

    description: Description
    photo_ids: tuple[PhotoId, ...]
    done_at: Instant | None
    rating: Rating | None


class Entry(Shape):
    """One step of a ticket's trail; the hash chains it to the one before."""

    at: Instant
    actor_id: PersonId
    actor: trail.Actor
    action: Annotated[str, Meta(examples=["rate"])]
    note: Words
    photo_ids: tuple[PhotoId, ...]
    worker_id: PersonId | None
    rating: Rating | None
    hash: Annotated[str, Meta(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c"])]


class Photo(Shape):
    """A photo; one that is ready has links that hold for five minutes."""

    photo_id: PhotoId
    state: Annotated[PhotoState, Meta(examples=[PhotoState.READY])]
    refusal: Annotated[Refusal | None, Meta(examples=[None])]
    url: Link | None
    thumbnail_url: Link | None


class TicketWithTrail(Ticket):
    """A ticket, everything that happened to it, and its photos."""

    timeline: list[Entry]
    photos: list[Photo]


class TicketPage(Shape):
    """A page of tickets; it may be shorter than asked for, and still have a next one."""

    items: list[TicketSummary]
    next_cursor: Cursor | None


class Technician(Shape):
    """A technician (维修工) and the scope of one of their grants."""

    person_id: PersonId
    name: WorkerName
    scope: CommunityId


class TechnicianPage(Shape):
    """A page of technicians."""

    items: list[Technician]
    next_cursor: Cursor | None


class StaffChange(msgspec.Struct, frozen=True):
    """What `StaffGranted` and `StaffRevoked` tell, as far as it matters here."""

    person_id: str
    role: Role
    scope: str
    name: str


def staff_change(data: object) -> StaffChange:
    """The data of a staff event; Misfit if it is none."""
    return converted(data, StaffChange)


def photo_upload(form: UploadForm) -> PhotoUpload:
    """A photo's place and form as the API shows them."""
    return PhotoUpload(
        photo_id=form.photo_id,
        url=form.url,
        fields=dict(form.fields),
        expires_at=form.expires_at,
    )


def ticket(found: model.Ticket, now: datetime) -> Ticket:
    """A ticket as the API shows it."""
    return Ticket(
        **_summary(found, now),
        description=found.description,
        photo_ids=found.photo_ids,
        done_at=found.done_at,
        rating=_rating(found.rating),
    )


def ticket_with_trail(
    found: model.Ticket, photos: Sequence[ShownPhoto], now: datetime
) -> TicketWithTrail:
    """A ticket with its trail and photos as the API shows them."""
    return TicketWithTrail(
        **msgspec.structs.asdict(ticket(found, now)),
        timeline=[_entry(entry) for entry in found.timeline],
        photos=[
            Photo(
                photo_id=photo.id,
                state=photo.state,
                refusal=photo.refusal,
                url=photo.url,
                thumbnail_url=photo.thumbnail_url,
            )
            for photo in photos
        ],
    )


def ticket_page(found: Page[model.Summary], now: datetime) -> TicketPage:
    """A page of tickets as the API shows it."""
    items = [TicketSummary(**_summary(summary, now)) for summary in found.items]
    return TicketPage(items=items, next_cursor=found.next_cursor)


def technician_page(found: Page[model.Technician]) -> TechnicianPage:
    """A page of technicians as the API shows it."""
    items = [
        Technician(person_id=one.person_id, name=one.name, scope=one.scope) for one in found.items
    ]
    return TechnicianPage(items=items, next_cursor=found.next_cursor)


def _summary(found: model.Summary, now: datetime) -> dict[str, Any]:
    state_zh, state_en = texts.STATES[found.state]
    return {
        "ticket_id": found.id,
        "community_id": found.community_id,
        "room_id": found.room_id,
        "place": found.place,
        "kind": found.kind,
        "category": found.category,
        "title": found.title,
        "state": found.state,
        "state_zh": state_zh,
        "state_en": state_en,
        "reporter_id": found.reporter_id,
        "assignee_id": found.assignee_id,
        "assignee_name": found.assignee_name,
        "reported_at": found.reported_at,
        "due_at": found.due_at,
        "overdue": rules.overdue(found, now),
        "closed_at": found.closed_at,
        "version": found.version,
    }


def _rating(found: trail.Rating | None) -> Rating | None:
    if found is None:
        return None
    return Rating(speed=found.speed, attitude=found.attitude, quality=found.quality)


def _entry(found: trail.Entry) -> Entry:
    return Entry(
        at=found.at,
        actor_id=found.actor_id,
        actor=found.actor,
        action=found.action,
        note=found.note,
        photo_ids=found.photo_ids,
        worker_id=found.worker_id,
        rating=_rating(found.rating),
        hash=found.hash,
    )
