"""Every way into `repairs`: reports, dispatch, work, ratings, photos, and what it hears."""

from __future__ import annotations

from datetime import datetime

from chalice.app import CloudWatchEvent, DynamoDBEvent, SQSEvent

from chalicelib.repairs import actions, permissions, shapes, texts
from chalicelib.repairs.photos import actions as photos
from shared import files
from shared.app import HOURLY, App
from shared.requests import Call, NoQuery, PageQuery

app = App(
    "repairs",
    texts=texts.TEXTS,
    about="Repairs (报修): report with photos, dispatch, mend, follow and rate.",
)

_STEP_REFUSALS = ["stale_version", "not_in_this_state", "timeline_full"]


@app.endpoint(
    "POST",
    "/photos",
    allows=permissions.UPLOAD_PHOTO,
    takes=shapes.RequestPhotoUpload,
    gives=shapes.PhotoUpload,
    status=201,
    errors=["busy"],
    limits=["too_many_uploads"],
    keyed=True,
)
def request_photo_upload(call: Call[shapes.RequestPhotoUpload, NoQuery]) -> shapes.PhotoUpload:
    """Ask for a place for a photo (照片); post its bytes with the form that comes back."""
    body = call.body
    form = photos.request_photo_upload(
        call.caller, body.community_id, body.content_type, call.key, call.now
    )
    return shapes.photo_upload(form)


@app.endpoint(
    "POST",
    "/tickets",
    allows=permissions.REPORT_REPAIR,
    takes=shapes.ReportRepair,
    gives=shapes.Ticket,
    status=201,
    errors=["idempotency_key_reused", "busy"],
    limits=["too_many_reports", "same_report_again"],
    keyed=True,
)
def report_repair(call: Call[shapes.ReportRepair, NoQuery]) -> shapes.Ticket:
    """Report a repair (在线报修), with up to nine photos."""
    ticket = actions.report_repair(call.caller, call.body.report(), call.key, call.now)
    return shapes.ticket(ticket, call.now)


@app.endpoint(
    "GET",
    "/tickets/{ticket_id}",
    allows=permissions.VIEW_TICKET,
    gives=shapes.TicketWithTrail,
)
def get_ticket(call: Call[None, NoQuery], ticket_id: shapes.TicketId) -> shapes.TicketWithTrail:
    """Show a ticket with its trail (进度实时追踪) and its photos."""
    ticket, shown = actions.get_ticket(call.caller, ticket_id)
    return shapes.ticket_with_trail(ticket, shown, call.now)


@app.endpoint(
    "GET",
    "/tickets",
    allows=permissions.LIST_TICKETS,
    query=shapes.TicketQuery,
    gives=shapes.TicketPage,
)
def list_tickets(call: Call[None, shapes.TicketQuery]) -> shapes.TicketPage:
    """List a community's tickets: open ones, first due first, or those that ended in a month."""
    query = call.query
    found = actions.list_tickets(
        call.caller, query.community_id, query.ended_in(call.now), query.limit, query.cursor
    )
    return shapes.ticket_page(found, call.now)


@app.endpoint(
    "GET",
    "/my-tickets",
    allows=permissions.REPORT_REPAIR,
    query=PageQuery,
    gives=shapes.TicketPage,
)
def list_my_tickets(call: Call[None, PageQuery]) -> shapes.TicketPage:
    """List what the caller reported, newest first."""
    found = actions.list_my_tickets(call.caller, call.query.limit, call.query.cursor)
    return shapes.ticket_page(found, call.now)


@app.endpoint(
    "GET",
    "/my-jobs",
    allows=permissions.WORK_ON_REPAIR,
    query=PageQuery,
    gives=shapes.TicketPage,
)
def list_my_jobs(call: Call[None, PageQuery]) -> shapes.TicketPage:
    """List the jobs in the caller's hand, first due first."""
    found = actions.list_my_jobs(call.caller, call.query.limit, call.query.cursor)
    return shapes.ticket_page(found, call.now)


@app.endpoint(
    "GET",
    "/technicians",
    allows=permissions.DISPATCH_REPAIR,
    query=shapes.CommunityQuery,
    gives=shapes.TechnicianPage,
)
def list_technicians(call: Call[None, shapes.CommunityQuery]) -> shapes.TechnicianPage:
    """List the technicians (维修工) of a community."""
    query = call.query
    found = actions.list_technicians(call.caller, query.community_id, query.limit, query.cursor)
    return shapes.technician_page(found)


@app.endpoint(
    "POST",
    "/tickets/{ticket_id}/assignment",
    allows=permissions.DISPATCH_REPAIR,
    takes=shapes.AssignRepair,
    gives=shapes.Ticket,
    errors=_STEP_REFUSALS,
)
def assign_repair(
    call: Call[shapes.AssignRepair, NoQuery], ticket_id: shapes.TicketId
) -> shapes.Ticket:
    """Give a job to a technician (派单)."""
    body = call.body
    ticket = actions.assign_repair(
        call.caller, ticket_id, body.worker_id, body.note, body.version, call.now
    )
    return shapes.ticket(ticket, call.now)


