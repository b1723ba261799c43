"""What people read of settings: code → (zh-CN, en)."""

from __future__ import annotations

from shared.i18n import Texts

TEXTS: Texts = {
    "not_for_safety": (
        "紧急通知和门禁消息关系安全，不能关闭。",
        "Emergencies and gates concern safety; nobody can opt out of them.",
    ),
    "quiet_all_day": (
        "勿扰时段不能是全天。",
        "Quiet hours cannot last all day.",
    ),
}
