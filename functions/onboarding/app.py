"""Every way into `onboarding`: applications, their files and reviews, and what it hears."""

from __future__ import annotations

from datetime import datetime

from chalice.app import CloudWatchEvent, DynamoDBEvent, SQSEvent

from chalicelib.onboarding import actions, permissions, shapes, texts
from chalicelib.onboarding.qualifications import actions as qualifications
from shared import files
from shared.app import HOURLY, App
from shared.auth import SIGNED_IN
from shared.requests import Call, NoQuery, PageQuery

app = App(
    "onboarding",
    texts=texts.TEXTS,
    about="Onboarding (入驻): companies apply, are reviewed, approved and guided.",
)

_STEP_REFUSALS = ["stale_version", "not_in_this_state", "timeline_full"]
_REVIEW_REFUSALS = [
    *("stale_version", "not_in_this_state", "timeline_full", "own_application", "not_your_review"),
]


@app.endpoint(
    "POST",
    "/qualifications",
    allows=SIGNED_IN,
    takes=shapes.RequestQualificationUpload,
    gives=shapes.QualificationUpload,
    status=201,
    errors=["busy"],
    limits=["too_many_uploads"],
    keyed=True,
)
def request_qualification_upload(
    call: Call[shapes.RequestQualificationUpload, NoQuery],
) -> shapes.QualificationUpload:
    """Ask for a place for a qualification (资质); post its bytes with the form that comes back."""
    form = qualifications.request_qualification_upload(
        call.caller, call.body.content_type, call.key, call.now
    )
    return shapes.qualification_upload(form)


@app.endpoint(
    "POST",
    "/applications",
    allows=SIGNED_IN,
    takes=shapes.SubmitApplication,
    gives=shapes.Application,
    status=201,
    errors=["idempotency_key_reused", "credit_code_taken", "busy"],
    limits=["too_many_applications"],
    keyed=True,
)
def submit_application(call: Call[shapes.SubmitApplication, NoQuery]) -> shapes.Application:
    """Apply for a property company (物业公司入驻申请)."""
    body = call.body
    return shapes.application(
        actions.submit_application(call.caller, body.kind, body.details(), call.key, call.now)
    )


@app.endpoint("GET", "/my-applications", allows=SIGNED_IN, query=PageQuery,
              gives=shapes.ApplicationPage)  # fmt: skip
def list_my_applications(call: Call[None, PageQuery]) -> shapes.ApplicationPage:
    """List what the caller applied for, newest first."""
    found = actions.list_my_applications(call.caller, call.query.limit, call.query.cursor)
    return shapes.application_page(found)


@app.endpoint(
    "GET",
    "/applications/{application_id}",
    allows=SIGNED_IN,
    gives=shapes.ApplicationWithTrail,
)
def get_application(
    call: Call[None, NoQuery], application_id: shapes.ApplicationId
) -> shapes.ApplicationWithTrail:
    """Show one's own application; once it is approved, what is done and what comes next."""
    return shapes.application_with_trail(*actions.get_application(call.caller, application_id))


@app.endpoint(
    "POST",
    "/applications/{application_id}/resubmission",
    allows=SIGNED_IN,
    takes=shapes.ResubmitApplication,
    gives=shapes.Application,
    errors=[*_STEP_REFUSALS, "credit_code_taken"],
)
def resubmit_application(
    call: Call[shapes.ResubmitApplication, NoQuery], application_id: shapes.ApplicationId
) -> shapes.Application:
    """Put right what was refused, and apply again."""
    body = call.body
    return shapes.application(
        actions.resubmit_application(
            call.caller, application_id, body.details(), body.version, call.now
        )
    )


@app.endpoint(
    "POST",
    "/applications/{application_id}/withdrawal",
    allows=SIGNED_IN,
    takes=shapes.GiveReason,
    gives=shapes.Application,
    errors=_STEP_REFUSALS,
)
def withdraw_application(
    call: Call[shapes.GiveReason, NoQuery], application_id: shapes.ApplicationId
) -> shapes.Application:
    """Withdraw one's application (撤回)."""
    body = call.body
    return shapes.application(
        actions.withdraw_application(
            call.caller, application_id, body.reason, body.version, call.now
        )
    )


