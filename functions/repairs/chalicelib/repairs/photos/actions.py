"""What is done with photos: a place for the upload, its cleaning, and links to what is clean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from chalicelib.repairs.limits import upload_quota
from chalicelib.repairs.photos import rules, store
from chalicelib.repairs.photos.rules import (
    MAX_BYTES,
    Photo,
    PhotoState,
    Refusal,
    ShownPhoto,
    UploadForm,
)
from shared import clock, files, ids
from shared.auth import Caller
from shared.errors import NotFound


def request_photo_upload(
    caller: Caller, community_id: str, content_type: str, key: str, now: datetime
) -> UploadForm:
    """Give out a place for one photo, and the form to post its bytes with (RA-22).

    On one day the same key gives the same place, with a form that is good for five minutes again.
    """
    caller.reach(ids.community_of(community_id, "com"))
    # A place that was forgotten must not come back under its id, which a ticket may name: it is
    # kept for a day, so one of another day has another.
    day = clock.estate_date(now).isoformat()
    photo_id = ids.derived_id("pho", community_id, caller.person_id, day, key)
    photo = rules.request_photo_upload(photo_id, caller.person_id, now)
    store.add_photo(photo, upload_quota(caller.person_id, now))
    form = files.upload_form(_quarantined(photo_id), content_type, MAX_BYTES, now)
    return UploadForm(photo_id, form.url, form.fields, form.expires_at)


def take_photo(key: str) -> str:
    """Clean what was uploaded and release it, or refuse it; once, however often it is told.

    Returns
    -------
    str
        What became of it: `ready`, `refused`, `unknown` for bytes that no photo waits for, or
        `gone` where another delivery of the same upload has cleared them away.
    """
    photo = _photo_of(key)
    if photo is None:
        return "unknown"
    if photo.state is PhotoState.AWAITED:
        taken = _examine(photo, key)
        if taken is None:
            return "gone"
        store.save_photo(taken, photo)
        photo = taken
    files.delete(key)
    return photo.state.value


def check_photos(photo_ids: Sequence[str], community_id: str, uploader_id: str) -> None:
    """Let a person attach their own photos of this community; one call if there are any.

    Raises
    ------
    Invalid
        The position of the first that is not theirs to attach.
    """
    rules.check_photo_ids(photo_ids, community_id)
    rules.check_photos(photo_ids, store.get_photos(photo_ids), uploader_id)


def show_photos(photo_ids: Sequence[str]) -> tuple[ShownPhoto, ...]:
    """Photos with short-lived links to those that are ready, in one call."""
    found = store.get_photos(photo_ids)
    return tuple(_shown(photo_id, found.get(photo_id)) for photo_id in photo_ids)


def _quarantined(photo_id: str) -> str:
    return f"quarantine/{ids.community_of(photo_id, 'pho')}/{photo_id}"


def _released(photo: Photo) -> tuple[str, str]:
    stem = f"photos/{ids.community_of(photo.id, 'pho')}/{photo.id}/{photo.digest}"
    return f"{stem}.jpg", f"{stem}_thumb.jpg"


def _photo_of(key: str) -> Photo | None:
    photo_id = key.rpartition("/")[2]
    try:
        photo = store.get_photo(photo_id) if key == _quarantined(photo_id) else None
    except NotFound:
        return None
    return photo


def _examine(photo: Photo, key: str) -> Photo | None:
    """The photo as its bytes make it; None if they are there no more."""
    # Only the function that takes photos has the imaging library in its layers.
    from chalicelib.repairs.photos import pictures

    try:
        raw = files.read(key, MAX_BYTES)
        if raw is None:
            return None
        picture = pictures.clean(raw)
    except files.TooBig:
        return rules.refuse_photo(photo, Refusal.TOO_LARGE)
    except pictures.Unfit as unfit:
        return rules.refuse_photo(photo, unfit.refusal)
    # Of two uploads to one place each is kept under its own name; the photo names the one that
    # counts, in the write that releases it.
    digest = sha256(picture.full).hexdigest()[:16]
    released = rules.release_photo(photo, picture.width, picture.height, digest)
    full_key, thumbnail_key = _released(released)
    files.write(full_key, picture.full, "image/jpeg")
    files.write(thumbnail_key, picture.thumbnail, "image/jpeg")
    return released


def _shown(photo_id: str, photo: Photo | None) -> ShownPhoto:
    if photo is None:
        # Its place was forgotten because no bytes ever came.
        return ShownPhoto(photo_id, PhotoState.REFUSED, Refusal.NEVER_UPLOADED)
    if photo.state is not PhotoState.READY:
        return ShownPhoto(photo_id, photo.state, photo.refusal)
    full, thumbnail = (files.download_link(key) for key in _released(photo))
    return ShownPhoto(photo_id, photo.state, None, full, thumbnail)
