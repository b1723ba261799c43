"""What repairs keep of photos; their bytes are in the bucket.

Access patterns
---------------
1. one photo                 Get        pk = {community}#photo#{id}, sk = photo
2. the photos of a ticket    BatchGet   the same keys
3. a new photo's place       Transact   the same key, and pk = {community}#quotas#{person}
"""

from __future__ import annotations

from collections.abc import Iterable

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute

from chalicelib.repairs import records
from chalicelib.repairs.photos.rules import Photo, PhotoState, Refusal
from shared import ids
from shared.quotas import Quota, put_within


class _PhotoItem(records.Item):
    id = UnicodeAttribute()
    uploader_id = UnicodeAttribute()
    state = UnicodeAttribute()
    requested_at = UTCDateTimeAttribute()
    refusal = UnicodeAttribute(null=True)
    width = NumberAttribute(null=True)
    height = NumberAttribute(null=True)
    digest = UnicodeAttribute(null=True)


def add_photo(photo: Photo, quota: Quota) -> None:
    """Store a new photo's place and raise its uploader's quota, all or nothing.

    A place that is there already was asked for with the same key; it stays as it is.

    Raises
    ------
    Limited
        The quota is used up.
    """
    put_within(ids.community_of(photo.id, "pho"), [quota], _to_item(photo))


def get_photo(photo_id: str) -> Photo | None:
    """The photo with this id, or None; NotFound if it is no photo's id."""
    item = _PhotoItem.find(*_key(photo_id))
    return _to_photo(item) if item else None


def get_photos(photo_ids: Iterable[str]) -> dict[str, Photo]:
    """Those of these photos (at most 100) that exist, in one call."""
    keys = [_key(photo_id) for photo_id in photo_ids]
    found = _PhotoItem.batch_get(keys, consistent_read=True) if keys else ()
    return {item.id: _to_photo(item) for item in found}


def save_photo(photo: Photo, before: Photo) -> None:
    """Store what became of a photo, if it is still as it was.

    Raises
    ------
    Conflict
        `stale_version`: another delivery was faster.
    """
    item = _to_item(photo)
    item.version = before.version
    records.save(item, _PhotoItem.state == before.state.value)


def _key(photo_id: str) -> tuple[str, str]:
    return f"{ids.community_of(photo_id, 'pho')}#photo#{photo_id}", "photo"


def _to_item(photo: Photo) -> _PhotoItem:
    return _PhotoItem(
        *_key(photo.id),
        id=photo.id,
        uploader_id=photo.uploader_id,
        state=photo.state.value,
        requested_at=photo.requested_at,
        expires_at=photo.expires_at,
        refusal=photo.refusal.value if photo.refusal else None,
        width=photo.width,
        height=photo.height,
        digest=photo.digest,
    )


def _to_photo(item: _PhotoItem) -> Photo:
    return Photo(
        id=item.id,
        uploader_id=item.uploader_id,
        state=PhotoState(item.state),
        requested_at=item.requested_at,
        expires_at=item.expires_at,
        version=item.version,
        refusal=Refusal(item.refusal) if item.refusal else None,
        width=int(item.width) if item.width else None,
        height=int(item.height) if item.height else None,
        digest=item.digest,
    )
