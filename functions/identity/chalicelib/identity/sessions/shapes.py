"""What sessions accept and answer."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chalicelib.identity.sessions import opening, rules
from chalicelib.identity.shapes import Device, SessionId
from shared.requests import IMPERSONAL, Instant, PersonId, Shape

AccessToken = Annotated[
    str, Meta(max_length=8_000, examples=["eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2ln"])
]
RefreshToken = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        examples=["lr1.4q8s1n6v0x3z7b2d5g9j4m8p1r.01jd5k8m2n4p6q8r0s2t4v6w8x.0.bWFjbWFj"],
        extra=IMPERSONAL,
    ),
]
Seconds = Annotated[int, Meta(examples=[900])]


class Refresh(Shape):
    """Go on with a session."""

    refresh_token: RefreshToken


class Tokens(Shape):
    """What somebody signed in holds: a token for requests, and one to get the next."""

    person_id: PersonId
    session_id: SessionId
    access_token: AccessToken
    expires_in_seconds: Seconds
    refresh_token: RefreshToken


class ActFor(Shape):
    """Act for somebody who lets the caller."""

    person_id: PersonId


class ActingToken(Shape):
    """A token in somebody else's name; it says whose hands it is in, and cannot be renewed."""

    person_id: PersonId
    access_token: AccessToken
    expires_in_seconds: Seconds


class Session(Shape):
    """A device on which somebody is signed in."""

    session_id: SessionId
    device: Device
    assurance: rules.Assurance
    opened_at: Instant
    refreshed_at: Instant
    ends_at: Instant


class SessionList(Shape):
    """All devices on which the caller is signed in; never more than ten."""

    sessions: tuple[Session, ...]


def tokens(made: opening.Tokens) -> Tokens:
    """The tokens of a session."""
    return Tokens(
        person_id=made.person_id,
        session_id=made.session_id,
        access_token=made.access_token,
        expires_in_seconds=made.expires_in_seconds,
        refresh_token=made.refresh_token,
    )


def session_list(found: tuple[rules.Session, ...]) -> SessionList:
    """Sessions as their owner sees them."""
    shown = (
        Session(
            session_id=one.id,
            device=one.device,
            assurance=one.assurance,
            opened_at=one.opened_at,
            refreshed_at=one.refreshed_at,
            ends_at=one.ends_at,
        )
        for one in found
    )
    return SessionList(sessions=tuple(shown))
