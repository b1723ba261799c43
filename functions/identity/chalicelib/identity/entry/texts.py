"""What people read when they sign in: code → (zh-CN, en)."""

from __future__ import annotations

from shared.i18n import Texts

TEXTS: Texts = {
    "code_refused": (
        "验证码不正确或已失效，请重新获取。",
        "The code is not right, or good no more; ask for another.",
    ),
    "too_many_codes": (
        "获取验证码过于频繁，请一小时后再试。",
        "Too many codes were asked for; try again in an hour.",
    ),
    "too_many_codes_today": (
        "今天不能再获取验证码，请明天再试，或用微信登录。",
        "No more codes are sent today; try again tomorrow, or sign in by WeChat.",
    ),
    "provider_unreachable": (
        "服务暂时不可用，请稍后重试。",
        "This does not work just now; try again later.",
    ),
}
