"""What may be granted to whom, and how companies, communities, bindings and counts change.

Pure: values in, values out, or a refusal from `shared.errors`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from shared import ids
from shared.auth import MAX_GRANTS, PLATFORM, RESIDENTS, Grant, Level, Right, Role, covers, level_of
from shared.errors import Conflict, NotFound, invalid
from shared.outbox import EMPTY, Outbox

_ID = f"[{ids.ALPHABET}]"
_AREA = "[0-9A-Z一-鿿]{1,20}"
# Compiled by the first check, not by every start of a function.
_STAFF_SCOPE = f"{PLATFORM}|co_{_ID}{{26}}|com_{_ID}{{8}}(?:/{_AREA}){{0,2}}"
_COMMUNITY_LEVELS = frozenset({Level.COMMUNITY})
_AREA_LEVELS = frozenset({Level.COMMUNITY, Level.BUILDING, Level.UNIT})
_MANAGERS = frozenset({Role.COMPANY_ADMIN, Role.COMMUNITY_MANAGER})
MAX_GRANTS_OF_COMPANY = 30
"""Of the grants of one person: whatever one company gives, others can still give theirs."""


@dataclass(frozen=True)
class Grantable:
    """Where a role may be given, and which roles may give it (RULES.md D8)."""

    levels: frozenset[Level]
    granters: frozenset[Role]


_OF_THE_PLATFORM = Grantable(frozenset({Level.PLATFORM}), frozenset({Role.PLATFORM_ADMIN}))
GRANTABLE: Mapping[Role, Grantable] = {
    Role.PLATFORM_ADMIN: _OF_THE_PLATFORM,
    Role.SECURITY_AUDITOR: Grantable(
        frozenset({Level.PLATFORM, Level.COMPANY}), frozenset({Role.PLATFORM_ADMIN})
    ),
    Role.COMPANY_ADMIN: Grantable(
        frozenset({Level.COMPANY}), frozenset({Role.PLATFORM_ADMIN, Role.COMPANY_ADMIN})
    ),
    Role.COMMUNITY_MANAGER: Grantable(_COMMUNITY_LEVELS, frozenset({Role.COMPANY_ADMIN})),
    Role.FINANCE_CLERK: Grantable(
        frozenset({Level.COMPANY, Level.COMMUNITY}), frozenset({Role.COMPANY_ADMIN})
    ),
    Role.FINANCE_APPROVER: Grantable(
        frozenset({Level.COMPANY, Level.COMMUNITY}), frozenset({Role.COMPANY_ADMIN})
    ),
    Role.CASHIER: Grantable(_COMMUNITY_LEVELS, _MANAGERS),
    Role.DISPATCHER: Grantable(_COMMUNITY_LEVELS, _MANAGERS),
    Role.BUTLER: Grantable(_AREA_LEVELS, _MANAGERS),
    Role.TECHNICIAN: Grantable(_COMMUNITY_LEVELS, _MANAGERS),
    Role.PATROL: Grantable(_COMMUNITY_LEVELS, _MANAGERS),
    Role.STOREKEEPER: Grantable(_COMMUNITY_LEVELS, _MANAGERS),
    Role.BUYER: Grantable(_COMMUNITY_LEVELS, _MANAGERS),
    Role.GATE_GUARD: Grantable(_COMMUNITY_LEVELS, _MANAGERS),
    # Officers work for the platform; only the property officer acts for a firm, which appoints
    # them itself, by a mandate.
    Role.MARKET_OFFICER: _OF_THE_PLATFORM,
    Role.GOODS_OFFICER: _OF_THE_PLATFORM,
    Role.ORDER_OFFICER: _OF_THE_PLATFORM,
    Role.PROMOTION_OFFICER: _OF_THE_PLATFORM,
    Role.OWNER_SERVICE: _OF_THE_PLATFORM,
    Role.PROPERTY_OFFICER: Grantable(frozenset({Level.COMPANY}), frozenset({Role.COMPANY_ADMIN})),
}
"""Residents' roles are missing on purpose: only a binding to a room gives them."""


