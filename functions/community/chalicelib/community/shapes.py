"""What `community` accepts and answers of the estate and its staff; ideas have their own shapes."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.community import mandates, rules, texts
from chalicelib.community.lasting import last_day
from shared import ids
from shared.auth import Grant, Level, Role, level_of
from shared.requests import (
    IMPERSONAL,
    PERSONAL,
    CommunityId,
    Cursor,
    Instant,
    PageQuery,
    PersonId,
    RoomId,
    Shape,
    converted,
)
from shared.table import Page

# One line without control characters or outer spaces.  A dollar alone would also match before a
# last line break, here and below.
ONE_LINE = r"^(?!\s)[^\x00-\x1f\x7f]+(?<!\s)$(?!\n)"
Name = Annotated[str, Meta(min_length=1, max_length=60, pattern=ONE_LINE)]
CompanyName = Annotated[Name, Meta(examples=["安居物业"], extra=IMPERSONAL)]
CommunityName = Annotated[Name, Meta(examples=["清河家园"], extra=IMPERSONAL)]
StaffName = Annotated[Name, Meta(examples=["李经理"], extra=PERSONAL)]
Address = Annotated[
    str,
    Meta(
        min_length=4,
        max_length=120,
        pattern=ONE_LINE,
        description="Of the community, not of a person.",
        examples=["南京市雨花台区清河路18号"],
        extra=IMPERSONAL,
    ),
]
CompanyId = Annotated[
    str,
    Meta(pattern=rf"^co_[{ids.ALPHABET}]{{26}}$(?!\n)", examples=["co_01kan6x1b3d5f7h9k2m4p6r8t0"]),
]
CreditCode = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$(?!\n)",
        description="Unified social credit code (统一社会信用代码, GB 32100).",
        examples=["91320114MA1MABCD0K"],
        extra=IMPERSONAL,
    ),
]
ScopeText = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=120,
        description="platform, co_…, com_…, com_…/3 (building) or com_…/3/1 (unit).",
        examples=["com_7k2m9x4a"],
        extra=IMPERSONAL,
    ),
]
Reason = Annotated[
    str,
    Meta(min_length=2, max_length=200, pattern=ONE_LINE, examples=["离职"], extra=PERSONAL),
]
DocumentNo = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=60,
        pattern=ONE_LINE,
        description="The number under which the firm keeps it.",
        examples=["AJ-2026-017"],
        extra=IMPERSONAL,
    ),
]
# Staff are granted a role, residents are bound to a room: one of each stands in the examples.
StaffRole = Annotated[Role, Meta(examples=[Role.COMMUNITY_MANAGER])]
Count = Annotated[int, Meta(examples=[12])]


class RegisterCompany(Shape):
    """A property company to take on."""

    name: CompanyName
    credit_code: CreditCode


class Company(Shape):
    """A property company (物业公司)."""

    company_id: CompanyId
    name: CompanyName
    credit_code: CreditCode
    created_at: Instant


class CompanyPage(Shape):
    """A page of companies."""

    items: list[Company]
    next_cursor: Cursor | None


class RegisterCommunity(Shape):
    """A community to open."""

    company_id: CompanyId
    name: CommunityName
    address: Address


class Community(Shape):
    """A community (小区)."""

    community_id: CommunityId
    company_id: CompanyId
    name: CommunityName
    address: Address
    created_at: Instant


class CommunityPage(Shape):
    """A page of communities."""

    items: list[Community]
    next_cursor: Cursor | None


class CompanyQuery(PageQuery, kw_only=True):
    """Of which company."""

    company_id: CompanyId


class Mandate(Shape):
    """On which document (授权委托书) an officer acts for a firm, and its last day."""

    document_no: DocumentNo
    until: Annotated[date, Meta(examples=["2027-12-31"])]

    def mandate(self) -> mandates.Mandate:
        """The mandate as the rules take it."""
        return mandates.Mandate(self.document_no, self.until)


class GrantRole(Shape):
    """A role to give: `name` is what colleagues and residents call the person at work.

    A property officer, who acts for a firm, needs a `mandate`; nobody else has one.
    """

    person_id: PersonId
    role: StaffRole
    scope: ScopeText
    name: StaffName
    mandate: Mandate | None = None


class RevokeRole(Shape):
    """A role to take away, and why."""

    person_id: PersonId
    role: StaffRole
    scope: ScopeText
    reason: Reason


Giver = Annotated[
    str,
    Meta(
        description="Who did it; `platform` where it was one of the platform's own people.",
        pattern=rf"^(?:per_[{ids.ALPHABET}]{{26}}|platform)$(?!\n)",
        examples=["per_4q8s1n6v0x3z7b2d5g9j4m8p1r"],
    ),
]


class Holding(Shape):
    """A staff member's role on a scope, from its grant to its end."""

    person_id: PersonId
    role: StaffRole
    scope: ScopeText
    name: Annotated[str, Meta(examples=["李经理"], extra=PERSONAL)]
    standing: rules.Standing
    by: Giver
    at: Instant
    reason: Annotated[str, Meta(examples=[""], extra=PERSONAL)]
    mandate: Annotated[Mandate | None, Meta(examples=[None])]


