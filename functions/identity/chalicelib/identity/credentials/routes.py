"""The routes of staff: invited, with a password and a second factor, signed in."""

from __future__ import annotations

from chalicelib.identity import permissions
from chalicelib.identity.credentials import actions, shapes
from chalicelib.identity.sessions import shapes as sessions
from shared.app import Routes
from shared.auth import PUBLIC, SIGNED_IN
from shared.requests import Call, NoQuery

routes = Routes()


@routes.endpoint(
    "POST",
    "/invitations",
    allows=permissions.INVITE_STAFF,
    takes=shapes.InviteStaff,
    gives=shapes.Invited,
    status=201,
    errors=["busy", "provider_unreachable"],
    limits=["too_many_invitations"],
    keyed=True,
)
def invite_staff(call: Call[shapes.InviteStaff, NoQuery]) -> shapes.Invited:
    """Invite somebody by SMS to be staff, or to choose a new password (邀请员工、重置密码)."""
    return shapes.invited(actions.invite_staff(call.caller, call.body, call.key, call.now))


@routes.endpoint(
    "POST",
    "/invitations/acceptance",
    allows=PUBLIC,
    takes=shapes.AcceptInvitation,
    gives=shapes.Accepted,
    errors=["code_not_valid", "username_taken", "busy"],
    limits=["too_many_attempts"],
    keyed=True,
)
def accept_invitation(call: Call[shapes.AcceptInvitation, NoQuery]) -> shapes.Accepted:
    """Choose username and password, and learn what to tell the authenticator (接受邀请)."""
    uri = actions.accept_invitation(call.body, call.key, call.address, call.now)
    return shapes.Accepted(otpauth_uri=uri)


@routes.endpoint(
    "POST",
    "/invitations/confirmation",
    allows=PUBLIC,
    takes=shapes.ConfirmInvitation,
    gives=shapes.WayIn,
    errors=["code_not_valid", "busy"],
    limits=["too_many_attempts"],
    keyed=True,
)
def confirm_invitation(call: Call[shapes.ConfirmInvitation, NoQuery]) -> shapes.WayIn:
    """Show that the authenticator works; only now can one sign in, and only in the new way."""
    whose = actions.confirm_invitation(call.body, call.key, call.address, call.now)
    return shapes.WayIn(person_id=whose)


@routes.endpoint(
    "POST",
    "/sessions/password",
    allows=PUBLIC,
    takes=shapes.SignIn,
    gives=sessions.Tokens,
    status=201,
    errors=["sign_in_refused", "busy", "not_ready"],
    limits=["too_many_attempts"],
    keyed=True,
)
def sign_in_by_password(call: Call[shapes.SignIn, NoQuery]) -> sessions.Tokens:
    """Sign in with username, password and a code of the authenticator (账号密码登录)."""
    return sessions.tokens(actions.sign_in_by_password(call.body, call.key, call.address, call.now))


@routes.endpoint(
    "POST",
    "/me/password",
    allows=SIGNED_IN,
    takes=shapes.ChangePassword,
    gives=shapes.WayIn,
    errors=["sign_in_refused", "busy"],
    limits=["too_many_attempts"],
    keyed=True,
)
def change_password(call: Call[shapes.ChangePassword, NoQuery]) -> shapes.WayIn:
    """Change one's password (修改密码); every device must sign in again."""
    whose = actions.change_password(call.caller, call.body, call.key, call.address, call.now)
    return shapes.WayIn(person_id=whose)
