"""Who may do what to repairs (RULES.md D8)."""

from __future__ import annotations

from shared.auth import RESIDENTS, Role, permission

_OVERSEERS = (
    Role.PLATFORM_ADMIN,
    Role.SECURITY_AUDITOR,
    Role.COMPANY_ADMIN,
    Role.COMMUNITY_MANAGER,
    Role.PROPERTY_OFFICER,
    Role.DISPATCHER,
    Role.BUTLER,
)

UPLOAD_PHOTO = permission(
    "repairs:upload_photo",
    RESIDENTS,
    Role.TECHNICIAN,
    about="Send in a photo of what is broken, or of how it was mended.",
)
REPORT_REPAIR = permission(
    "repairs:report_repair",
    RESIDENTS,
    about="Report a repair (报修) for one's room; follow, withdraw and rate it.",
)
VIEW_TICKET = permission(
    "repairs:view_ticket",
    RESIDENTS,
    Role.TECHNICIAN,
    _OVERSEERS,
    about="See a ticket: residents and technicians their own, the others those of their scope.",
)
LIST_TICKETS = permission(
    "repairs:list_tickets",
    _OVERSEERS,
    about="See the tickets of a community, or of one's part of it.",
)
DISPATCH_REPAIR = permission(
    "repairs:dispatch_repair",
    Role.PLATFORM_ADMIN,
    Role.COMPANY_ADMIN,
    Role.COMMUNITY_MANAGER,
    Role.PROPERTY_OFFICER,
    Role.DISPATCHER,
    about="Give a job to a technician (派单).",
)
WORK_ON_REPAIR = permission(
    "repairs:work_on_repair",
    Role.TECHNICIAN,
    about="Take, give back, start and finish the jobs one was given.",
)
