"""What people read of identity: code → (zh-CN, en), together with those of its ideas."""

from __future__ import annotations

from shared.i18n import Texts

TEXTS: Texts = {
    "busy": ("操作过于频繁，请稍后重试。", "Too much at once; try again in a moment."),
    "not_ready": ("登录服务尚未就绪，请稍后重试。", "Sign-in is not ready yet; try again later."),
}
