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
from shared.requests import PageQuery, PersonId, Shape
from shared.table import Page

Id = Annotated[str, Meta(min_length=4, max_length=120)]
Note = Annotated[str, Meta(max_length=300)]
Reason = Annotated[str, Meta(min_length=2, max_length=300)]
Description = Annotated[str, Meta(min_length=rules.MIN_DESCRIPTION, max_length=1000)]
Version = Annotated[int, Meta(ge=1, description="The version that the caller has seen.")]
Stars = Annotated[int, Meta(ge=1, le=5)]
PhotoIds = Annotated[tuple[Id, ...], Meta(max_length=rules.MAX_PHOTOS)]
SomePhotoIds = Annotated[tuple[Id, ...], Meta(min_length=1, max_length=rules.MAX_PHOTOS)]
Month = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$(?!\n)", examples=["2026-11"])]


class RequestPhotoUpload(Shape):
    """A place for one photo (照片)."""

    community_id: Id
    content_type: Literal["image/jpeg", "image/png", "image/webp"]
    size_bytes: Annotated[int, Meta(ge=1, le=MAX_BYTES)]


class PhotoUpload(Shape):
    """A form to post the photo's bytes with: its fields first, then the file as `file`."""

    photo_id: str
    url: str
    fields: dict[str, str]
    expires_at: datetime


class ReportRepair(Shape):
    """What is broken, where, and how urgent it is (报修)."""

    room_id: Id
    place: Place
    kind: Kind
    category: Category
    description: Description
    title: Annotated[str, Meta(max_length=60)] = ""
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
    comment: Annotated[str, Meta(max_length=500)] = ""

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

    community_id: Id
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

    community_id: Id


class TicketSummary(Shape):
    """A ticket (工单) as lists show it."""

    ticket_id: str
    community_id: str
    room_id: str
    place: Place
    kind: Kind
    category: Category
    title: str
    state: State
    state_zh: str
    state_en: str
    reporter_id: str
    assignee_id: str | None
    assignee_name: str | None
    reported_at: datetime
    due_at: datetime | None
    overdue: bool
    closed_at: datetime | None
    version: int


class Ticket(TicketSummary):
    """A ticket as it stands after a step."""

    description: str
    photo_ids: tuple[str, ...]
    done_at: datetime | None
    rating: Rating | None


class Entry(Shape):
    """One step of a ticket's trail; the hash chains it to the one before."""

    at: datetime
    actor_id: str
    actor: trail.Actor
    action: str
    note: str
    photo_ids: tuple[str, ...]
    worker_id: str | None
    rating: Rating | None
    hash: str


class Photo(Shape):
    """A photo; one that is ready has links that hold for five minutes."""

    photo_id: str
    state: PhotoState
    refusal: Refusal | None
    url: str | None
    thumbnail_url: str | None


class TicketWithTrail(Ticket):
    """A ticket, everything that happened to it, and its photos."""

    timeline: list[Entry]
    photos: list[Photo]


class TicketPage(Shape):
    """A page of tickets; it may be shorter than asked for, and still have a next one."""

    items: list[TicketSummary]
    next_cursor: str | None


class Technician(Shape):
    """A technician (维修工) and the scope of one of their grants."""

    person_id: str
    name: str
    scope: str


class TechnicianPage(Shape):
    """A page of technicians."""

    items: list[Technician]
    next_cursor: str | None


class StaffChange(msgspec.Struct, frozen=True):
    """What `StaffGranted` and `StaffRevoked` tell, as far as it matters here."""

    person_id: str
    role: Role
    scope: str
    name: str


def staff_change(data: object) -> StaffChange:
    """The data of a staff event; msgspec.ValidationError if it is none."""
    return msgspec.convert(data, StaffChange)


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
