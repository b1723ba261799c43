"""The routes by which residents sign in (登录) and bind their phone (绑定手机号)."""

from __future__ import annotations

from chalicelib.identity.entry import actions, shapes
from chalicelib.identity.sessions import shapes as sessions
from shared.app import Routes
from shared.auth import PUBLIC, SIGNED_IN
from shared.requests import Call, NoQuery

routes = Routes()

_BINDING_REFUSALS = ["code_refused", "login_of_another", "login_taken", "stale_version", "busy"]
_SIGN_IN_REFUSALS = ["code_refused", "busy", "sign_in_refused", "not_ready"]


@routes.endpoint(
    "POST",
    "/codes",
    allows=PUBLIC,
    takes=shapes.SendCode,
    gives=shapes.CodeSent,
    status=202,
    errors=["provider_unreachable", "busy"],
    limits=["too_many_codes", "too_many_codes_today"],
)
def send_code(call: Call[shapes.SendCode, NoQuery]) -> shapes.CodeSent:
    """Have a one-time code (验证码) sent to a phone; whoever has it."""
    actions.send_code(call.body.phone, call.address, call.now)
    return shapes.CodeSent()


@routes.endpoint(
    "POST",
    "/sessions/sms",
    allows=PUBLIC,
    takes=shapes.SignInByCode,
    gives=sessions.Tokens,
    status=201,
    errors=_SIGN_IN_REFUSALS,
    limits=["too_many_attempts"],
    keyed=True,
)
def sign_in_by_code(call: Call[shapes.SignInByCode, NoQuery]) -> sessions.Tokens:
    """Sign in by the code that one's phone shows (验证码登录)."""
    body = call.body
    made = actions.sign_in_by_code(
        body.phone, body.code, body.device, call.key, call.address, call.now
    )
    return sessions.tokens(made)


@routes.endpoint(
    "POST",
    "/sessions/wechat",
    allows=PUBLIC,
    takes=shapes.SignInByWechat,
    gives=sessions.Tokens,
    status=201,
    errors=[*_SIGN_IN_REFUSALS, "provider_unreachable"],
    limits=["too_many_attempts"],
    keyed=True,
)
def sign_in_by_wechat(call: Call[shapes.SignInByWechat, NoQuery]) -> sessions.Tokens:
    """Sign in from the mini-program (微信登录)."""
    body = call.body
    made = actions.sign_in_by_wechat(body.code, body.device, call.key, call.address, call.now)
    return sessions.tokens(made)


@routes.endpoint(
    "POST",
    "/me/phone",
    allows=SIGNED_IN,
    takes=shapes.BindPhone,
    gives=shapes.BoundPhone,
    errors=[*_BINDING_REFUSALS, "sign_in_again"],
    limits=["too_many_attempts"],
    keyed=True,
)
def bind_phone(call: Call[shapes.BindPhone, NoQuery]) -> shapes.BoundPhone:
    """Bind a phone by the code that it shows, in place of the one before (绑定、更换手机号)."""
    body = call.body
    return shapes.bound_phone(
        actions.bind_phone(call.caller, body.phone, body.code, call.key, call.address, call.now)
    )


@routes.endpoint(
    "POST",
    "/me/phone/wechat",
    allows=SIGNED_IN,
    takes=shapes.BindWechatPhone,
    gives=shapes.BoundPhone,
    errors=[*_BINDING_REFUSALS, "provider_unreachable"],
    limits=["too_many_attempts"],
    keyed=True,
)
def bind_wechat_phone(call: Call[shapes.BindWechatPhone, NoQuery]) -> shapes.BoundPhone:
    """Bind the phone that WeChat knows (微信手机号)."""
    return shapes.bound_phone(
        actions.bind_wechat_phone(call.caller, call.body.code, call.key, call.now)
    )
