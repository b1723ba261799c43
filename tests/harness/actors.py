"""Everybody who must not get through: eleven kinds of actors, made from a request's valid caller.

An actor shows a credential at the front door and holds grants.  Those with a bad credential would
be let through by their grants, so that only the token stands between them and the answer.  Those
with a good one hold every role in every place from which the request is none of their business:
the roles that the permission has, elsewhere, and the roles that it has not, here.

A merchant is somebody with a role on a shop, which no permission knows yet (RULES.md D8); the day
a permission names it, it is one role of many.  A device has a certificate for MQTT and no token:
at this door it is a machine's token of the same issuer, or nothing, like the anonymous.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import cast

from chalicelib.community.rules import GRANTABLE
from shared.auth import PLATFORM, RESIDENTS, SIGNED_IN, Grant, Level, Permission, Role
from tests.harness import front_door
from tests.harness.front_door import Credential


class Kind(StrEnum):
    """The kinds of SECURITY.md A1."""

    ANONYMOUS = "anonymous"
    EXPIRED = "expired"
    WRONG_ISSUER = "wrong issuer"
    WRONG_AUDIENCE = "wrong audience"
    OTHER_HOUSEHOLD = "other household"
    OTHER_BUILDING = "other building"
    OTHER_COMMUNITY = "other community"
    OTHER_ROLE = "staff of another role"
    REVOKED = "revoked staff"
    MERCHANT = "merchant"
    DEVICE = "device"


class _Later(StrEnum):
    """Roles of chapters to come."""

    MERCHANT_OWNER = "merchant_owner"


_MERCHANT = Grant(cast(Role, _Later.MERCHANT_OWNER), "shop_" + "s" * 26)
_OWN_ONLY = RESIDENTS | {Role.TECHNICIAN}
"""Who sees only what they reported or were given (RULES.md D8)."""
_WIDE = (Level.PLATFORM, Level.COMPANY, Level.COMMUNITY)


@dataclass(frozen=True)
class Place:
    """Where a room is, from its company down."""

    company: str
    community: str
    building: str
    unit: str
    number: str

    def scope(self, level: Level) -> str:
        """The scope of the place at one level."""
        steps = (self.community, self.building, self.unit, self.number)
        match level:
            case Level.PLATFORM:
                return PLATFORM
            case Level.COMPANY:
                return self.company
            case _:
                below = (Level.COMMUNITY, Level.BUILDING, Level.UNIT, Level.ROOM)
                return "/".join(steps[: below.index(level) + 1])

    @property
    def next_door(self) -> Place:
        """Another household of the same building."""
        return replace(self, number=self.number + "8")

    @property
    def across(self) -> Place:
        """Another building of the same community."""
        return replace(self, building=self.building + "8")


ABROAD = Place("co_" + "f" * 26, "com_ffffffff", "1", "1", "101")
"""A place of another company; that there is nothing changes no answer."""


@dataclass(frozen=True)
class Actor:
    """Somebody who sends another's request.

    `credential` is None for who shows a good token of their own.  `lost` says that the grants were
    taken away again before the authorizer was asked, `alike` that they are the valid caller's own
    and only the person is another.
    """

    kind: Kind
    grants: tuple[Grant, ...]
    credential: Credential | None = None
    lost: bool = False
    alike: bool = False

    @property
    def is_nobody(self) -> bool:
        """Whether the door must stay shut."""
        return self.credential is not None

    def __str__(self) -> str:
        held = ", ".join(f"{grant.role} on {grant.scope}" for grant in self.grants)
        alike = ", another person" if self.alike else ""
        return f"{self.kind} ({held or 'no role'}{alike})"


_CREDENTIALS = {
    Kind.ANONYMOUS: front_door.nothing,
    Kind.EXPIRED: front_door.expired,
    Kind.WRONG_ISSUER: front_door.of_a_stranger,
    Kind.WRONG_AUDIENCE: front_door.for_others,
    Kind.DEVICE: front_door.of_a_machine,
}


def actors(
    allows: Permission, valid: tuple[Grant, ...], home: Place, *, owned: bool
) -> Iterator[Actor]:
    """All actors for a request that needs a permission, of a caller with these grants, at home.

    Each kind comes at least once.

    Parameters
    ----------
    owned
        Whether the request names something that one person reported or has in hand: others of
        the same rights are no nearer to it, if they see only their own (D8).
    """
    for kind, credential in _CREDENTIALS.items():
        yield Actor(kind, valid, credential)
    yield Actor(Kind.REVOKED, valid, lost=True)
    yield Actor(Kind.MERCHANT, (_MERCHANT,))
    asked = allows.roles or {grant.role for grant in valid}
    yield from _placed(Kind.OTHER_HOUSEHOLD, asked, {Role.OWNER}, home.next_door, (Level.ROOM,))
    for role in sorted(allows.roles & _OWN_ONLY if owned else ()):
        grant = _grant(role, home, (Level.COMMUNITY, Level.ROOM))
        yield Actor(Kind.OTHER_HOUSEHOLD, (grant,), alike=True)
    part = (Level.BUILDING, Level.ROOM)
    yield from _placed(Kind.OTHER_BUILDING, asked, {Role.BUTLER}, home.across, part)
    whole = (Level.COMPANY, Level.COMMUNITY, Level.ROOM)
    yield from _placed(Kind.OTHER_COMMUNITY, asked, {Role.COMMUNITY_MANAGER}, ABROAD, whole)
    left_out = set() if allows is SIGNED_IN else set(Role) - allows.roles
    for role in sorted(left_out):
        yield Actor(Kind.OTHER_ROLE, (_grant(role, home, (*_WIDE, Level.ROOM)),))
    if not left_out:
        # Every role may: what is left is somebody who has none.
        yield Actor(Kind.OTHER_ROLE, ())


def _placed(
    kind: Kind, asked: Iterable[Role], otherwise: set[Role], place: Place, at: tuple[Level, ...]
) -> Iterator[Actor]:
    """The roles that can be given at one of these levels, there; else those named `otherwise`."""
    able = {role for role in asked if levels_of(role) & set(at)} or otherwise
    for role in sorted(able):
        yield Actor(kind, (_grant(role, place, at),))


def _grant(role: Role, place: Place, at: tuple[Level, ...]) -> Grant:
    """A role at the widest of some levels at which it can be given."""
    return Grant(role, place.scope(next(level for level in at if level in levels_of(role))))


def levels_of(role: Role) -> frozenset[Level]:
    """Where a role can be given; a resident's on a room alone."""
    return frozenset({Level.ROOM}) if role in RESIDENTS else GRANTABLE[role].levels