@dataclass(frozen=True)
class Company:
    """A property company (物业公司)."""

    id: str
    name: str
    credit_code: str
    created_at: datetime
    version: int | None = None


@dataclass(frozen=True)
class Community:
    """A community (小区) run by one company."""

    id: str
    company_id: str
    name: str
    address: str
    created_at: datetime
    version: int | None = None


class Standing(StrEnum):
    """Whether a grant or a binding holds now."""

    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True)
class Holding:
    """One person's role on one scope, from its grant to its end.

    A staff grant and a resident's binding are the same thing with different givers; `name` is
    the staff member's working name while it is active, empty for residents.  `off` are the rights
    of the home that its owner switched off; `until` is when a tenancy or a mandate ends by itself;
    `mandate` is the number of the document by which an officer acts for a firm.  `by_platform` says
    that `by` did it as one of the platform's own people.
    """

    person_id: str
    role: Role
    scope: str
    name: str
    standing: Standing
    by: str
    at: datetime
    reason: str = ""
    off: frozenset[Right] = frozenset()
    until: datetime | None = None
    mandate: str = ""
    by_platform: bool = False
    version: int | None = None
    outbox: Outbox = field(default=EMPTY, compare=False, repr=False)

    @property
    def grant(self) -> Grant:
        """The grant that this holding is while it is active."""
        return Grant(self.role, self.scope, self.off)

    @property
    def shown_by(self) -> str:
        """Who did it, as a firm may know it: it needs no ids of the platform's own people."""
        return PLATFORM if self.by_platform and self.scope != PLATFORM else self.by

    def holds(self, now: datetime) -> bool:
        """Whether it is a right at this moment."""
        return self.standing is Standing.ACTIVE and (self.until is None or now < self.until)


class Step(StrEnum):
    """What a change does to the right that a holding is."""

    BEGINS = "begins"
    CHANGES = "changes"
    ENDS = "ends"


@dataclass(frozen=True)
class Change:
    """A holding as it will be, and what that does to the right."""

    holding: Holding
    step: Step

    @property
    def told_as(self) -> str:
        """The type of the event that tells of it."""
        return _TOLD_AS[self.holding.role in RESIDENTS, self.step]


_TOLD_AS: Mapping[tuple[bool, Step], str] = {
    (False, Step.BEGINS): "StaffGranted",
    (False, Step.CHANGES): "StaffChanged",
    (False, Step.ENDS): "StaffRevoked",
    (True, Step.BEGINS): "ResidentBound",
    (True, Step.CHANGES): "ResidentChanged",
    (True, Step.ENDS): "ResidentUnbound",
}


def check_scope(scope: str, path: str = "scope") -> str:
    """`scope` itself, if it is one that staff can have: platform, company, community or part of it.

    Buildings and units are written as the house register writes them (D12), so a scope holds none
    of the characters that separate grants in the authorizer's answer.

    Raises
    ------
    Invalid
        It is none, at `path`.
    """
    if not re.fullmatch(_STAFF_SCOPE, scope):
        raise invalid(path, "not_a_scope")
    return scope


def check_grantable(role: Role, scope: str) -> Grantable:
    """Who may give `role` on `scope`.

    Raises
    ------
    Invalid
        The role cannot be given on such a scope at all.
    """
    grantable = GRANTABLE.get(role)
    if grantable is None or level_of(scope) not in grantable.levels:
        raise invalid("scope", "role_not_on_this_scope", role=role)
    return grantable


def may_lay_down(caller_id: str, holder_id: str, role: Role) -> bool:
    """Whether somebody ends a role because it is their own.

    A platform administrator's is ended by another one: who could give it back?
    """
    return caller_id == holder_id and role is not Role.PLATFORM_ADMIN


def check_grant(giver_id: str, giver_roles: Iterable[Role], to: str, wanted: Grant) -> None:
    """Refuse a grant outside `GRANTABLE`, and any grant to oneself.

    Parameters
    ----------
    giver_roles
        The roles that the giver holds on the wanted scope.

    Raises
    ------
    Invalid
        The role cannot be given on such a scope, or not by this giver.
    """
    grantable = check_grantable(wanted.role, wanted.scope)
    if not grantable.granters.intersection(giver_roles):
        raise invalid("role", "role_not_yours_to_give", role=wanted.role)
    if giver_id == to:
        raise invalid("person_id", "not_to_yourself")


