"""Who is calling and what they may do: role × scope × permission, deny by default (RULES.md D8).

A grant gives a person a role on a scope.  A scope is a path, `com_7k2m9x4a/3/1/502` for a room,
and a grant on a path holds for everything below it.  A route names one permission; the way in
narrows the caller to the scopes where one of their roles has it, and the action asks
`caller.require(scope)` for the very thing it touches.  What a caller may not see is NotFound.

The authorizer looks the grants up once and hands them on in the request's context, so ordinary
requests read none.  Doors and money never rely on this: their own write checks the right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum

import msgspec

from shared.errors import NotFound, Unauthenticated

PLATFORM = "platform"
MAX_GRANTS = 50
"""Grants of one person; the authorizer's answer must stay small."""
MAX_MANDATES = 10
"""People who may act for one person."""
MAX_COMMUNITIES = 200
"""Communities of one company; a grant on the company reaches all of them."""


class Level(StrEnum):
    """How far down a scope reaches."""

    PLATFORM = "platform"
    COMPANY = "company"
    COMMUNITY = "community"
    BUILDING = "building"
    UNIT = "unit"
    ROOM = "room"


class Role(StrEnum):
    """The roles of RULES.md D8 that stand so far; merchants and devices come with theirs."""

    PLATFORM_ADMIN = "platform_admin"
    SECURITY_AUDITOR = "security_auditor"
    COMPANY_ADMIN = "company_admin"
    COMMUNITY_MANAGER = "community_manager"
    FINANCE_CLERK = "finance_clerk"
    FINANCE_APPROVER = "finance_approver"
    CASHIER = "cashier"
    DISPATCHER = "dispatcher"
    BUTLER = "butler"
    TECHNICIAN = "technician"
    PATROL = "patrol"
    STOREKEEPER = "storekeeper"
    BUYER = "buyer"
    GATE_GUARD = "gate_guard"
    MARKET_OFFICER = "market_officer"
    GOODS_OFFICER = "goods_officer"
    PROPERTY_OFFICER = "property_officer"
    ORDER_OFFICER = "order_officer"
    PROMOTION_OFFICER = "promotion_officer"
    OWNER_SERVICE = "owner_service"
    OWNER = "owner"
    FAMILY_MEMBER = "family_member"
    TENANT = "tenant"


RESIDENTS = frozenset({Role.OWNER, Role.FAMILY_MEMBER, Role.TENANT})
STAFF = frozenset(Role) - RESIDENTS
_ROLES = {role.value: role for role in Role}


class Right(StrEnum):
    """What the owner of a home may switch for those who live there (D8).

    Nothing that safety needs is among them: whoever lives in a room may always report a repair
    or call for help.
    """

    PAY = "pay"
    OPEN = "open"
    ORDER = "order"
    VOTE = "vote"


_RIGHTS = {right.value: right for right in Right}
_BETWEEN = "-"
"""Between the rights that are off; it stands in no role, no right and no scope."""


def level_of(scope: str) -> Level:
    """How far down `scope` reaches."""
    if scope == PLATFORM:
        return Level.PLATFORM
    if scope.startswith("co_"):
        return Level.COMPANY
    steps = scope.count("/")
    return (Level.COMMUNITY, Level.BUILDING, Level.UNIT, Level.ROOM)[steps]


def covers(wide: str, narrow: str) -> bool:
    """Whether a grant on `wide` holds on `narrow`."""
    return wide in (PLATFORM, narrow) or narrow.startswith(wide + "/")


class Grant(msgspec.Struct, frozen=True):
    """A role on a scope, some of its rights perhaps switched off."""

    role: Role
    scope: str
    off: frozenset[Right] = frozenset()

    @property
    def written_off(self) -> str:
        """The rights that are off as a text: "pay-vote"; empty where none is."""
        return _BETWEEN.join(right for right in Right if right in self.off)


def known_grants(written: Iterable[tuple[str, str, str]]) -> list[Grant]:
    """Grants from roles, scopes and rights that are off, as stored; an unknown role is no right.

    A stack may run an older release than the one that gave the role.  Whoever has it must not be
    locked out of what their other roles let them do.  A right that a release does not know is one
    that it asks nobody for.
    """
    return [
        Grant(
            _ROLES[role], scope, frozenset(_RIGHTS[r] for r in off.split(_BETWEEN) if r in _RIGHTS)
        )
        for role, scope, off in written
        if role in _ROLES
    ]


class Permission(msgspec.Struct, frozen=True):
    """A named right and the roles that have it, wherever they are granted.

    Where it names one of the rights that owners switch, a grant with that right off lacks it.
    `two_persons` says that what it does takes two of them, one who asks and one who approves.
    """

    name: str
    roles: frozenset[Role]
    about: str = ""
    right: Right | None = None
    two_persons: bool = False


def permission(
    name: str,
    *roles: Role | Iterable[Role],
    about: str,
    right: Right | None = None,
    two_persons: bool = False,
) -> Permission:
    """A permission from roles and groups of roles."""
    members: set[Role] = set()
    for role in roles:
        members.update([role] if isinstance(role, Role) else role)
    return Permission(name, frozenset(members), about, right, two_persons)


SIGNED_IN = Permission("signed_in", frozenset(), "Whoever has a valid token, about themselves.")
PUBLIC = Permission("public", frozenset(), "Anyone, without a token.")


