"""Whether the register knows somebody as an owner: by phone and name, both, and by hashes alone."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.community.people.contacts import Contact
from chalicelib.community.register.model import Owner
from shared import vault


def are_among(contact: Contact, owners: Iterable[Owner]) -> bool:
    """Whether one of the owners may claim, and has this very phone and this very name (D12)."""
    if not contact.phone or not contact.name:
        return False
    known = {
        (vault.blind("phone", owner.phones[0].number), vault.blind("name", owner.name))
        for owner in owners
        if owner.may_claim
    }
    return (contact.phone, contact.name) in known
