"""The routes of one's own account (个人信息)."""

from __future__ import annotations

from chalicelib.identity.persons import actions, shapes
from shared.app import Routes
from shared.auth import SIGNED_IN
from shared.requests import Call, NoQuery

routes = Routes()


@routes.endpoint("GET", "/me", allows=SIGNED_IN, gives=shapes.Me)
def show_account(call: Call[None, NoQuery]) -> shapes.Me:
    """Show the caller to themselves, masked."""
    return shapes.me(actions.show_account(call.caller))


@routes.endpoint(
    "PATCH",
    "/me",
    allows=SIGNED_IN,
    takes=shapes.ChangeAccount,
    gives=shapes.Me,
    errors=["stale_version", "busy"],
)
def change_account(call: Call[shapes.ChangeAccount, NoQuery]) -> shapes.Me:
    """Correct what is known of the caller (更正个人信息, PIPL 46)."""
    return shapes.me(actions.change_account(call.caller, call.body, call.now))


@routes.endpoint(
    "POST",
    "/me/exports",
    allows=SIGNED_IN,
    gives=shapes.Export,
    status=201,
    errors=["busy", "idempotency_key_reused"],
    limits=["too_many_exports"],
    keyed=True,
)
def export_account(call: Call[None, NoQuery]) -> shapes.Export:
    """Hand the caller everything that is kept of them (导出个人信息, PIPL 45)."""
    return shapes.export(actions.export_account(call.caller, call.key, call.now))


@routes.endpoint(
    "POST",
    "/me/erasure",
    allows=SIGNED_IN,
    gives=shapes.PersonLine,
    errors=["sign_in_again", "wards_first", "stale_version", "busy"],
)
def erase_account(call: Call[None, NoQuery]) -> shapes.PersonLine:
    """Erase the caller (注销账号, PIPL 47); it cannot be undone."""
    return shapes.line(actions.erase_account(call.caller, call.now))
