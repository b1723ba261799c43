"""What onboarding keeps of qualifications; their bytes are in the bucket.

Access patterns
---------------
1. one qualification                 Get        pk = platform#qualification#{id},
                                                sk = qualification
2. those of an application           BatchGet   the same keys
3. a new one's place                 Transact   the same key, and pk = platform#quotas#{person}
4. what became of it                 Put        the same key, on version and state
"""

from __future__ import annotations

from collections.abc import Iterable

from pynamodb.attributes import TTLAttribute, UnicodeAttribute, UTCDateTimeAttribute

from chalicelib.onboarding.qualifications.rules import Qualification, QualificationState, Refusal
from shared import ids
from shared.auth import PLATFORM
from shared.errors import Conflict
from shared.quotas import Quota, put_within
from shared.table import Record, Refused


class _QualificationItem(Record):
    id = UnicodeAttribute()
    uploader_id = UnicodeAttribute()
    state = UnicodeAttribute()
    requested_at = UTCDateTimeAttribute()
    expires_at = TTLAttribute(null=True)
    refusal = UnicodeAttribute(null=True)
    content_type = UnicodeAttribute(null=True)
    digest = UnicodeAttribute(null=True)


def add_qualification(awaited: Qualification, quota: Quota) -> None:
    """Store a new place and raise its uploader's quota, all or nothing.

    A place that is there already was asked for with the same key; it stays as it is.

    Raises
    ------
    Limited
        The quota is used up.
    Conflict
        `busy`: other writes of the same person kept colliding with this one.
    """
    put_within(PLATFORM, [quota], _to_item(awaited))


def get_qualification(qualification_id: str) -> Qualification | None:
    """The qualification with this id, or None; NotFound if it is no qualification's id."""
    item = _QualificationItem.find(*_key(qualification_id))
    return _to_qualification(item) if item else None


def get_qualifications(qualification_ids: Iterable[str]) -> dict[str, Qualification]:
    """Those of these (at most 100) that exist, in one call."""
    keys = [_key(qualification_id) for qualification_id in qualification_ids]
    found = _QualificationItem.batch_get(keys, consistent_read=True) if keys else ()
    return {item.id: _to_qualification(item) for item in found}


def save_qualification(after: Qualification, before: Qualification) -> None:
    """Store what became of a file, if it is still as it was.

    Raises
    ------
    Conflict
        `stale_version`: another delivery was faster.
    """
    item = _to_item(after)
    item.version = before.version
    try:
        item.put(_QualificationItem.state == before.state.value)
    except Refused as refused:
        stored = refused.stored and _QualificationItem.from_raw_data(refused.stored)
        # The same outcome is this very write, whose answer was lost.
        if not stored or _to_qualification(stored) != after:
            raise Conflict("stale_version") from refused


def _key(qualification_id: str) -> tuple[str, str]:
    checked = ids.check_platform_id(qualification_id, "qua")
    return f"platform#qualification#{checked}", "qualification"


def _to_item(one: Qualification) -> _QualificationItem:
    return _QualificationItem(
        *_key(one.id),
        id=one.id,
        uploader_id=one.uploader_id,
        state=one.state.value,
        requested_at=one.requested_at,
        expires_at=one.expires_at,
        refusal=one.refusal.value if one.refusal else None,
        content_type=one.content_type,
        digest=one.digest,
    )


def _to_qualification(item: _QualificationItem) -> Qualification:
    return Qualification(
        id=item.id,
        uploader_id=item.uploader_id,
        state=QualificationState(item.state),
        requested_at=item.requested_at,
        expires_at=item.expires_at,
        version=item.version,
        refusal=Refusal(item.refusal) if item.refusal else None,
        content_type=item.content_type,
        digest=item.digest,
    )
