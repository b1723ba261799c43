"""How people are reached, as `identity` tells: keyed hashes of a phone and a name, never the words.

Access patterns
---------------
1. one person's contact              Get    pk = platform#contact#{person}
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute, UTCDateTimeAttribute

from shared.table import Record


class _Contact(Record):
    phone = UnicodeAttribute(null=True)
    name = UnicodeAttribute(null=True)
    told_at = UTCDateTimeAttribute()


@dataclass(frozen=True)
class Contact:
    """Somebody's bound phone and their name, each as `vault.blind` gives it; empty if unknown."""

    phone: str = ""
    name: str = ""


def get_contact(person_id: str) -> Contact:
    """How somebody is reached."""
    item = _Contact.find(*_key(person_id))
    return Contact(item.phone or "", item.name or "") if item else Contact()


def keep_contact(person_id: str, contact: Contact, told_at: datetime) -> None:
    """Keep a contact as it was told at a moment; what was told before that comes too late.

    What was forgotten stays so: it is kept as of the moment that ended the person.

    Raises
    ------
    Refused
        Another event of the same person was being kept just then; this one must come again.
    """
    pk, sk = _key(person_id)
    item = _Contact.find(pk, sk)
    if item is None:
        item = _Contact(pk, sk)
    elif item.told_at >= told_at:
        return
    item.phone, item.name = contact.phone or None, contact.name or None
    item.told_at = told_at
    item.put()


def _key(person_id: str) -> tuple[str, str]:
    return f"platform#contact#{person_id}", "contact"
