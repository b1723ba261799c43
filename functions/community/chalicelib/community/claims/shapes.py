"""What the routes of claims accept and answer."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chalicelib.community.claims import rules
from chalicelib.community.households.shapes import Relation
from chalicelib.community.shapes import Reason, ScopeText
from shared import ids
from shared.requests import (
    PERSONAL,
    Cursor,
    Id,
    Instant,
    PageQuery,
    PersonId,
    RoomId,
    Shape,
)
from shared.table import Page

ClaimId = Annotated[Id, Meta(examples=["clm_7k2m9x4a_01kan6s5d7f9h2k4m6p8r0t3vx"])]


class ClaimRoom(Shape):
    """What the caller is in the room that they claim."""

    relation: Relation


class DecideClaim(Shape):
    """Whether a claim is right, and why."""

    confirm: Annotated[bool, Meta(examples=[True])]
    reason: Annotated[Reason, Meta(examples=["已核对房产证"])]


class Claim(Shape):
    """A claim on a room, and what became of it."""

    claim_id: ClaimId
    room_id: RoomId
    person_id: PersonId
    relation: Relation
    state: rules.State
    claimed_at: Instant
    by: PersonId
    at: Instant
    reason: Annotated[str, Meta(examples=[""], extra=PERSONAL)]


class ClaimPage(Shape):
    """A page of claims."""

    items: list[Claim]
    next_cursor: Cursor | None


class ClaimQuery(PageQuery, kw_only=True):
    """Which claims: those on rooms of this community, building or unit."""

    scope: ScopeText


def claim(found: rules.Claim) -> Claim:
    """A claim as the API shows it."""
    return Claim(
        claim_id=found.id,
        room_id=ids.room_id(*found.scope.split("/")),
        person_id=found.person_id,
        relation=found.role.value,  # type: ignore[arg-type]  # a resident's role
        state=found.state,
        claimed_at=found.claimed_at,
        by=found.by,
        at=found.at,
        reason=found.reason,
    )


def claim_page(found: Page[rules.Claim]) -> ClaimPage:
    """A page of claims as the API shows it."""
    return ClaimPage(items=[claim(one) for one in found.items], next_cursor=found.next_cursor)
