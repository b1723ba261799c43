"""What people read of mandates: code → (zh-CN, en)."""

from __future__ import annotations

from shared.i18n import Texts

TEXTS: Texts = {
    "not_oneself": ("不能委托自己。", "Nobody acts for themselves."),
    "too_many_mandates": (
        "最多委托 {limit} 人代办，包括等待答复的。",
        "At most {limit} people may act for one person, or be asked to.",
    ),
    "too_many_offers": (
        "每天最多发出 {limit} 次委托请求。",
        "One may ask {limit} times a day.",
    ),
    "too_many_wards": ("最多为 {limit} 人代办。", "One may act for at most {limit} people."),
    "last_mandate": (
        "此人没有自己的账号，请先委托给他人。",
        "They have no account of their own: let somebody else act for them first.",
    ),
}
