"""What is decided about photos (照片): who may attach one, and what becomes of an upload.

A photo is `awaited` from the moment a place for it was asked for; once its bytes were examined it
is `ready`, or `refused` for a stated reason.  Nobody sees it before it is ready.
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


class PhotoState(StrEnum):
    """What became of an upload so far."""

    AWAITED = "awaited"
    READY = "ready"
    REFUSED = "refused"


class Refusal(StrEnum):
    """Why an upload is not shown."""

    NEVER_UPLOADED = "never_uploaded"
    TOO_LARGE = "too_large"
    NOT_A_PHOTO = "not_a_photo"
    TOO_MANY_PIXELS = "too_many_pixels"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class Photo:
    """One uploaded picture; `expires_at` forgets a place that nobody used.

    `digest` names the cleaned bytes that count, so that no later upload can take their place.
    """

    id: str
    uploader_id: str
    state: PhotoState
    requested_at: datetime
    expires_at: datetime | None
    version: int = 0
    refusal: Refusal | None = None
    width: int | None = None
    height: int | None = None
    digest: str | None = None


@dataclass(frozen=True)
class UploadForm:
    """Where and how a client sends the bytes: a presigned POST with its fields."""

    photo_id: str
    url: str
    fields: Mapping[str, str]
    expires_at: datetime


@dataclass(frozen=True)
class ShownPhoto:
    """A photo as those who see its ticket see it; the links are short-lived."""

    id: str
    state: PhotoState
    refusal: Refusal | None = None
    url: str | None = None
    thumbnail_url: str | None = None


def request_photo_upload(photo_id: str, uploader_id: str, now: datetime) -> Photo:
    """The place for one photo, before its bytes arrive."""
    return Photo(photo_id, uploader_id, PhotoState.AWAITED, now, now + _AWAITED_FOR, version=1)


def release_photo(photo: Photo, width: int, height: int, digest: str) -> Photo:
    """The photo whose cleaned picture is stored and may be seen."""
    return replace(
        photo,
        state=PhotoState.READY,
        version=photo.version + 1,
        expires_at=None,
        width=width,
        height=height,
        digest=digest,
    )


def refuse_photo(photo: Photo, refusal: Refusal) -> Photo:
    """The photo that nobody will see, and why."""
    return replace(
        photo,
        state=PhotoState.REFUSED,
        version=photo.version + 1,
        expires_at=None,
        refusal=refusal,
    )


def check_photo_ids(photo_ids: Sequence[str], community_id: str) -> None:
    """Let only ids of photos of this community go on to be looked up.

    Raises
    ------
    Invalid
        `no_such_photo` at the photo's position.
    """
    for i, photo_id in enumerate(photo_ids):
        try:
            own = ids.community_of(photo_id, "pho") == community_id
        except NotFound:
            own = False
        if not own:
            raise invalid(f"photo_ids[{i}]", "no_such_photo")


def check_photos(photo_ids: Sequence[str], found: Mapping[str, Photo], uploader_id: str) -> None:
    """Let a person attach their own photos, unless one was refused.

    Raises
    ------
    Invalid
        `no_such_photo` for one that is absent or somebody else's: both look the same;
        `photo_refused` for one that was examined and refused.
    """
    for i, photo_id in enumerate(photo_ids):
        photo = found.get(photo_id)
        if photo is None or photo.uploader_id != uploader_id:
            raise invalid(f"photo_ids[{i}]", "no_such_photo")
        if photo.state is PhotoState.REFUSED:
            raise invalid(f"photo_ids[{i}]", "photo_refused", refusal=photo.refusal or "")
