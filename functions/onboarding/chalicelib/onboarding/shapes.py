"""What onboarding accepts and answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from chalicelib.onboarding import model, rules, texts, trail
from chalicelib.onboarding.guidance.progress import Milestone, Progress
from chalicelib.onboarding.model import Kind, State
from chalicelib.onboarding.qualifications.rules import (
    MAX_BYTES,
    QualificationState,
    Refusal,
    ShownQualification,
    UploadForm,
)
from shared import clock, ids
from shared.errors import invalid
from shared.requests import (
    IMPERSONAL,
    PERSONAL,
    Cursor,
    FormFields,
    Id,
    Instant,
    Link,
    PageQuery,
    PersonId,
    Shape,
    converted,
)
from shared.table import Page

ApplicationId = Annotated[Id, Meta(examples=["app_01kan7q2w8e5r1t4y6v9p3s0dz"])]
QualificationId = Annotated[Id, Meta(examples=["qua_01kan7m4c6x8z2b5n7k1h3j9fq"])]
CompanyId = Annotated[
    str,
    Meta(pattern=rf"^co_[{ids.ALPHABET}]{{26}}$(?!\n)", examples=["co_01kan6x1b3d5f7h9k2m4p6r8t0"]),
]
CompanyName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=60,
        pattern=r"^(?!\s)[^\x00-\x1f\x7f]+(?<!\s)$(?!\n)",
        examples=["安居物业"],
        extra=IMPERSONAL,
    ),
]
CreditCode = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$(?!\n)",
        description="Unified social credit code (统一社会信用代码, GB 32100).",
        examples=["91320114MA1MABCD0C"],
        extra=IMPERSONAL,
    ),
]
Introduction = Annotated[
    str, Meta(max_length=1000, examples=["管理南京三个小区，共 1,200 户"], extra=PERSONAL)
]
_MAX_REASON = 500
Reason = Annotated[
    str,
    Meta(min_length=2, max_length=_MAX_REASON, examples=["营业执照已过期"], extra=PERSONAL),
]
Words = Annotated[str, Meta(max_length=_MAX_REASON, examples=["营业执照已过期"], extra=PERSONAL)]
QualificationIds = Annotated[
    tuple[QualificationId, ...], Meta(min_length=1, max_length=rules.MAX_QUALIFICATIONS)
]
Version = Annotated[
    int, Meta(ge=1, description="The version that the caller has seen.", examples=[2])
]
Applicant = Annotated[Kind, Meta(examples=[Kind.PROPERTY_COMPANY])]
# An application is shown as it ends well, so that every field of it has a value.
Standing = Annotated[State, Meta(examples=[State.APPROVED])]
StandingZh = Annotated[str, Meta(examples=[texts.STATES[State.APPROVED][0]])]
StandingEn = Annotated[str, Meta(examples=[texts.STATES[State.APPROVED][1]])]
ShownVersion = Annotated[int, Meta(examples=[3])]
Month = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$(?!\n)", examples=["2026-11"])]
ContentType = Literal["image/jpeg", "image/png", "application/pdf"]


class RequestQualificationUpload(Shape):
    """A place for one file: a business licence (营业执照), say."""

    content_type: ContentType
    size_bytes: Annotated[int, Meta(ge=1, le=MAX_BYTES, examples=[482_311])]


class QualificationUpload(Shape):
    """A form to post the file's bytes with: its fields first, then the file as `file`."""

    qualification_id: QualificationId
    url: Link
    fields: FormFields
    expires_at: Instant


class Said(Shape):
    """What a company says of itself."""

    name: CompanyName
    credit_code: CreditCode
    qualification_ids: QualificationIds
    introduction: Introduction = ""

    def details(self) -> trail.Details:
        """What was said, as the rules take it."""
        return trail.Details(
            name=self.name,
            credit_code=self.credit_code,
            qualification_ids=self.qualification_ids,
            introduction=self.introduction,
        )


class SubmitApplication(Said, kw_only=True):
    """A company that wants to come onto the platform (入驻申请)."""

    kind: Applicant


class ResubmitApplication(Said, kw_only=True):
    """A refused application put right."""

    version: Version


class TakeStep(Shape):
    """A step that needs no words: claim, approve."""

    version: Version


class GiveReason(Shape):
    """A step that needs a reason: refuse, withdraw."""

    version: Version
    reason: Reason


class ReviewQuery(PageQuery, kw_only=True):
    """Which applications: those that wait, or those that ended in a month.

    `closed` without a month means this month.
    """

    state: Literal["open", "closed"] = "open"
    month: Month | None = None

    def ended_in(self, now: datetime) -> str | None:
        """The month whose applications are asked for; None for those that wait.

        Raises
        ------
        Invalid
            A month for open applications, which belong to none.
        """
        if self.state == "closed":
            return self.month or clock.estate_date(now).isoformat()[:7]
        if self.month is not None:
            raise invalid("query:month", "no_month_for_open")
        return None


class ApplicationSummary(Shape):
    """An application (入驻申请) as lists show it."""

    application_id: ApplicationId
    kind: Applicant
    name: CompanyName
    credit_code: CreditCode
    state: Standing
    state_zh: StandingZh
    state_en: StandingEn
    applicant_id: PersonId
    applied_at: Instant
    submitted_at: Instant
    reviewer_id: PersonId | None
    ended_at: Instant | None
    version: ShownVersion


