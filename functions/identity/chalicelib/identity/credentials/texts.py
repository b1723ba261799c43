"""What people read of invitations, passwords and codes: code → (zh-CN, en)."""

from __future__ import annotations

from shared.i18n import Texts

TEXTS: Texts = {
    "not_a_scope": (
        "请填写平台、物业公司或小区。",
        "Give the platform, a company or a community.",
    ),
    "too_many_invitations": (
        "今天的邀请已达上限 {limit} 次，请明天再试。",
        "The limit of {limit} invitations a day is reached; try again tomorrow.",
    ),
    "code_not_valid": (
        "验证码不正确或已失效，请核对或联系邀请人。",
        "The code is not right or no longer good; check it, or ask whoever invited you.",
    ),
    "username_taken": (
        "该用户名已被使用，请换一个。",
        "This username is taken; choose another.",
    ),
    "password_names_you": (
        "密码不能包含用户名。",
        "The password must not hold the username.",
    ),
    "password_too_common": (
        "这个密码太容易被猜到，请换一个更长、更少见的。",
        "This password is soon guessed; choose a longer or rarer one.",
    ),
    "too_many_attempts": (
        "尝试次数过多，请 15 分钟后再试。",
        "Too many attempts; try again in 15 minutes.",
    ),
}
