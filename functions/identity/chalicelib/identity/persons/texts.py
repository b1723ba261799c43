"""What people read of themselves: code → (zh-CN, en)."""

from __future__ import annotations

from shared.i18n import Texts

TEXTS: Texts = {
    "sign_in_again": (
        "为保护您的账号，请重新登录，并在 15 分钟内操作。",
        "To protect your account, sign in again and do this within 15 minutes.",
    ),
    "wards_first": (
        "您还在照管没有账号的人，请先委托给他人。",
        "Somebody without an account has only you: let somebody else act for them first.",
    ),
    "login_of_another": (
        "该登录方式已属于另一账号，请联系平台合并账号。",
        "Another account signs in by this; ask the platform to merge the two.",
    ),
    "login_taken": (
        "您的账号已有这一类登录方式。",
        "Your account already has something of this kind to sign in by.",
    ),
    "too_many_exports": (
        "每天最多导出 {limit} 次个人信息。",
        "Personal data can be exported {limit} times a day.",
    ),
}
