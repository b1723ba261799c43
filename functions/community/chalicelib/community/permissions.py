"""Who may do what to the estate (RULES.md D8)."""

from __future__ import annotations

from shared.auth import RESIDENTS, STAFF, Role, permission

REGISTER_COMPANY = permission(
    "community:register_company",
    Role.PLATFORM_ADMIN,
    about="Take a property company (物业公司) onto the platform.",
)
LIST_COMPANIES = permission(
    "community:list_companies",
    Role.PLATFORM_ADMIN,
    Role.SECURITY_AUDITOR,
    about="See which property companies there are.",
)
REGISTER_COMMUNITY = permission(
    "community:register_community",
    Role.PLATFORM_ADMIN,
    Role.COMPANY_ADMIN,
    about="Open a community (小区) of a company.",
)
LIST_COMMUNITIES = permission(
    "community:list_communities",
    Role.PLATFORM_ADMIN,
    Role.SECURITY_AUDITOR,
    Role.COMPANY_ADMIN,
    about="See a company's communities.",
)
VIEW_COMMUNITY = permission(
    "community:view_community",
    STAFF,
    RESIDENTS,
    about="See a community's name and address.",
)
VIEW_REGISTER = permission(
    "community:view_register",
    Role.PLATFORM_ADMIN,
    Role.SECURITY_AUDITOR,
    Role.COMPANY_ADMIN,
    Role.COMMUNITY_MANAGER,
    Role.PROPERTY_OFFICER,
    Role.CASHIER,
    Role.DISPATCHER,
    Role.BUTLER,
    about="See buildings and rooms, owners masked.",
)
EDIT_ROOM = permission(
    "community:edit_room",
    Role.COMPANY_ADMIN,
    Role.COMMUNITY_MANAGER,
    Role.PROPERTY_OFFICER,
    about="Correct a room's use, state and areas.",
)
IMPORT_REGISTER = permission(
    "community:import_register",
    Role.COMPANY_ADMIN,
    Role.COMMUNITY_MANAGER,
    Role.PROPERTY_OFFICER,
    about="Read a house register (房产台账) file and apply it.",
)
EXPORT_REGISTER = permission(
    "community:export_register",
    Role.COMPANY_ADMIN,
    Role.COMMUNITY_MANAGER,
    about="Write the house register, owners unmasked, to a file.",
)
GRANT_ROLE = permission(
    "community:grant_role",
    Role.PLATFORM_ADMIN,
    Role.COMPANY_ADMIN,
    Role.COMMUNITY_MANAGER,
    about="Give staff a role on a scope.",
)
END_GRANT = permission(
    "community:end_grant",
    STAFF,
    about="Take away a role that is one's to give; everybody lays down their own.",
)
LIST_GRANTS = permission(
    "community:list_grants",
    Role.PLATFORM_ADMIN,
    Role.SECURITY_AUDITOR,
    Role.COMPANY_ADMIN,
    Role.COMMUNITY_MANAGER,
    Role.PROPERTY_OFFICER,
    about="See who holds which role.",
)
BINDERS = frozenset(
    {Role.COMPANY_ADMIN, Role.COMMUNITY_MANAGER, Role.PROPERTY_OFFICER, Role.BUTLER}
)
"""Who decides for the property company who lives where."""
BIND_RESIDENT = permission(
    "community:bind_resident",
    BINDERS,
    about="Bind a resident to a room (房屋绑定).",
)
END_BINDING = permission(
    "community:end_binding",
    BINDERS,
    RESIDENTS,
    about="End a binding: staff any, everyone their own, owners those of family and tenants.",
)
LIST_RESIDENTS = permission(
    "community:list_residents",
    Role.SECURITY_AUDITOR,
    BINDERS,
    Role.OWNER,
    about="See who is bound to a room; owners see those who live there now.",
)
LIST_USERS = permission(
    "community:list_users",
    Role.SECURITY_AUDITOR,
    BINDERS,
    about="See who lives in a community or a building of it (手机端用户).",
)
MANAGE_HOUSEHOLD = permission(
    "community:manage_household",
    Role.OWNER,
    about="Add family and tenants to one's own home, and switch what they may do.",
)
DECIDE_CLAIM = permission(
    "community:decide_claim",
    BINDERS,
    about="Confirm or refuse that somebody lives where they say.",
)
VIEW_STATISTICS = permission(
    "community:view_statistics",
    Role.PLATFORM_ADMIN,
    Role.SECURITY_AUDITOR,
    Role.COMPANY_ADMIN,
    Role.COMMUNITY_MANAGER,
    Role.PROPERTY_OFFICER,
    about="See a community's counts.",
)
