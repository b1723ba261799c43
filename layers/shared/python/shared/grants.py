"""The grants table: which roles a person has, shared by all capabilities through the authorizer.

Access patterns
---------------
1. a person's grants and standing    Query  pk = platform#person#{person}
2. the communities of a company      Get    pk = platform#company#{company}, sk = communities
3. a grant that must still stand     ConditionCheck of its row, in the transaction that relies on it
4. the same, where nothing is stored Query of 1, consistent

`community` owns the writes of grants, `identity` those of standing (sk = !frozen, and
acting#{person} for each person with a mandate): each changes in the same transaction as the row
that explains it.  A grant that was given until a moment (a tenancy) is none from then on, though
its row stands until somebody ends or renews it: whoever reads or relies on it asks the clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec
from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute, UTCDateTimeAttribute
from pynamodb.expressions.condition import size

from shared import clock
from shared.auth import MAX_COMMUNITIES, MAX_GRANTS, Grant, Level, Role, known_grants, level_of
from shared.errors import NotFound
from shared.table import Record, Refused, Transaction, Unmet, page

_READ = 2 * MAX_GRANTS
"""Two who give the last grant at one moment may exceed the limit; nobody's right is left unread,
nor is it with every mandate there can be, and the mark of a frozen person, among them."""
_FIRM = "firm"
_FROZEN = "!frozen"
"""Sorts before every grant, so that no number of grants pushes it off the page."""
_ACTING = "acting#"


class Standing(msgspec.Struct, frozen=True):
    """What the platform lets a person do, and whom it lets act for them.

    Attributes
    ----------
    grants
        As `grants_of` gives them.
    frozen
        Nothing at all is theirs to do until the operator lifts it.
    acting
        The people with a mandate to act for this person.
    """

    grants: tuple[Grant, ...]
    frozen: bool = False
    acting: frozenset[str] = frozenset()


class Held(msgspec.Struct, frozen=True):
    """A grant as it is stored: until when it holds, and the company in whose name it was given."""

    grant: Grant
    until: datetime | None
    company_id: str

    def holds(self, now: datetime) -> bool:
        """Whether it is a right at this moment."""
        return self.until is None or now < self.until


class _Item(Record):
    table_setting = "GRANTS_TABLE"

    role = UnicodeAttribute(null=True)
    scope = UnicodeAttribute(null=True)
    off = UnicodeAttribute(null=True)
    until = UTCDateTimeAttribute(null=True)
    company_id = UnicodeAttribute(null=True)
    communities = UnicodeSetAttribute(null=True)


def _person_key(person_id: str) -> str:
    return f"platform#person#{person_id}"


def _company_key(company_id: str) -> str:
    return f"platform#company#{company_id}"


def _grant_item(person_id: str, grant: Grant) -> _Item:
    return _Item(
        _person_key(person_id),
        # Of a property officer there is one row, so that nobody acts for two firms.
        f"{_FIRM if grant.role is Role.PROPERTY_OFFICER else grant.scope}#{grant.role}",
        role=grant.role.value,
        scope=grant.scope,
    )


def grants_of(person_id: str) -> tuple[Grant, ...]:
    """A person's grants; a grant on a company also stands for each of its communities.

    One Query, and one Get per company that the person works for.
    """
    return standing_of(person_id).grants


def standing_of(person_id: str) -> Standing:
    """A person's grants and standing, at the cost of `grants_of`."""
    rows = _rows(person_id)
    names = [row.sk for row in rows]
    acting = frozenset(n.removeprefix(_ACTING) for n in names if n.startswith(_ACTING))
    return Standing(_expanded(_holding(_held(rows))), _FROZEN in names, acting)


def held_by(person_id: str, *, consistent: bool = False) -> tuple[Held, ...]:
    """Every grant that is stored for a person, one that has run out included; one Query.

    Parameters
    ----------
    consistent
        Miss none that was given before, and show none that was taken: twice the read units.
    """
    return tuple(_held(_rows(person_id, consistent=consistent)))


def _rows(person_id: str, *, consistent: bool = False) -> tuple[_Item, ...]:
    key = _person_key(person_id)
    return page(_Item, key, limit=_READ, cursor=None, consistent=consistent).items


def _held(rows: Iterable[_Item]) -> Iterator[Held]:
    for row in rows:
        if row.role is not None:
            for grant in known_grants([(row.role, row.scope, row.off or "")]):
                yield Held(grant, row.until, row.company_id or "")


def _holding(held: Iterable[Held]) -> list[Grant]:
    now = clock.now()
    return [one.grant for one in held if one.holds(now)]


