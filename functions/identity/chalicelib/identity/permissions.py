"""Who may do what to people's accounts (RULES.md D8); most routes are about the caller alone."""

from __future__ import annotations

from shared.auth import Role, permission

INVITE_STAFF = permission(
    "identity:invite_staff",
    Role.PLATFORM_ADMIN,
    Role.COMPANY_ADMIN,
    Role.COMMUNITY_MANAGER,
    about="Invite somebody to be staff, or to choose a new password (邀请员工、重置密码).",
)
ANSWER_FEEDBACK = permission(
    "identity:answer_feedback",
    Role.PLATFORM_ADMIN,
    about="Read what people say of the platform and answer it (反馈管理).",
)
