"""What the routes of households accept and answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.community import rules
from chalicelib.community.households.rules import AppUser
from chalicelib.community.households.rules import Home as RuledHome
from chalicelib.community.lasting import last_day
from chalicelib.community.register.fields import BuildingName
from chalicelib.community.shapes import CommunityName, Giver, Reason, ScopeText
from shared import ids
from shared.auth import Right, Role
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
)
from shared.table import Page

Relation = Annotated[Literal["owner", "family_member", "tenant"], Meta(examples=["family_member"])]
MemberRelation = Annotated[Literal["family_member", "tenant"], Meta(examples=["tenant"])]
LastDay = Annotated[
    date,
    Meta(
        description="The last day of a tenancy, in Asia/Shanghai; from then on it is no right.",
        examples=[date(2027, 6, 30)],
    ),
]
Switch = Annotated[bool, Meta(examples=[True])]


class BindResident(Shape):
    """A resident to bind to a room (RA-31)."""

    person_id: PersonId
    relation: Relation
    until: LastDay | None = None


class AddMember(Shape):
    """Somebody who comes to live with the owner, or rents the room (RA-32)."""

    person_id: PersonId
    relation: MemberRelation
    until: LastDay | None = None


class UnbindResident(Shape):
    """A binding to end, and why."""

    person_id: PersonId
    relation: Relation
    reason: Reason


class Rights(Shape):
    """What a resident may do in a home, beside what safety needs: that is never switched."""

    pay: Switch
    open: Switch
    order: Switch
    vote: Switch


class SwitchRights(Shape):
    """The rights that somebody is to have, all of them."""

    relation: MemberRelation
    rights: Rights


class Resident(Shape):
    """Somebody's binding to a room, from its beginning to its end."""

    person_id: PersonId
    role: Annotated[Role, Meta(examples=[Role.TENANT])]
    scope: ScopeText
    standing: rules.Standing
    rights: Rights
    until: LastDay | None
    by: Giver
    at: Instant
    reason: Annotated[str, Meta(examples=[""], extra=PERSONAL)]


class ResidentPage(Shape):
    """A page of bindings."""

    items: list[Resident]
    next_cursor: Cursor | None


class UserQuery(PageQuery, kw_only=True):
    """Whose users: the whole community's, or those of one building."""

    building: Annotated[BuildingName, Meta(extra=IMPERSONAL)] | None = None


class User(Shape):
    """Somebody who lives in a community: in which room, as what, and until when."""

    person_id: PersonId
    relation: Relation
    room_id: RoomId
    standing: rules.Standing
    until: LastDay | None
    at: Instant


class UserPage(Shape):
    """A page of those who live in a community."""

    items: list[User]
    next_cursor: Cursor | None


class Home(Shape):
    """One of the caller's homes, and what they may do there."""

    room_id: RoomId
    community_id: CommunityId
    community_name: CommunityName | None
    relation: Relation
    rights: Rights
    until: LastDay | None


class HomeList(Shape):
    """The caller's homes; which one is looked at is the client's choice of `room_id`."""

    items: list[Home]


def switched_on(rights: Rights) -> list[Right]:
    """The rights that are to be on."""
    return [right for right in Right if getattr(rights, right.value)]


def resident(found: rules.Holding, now: datetime) -> Resident:
    """A binding as the API shows it at this moment: a tenancy that ran out has ended."""
    ended = rules.Standing.ENDED
    return Resident(
        person_id=found.person_id,
        role=found.role,
        scope=found.scope,
        standing=found.standing if found.holds(now) else ended,
        rights=_rights(found.off),
        until=last_day(found.until),
        by=found.shown_by,
        at=found.at,
        reason=found.reason,
    )


def resident_page(found: Page[rules.Holding], now: datetime) -> ResidentPage:
    """A page of bindings as the API shows it."""
    return ResidentPage(
        items=[resident(one, now) for one in found.items], next_cursor=found.next_cursor
    )


def user_page(found: Page[AppUser], now: datetime) -> UserPage:
    """A page of a community's users as the API shows it at this moment."""
    return UserPage(
        items=[
            User(
                person_id=one.person_id,
                relation=one.role.value,  # type: ignore[arg-type]  # a resident's role
                room_id=ids.room_id(*one.scope.split("/")),
                standing=one.standing(now),
                until=last_day(one.until),
                at=one.at,
            )
            for one in found.items
        ],
        next_cursor=found.next_cursor,
    )


def home_list(homes: list[RuledHome]) -> HomeList:
    """The caller's homes as the API shows them."""
    return HomeList(
        items=[
            Home(
                room_id=ids.room_id(*one.grant.scope.split("/")),
                community_id=one.community_id,
                community_name=one.community_name,
                relation=one.grant.role.value,  # type: ignore[arg-type]  # a resident's role
                rights=_rights(one.grant.off),
                until=last_day(one.until),
            )
            for one in homes
        ]
    )


def _rights(off: frozenset[Right]) -> Rights:
    return Rights(**{right.value: right not in off for right in Right})
