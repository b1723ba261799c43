"""What people read of identity: code → (zh-CN, en), together with those of its ideas."""

from __future__ import annotations

from chalicelib.identity.administration import texts as administration
from chalicelib.identity.credentials import texts as credentials
from chalicelib.identity.entry import texts as entry
from chalicelib.identity.feedback import texts as feedback
from chalicelib.identity.mandates import texts as mandates
from chalicelib.identity.persons import texts as persons
from chalicelib.identity.settings import texts as settings
from shared.i18n import Texts

TEXTS: Texts = {
    **administration.TEXTS,
    **credentials.TEXTS,
    **entry.TEXTS,
    **feedback.TEXTS,
    **mandates.TEXTS,
    **persons.TEXTS,
    **settings.TEXTS,
    "busy": ("操作过于频繁，请稍后重试。", "Too much at once; try again in a moment."),
    "session_ended": ("登录已失效，请重新登录。", "This session has ended; sign in again."),
    "sign_in_refused": (
        "无法登录，请核对后重试，或联系物业。",
        "You cannot sign in with this; check it, or ask the property office.",
    ),
    "not_ready": ("登录服务尚未就绪，请稍后重试。", "Sign-in is not ready yet; try again later."),
}
