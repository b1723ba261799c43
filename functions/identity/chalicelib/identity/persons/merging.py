"""How two people turn out to be one, by the word of two operators (RULES.md D8)."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta

from chalicelib.identity.persons.rules import (
    Details,
    Login,
    Merging,
    Person,
    PersonState,
    erased,
)
from shared.errors import Conflict

MERGE_WAITS = timedelta(days=7)
"""How long what one operator asked for waits for the word of a second."""


def ask_merge(absorbed: Person, into: Person, merging: Merging) -> Person:
    """Ask for a person to be merged into another; the same once more changes nothing.

    Raises
    ------
    Conflict
        `merge_asked`: another merge of them waits.  `not_mergeable`: one of them is not active, or
        mandates hang on the one who would go.
    """
    _check_mergeable(absorbed, into)
    known = _waiting(absorbed, merging.asked_at)
    if known is None:
        return replace(absorbed, merging=merging)
    if (known.into_id, known.asked_by) != (merging.into_id, merging.asked_by):
        raise Conflict("merge_asked")
    return absorbed


def check_approval(absorbed: Person, into: Person, approver_id: str, now: datetime) -> None:
    """Let a merge happen by the word of a second operator only (RULES.md D8, two persons).

    Raises
    ------
    Conflict
        `no_such_merge`: nobody asked for it, or too long ago.  `second_person_needed`: the same
        operator asked.  `not_mergeable`: as when it was asked for.
    """
    known = _waiting(absorbed, now)
    if known is None or known.into_id != into.id:
        raise Conflict("no_such_merge")
    if known.asked_by == approver_id:
        raise Conflict("second_person_needed")
    _check_mergeable(absorbed, into)


def _waiting(absorbed: Person, now: datetime) -> Merging | None:
    known = absorbed.merging
    return known if known and now < known.asked_at + MERGE_WAITS else None


def _check_mergeable(absorbed: Person, into: Person) -> None:
    active = absorbed.state is into.state is PersonState.ACTIVE
    if not active or absorbed.id == into.id or absorbed.acting or absorbed.wards:
        raise Conflict("not_mergeable")


def merged(absorbed: Person, into: Person) -> tuple[Person, Person, tuple[Login, ...]]:
    """Both after the merge, and the logins that move; a kind that both have stays as it was.

    A username does not move: its password and second factor are sealed for the one who goes.
    """
    moving = tuple(
        login
        for login in absorbed.logins
        if into.login(login.kind) is None and login.kind != "username"
    )
    gone = replace(erased(absorbed), state=PersonState.MERGED, into_id=into.id)
    return gone, replace(into, logins=(*into.logins, *moving)), moving


def completed(own: Details, other: Details) -> Details:
    """Details with what only a duplicate's knew."""
    facts = {f.name: getattr(own, f.name) or getattr(other, f.name) for f in fields(Details)}
    return Details(**facts)
