"""The routes of sessions (会话): go on, look, sign out, act for somebody."""

from __future__ import annotations

from chalicelib.identity.sessions import actions, shapes
from chalicelib.identity.shapes import SessionId
from shared.app import Routes
from shared.auth import PUBLIC, SIGNED_IN
from shared.requests import Call, NoQuery

routes = Routes()


@routes.endpoint(
    "POST",
    "/sessions/refresh",
    allows=PUBLIC,
    takes=shapes.Refresh,
    gives=shapes.Tokens,
    errors=["session_ended", "busy", "not_ready"],
)
def refresh_session(call: Call[shapes.Refresh, NoQuery]) -> shapes.Tokens:
    """Change a refresh token (刷新令牌) for the next, and for a new access token."""
    return shapes.tokens(actions.refresh_session(call.body.refresh_token, call.now))


@routes.endpoint("GET", "/sessions", allows=SIGNED_IN, gives=shapes.SessionList)
def list_sessions(call: Call[None, NoQuery]) -> shapes.SessionList:
    """List the devices (登录设备) on which the caller is signed in."""
    return shapes.session_list(actions.list_sessions(call.caller, call.now))


@routes.endpoint(
    "POST", "/sessions/sign-out", allows=SIGNED_IN, gives=shapes.SessionList, errors=["busy"]
)
def end_all_sessions(call: Call[None, NoQuery]) -> shapes.SessionList:
    """Sign out everywhere (退出所有设备)."""
    return shapes.session_list(actions.end_all_sessions(call.caller, call.now))


@routes.endpoint(
    "POST",
    "/sessions/{session_id}/sign-out",
    allows=SIGNED_IN,
    gives=shapes.SessionList,
    errors=["busy"],
)
def end_session(call: Call[None, NoQuery], session_id: SessionId) -> shapes.SessionList:
    """Sign out on one device (退出登录); those that are left."""
    return shapes.session_list(actions.end_session(call.caller, session_id, call.now))


@routes.endpoint(
    "POST",
    "/sessions/acting",
    allows=SIGNED_IN,
    takes=shapes.ActFor,
    gives=shapes.ActingToken,
    status=201,
    errors=["not_ready"],
)
def act_for(call: Call[shapes.ActFor, NoQuery]) -> shapes.ActingToken:
    """Get a token in the name of somebody who lets the caller act for them (代办)."""
    person_id = call.body.person_id
    token, seconds = actions.act_for(call.caller, person_id, call.now)
    return shapes.ActingToken(person_id=person_id, access_token=token, expires_in_seconds=seconds)
