"""What is decided about qualifications (资质): who may name one, and what becomes of an upload.

A qualification is `awaited` from the moment a place for it was asked for; once its bytes were
examined it is `accepted`, or `refused` for a stated reason.  Nobody sees it before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared import ids
from shared.errors import NotFound, invalid

MAX_BYTES = 10 * 1024 * 1024
_AWAITED_FOR = timedelta(days=1)


class QualificationState(StrEnum):
    """What became of an upload so far."""

    AWAITED = "awaited"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Refusal(StrEnum):
    """Why an upload is not shown."""

    NEVER_UPLOADED = "never_uploaded"
    TOO_LARGE = "too_large"
    NOT_A_DOCUMENT = "not_a_document"


@dataclass(frozen=True)
class Qualification:
    """One uploaded file; `expires_at` forgets a place that nobody used.

    `digest` names the bytes that count, so that no later upload can take their place.
    """

    id: str
    uploader_id: str
    state: QualificationState
    requested_at: datetime
    expires_at: datetime | None
    version: int = 0
    refusal: Refusal | None = None
    content_type: str | None = None
    digest: str | None = None


@dataclass(frozen=True)
class UploadForm:
    """Where and how a client sends the bytes: a presigned POST with its fields."""

    qualification_id: str
    url: str
    fields: Mapping[str, str]
    expires_at: datetime


@dataclass(frozen=True)
class ShownQualification:
    """A qualification as those who see its application see it; the link is short-lived."""

    id: str
    state: QualificationState
    refusal: Refusal | None = None
    content_type: str | None = None
    url: str | None = None


def request_qualification_upload(
    qualification_id: str, uploader_id: str, now: datetime
) -> Qualification:
    """The place for one file, before its bytes arrive."""
    state = QualificationState.AWAITED
    return Qualification(qualification_id, uploader_id, state, now, now + _AWAITED_FOR, version=1)


def accept_qualification(awaited: Qualification, content_type: str, digest: str) -> Qualification:
    """The file that may be seen."""
    return replace(
        awaited,
        state=QualificationState.ACCEPTED,
        version=awaited.version + 1,
        expires_at=None,
        content_type=content_type,
        digest=digest,
    )


def refuse_qualification(awaited: Qualification, refusal: Refusal) -> Qualification:
    """The file that nobody will see, and why."""
    return replace(
        awaited,
        state=QualificationState.REFUSED,
        version=awaited.version + 1,
        expires_at=None,
        refusal=refusal,
    )


def check_qualification_ids(qualification_ids: Sequence[str]) -> None:
    """Let only ids of qualifications go on to be looked up.

    Raises
    ------
    Invalid
        `no_such_qualification` at its position.
    """
    for i, qualification_id in enumerate(qualification_ids):
        try:
            ids.check_platform_id(qualification_id, "qua")
        except NotFound:
            raise invalid(f"qualification_ids[{i}]", "no_such_qualification") from None


def check_qualifications(
    qualification_ids: Sequence[str], found: Mapping[str, Qualification], uploader_id: str
) -> None:
    """Let a person show their own files, unless one was refused.

    Raises
    ------
    Invalid
        `no_such_qualification` for one that is absent or somebody else's: both look the same;
        `qualification_refused` for one that was examined and refused.
    """
    for i, qualification_id in enumerate(qualification_ids):
        one = found.get(qualification_id)
        if one is None or one.uploader_id != uploader_id:
            raise invalid(f"qualification_ids[{i}]", "no_such_qualification")
        if one.state is QualificationState.REFUSED:
            refusal = one.refusal or ""
            raise invalid(f"qualification_ids[{i}]", "qualification_refused", refusal=refusal)