def _expanded(grants: list[Grant]) -> tuple[Grant, ...]:
    for company_id in {g.scope for g in grants if level_of(g.scope) is Level.COMPANY}:
        company = _Item.find(_company_key(company_id), "communities", consistent=False)
        communities = sorted(company.communities or ()) if company else []
        roles = [g.role for g in grants if g.scope == company_id]
        grants += [Grant(role, community) for role in roles for community in communities]
    return tuple(grants)


def add_grant(
    transaction: Transaction,
    person_id: str,
    grant: Grant,
    *,
    company_id: str = "",
    until: datetime | None = None,
) -> None:
    """Give a grant as part of a transaction; it must not exist yet.

    Parameters
    ----------
    company_id
        In whose name it is given: no company may give one person more than its share.
    until
        From when on it holds no longer; None where nothing says so.
    """
    item = _grant_item(person_id, grant)
    item.off, item.until, item.company_id = grant.written_off or None, until, company_id or None
    transaction.put(item)


def change_grant(
    transaction: Transaction, person_id: str, grant: Grant, until: datetime | None
) -> None:
    """Set what is off and until when, as part of a transaction; the grant must exist."""
    off = grant.written_off
    actions = [
        _Item.off.set(off) if off else _Item.off.remove(),
        _Item.until.set(until) if until else _Item.until.remove(),
    ]
    item = _grant_item(person_id, grant)
    transaction.update(item, actions, _Item.pk.exists())


def remove_grant(transaction: Transaction, person_id: str, grant: Grant) -> None:
    """Take a grant away as part of a transaction; it must exist."""
    transaction.delete_blind(_grant_item(person_id, grant))


def freeze(transaction: Transaction, person_id: str) -> None:
    """Let a person do nothing from the next minute on; they must not be frozen yet."""
    transaction.put(_Item(_person_key(person_id), _FROZEN))


def unfreeze(transaction: Transaction, person_id: str) -> None:
    """Give a frozen person back what is theirs; they must be frozen."""
    transaction.delete_blind(_Item(_person_key(person_id), _FROZEN))


def add_mandate(transaction: Transaction, person_id: str, acting_id: str) -> None:
    """Let `acting_id` act for a person; they must not be able to yet.

    Whoever gives it counts the mandates of a person: no more than `MAX_MANDATES`.
    """
    transaction.put(_Item(_person_key(person_id), _ACTING + acting_id))


def remove_mandate(transaction: Transaction, person_id: str, acting_id: str) -> None:
    """Let `acting_id` no longer act for a person; they must be able to."""
    transaction.delete_blind(_Item(_person_key(person_id), _ACTING + acting_id))


@contextmanager
def relying_on(person_id: str, basis: Iterable[Grant]) -> Iterator[Transaction]:
    """A transaction that happens only while a person has grants, each stored for this very scope.

    Raises
    ------
    NotFound
        One was taken away since the authorizer saw it; nothing is stored.
    Refused
        As any transaction: another of its conditions was not met.
    """
    try:
        with Transaction() as transaction:
            for grant in basis:
                item = _grant_item(person_id, grant)
                holds = _Item.until.does_not_exist() | (_Item.until > clock.now())
                transaction.require(_Item, item.pk, item.sk, (_Item.scope == grant.scope) & holds)
            yield transaction
    except Unmet as unmet:
        raise NotFound from unmet


def require_held(person_id: str, basis: Collection[Grant]) -> None:
    """Go on only while a person has grants, each stored for this very scope; one Query.

    Raises
    ------
    NotFound
        One was taken away since the authorizer saw it.
    """
    held = {(g.role, g.scope) for g in _holding(held_by(person_id, consistent=True))}
    if not held.issuperset((grant.role, grant.scope) for grant in basis):
        raise NotFound


def add_community(transaction: Transaction, company_id: str, community_id: str) -> None:
    """Let grants on a company reach a new community, as part of a transaction.

    It must not be there yet, and the company must have fewer than `MAX_COMMUNITIES`.
    """
    communities = _Item.communities
    fewer = size(communities) < MAX_COMMUNITIES  # type: ignore[no-untyped-call]  # untyped upstream
    item = _Item(_company_key(company_id), "communities")
    transaction.update(
        item,
        [communities.add({community_id})],
        communities.does_not_exist() | (~communities.contains(community_id) & fewer),
    )


def company_is_full(refused: Refused) -> bool:
    """Whether it was the company's number of communities that refused a transaction.

    A community that is there already is refused by its own record first.
    """
    return refused.stored is not None and "communities" in refused.stored
