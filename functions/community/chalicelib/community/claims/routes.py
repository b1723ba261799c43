"""The routes of claims (房屋认领): made by residents, decided by staff."""

from __future__ import annotations

from chalicelib.community import permissions
from chalicelib.community.claims import actions, shapes
from shared.app import Routes
from shared.auth import SIGNED_IN
from shared.requests import Call, NoQuery, RoomId

routes = Routes()


@routes.endpoint(
    "POST",
    "/rooms/{room_id}/claims",
    allows=SIGNED_IN,
    takes=shapes.ClaimRoom,
    gives=shapes.Claim,
    status=201,
    errors=["stale_version", "too_many_open_claims", "too_many_grants", "too_many_residents"],
    limits=["too_many_claims"],
    keyed=True,
)
def claim_room(call: Call[shapes.ClaimRoom, NoQuery], room_id: RoomId) -> shapes.Claim:
    """Claim a room as one's own (房屋认领): the register knows the owner, staff see to the rest."""
    return shapes.claim(actions.claim_room(call.caller, room_id, call.body, call.key, call.now))


@routes.endpoint("GET", "/claims/{claim_id}", allows=SIGNED_IN, gives=shapes.Claim)
def get_claim(call: Call[None, NoQuery], claim_id: shapes.ClaimId) -> shapes.Claim:
    """Show one's own claim, and what became of it."""
    return shapes.claim(actions.get_claim(call.caller, claim_id))


@routes.endpoint(
    "GET",
    "/claims",
    allows=permissions.DECIDE_CLAIM,
    query=shapes.ClaimQuery,
    gives=shapes.ClaimPage,
)
def list_claims(call: Call[None, shapes.ClaimQuery]) -> shapes.ClaimPage:
    """List the claims that wait in a community or a part of it, by room."""
    query = call.query
    return shapes.claim_page(
        actions.list_claims(call.caller, query.scope, query.limit, query.cursor)
    )


@routes.endpoint(
    "POST",
    "/claims/{claim_id}/decision",
    allows=permissions.DECIDE_CLAIM,
    takes=shapes.DecideClaim,
    gives=shapes.Claim,
    errors=[
        *("not_in_this_state", "stale_version", "too_many_grants", "too_many_residents"),
        "room_not_registered",
    ],
)
def decide_claim(call: Call[shapes.DecideClaim, NoQuery], claim_id: shapes.ClaimId) -> shapes.Claim:
    """Confirm a claim, which binds the claimant, or refuse it."""
    return shapes.claim(actions.decide_claim(call.caller, claim_id, call.body, call.now))


@routes.endpoint(
    "POST",
    "/claims/{claim_id}/withdrawal",
    allows=SIGNED_IN,
    gives=shapes.Claim,
    errors=["not_in_this_state", "stale_version"],
)
def withdraw_claim(call: Call[None, NoQuery], claim_id: shapes.ClaimId) -> shapes.Claim:
    """Take one's own claim back."""
    return shapes.claim(actions.withdraw_claim(call.caller, claim_id, call.now))