def basis(held: Iterable[Grant], roles: frozenset[Role], scope: str) -> tuple[Grant, ...]:
    """The stored grants by which somebody with one of `roles` may give a right on `scope`.

    One that covers the scope is enough.  A role on a company also stands in the authorizer's
    answer for each community and is stored for the company alone; which company a community
    belongs to is not said there, so of a role on several companies all are told.

    Parameters
    ----------
    held
        The giver's grants as the authorizer handed them on.

    Raises
    ------
    NotFound
        None of them reaches the scope.
    """
    able = [grant for grant in held if grant.role in roles]
    companies = [grant for grant in able if level_of(grant.scope) is Level.COMPANY]
    spread = {grant.role for grant in companies}
    covering = [grant for grant in able if covers(grant.scope, scope)]
    for grant in covering:
        if level_of(grant.scope) is not Level.COMMUNITY or grant.role not in spread:
            return (grant,)
    if not covering:
        raise NotFound
    return tuple(grant for grant in companies if grant.role is covering[0].role)


def begin(previous: Holding | None, wanted: Holding) -> Change | None:
    """The change to store, or None where it holds just so: giving twice changes nothing.

    A tenancy or a mandate that is given again takes its new end; what was switched off stays off.
    """
    if previous is None:
        return Change(replace(wanted, standing=Standing.ACTIVE), Step.BEGINS)
    kept = replace(wanted, version=previous.version, outbox=previous.outbox)
    if previous.standing is Standing.ENDED:
        return Change(replace(kept, standing=Standing.ACTIVE), Step.BEGINS)
    if (previous.until, previous.mandate) == (wanted.until, wanted.mandate):
        return None
    return Change(replace(kept, standing=Standing.ACTIVE, off=previous.off), Step.CHANGES)


def end(
    previous: Holding, by: str, at: datetime, reason: str, *, by_platform: bool = False
) -> Change | None:
    """The change to store, or None where it has already ended; the working name goes with it.

    Nobody finds it again when its person is erased: a right that is over is no right of theirs.
    """
    if previous.standing is Standing.ENDED:
        return None
    outbox = previous.outbox.without("name")
    ended = replace(previous, name="", standing=Standing.ENDED, at=at, reason=reason)
    return Change(replace(ended, by=by, by_platform=by_platform, outbox=outbox), Step.ENDS)


def check_binding(binder_id: str, wanted: Holding) -> None:
    """Refuse a binding that is no resident's role on a room, or is to oneself.

    Raises
    ------
    Invalid
        What does not fit.
    """
    if wanted.role not in RESIDENTS or level_of(wanted.scope) is not Level.ROOM:
        raise invalid("relation", "not_a_residents_role", role=wanted.role)
    if binder_id == wanted.person_id:
        raise invalid("person_id", "not_to_yourself")


def check_room_for_more(held: int, of_company: int) -> None:
    """Refuse a grant to somebody who has enough, of all companies or of this one.

    Without the second, one company could fill what a person may hold and shut all others out.

    Raises
    ------
    Conflict
        `too_many_grants`, with the limit that was reached.
    """
    for count, limit in ((held, MAX_GRANTS), (of_company, MAX_GRANTS_OF_COMPANY)):
        if count >= limit:
            raise Conflict("too_many_grants", limit=limit)


COUNTED: Mapping[str, str] = {
    "RepairReported": "repairs_reported",
    "RepairFinished": "repairs_finished",
    "RepairWithdrawn": "repairs_withdrawn",
    "RepairRated": "repairs_rated",
}
"""Event type → the count it raises."""


@dataclass(frozen=True)
class Counts:
    """A community's counts (PJ-01), each raised once by each event that names it."""

    repairs_reported: int = 0
    repairs_finished: int = 0
    repairs_withdrawn: int = 0
    repairs_rated: int = 0


def count(event_type: str) -> str | None:
    """The count that an event raises, or None for an event that is not counted."""
    return COUNTED.get(event_type)
