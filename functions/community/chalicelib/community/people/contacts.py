"""How people are reached, as `identity` tells: keyed hashes of a phone and a name, never the words.

Access patterns
---------------
1. one person's contact              Get    pk = platform#contact#{person}
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from shared import clock, events
from shared.table import Record


class _Contact(Record):
    phone = UnicodeAttribute(null=True)
    name = UnicodeAttribute(null=True)
    as_of = UnicodeAttribute()


@dataclass(frozen=True)
class Contact:
    """Somebody's bound phone and their name, each as `vault.blind` gives it; empty if unknown."""

    phone: str = ""
    name: str = ""


def get_contact(person_id: str) -> Contact:
    """How somebody is reached."""
    item = _Contact.find(*_key(person_id))
    return Contact(item.phone or "", item.name or "") if item else Contact()


def keep_contact(person_id: str, contact: Contact, at: datetime, version: int) -> None:
    """Keep a contact as an event told it; what was told before that comes too late.

    Parameters
    ----------
    version
        The person's, once they were reached so: of two of one moment the higher counts.

    Raises
    ------
    Refused
        Another event of the same person was being kept just then; this one must come again.
    """
    _keep(person_id, contact, f"{clock.to_text(at)} {version:09}")


def forget_contact(person_id: str, event: events.Event) -> None:
    """Keep that somebody is reached no more, which stays so: of one moment it is the last word.

    Raises
    ------
    Refused
        As for `keep_contact`.
    """
    _keep(person_id, Contact(), f"{clock.to_text(event.at)} ended")


def _keep(person_id: str, contact: Contact, as_of: str) -> None:
    pk, sk = _key(person_id)
    item = _Contact.find(pk, sk)
    if item is None:
        item = _Contact(pk, sk)
    elif item.as_of >= as_of:
        return
    item.phone, item.name = contact.phone or None, contact.name or None
    item.as_of = as_of
    item.put()


def _key(person_id: str) -> tuple[str, str]:
    return f"platform#contact#{person_id}", "contact"
