"""By which stored grants somebody may do what outlives the authorizer's minute."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.community import rules, store
from shared.auth import PLATFORM, Grant, Role
from shared.errors import NotFound


def basis(held: Iterable[Grant], roles: frozenset[Role], scope: str) -> tuple[Grant, ...]:
    """The stored grant by which somebody with one of `roles` may act on `scope`.

    The authorizer does not say from which company a role on a community comes.  Of somebody who
    works for several, the company that runs the community counts, so that another one, by giving
    and taking a role of its own, cannot keep them from their work.

    Raises
    ------
    NotFound
        None of them reaches the scope.
    """
    found = rules.basis(held, roles, scope)
    if len(found) > 1:
        community = store.get_community(scope.partition("/")[0])
        found = tuple(g for g in found if community and g.scope == community.company_id)
    if not found:
        raise NotFound
    return found


def is_platforms(basis: Iterable[Grant]) -> bool:
    """Whether somebody acts as one of the platform's own people."""
    return any(grant.scope == PLATFORM for grant in basis)
