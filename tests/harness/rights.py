"""Rights that people have before a test begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from shared import grants
from shared.auth import Grant, Level, Role, level_of
from shared.table import Transaction


def hold(person_id: str, *held: Grant) -> None:
    """Store a person's grants, as somebody gave them long ago; those they have, they have."""
    known = {(one.grant.role, one.grant.scope) for one in grants.held_by(person_id)}
    more = [grant for grant in _stored(held) if (grant.role, grant.scope) not in known]
    with Transaction() as transaction:
        for grant in more:
            grants.add_grant(transaction, person_id, grant)


def lose(person_id: str, *lost: Grant) -> None:
    """Take a person's grants away, while the gateway still knows them."""
    with Transaction() as transaction:
        for grant in _stored(lost):
            grants.remove_grant(transaction, person_id, grant)


def _stored(held: Iterable[Grant]) -> list[Grant]:
    """Those that have a row: a property officer has one, for the firm."""
    officer = Role.PROPERTY_OFFICER
    return [g for g in held if g.role is not officer or level_of(g.scope) is Level.COMPANY]


@contextmanager
def holding(person_id: str, wanted: Iterable[Grant]) -> Iterator[None]:
    """Let a person hold these grants as well, for as long as the context lasts."""
    more = set(wanted) - set(grants.grants_of(person_id))
    hold(person_id, *more)
    try:
        yield
    finally:
        lose(person_id, *more)
