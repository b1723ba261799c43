"""Who may do what to applications (RULES.md D8); applicants need no role for their own."""

from __future__ import annotations

from shared.auth import Role, permission

VIEW_APPLICATIONS = permission(
    "onboarding:view_applications",
    Role.PLATFORM_ADMIN,
    Role.SECURITY_AUDITOR,
    Role.MARKET_OFFICER,
    about="See which companies apply (入驻申请), with their qualifications.",
)
REVIEW_APPLICATION = permission(
    "onboarding:review_application",
    Role.PLATFORM_ADMIN,
    Role.MARKET_OFFICER,
    about="Take an application on, approve it or refuse it (入驻审核); never one's own.",
)
