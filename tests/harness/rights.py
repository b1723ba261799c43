"""Rights that people have before a test begins."""

from __future__ import annotations

from shared import grants
from shared.auth import Grant
from shared.table import Transaction


def hold(person_id: str, *held: Grant) -> None:
    """Store a person's grants, as somebody gave them long ago."""
    with Transaction() as transaction:
        for grant in held:
            grants.add_grant(transaction, person_id, grant)


def lose(person_id: str, *lost: Grant) -> None:
    """Take a person's grants away, while the gateway still knows them."""
    with Transaction() as transaction:
        for grant in lost:
            grants.remove_grant(transaction, person_id, grant)