@app.endpoint(
    "GET",
    "/reviews",
    allows=permissions.VIEW_APPLICATIONS,
    query=shapes.ReviewQuery,
    gives=shapes.ApplicationPage,
)
def list_reviews(call: Call[None, shapes.ReviewQuery]) -> shapes.ApplicationPage:
    """List the applications that wait, longest wait first, or those that ended in a month."""
    query = call.query
    found = actions.list_reviews(call.caller, query.ended_in(call.now), query.limit, query.cursor)
    return shapes.application_page(found)


@app.endpoint(
    "GET",
    "/reviews/{application_id}",
    allows=permissions.VIEW_APPLICATIONS,
    gives=shapes.ApplicationWithTrail,
)
def get_review(
    call: Call[None, NoQuery], application_id: shapes.ApplicationId
) -> shapes.ApplicationWithTrail:
    """Show an application to those who review them."""
    return shapes.application_with_trail(*actions.get_review(call.caller, application_id))


@app.endpoint(
    "POST",
    "/reviews/{application_id}/claim",
    allows=permissions.REVIEW_APPLICATION,
    takes=shapes.TakeStep,
    gives=shapes.Application,
    errors=_REVIEW_REFUSALS,
)
def claim_application(
    call: Call[shapes.TakeStep, NoQuery], application_id: shapes.ApplicationId
) -> shapes.Application:
    """Take an application on (受理), or over from another reviewer."""
    return shapes.application(
        actions.claim_application(call.caller, application_id, call.body.version, call.now)
    )


@app.endpoint(
    "POST",
    "/reviews/{application_id}/approval",
    allows=permissions.REVIEW_APPLICATION,
    takes=shapes.TakeStep,
    gives=shapes.Application,
    errors=_REVIEW_REFUSALS,
)
def approve_application(
    call: Call[shapes.TakeStep, NoQuery], application_id: shapes.ApplicationId
) -> shapes.Application:
    """Approve an application (通过): the company is taken on, its account handed over."""
    return shapes.application(
        actions.approve_application(call.caller, application_id, call.body.version, call.now)
    )


@app.endpoint(
    "POST",
    "/reviews/{application_id}/refusal",
    allows=permissions.REVIEW_APPLICATION,
    takes=shapes.GiveReason,
    gives=shapes.Application,
    errors=_REVIEW_REFUSALS,
)
def refuse_application(
    call: Call[shapes.GiveReason, NoQuery], application_id: shapes.ApplicationId
) -> shapes.Application:
    """Refuse an application (驳回), with the reason."""
    body = call.body
    return shapes.application(
        actions.refuse_application(call.caller, application_id, body.reason, body.version, call.now)
    )


@app.on_sqs_message(queue="take_qualification", batch_size=5)
def take_qualification(event: SQSEvent) -> dict[str, list[dict[str, str]]]:
    """Examine uploaded qualifications and keep them, or refuse them."""

    def take(body: str, _: datetime) -> None:
        for key in files.uploaded_keys(body):
            outcome = qualifications.take_qualification(key)
            # A key that no qualification has may say anything.
            known = {} if outcome == "unknown" else {"key": key}
            app.logger.info("qualification", extra={**known, "outcome": outcome})

    return app.each(event, take)


@app.on_sqs_message(queue="follow_progress", batch_size=10)
def follow_progress(event: SQSEvent) -> dict[str, list[dict[str, str]]]:
    """Keep how far approved companies have come, as the others tell it."""
    return app.consume(
        event, lambda heard, _: actions.follow_progress(heard, shapes.progress_told(heard.data))
    )


@app.on_dynamodb_record(stream_arn="given by the stack", batch_size=100)
def relay_events(event: DynamoDBEvent) -> None:
    """Take the events of this table's changes to the bus."""
    app.relay(event)


@app.schedule(HOURLY)
def sweep_events(event: CloudWatchEvent) -> None:
    """Take the events that this table's stream lost to the bus."""
    app.sweep()
