"""The life of a feedback (意见反馈): new, answered, closed; and who takes which step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from shared.errors import Conflict
from shared.outbox import EMPTY, Outbox

MAX_A_DAY = 10


class Kind(StrEnum):
    """What somebody wants to say."""

    FAULT = "fault"
    IDEA = "idea"
    COMPLAINT = "complaint"
    PRAISE = "praise"
    OTHER = "other"


class State(StrEnum):
    """How far it has come."""

    NEW = "new"
    ANSWERED = "answered"
    CLOSED = "closed"


class Action(StrEnum):
    """The steps that a feedback takes."""

    GIVE = "give"
    ANSWER = "answer"
    CLOSE = "close"


@dataclass(frozen=True)
class Transition:
    """From which states, to which, and the event that announces it."""

    sources: frozenset[State]
    target: State
    event: str


TRANSITIONS: Mapping[Action, Transition] = {
    Action.GIVE: Transition(frozenset(), State.NEW, "FeedbackGiven"),
    Action.ANSWER: Transition(frozenset({State.NEW}), State.ANSWERED, "FeedbackAnswered"),
    Action.CLOSE: Transition(
        frozenset({State.NEW, State.ANSWERED}), State.CLOSED, "FeedbackClosed"
    ),
}


@dataclass(frozen=True)
class Feedback:
    """What somebody said, and what they were answered; both sealed with their own key.

    `by` is who took the last step, at `at`.
    """

    id: str
    person_id: str
    kind: Kind
    text: bytes
    said_at: datetime
    by: str
    at: datetime
    state: State = State.NEW
    answer: bytes | None = None
    version: int = 1
    outbox: Outbox = field(default=EMPTY, compare=False, repr=False)


def answer(feedback: Feedback, text: bytes, by: str, version: int, now: datetime) -> Feedback:
    """The feedback with an answer.

    Raises
    ------
    Conflict
        As `step`.
    """
    return replace(step(feedback, Action.ANSWER, by, version, now), answer=text)


def step(feedback: Feedback, action: Action, by: str, version: int, now: datetime) -> Feedback:
    """The feedback after a step that somebody takes who saw `version`.

    Raises
    ------
    Conflict
        `stale_version`, or `not_in_this_state` where the step does not start here.
    """
    transition = TRANSITIONS[action]
    if version != feedback.version:
        raise Conflict("stale_version")
    if feedback.state not in transition.sources:
        raise Conflict("not_in_this_state")
    return replace(feedback, state=transition.target, by=by, at=now, version=feedback.version + 1)


def is_taken(feedback: Feedback, action: Action, by: str, version: int) -> bool:
    """Whether this very step was the last one, so that its answer may have been lost."""
    return (
        feedback.state is TRANSITIONS[action].target
        and feedback.by == by
        and feedback.version == version + 1
    )
