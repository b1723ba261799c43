"""What is done with qualifications: a place for the upload, its examination, and links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from chalicelib.onboarding.limits import upload_quota
from chalicelib.onboarding.qualifications import rules, sniffing, store
from chalicelib.onboarding.qualifications.rules import (
    MAX_BYTES,
    Qualification,
    QualificationState,
    Refusal,
    ShownQualification,
    UploadForm,
)
from shared import clock, files, ids
from shared.auth import Caller
from shared.errors import NotFound

_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}


def request_qualification_upload(
    caller: Caller, content_type: str, key: str, now: datetime
) -> UploadForm:
    """Give out a place for one file, and the form to post its bytes with.

    On one day the same key gives the same place, with a form that is good for five minutes again.
    """
    # A place that was forgotten must not come back under its id: it is kept for a day, so one of
    # another day has another.
    day = clock.estate_date(now).isoformat()
    qualification_id = ids.derived_platform_id("qua", caller.own(), day, key)
    awaited = rules.request_qualification_upload(qualification_id, caller.person_id, now)
    store.add_qualification(awaited, upload_quota(caller.person_id, now))
    form = files.upload_form(_quarantined(qualification_id), content_type, MAX_BYTES, now)
    return UploadForm(qualification_id, form.url, form.fields, form.expires_at)


def take_qualification(key: str) -> str:
    """Examine what was uploaded and keep it, or refuse it; once, however often it is told.

    Returns
    -------
    str
        What became of it: `accepted`, `refused`, `unknown` for bytes that nothing waits for, or
        `gone` where another delivery of the same upload has cleared them away.
    """
    found = _qualification_of(key)
    if found is None:
        return "unknown"
    if found.state is QualificationState.AWAITED:
        taken = _examine(found, key)
        if taken is None:
            return "gone"
        store.save_qualification(taken, found)
        found = taken
    files.delete(key)
    return found.state.value


def check_qualifications(qualification_ids: Sequence[str], uploader_id: str) -> None:
    """Let a person show their own files; one call.

    Raises
    ------
    Invalid
        The position of the first that is not theirs to show.
    """
    rules.check_qualification_ids(qualification_ids)
    found = store.get_qualifications(qualification_ids)
    rules.check_qualifications(qualification_ids, found, uploader_id)


def show_qualifications(qualification_ids: Sequence[str]) -> tuple[ShownQualification, ...]:
    """Files with short-lived links to those that were accepted, in one call."""
    found = store.get_qualifications(qualification_ids)
    return tuple(_shown(one, found.get(one)) for one in qualification_ids)


def _quarantined(qualification_id: str) -> str:
    return f"quarantine/{qualification_id}"


def _kept(one: Qualification) -> str:
    return f"qualifications/{one.id}/{one.digest}.{_ENDINGS[str(one.content_type)]}"


def _qualification_of(key: str) -> Qualification | None:
    qualification_id = key.rpartition("/")[2]
    try:
        wanted = key == _quarantined(qualification_id)
        return store.get_qualification(qualification_id) if wanted else None
    except NotFound:
        return None


def _examine(awaited: Qualification, key: str) -> Qualification | None:
    """The qualification as its bytes make it; None if they are there no more."""
    try:
        body = files.read(key, MAX_BYTES)
    except files.TooBig:
        return rules.refuse_qualification(awaited, Refusal.TOO_LARGE)
    if body is None:
        return None
    content_type = sniffing.content_type(body)
    if content_type is None:
        return rules.refuse_qualification(awaited, Refusal.NOT_A_DOCUMENT)
    # Of two uploads to one place each is kept under its own name; the record names the one that
    # counts, in the write that accepts it.
    digest = sha256(body).hexdigest()[:16]
    accepted = rules.accept_qualification(awaited, content_type, digest)
    files.write(_kept(accepted), body, content_type)
    return accepted


def _shown(qualification_id: str, one: Qualification | None) -> ShownQualification:
    if one is None:
        # Its place was forgotten because no bytes ever came.
        refused, never = QualificationState.REFUSED, Refusal.NEVER_UPLOADED
        return ShownQualification(qualification_id, refused, never)
    if one.state is not QualificationState.ACCEPTED:
        return ShownQualification(qualification_id, one.state, one.refusal)
    key = _kept(one)
    # Saved to a file, never opened in a page of ours: a PDF may hold scripts.
    link = files.download_link(key, f"{qualification_id}.{key.rpartition('.')[2]}")
    return ShownQualification(qualification_id, one.state, None, one.content_type, link)
