"""The routes of feedback (意见反馈)."""

from __future__ import annotations

from chalicelib.identity import permissions
from chalicelib.identity.feedback import actions, shapes
from shared.app import Routes
from shared.auth import SIGNED_IN
from shared.requests import Call, NoQuery, PageQuery, PersonId

routes = Routes()

_STEP_REFUSALS = ["stale_version", "not_in_this_state"]


@routes.endpoint(
    "POST",
    "/me/feedback",
    allows=SIGNED_IN,
    takes=shapes.GiveFeedback,
    gives=shapes.Feedback,
    status=201,
    errors=["idempotency_key_reused", "busy"],
    limits=["too_much_feedback"],
    keyed=True,
)
def give_feedback(call: Call[shapes.GiveFeedback, NoQuery]) -> shapes.Feedback:
    """Say what one thinks of the platform."""
    body = call.body
    return shapes.feedback(
        *actions.give_feedback(call.caller, body.kind, body.text, call.key, call.now)
    )


@routes.endpoint(
    "GET", "/me/feedback", allows=SIGNED_IN, query=PageQuery, gives=shapes.FeedbackPage
)
def list_own_feedback(call: Call[None, PageQuery]) -> shapes.FeedbackPage:
    """List what the caller said, newest first, with the answers."""
    query = call.query
    return shapes.feedback_page(*actions.list_own_feedback(call.caller, query.limit, query.cursor))


@routes.endpoint(
    "POST",
    "/me/feedback/{feedback_id}/closure",
    allows=SIGNED_IN,
    takes=shapes.CloseFeedback,
    gives=shapes.Feedback,
    errors=_STEP_REFUSALS,
)
def close_feedback(
    call: Call[shapes.CloseFeedback, NoQuery], feedback_id: shapes.FeedbackId
) -> shapes.Feedback:
    """Say that what one said is settled."""
    return shapes.feedback(
        *actions.close_feedback(call.caller, feedback_id, call.body.version, call.now)
    )


@routes.endpoint(
    "GET",
    "/feedback",
    allows=permissions.ANSWER_FEEDBACK,
    query=shapes.FeedbackQuery,
    gives=shapes.FeedbackPage,
)
def list_feedback(call: Call[None, shapes.FeedbackQuery]) -> shapes.FeedbackPage:
    """List what everybody said, oldest first: what waits for an answer, or another state."""
    query = call.query
    return shapes.feedback_page(
        *actions.list_feedback(call.caller, query.state, query.limit, query.cursor)
    )


@routes.endpoint(
    "POST",
    "/persons/{person_id}/feedback/{feedback_id}/answer",
    allows=permissions.ANSWER_FEEDBACK,
    takes=shapes.AnswerFeedback,
    gives=shapes.Feedback,
    errors=_STEP_REFUSALS,
)
def answer_feedback(
    call: Call[shapes.AnswerFeedback, NoQuery],
    person_id: PersonId,
    feedback_id: shapes.FeedbackId,
) -> shapes.Feedback:
    """Answer somebody's feedback."""
    body = call.body
    return shapes.feedback(
        *actions.answer_feedback(
            call.caller, person_id, feedback_id, body.text, body.version, call.now
        )
    )
