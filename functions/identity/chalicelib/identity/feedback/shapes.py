"""What feedback accepts and answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from chalicelib.identity.feedback import rules, texts
from chalicelib.identity.feedback.rules import Kind, State
from shared.requests import PERSONAL, Cursor, Id, Instant, PageQuery, PersonId, Shape
from shared.table import Page

_MAX_TEXT = 1_000
FeedbackId = Annotated[Id, Meta(examples=["fbk_7k2m9x4a1c3e5g7j9m2p4r6t8w"])]
_Kind = Annotated[Kind, Meta(examples=[Kind.IDEA])]
_State = Annotated[State, Meta(examples=[State.ANSWERED])]
Text = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=_MAX_TEXT,
        examples=["希望报修可以预约晚上的时间"],
        extra=PERSONAL,
    ),
]
Answer = Annotated[
    str,
    Meta(min_length=1, max_length=_MAX_TEXT, examples=["谢谢，下个版本就有"], extra=PERSONAL),
]
Version = Annotated[
    int, Meta(ge=1, description="The version that the caller has seen.", examples=[1])
]


class GiveFeedback(Shape):
    """What somebody wants to say of the platform (意见反馈)."""

    kind: _Kind
    text: Text


class AnswerFeedback(Shape):
    """What the operator answers."""

    text: Answer
    version: Version


class CloseFeedback(Shape):
    """That it is settled."""

    version: Version


class FeedbackQuery(PageQuery):
    """Which feedback: that of one state."""

    state: _State = State.NEW


class Feedback(Shape):
    """A feedback and its answer; the texts of somebody who was erased are gone."""

    feedback_id: FeedbackId
    person_id: PersonId
    kind: _Kind
    text: Text | None
    answer: Answer | None
    state: _State
    state_zh: Annotated[str, Meta(examples=[texts.STATES[State.ANSWERED][0]])]
    state_en: Annotated[str, Meta(examples=[texts.STATES[State.ANSWERED][1]])]
    said_at: Instant
    version: Version


class FeedbackPage(Shape):
    """A page of feedback."""

    items: tuple[Feedback, ...]
    next_cursor: Cursor | None


Words = tuple[str | None, str | None]
"""A feedback's text and its answer, opened."""


def feedback(found: rules.Feedback, words: Words) -> Feedback:
    """A feedback as the API shows it."""
    zh, en = texts.STATES[found.state]
    return Feedback(
        feedback_id=found.id,
        person_id=found.person_id,
        kind=found.kind,
        text=words[0],
        answer=words[1],
        state=found.state,
        state_zh=zh,
        state_en=en,
        said_at=found.said_at,
        version=found.version,
    )


def feedback_page(found: Page[rules.Feedback], words: Sequence[Words]) -> FeedbackPage:
    """A page of feedback as the API shows it."""
    shown = (feedback(one, said) for one, said in zip(found.items, words, strict=True))
    return FeedbackPage(items=tuple(shown), next_cursor=found.next_cursor)
