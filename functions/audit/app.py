"""Every way into `audit`: what is heard of everybody, the sealing, searches and checks."""

from __future__ import annotations

from dataclasses import asdict

from chalice.app import CloudWatchEvent, Cron, DynamoDBEvent, SQSEvent

from chalicelib.audit import actions, permissions, shapes, texts
from shared import clock
from shared.app import HOURLY, App
from shared.requests import Call, NoQuery

app = App(
    "audit",
    texts=texts.TEXTS,
    about="The activity log (操作日志): who did what to what, sealed by the hour.",
)

DAILY = Cron(30, 18, "*", "*", "?", "*")
"""Half past two in the estate, when nobody waits for anything."""


@app.endpoint(
    "GET",
    "/activities",
    allows=permissions.SEARCH_LOG,
    query=shapes.ActivityQuery,
    gives=shapes.ActivityPage,
)
def list_activities(call: Call[None, shapes.ActivityQuery]) -> shapes.ActivityPage:
    """Search the log (查询操作日志) by person, thing or place, newest first."""
    query = call.query
    found = actions.list_activities(
        call.caller, query.search(), query.limit, query.cursor, call.now
    )
    return shapes.activity_page(found)


@app.endpoint(
    "POST",
    "/checks",
    allows=permissions.CHECK_LOG,
    takes=shapes.CheckLog,
    gives=shapes.CheckReport,
)
def check_log(call: Call[shapes.CheckLog, NoQuery]) -> shapes.CheckReport:
    """Compare the log with its seals (校验): what was changed, taken away or put in later."""
    body = call.body
    return shapes.check_report(actions.check_log(call.caller, body.since, body.until, call.now))


@app.on_sqs_message(queue="record_activity", batch_size=10)
def record_activity(event: SQSEvent) -> dict[str, list[dict[str, str]]]:
    """Keep what any capability announces."""
    return app.consume(event, actions.record_activity)


@app.schedule(HOURLY)
def seal_hours(event: CloudWatchEvent) -> None:
    """Seal the hours that are over."""
    sealed = actions.seal_hours(clock.now())
    app.logger.info("seal", extra=asdict(sealed))
    if not sealed.finished:
        app.logger.error("hours are left to seal", extra=asdict(sealed))


@app.schedule(DAILY)
def check_days(event: CloudWatchEvent) -> None:
    """Compare the last days with their seals."""
    report = actions.check_days(clock.now())
    told = {"hours": report.hours, "rows": report.rows, "findings": len(report.findings)}
    # The metric of faults counts a line of errors, so somebody is called.
    say = app.logger.error if report.findings else app.logger.info
    say("check", extra=told)


@app.on_dynamodb_record(stream_arn="given by the stack", batch_size=100)
def relay_events(event: DynamoDBEvent) -> None:
    """Take the events of this table's changes to the bus."""
    app.relay(event)


@app.schedule(HOURLY)
def sweep_events(event: CloudWatchEvent) -> None:
    """Take the events that this table's stream lost to the bus."""
    app.sweep()
