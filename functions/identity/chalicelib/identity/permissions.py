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
    Role.OWNER_SERVICE,
    about="Read what people say of the platform and answer it (反馈管理).",
)
ADMINISTER_PEOPLE = permission(
    "identity:administer_people",
    Role.PLATFORM_ADMIN,
    about="Find, freeze and erase people (用户管理).",
)
MERGE_PEOPLE = permission(
    "identity:merge_people",
    Role.PLATFORM_ADMIN,
    about="Merge somebody's two accounts into one (合并账号).",
    two_persons=True,
)
UNMASK = permission(
    "identity:unmask",
    Role.PLATFORM_ADMIN,
    Role.COMPANY_ADMIN,
    Role.COMMUNITY_MANAGER,
    Role.FINANCE_CLERK,
    Role.CASHIER,
    Role.BUTLER,
    about="See details of somebody of one's own scope in full, for a reason that is written down.",
)
