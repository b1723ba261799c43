"""Every way into `identity`: the issuer's documents, and the routes of its ideas."""

from __future__ import annotations

from datetime import datetime

from chalice.app import CloudWatchEvent, DynamoDBEvent, SQSEvent

from chalicelib.identity import actions, shapes, texts
from chalicelib.identity.administration.routes import routes as administration
from chalicelib.identity.credentials import actions as staff
from chalicelib.identity.credentials import shapes as credentials_shapes
from chalicelib.identity.credentials.routes import routes as credentials
from chalicelib.identity.entry.routes import routes as entry
from chalicelib.identity.feedback.routes import routes as feedback
from chalicelib.identity.mandates.routes import routes as mandates
from chalicelib.identity.persons.routes import routes as persons
from chalicelib.identity.sessions.routes import routes as sessions
from chalicelib.identity.settings.routes import routes as settings
from shared import clock, events
from shared.app import HOURLY, App
from shared.auth import PUBLIC
from shared.requests import Call, NoQuery

app = App(
    "identity",
    texts=texts.TEXTS,
    about="People (用户): how they sign in, what is known of them, and who acts for whom.",
)


@app.endpoint(
    "GET",
    "/.well-known/jwks.json",
    allows=PUBLIC,
    gives=shapes.KeyDocument,
    fresh_seconds=shapes.KEYS_FRESH_SECONDS,
)
def show_keys(call: Call[None, NoQuery]) -> shapes.KeyDocument:
    """The public keys (公钥) that our tokens are signed with (RFC 7517)."""
    return shapes.key_document(actions.show_keys())


@app.endpoint(
    "GET",
    "/.well-known/openid-configuration",
    allows=PUBLIC,
    gives=shapes.Discovery,
    fresh_seconds=shapes.KEYS_FRESH_SECONDS,
)
def show_issuer(call: Call[None, NoQuery]) -> shapes.Discovery:
    """What the issuer says of itself (OpenID Connect Discovery 1.0)."""
    return shapes.discovery(actions.show_issuer())


app.include(administration)
app.include(entry)
app.include(mandates)
app.include(persons)
app.include(sessions)
app.include(credentials)
app.include(settings)
app.include(feedback)


@app.schedule(HOURLY)
def rotate_keys(event: CloudWatchEvent) -> None:
    """Take each signing key one step on in its life, where that is due."""
    app.logger.info("rotation", extra={"steps": actions.rotate_keys(clock.now())})


@app.on_sqs_message(queue="invite_administrator", batch_size=10)
def invite_administrator(event: SQSEvent) -> dict[str, list[dict[str, str]]]:
    """Invite whoever applied for a firm that was approved (账号交付)."""

    def take(heard: events.Event, now: datetime) -> None:
        approved = credentials_shapes.company_approved(heard.data)
        sent = staff.invite_administrator(approved.person_id, heard.id, now)
        app.logger.info("invitation", extra={"outcome": "sent" if sent else "no phone"})

    return app.consume(event, take)


@app.on_dynamodb_record(stream_arn="given by the stack", batch_size=100)
def relay_events(event: DynamoDBEvent) -> None:
    """Take the events of this table's changes to the bus."""
    app.relay(event)


@app.schedule(HOURLY)
def sweep_events(event: CloudWatchEvent) -> None:
    """Take the events that this table's stream lost to the bus."""
    app.sweep()
