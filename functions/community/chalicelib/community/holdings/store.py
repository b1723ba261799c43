"""What is kept of holdings: staff roles, residents' bindings, and who lives in a room.

Access patterns
---------------
1. staff grants on a scope's root    Query  pk = {root}#grants#all (root: platform, company
                                            or community), sk = {person}#{role}#{scope}
2. residents of a room               Query  pk = {community}#residents#{room}, sk = {person}#{role}
3. several holdings                  BatchGet of 1 and 2
4. who lives in a room now           Get    pk = {community}#household#{room}; then 3
5. app users of a community, a page  Query  by_community: {community}#users#all, below a scope

A holding's right also stands in the grants table, written in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pynamodb.attributes import (
    BooleanAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.expressions.condition import size
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from chalicelib.community.households.rules import MAX_RESIDENTS, AppUser, Household
from chalicelib.community.rules import Change, Holding, Standing, Step
from shared import events, grants
from shared.auth import RESIDENTS, Grant, Level, Role, known_grants, level_of
from shared.table import (
    Page,
    Record,
    Refused,
    Transaction,
    decode_cursor,
    encode_cursor,
    page,
)

_MAX_READS = 5


class Full(Exception):
    """The room has as many residents as it may have; nothing was stored."""


class _ByCommunity(GlobalSecondaryIndex["_Holding"]):  # type: ignore[no-untyped-call]  # untyped upstream
    class Meta:
        index_name = "by_community"
        projection = IncludeProjection(["person_id", "role", "scope", "at", "until"])

    users_key = UnicodeAttribute(hash_key=True)
    users_place = UnicodeAttribute(range_key=True)


class _Holding(Record):
    person_id = UnicodeAttribute()
    role = UnicodeAttribute()
    scope = UnicodeAttribute()
    name = UnicodeAttribute()
    standing = UnicodeAttribute()
    by = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    reason = UnicodeAttribute()
    off = UnicodeAttribute(null=True)
    until = UTCDateTimeAttribute(null=True)
    mandate = UnicodeAttribute(null=True)
    by_platform = BooleanAttribute(null=True)
    users_key = UnicodeAttribute(null=True)
    users_place = UnicodeAttribute(null=True)

    by_community = _ByCommunity()


class _Household(Record):
    residents = UnicodeSetAttribute(null=True)


def get_holding(person_id: str, role: Role, scope: str) -> Holding | None:
    """What a person holds, or once held, on a scope."""
    item = _Holding.find(*_holding_key(person_id, role, scope))
    return _to_holding(item) if item else None


def get_holdings(keys: Sequence[tuple[str, Role, str]]) -> list[Holding]:
    """Several holdings by person, role and scope, in one call."""
    wanted = [_holding_key(*key) for key in keys]
    items = _Holding.batch_get(wanted, consistent_read=True) if wanted else ()
    return [_to_holding(item) for item in items]


def get_household(room_scope: str) -> Household:
    """Who lives in a room now."""
    item = _Household.find(_household_key(room_scope), "household")
    if item is None:
        return Household(room_scope)
    return Household(room_scope, frozenset(item.residents or ()), item.version)


def add_changes(
    transaction: Transaction,
    changes: Sequence[tuple[Change, events.Event]],
    company_id: str = "",
    household: Household | None = None,
) -> None:
    """Change holdings, the rights that they are and the household, as part of a transaction.

    Parameters
    ----------
    company_id
        The company in whose name rights begin.
    household
        The room's household as it was read, with these changes; None where all they do is bind.
    """
    for change, announcing in changes:
        holding = change.holding
        transaction.put(_holding_item(holding, announcing))
        match change.step:
            case Step.BEGINS:
                person_id, until = holding.person_id, holding.until
                grants.add_grant(
                    transaction, person_id, holding.grant, company_id=company_id, until=until
                )
                if holding.role in RESIDENTS and household is None:
                    _move_in(transaction, holding)
            case Step.CHANGES:
                grants.change_grant(transaction, holding.person_id, holding.grant, holding.until)
            case Step.ENDS:
                grants.remove_grant(transaction, holding.person_id, holding.grant)
    if household is not None:
        transaction.put(
            _Household(
                _household_key(household.scope),
                "household",
                residents=set(household.residents) or None,
                version=household.version,
            )
        )


def save_changes(
    changes: Sequence[tuple[Change, events.Event]],
    basis: Sequence[Grant],
    company_id: str = "",
    household: Household | None = None,
) -> bool:
    """Store what `add_changes` says, all of it or nothing; False where somebody was faster.

    Parameters
    ----------
    basis
        The grants that whoever changes it must still have at the moment of the write.

    Raises
    ------
    NotFound
        One of these was taken away since the authorizer saw it; nothing is stored.
    Full
        The room has as many residents as it may have.
    """
    by = changes[0][0].holding.by
    try:
        with grants.relying_on(by, basis) as transaction:
            add_changes(transaction, changes, company_id, household)
    except Refused as refused:
        if household is None:
            check_room(refused)
        return False
    return True


def check_room(refused: Refused) -> None:
    """Say so, if it was the number of a room's residents that refused one more.

    Raises
    ------
    Full
        It was.
    """
    if refused.stored is not None and "residents" in refused.stored:
        raise Full from refused


def _move_in(transaction: Transaction, holding: Holding) -> None:
    residents = _Household.residents
    fewer = size(residents) < MAX_RESIDENTS  # type: ignore[no-untyped-call]  # untyped upstream
    # With a version, whichever, PynamoDB raises the stored one by one.
    item = _Household(_household_key(holding.scope), "household", version=0)
    transaction.update(
        item,
        [residents.add({f"{holding.person_id}#{holding.role}"})],
        residents.does_not_exist() | fewer,
    )


def list_grants(root: str, limit: int, cursor: str | None) -> Page[Holding]:
    """Staff grants on a root and below it, ended ones included."""
    return _holdings(f"{root}#grants#all", limit, cursor)


def list_residents(room_scope: str, limit: int, cursor: str | None) -> Page[Holding]:
    """Who is or was bound to a room."""
    return _holdings(_residents_key(room_scope), limit, cursor)


def list_household(room_scope: str, limit: int, cursor: str | None, now: datetime) -> Page[Holding]:
    """A page of those whose bindings to a room hold now, in the order of `list_residents`.

    It reads nobody who left, as a Query would, so no cursor can name them: it is of who is shown.

    Raises
    ------
    Invalid
        The cursor is not one of a list of this room's residents.
    """
    pk = _residents_key(room_scope)
    after = decode_cursor(cursor, ("pk", "sk"), pk)["sk"]["S"] if cursor else ""
    living = [one for one in _living_after(room_scope, after) if one.holds(now)]
    shown = sorted(living, key=lambda one: (one.person_id, one.role))[:limit]
    if len(shown) == len(living):
        return Page(tuple(shown), None)
    last = f"{shown[-1].person_id}#{shown[-1].role}"
    return Page(tuple(shown), encode_cursor({"pk": {"S": pk}, "sk": {"S": last}}))


def _living_after(room_scope: str, after: str) -> list[Holding]:
    for _ in range(_MAX_READS):
        told = (one.split("#") for one in get_household(room_scope).residents if one > after)
        found = get_holdings([(person_id, Role(role), room_scope) for person_id, role in told])
        if all(one.standing is Standing.ACTIVE for one in found):
            break
        # Who ended meanwhile may have been merged into somebody whom the household did not name.
    return found


def list_users(scope: str, limit: int, cursor: str | None) -> Page[AppUser]:
    """Those whose bindings to rooms of a community or a building have not ended, by room."""
    found = page(
        _Holding,
        _users_key(scope),
        limit=limit,
        cursor=cursor,
        index=_Holding.by_community,
        range_condition=_ByCommunity.users_place.startswith(f"{scope}/"),
    )
    return Page(tuple(_to_user(item) for item in found.items), found.next_cursor)


def _users_key(scope: str) -> str:
    return f"{scope.split('/')[0]}#users#all"


def _residents_key(room_scope: str) -> str:
    return _room_key(room_scope, "residents")


def _household_key(room_scope: str) -> str:
    return _room_key(room_scope, "household")


def _room_key(room_scope: str, kind: str) -> str:
    community, building, unit, number = room_scope.split("/")
    return f"{community}#{kind}#{building}-{unit}-{number}"


def _holding_key(person_id: str, role: Role, scope: str) -> tuple[str, str]:
    if role in RESIDENTS:
        return _residents_key(scope), f"{person_id}#{role}"
    root = scope if level_of(scope) in (Level.PLATFORM, Level.COMPANY) else scope.split("/")[0]
    return f"{root}#grants#all", f"{person_id}#{role}#{scope}"


def _holdings(pk: str, limit: int, cursor: str | None) -> Page[Holding]:
    found = page(_Holding, pk, limit=limit, cursor=cursor)
    return Page(tuple(_to_holding(item) for item in found.items), found.next_cursor)


def _holding_item(holding: Holding, announcing: events.Event) -> _Holding:
    key = _holding_key(holding.person_id, holding.role, holding.scope)
    lives = holding.role in RESIDENTS and holding.standing is Standing.ACTIVE
    item = _Holding(
        *key,
        person_id=holding.person_id,
        role=holding.role.value,
        scope=holding.scope,
        name=holding.name,
        standing=holding.standing.value,
        by=holding.by,
        at=holding.at,
        reason=holding.reason,
        off=holding.grant.written_off or None,
        until=holding.until,
        mandate=holding.mandate or None,
        by_platform=holding.by_platform or None,
        users_key=_users_key(holding.scope) if lives else None,
        users_place=f"{holding.scope}#{key[1]}" if lives else None,
        version=holding.version,
    )
    item.announce(holding.outbox, announcing)
    return item


def _to_holding(item: _Holding) -> Holding:
    (grant,) = known_grants([(item.role, item.scope, item.off or "")])
    return Holding(
        person_id=item.person_id,
        role=grant.role,
        scope=grant.scope,
        name=item.name,
        standing=Standing(item.standing),
        by=item.by,
        at=item.at,
        reason=item.reason,
        off=grant.off,
        until=item.until,
        mandate=item.mandate or "",
        by_platform=bool(item.by_platform),
        version=item.version,
        outbox=item.outbox,
    )


def _to_user(item: _Holding) -> AppUser:
    return AppUser(item.person_id, Role(item.role), item.scope, item.at, item.until)