class Application(ApplicationSummary):
    """An application as it stands after a step."""

    qualification_ids: tuple[QualificationId, ...]
    introduction: Introduction


class Entry(Shape):
    """One step of an application's trail; the hash chains it to the one before."""

    at: Instant
    actor_id: PersonId
    actor: trail.Actor
    action: Annotated[str, Meta(examples=["approve"])]
    note: Words
    details: Said | None
    hash: Annotated[str, Meta(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c"])]


class Qualification(Shape):
    """A file; one that was accepted has a link that holds for five minutes."""

    qualification_id: QualificationId
    state: Annotated[QualificationState, Meta(examples=[QualificationState.ACCEPTED])]
    refusal: Annotated[Refusal | None, Meta(examples=[None])]
    content_type: Annotated[str | None, Meta(examples=["application/pdf"])]
    url: Link | None


class Guidance(Shape):
    """One step on an approved company's way, and what to do for it (入驻引导)."""

    step: Annotated[Milestone, Meta(examples=[Milestone.REGISTER])]
    done: bool
    title_zh: Annotated[str, Meta(examples=[texts.MILESTONES[Milestone.REGISTER][0]])]
    title_en: Annotated[str, Meta(examples=[texts.MILESTONES[Milestone.REGISTER][1]])]
    next_zh: Annotated[str, Meta(examples=[texts.NEXT[Milestone.REGISTER][0]])]
    next_en: Annotated[str, Meta(examples=[texts.NEXT[Milestone.REGISTER][1]])]


class ApplicationWithTrail(Application):
    """An application, everything that happened to it, its files, and what comes next."""

    company_id: CompanyId | None
    timeline: list[Entry]
    qualifications: list[Qualification]
    guidance: list[Guidance]


class ApplicationPage(Shape):
    """A page of applications."""

    items: list[ApplicationSummary]
    next_cursor: Cursor | None


class ProgressTold(msgspec.Struct, frozen=True):
    """What other capabilities' events tell of a company's progress, as far as it matters here."""

    company_id: str = ""
    state: str = ""
    role: str = ""
    scope: str = ""
    person_id: str = ""


def progress_told(data: object) -> ProgressTold:
    """The data of an event; Misfit if it is of another form."""
    return converted(data, ProgressTold)


def qualification_upload(form: UploadForm) -> QualificationUpload:
    """A file's place and form as the API shows them."""
    return QualificationUpload(
        qualification_id=form.qualification_id,
        url=form.url,
        fields=dict(form.fields),
        expires_at=form.expires_at,
    )


def application(found: model.Application) -> Application:
    """An application as the API shows it."""
    return Application(
        **_summary(found),
        qualification_ids=found.qualification_ids,
        introduction=found.introduction,
    )


def application_with_trail(
    found: model.Application,
    files: Sequence[ShownQualification],
    progress: Sequence[Progress],
) -> ApplicationWithTrail:
    """An application with its trail, its files and its guidance as the API shows them."""
    return ApplicationWithTrail(
        **msgspec.structs.asdict(application(found)),
        company_id=found.company_id if found.state is State.APPROVED else None,
        timeline=[_entry(entry) for entry in found.timeline],
        qualifications=[
            Qualification(
                qualification_id=file.id,
                state=file.state,
                refusal=file.refusal,
                content_type=file.content_type,
                url=file.url,
            )
            for file in files
        ],
        guidance=[_guidance(one) for one in progress],
    )


def application_page(found: Page[model.Summary]) -> ApplicationPage:
    """A page of applications as the API shows it."""
    items = [ApplicationSummary(**_summary(summary)) for summary in found.items]
    return ApplicationPage(items=items, next_cursor=found.next_cursor)


def _summary(found: model.Summary) -> dict[str, Any]:
    state_zh, state_en = texts.STATES[found.state]
    return {
        "application_id": found.id,
        "kind": found.kind,
        "name": found.name,
        "credit_code": found.credit_code,
        "state": found.state,
        "state_zh": state_zh,
        "state_en": state_en,
        "applicant_id": found.applicant_id,
        "applied_at": found.applied_at,
        "submitted_at": found.submitted_at,
        "reviewer_id": found.reviewer_id,
        "ended_at": found.ended_at,
        "version": found.version,
    }


def _entry(found: trail.Entry) -> Entry:
    said = found.details
    return Entry(
        at=found.at,
        actor_id=found.actor_id,
        actor=found.actor,
        action=found.action,
        note=found.note,
        details=Said(
            name=said.name,
            credit_code=said.credit_code,
            qualification_ids=said.qualification_ids,
            introduction=said.introduction,
        )
        if said
        else None,
        hash=found.hash,
    )


def _guidance(one: Progress) -> Guidance:
    title_zh, title_en = texts.MILESTONES[one.milestone]
    next_zh, next_en = texts.NEXT[one.milestone]
    return Guidance(
        step=one.milestone,
        done=one.done,
        title_zh=title_zh,
        title_en=title_en,
        next_zh=next_zh,
        next_en=next_en,
    )
