"""What is kept of people's feedback.

Access patterns
---------------
1. a new one                     Transact  pk = platform#feedback#{person}, sk = {feedback}, and
                                           the quota of its author
2. one of them                   Get       the same key
3. a step of it                  Put       the same key, on version and state
4. a person's, newest first      Query     by_author, platform#author#{person}
5. all in a state, oldest first  Query     by_feedback, platform#feedback#{state}
"""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.identity import records
from chalicelib.identity.feedback.rules import Feedback, Kind, State
from shared import events
from shared.auth import PLATFORM
from shared.errors import Conflict
from shared.quotas import Quota, put_within
from shared.table import Page, Refused, page


class _ByFeedback(GlobalSecondaryIndex["_FeedbackItem"]):  # type: ignore[no-untyped-call]  # untyped upstream
    class Meta:
        index_name = "by_feedback"
        projection = AllProjection()

    feedback_key = UnicodeAttribute(hash_key=True)
    said_at = UTCDateTimeAttribute(range_key=True)


class _ByAuthor(GlobalSecondaryIndex["_FeedbackItem"]):  # type: ignore[no-untyped-call]  # untyped upstream
    class Meta:
        index_name = "by_author"
        projection = AllProjection()

    author_key = UnicodeAttribute(hash_key=True)
    said_at = UTCDateTimeAttribute(range_key=True)


class _FeedbackItem(records.Item):
    person_id = UnicodeAttribute()
    kind = UnicodeAttribute()
    text = BinaryAttribute(legacy_encoding=False)
    answer = BinaryAttribute(legacy_encoding=False, null=True)
    state = UnicodeAttribute()
    said_at = UTCDateTimeAttribute()
    by = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    feedback_key = UnicodeAttribute()
    author_key = UnicodeAttribute()
    by_feedback = _ByFeedback()
    by_author = _ByAuthor()


def add_feedback(feedback: Feedback, event: events.Event, quota: Quota) -> Feedback:
    """Store a new feedback and raise its author's quota; the stored one if it is there already.

    Raises
    ------
    Limited
        The quota is used up.
    Conflict
        `busy`: other writes of the same person kept colliding with this one.
    """
    item = _to_item(feedback, event)
    stored = put_within(PLATFORM, [quota], item)
    return _to_feedback(_FeedbackItem.from_raw_data(stored)) if stored else feedback


def get_feedback(person_id: str, feedback_id: str) -> Feedback | None:
    """One feedback."""
    item = _FeedbackItem.find(_person_key(person_id), feedback_id)
    return _to_feedback(item) if item else None


def save_feedback(after: Feedback, before: Feedback, event: events.Event) -> None:
    """Store what a step made of `before`, if that is what is still stored.

    Raises
    ------
    Conflict
        `stale_version`: somebody else was faster.
    """
    item = _to_item(after, event)
    item.version = before.version
    try:
        item.put(_FeedbackItem.state == before.state.value)
    except Refused as refused:
        if not item.is_echo(refused.stored):
            raise Conflict("stale_version") from refused


def list_own(person_id: str, limit: int, cursor: str | None) -> Page[Feedback]:
    """What a person said, newest first."""
    return _list(_FeedbackItem.by_author, _author_key(person_id), limit, cursor, newest=True)


def list_all(state: State, limit: int, cursor: str | None) -> Page[Feedback]:
    """What everybody said, in one state, oldest first."""
    return _list(_FeedbackItem.by_feedback, _state_key(state), limit, cursor)


def _list(
    index: Any, pk: str, limit: int, cursor: str | None, newest: bool = False
) -> Page[Feedback]:
    found = page(_FeedbackItem, pk, limit=limit, cursor=cursor, index=index, newest_first=newest)
    return Page(tuple(_to_feedback(item) for item in found.items), found.next_cursor)


def _person_key(person_id: str) -> str:
    return f"platform#feedback#{person_id}"


def _author_key(person_id: str) -> str:
    return f"platform#author#{person_id}"


def _state_key(state: State) -> str:
    return f"platform#feedback#{state}"


def _to_item(feedback: Feedback, event: events.Event) -> _FeedbackItem:
    item = _FeedbackItem(
        _person_key(feedback.person_id),
        feedback.id,
        person_id=feedback.person_id,
        kind=feedback.kind.value,
        text=feedback.text,
        answer=feedback.answer,
        state=feedback.state.value,
        said_at=feedback.said_at,
        by=feedback.by,
        at=feedback.at,
        feedback_key=_state_key(feedback.state),
        author_key=_author_key(feedback.person_id),
    )
    item.announce(feedback.outbox, event)
    return item


def _to_feedback(item: _FeedbackItem) -> Feedback:
    return Feedback(
        id=item.sk,
        person_id=item.person_id,
        kind=Kind(item.kind),
        text=item.text,
        answer=item.answer,
        state=State(item.state),
        said_at=item.said_at,
        by=item.by,
        at=item.at,
        version=item.version,
        outbox=item.outbox,
    )
