"""What people read of feedback."""

from __future__ import annotations

from chalicelib.identity.feedback.rules import State
from shared.i18n import Texts

TEXTS: Texts = {
    "too_much_feedback": (
        "今天的反馈已达上限 {limit} 条，请明天再来。",
        "You have given feedback {limit} times today; come back tomorrow.",
    ),
    "not_in_this_state": (
        "当前状态不能进行此操作。",
        "Its state does not allow this.",
    ),
}

STATES: dict[State, tuple[str, str]] = {
    State.NEW: ("待回复", "waiting for an answer"),
    State.ANSWERED: ("已回复", "answered"),
    State.CLOSED: ("已关闭", "closed"),
}