class HoldingPage(Shape):
    """A page of grants."""

    items: list[Holding]
    next_cursor: Cursor | None


class GrantQuery(PageQuery, kw_only=True):
    """Whose grants: those on this scope's platform, company or community."""

    scope: ScopeText


class MyGrant(Shape):
    """One of the caller's roles, with the words for it."""

    role: StaffRole
    role_name_zh: Annotated[str, Meta(examples=[texts.ROLES[Role.COMMUNITY_MANAGER][0]])]
    role_name_en: Annotated[str, Meta(examples=[texts.ROLES[Role.COMMUNITY_MANAGER][1]])]
    scope: ScopeText
    room_id: RoomId | None
    community_name: CommunityName | None


class Me(Shape):
    """Who is calling, and every role they have."""

    person_id: PersonId
    grants: list[MyGrant]


class Statistics(Shape):
    """A community's counts (PJ-01)."""

    community_id: CommunityId
    buildings: Count
    rooms: Annotated[int, Meta(examples=[600])]
    repairs_reported: Count
    repairs_finished: Count
    repairs_withdrawn: Count
    repairs_rated: Count


class CompanyApproved(msgspec.Struct, frozen=True):
    """What onboarding tells of a company that it let in, as far as it matters here."""

    company_id: str
    person_id: str
    name: str
    credit_code: str


def company_approved(data: object) -> CompanyApproved:
    """The data of `CompanyApproved`; Misfit if it is none."""
    return converted(data, CompanyApproved)


def company(found: rules.Company) -> Company:
    """A company as the API shows it."""
    return Company(
        company_id=found.id,
        name=found.name,
        credit_code=found.credit_code,
        created_at=found.created_at,
    )


def company_page(found: Page[rules.Company]) -> CompanyPage:
    """A page of companies as the API shows it."""
    return CompanyPage(items=[company(c) for c in found.items], next_cursor=found.next_cursor)


def community(found: rules.Community) -> Community:
    """A community as the API shows it."""
    return Community(
        community_id=found.id,
        company_id=found.company_id,
        name=found.name,
        address=found.address,
        created_at=found.created_at,
    )


def community_page(found: Page[rules.Community]) -> CommunityPage:
    """A page of communities as the API shows it."""
    return CommunityPage(items=[community(c) for c in found.items], next_cursor=found.next_cursor)


def holding(found: rules.Holding) -> Holding:
    """A grant as the API shows it."""
    return Holding(
        person_id=found.person_id,
        role=found.role,
        scope=found.scope,
        name=found.name,
        standing=found.standing,
        by=found.shown_by,
        at=found.at,
        reason=found.reason,
        mandate=_mandate(found),
    )


def holding_page(found: Page[rules.Holding]) -> HoldingPage:
    """A page of grants as the API shows it."""
    return HoldingPage(items=[holding(h) for h in found.items], next_cursor=found.next_cursor)


def _mandate(found: rules.Holding) -> Mandate | None:
    until = last_day(found.until)
    return Mandate(document_no=found.mandate, until=until) if found.mandate and until else None


def me(person_id: str, grants: tuple[Grant, ...], names: dict[str, str]) -> Me:
    """The caller as the API shows them; `names` gives the communities' names by id."""
    return Me(
        person_id=person_id,
        grants=[
            MyGrant(
                role=grant.role,
                role_name_zh=texts.ROLES[grant.role][0],
                role_name_en=texts.ROLES[grant.role][1],
                scope=grant.scope,
                room_id=_room_id(grant.scope),
                community_name=names.get(grant.scope.split("/")[0]),
            )
            for grant in grants
        ],
    )


def _room_id(scope: str) -> str | None:
    """The room that a scope is, as other routes want it named."""
    return ids.room_id(*scope.split("/")) if level_of(scope) is Level.ROOM else None