class Caller(msgspec.Struct):
    """A person with the scopes where the route's permission is theirs.

    `checked` turns true when an action asked for a scope or bound itself to the caller's own
    things; the way in refuses to answer for an action that did neither.  `acting_id` is who sits
    at the device where that is somebody else, with a mandate to act for the person.  `session_id`
    is the session that the token came of; a token of an acting one or of elsewhere has none.
    """

    person_id: str
    grants: tuple[Grant, ...]
    permission: Permission
    acting_id: str = ""
    session_id: str = ""
    checked: bool = False

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes on which the permission is theirs."""
        wanted = self.permission
        return tuple(
            g.scope for g in self.grants if g.role in wanted.roles and wanted.right not in g.off
        )

    def may(self, scope: str) -> bool:
        """Whether the permission holds on `scope`."""
        self.checked = True
        return any(covers(own, scope) for own in self.scopes)

    def require(self, scope: str) -> None:
        """Go on only where the permission holds on `scope`.

        Raises
        ------
        NotFound
            It does not; the caller learns nothing about what is there.
        """
        if not self.may(scope):
            raise NotFound

    def reach(self, community_id: str) -> tuple[str, ...]:
        """The caller's scopes that meet a community; NotFound if none does.

        A list is cut to these: a butler of one building sees that building's part.
        """
        self.checked = True
        scopes = tuple(
            own for own in self.scopes if covers(own, community_id) or covers(community_id, own)
        )
        if not scopes:
            raise NotFound
        return scopes

    def own(self) -> str:
        """The caller's id, for an action that only touches what is keyed by it."""
        self.checked = True
        return self.person_id

    def in_person(self) -> str:
        """The caller's id, for what nobody does for another: own devices, mandates and the end.

        Raises
        ------
        NotFound
            Somebody acts for them.
        """
        if self.acting_id:
            raise NotFound
        return self.own()

    def roles_on(self, scope: str) -> frozenset[Role]:
        """Every role that the caller has on `scope`, whatever the permission."""
        return frozenset(g.role for g in self.grants if covers(g.scope, scope))


# Who calls in the request that runs just now; nobody in a function that hears events.
_CALLING: ContextVar[Caller | None] = ContextVar("calling", default=None)


@contextmanager
def calling(caller: Caller) -> Iterator[None]:
    """Let writes know who calls, for as long as an action runs."""
    token = _CALLING.set(caller)
    try:
        yield
    finally:
        _CALLING.reset(token)


def acting_for(person_id: str) -> str:
    """Who acts for `person_id` in the request that runs now; empty where they act themselves."""
    caller = _CALLING.get()
    return caller.acting_id if caller is not None and caller.person_id == person_id else ""


def firm_of(actor_id: str, root: str) -> str:
    """The firm in whose name `actor_id` does what happens now on `root`; empty for their own.

    A property officer acts for the one firm that gave them its mandate, unless another role of
    theirs lets them do it as well.

    Parameters
    ----------
    root
        The platform, or the company or community on which it happens.
    """
    caller = _CALLING.get()
    if caller is None or caller.person_id != actor_id:
        return ""
    able = [g for g in caller.grants if g.role in caller.permission.roles]
    by = {g.role for g in able if covers(g.scope, root) or covers(root, g.scope)}
    if by != {Role.PROPERTY_OFFICER}:
        return ""
    return next(g.scope for g in able if g.role in by and level_of(g.scope) is Level.COMPANY)


def assert_checked() -> None:
    """Stop an action that writes or answers without having checked what it touches.

    Raises
    ------
    AssertionError
        It never asked its caller's right: a fault of ours, told as such and stored nowhere.
    """
    caller = _CALLING.get()
    if caller is not None and not caller.checked and caller.permission is not PUBLIC:
        raise AssertionError(f"an action under {caller.permission.name} never checked its caller")


def to_context(
    person_id: str, grants: Iterable[Grant], acting_id: str = "", session_id: str = ""
) -> dict[str, str]:
    """The authorizer's answer: a gateway context holds texts only.

    Grants are written `role:scope,scope;role-right:scope`, as a hundred of them must stay below
    the gateway's limit; the rights behind a role are those that are off.
    """
    by_role: dict[str, list[str]] = {}
    for grant in grants:
        role = _BETWEEN.join(filter(None, (grant.role.value, grant.written_off)))
        by_role.setdefault(role, []).append(grant.scope)
    packed = ";".join(f"{role}:{','.join(scopes)}" for role, scopes in sorted(by_role.items()))
    return {
        "person_id": person_id,
        "grants": packed,
        "acting_id": acting_id,
        "session_id": session_id,
    }


def from_context(context: Mapping[str, str], wanted: Permission) -> Caller:
    """The caller as the authorizer handed them on, narrowed to one permission.

    Whoever acts for somebody acts for the resident, never for staff: where something takes two
    persons (D8), nobody is the second one by another's name.

    Raises
    ------
    Unauthenticated
        No authorizer has spoken for this request.
    """
    person_id = context.get("person_id")
    if not person_id:
        raise Unauthenticated
    written = []
    for part in filter(None, context.get("grants", "").split(";")):
        held, _, scopes = part.partition(":")
        role, _, off = held.partition(_BETWEEN)
        written += [(role, scope, off) for scope in scopes.split(",")]
    acting_id, session_id = (context.get(name, "") for name in ("acting_id", "session_id"))
    known = known_grants(written)
    grants = tuple(grant for grant in known if not acting_id or grant.role in RESIDENTS)
    return Caller(person_id, grants, wanted, acting_id, session_id)
