"""The routes of mandates (代办委托)."""

from __future__ import annotations

from chalicelib.identity.mandates import actions, shapes
from shared.app import Routes
from shared.auth import SIGNED_IN
from shared.requests import Call, NoQuery

routes = Routes()


@routes.endpoint(
    "POST",
    "/dependents",
    allows=SIGNED_IN,
    takes=shapes.RegisterDependent,
    gives=shapes.Party,
    status=201,
    errors=["stale_version", "busy", "idempotency_key_reused"],
    limits=["too_many_wards"],
    keyed=True,
)
def register_dependent(call: Call[shapes.RegisterDependent, NoQuery]) -> shapes.Party:
    """Take in somebody who has no account, to act for them."""
    body = call.body
    made = actions.register_dependent(call.caller, body.name, body.kind, call.key, call.now)
    return shapes.party(made)


@routes.endpoint("GET", "/me/mandates", allows=SIGNED_IN, gives=shapes.MandateList)
def show_mandates(call: Call[None, NoQuery]) -> shapes.MandateList:
    """Show who acts for the caller, who is asked to, and for whom the caller acts."""
    return shapes.mandates(actions.show_mandates(call.caller))


@routes.endpoint(
    "POST",
    "/me/mandates",
    allows=SIGNED_IN,
    takes=shapes.OfferMandate,
    gives=shapes.MandateList,
    errors=["not_oneself", "stale_version", "busy"],
    limits=["too_many_mandates", "too_many_offers"],
)
def offer_mandate(call: Call[shapes.OfferMandate, NoQuery]) -> shapes.MandateList:
    """Ask another person to act for the caller (委托代办); they do once they agree."""
    body = call.body
    offered = actions.offer_mandate(call.caller, body.acting_id, body.name, call.now)
    return shapes.mandates(offered)


@routes.endpoint(
    "POST",
    "/me/mandates/acceptance",
    allows=SIGNED_IN,
    takes=shapes.AcceptMandate,
    gives=shapes.MandateList,
    errors=["stale_version", "busy"],
    limits=["too_many_wards"],
)
def accept_mandate(call: Call[shapes.AcceptMandate, NoQuery]) -> shapes.MandateList:
    """Agree to act for somebody who asked the caller to (接受委托)."""
    return shapes.mandates(actions.accept_mandate(call.caller, call.body.person_id, call.now))


@routes.endpoint(
    "POST",
    "/me/mandates/end",
    allows=SIGNED_IN,
    takes=shapes.EndMandate,
    gives=shapes.MandateList,
    errors=["last_mandate", "stale_version", "busy"],
)
def end_mandate(call: Call[shapes.EndMandate, NoQuery]) -> shapes.MandateList:
    """End a mandate, or take back or decline that it is asked for (取消代办)."""
    body = call.body
    ended = actions.end_mandate(call.caller, body.person_id, body.acting_id, call.now)
    return shapes.mandates(ended)
