"""Who may look into the activity log (RULES.md D8): auditors, and nobody else."""

from __future__ import annotations

from shared.auth import Role, permission

SEARCH_LOG = permission(
    "audit:search_log",
    Role.SECURITY_AUDITOR,
    about="Search the activity log (操作日志) of one's scope; each search is itself an activity.",
)
CHECK_LOG = permission(
    "audit:check_log",
    Role.SECURITY_AUDITOR,
    about="Let the activity log of the platform be checked against its seals.",
)
