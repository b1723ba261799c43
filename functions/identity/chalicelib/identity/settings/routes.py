"""The routes of one's own settings (设置)."""

from __future__ import annotations

from chalicelib.identity.settings import actions, shapes
from shared.app import Routes
from shared.auth import SIGNED_IN
from shared.requests import Call, NoQuery

routes = Routes()


@routes.endpoint("GET", "/me/settings", allows=SIGNED_IN, gives=shapes.Settings)
def show_settings(call: Call[None, NoQuery]) -> shapes.Settings:
    """Show the caller's settings: language, opt-outs and quiet hours."""
    return shapes.settings(actions.show_settings(call.caller))


@routes.endpoint(
    "PUT",
    "/me/settings",
    allows=SIGNED_IN,
    takes=shapes.ChangeSettings,
    gives=shapes.Settings,
    errors=["stale_version"],
)
def change_settings(call: Call[shapes.ChangeSettings, NoQuery]) -> shapes.Settings:
    """Change the caller's settings; nobody can opt out of what warns of danger."""
    return shapes.settings(actions.change_settings(call.caller, call.body, call.now))