@app.endpoint(
    "POST",
    "/tickets/{ticket_id}/acceptance",
    allows=permissions.WORK_ON_REPAIR,
    takes=shapes.TakeStep,
    gives=shapes.Ticket,
    errors=_STEP_REFUSALS,
)
def accept_repair(
    call: Call[shapes.TakeStep, NoQuery], ticket_id: shapes.TicketId
) -> shapes.Ticket:
    """Take a job that one was given (接单)."""
    ticket = actions.accept_repair(call.caller, ticket_id, call.body.version, call.now)
    return shapes.ticket(ticket, call.now)


@app.endpoint(
    "POST",
    "/tickets/{ticket_id}/return",
    allows=permissions.WORK_ON_REPAIR,
    takes=shapes.ReturnRepair,
    gives=shapes.Ticket,
    errors=_STEP_REFUSALS,
)
def return_repair(
    call: Call[shapes.ReturnRepair, NoQuery], ticket_id: shapes.TicketId
) -> shapes.Ticket:
    """Give a job back (退单), with the reason."""
    body = call.body
    ticket = actions.return_repair(call.caller, ticket_id, body.reason, body.version, call.now)
    return shapes.ticket(ticket, call.now)


@app.endpoint(
    "POST",
    "/tickets/{ticket_id}/start",
    allows=permissions.WORK_ON_REPAIR,
    takes=shapes.TakeStep,
    gives=shapes.Ticket,
    errors=_STEP_REFUSALS,
)
def start_repair(call: Call[shapes.TakeStep, NoQuery], ticket_id: shapes.TicketId) -> shapes.Ticket:
    """Begin to work."""
    ticket = actions.start_repair(call.caller, ticket_id, call.body.version, call.now)
    return shapes.ticket(ticket, call.now)


@app.endpoint(
    "POST",
    "/tickets/{ticket_id}/completion",
    allows=permissions.WORK_ON_REPAIR,
    takes=shapes.FinishRepair,
    gives=shapes.Ticket,
    errors=_STEP_REFUSALS,
)
def finish_repair(
    call: Call[shapes.FinishRepair, NoQuery], ticket_id: shapes.TicketId
) -> shapes.Ticket:
    """Finish a job (完工), with a photo of how it looks now."""
    body = call.body
    ticket = actions.finish_repair(
        call.caller, ticket_id, body.photo_ids, body.note, body.version, call.now
    )
    return shapes.ticket(ticket, call.now)


@app.endpoint(
    "POST",
    "/tickets/{ticket_id}/rating",
    allows=permissions.REPORT_REPAIR,
    takes=shapes.RateRepair,
    gives=shapes.Ticket,
    errors=[*_STEP_REFUSALS, "rating_final"],
)
def rate_repair(
    call: Call[shapes.RateRepair, NoQuery], ticket_id: shapes.TicketId
) -> shapes.Ticket:
    """Rate the service (服务评价), or change one's rating within 7 days."""
    body = call.body
    ticket = actions.rate_repair(
        call.caller, ticket_id, body.rating(), body.comment, body.version, call.now
    )
    return shapes.ticket(ticket, call.now)


@app.endpoint(
    "POST",
    "/tickets/{ticket_id}/withdrawal",
    allows=permissions.REPORT_REPAIR,
    takes=shapes.WithdrawRepair,
    gives=shapes.Ticket,
    errors=_STEP_REFUSALS,
)
def withdraw_repair(
    call: Call[shapes.WithdrawRepair, NoQuery], ticket_id: shapes.TicketId
) -> shapes.Ticket:
    """Withdraw a report (撤销) that nobody has accepted yet."""
    body = call.body
    ticket = actions.withdraw_repair(call.caller, ticket_id, body.reason, body.version, call.now)
    return shapes.ticket(ticket, call.now)


@app.on_sqs_message(queue="take_photo", batch_size=5)
def take_photo(event: SQSEvent) -> dict[str, list[dict[str, str]]]:
    """Clean uploaded photos and release them, or refuse them."""

    def take(body: str, _: datetime) -> None:
        for key in files.uploaded_keys(body):
            outcome = photos.take_photo(key)
            # A key that no photo has may say anything.
            known = {} if outcome == "unknown" else {"key": key}
            app.logger.info("photo", extra={**known, "outcome": outcome})

    return app.each(event, take)


@app.on_sqs_message(queue="keep_staff", batch_size=10)
def keep_staff(event: SQSEvent) -> dict[str, list[dict[str, str]]]:
    """Keep which technicians there are, as community tells it."""
    return app.consume(
        event, lambda heard, _: actions.keep_staff(heard, shapes.staff_change(heard.data))
    )


@app.on_dynamodb_record(stream_arn="given by the stack", batch_size=100)
def relay_events(event: DynamoDBEvent) -> None:
    """Take the events of this table's changes to the bus."""
    app.relay(event)


@app.schedule(HOURLY)
def sweep_events(event: CloudWatchEvent) -> None:
    """Take the events that this table's stream lost to the bus."""
    app.sweep()
