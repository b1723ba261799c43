"""Mandates (授权委托): on which paper an officer of the platform acts for a firm, and how long.

A property officer (物业专员) hosts one firm (OB-03): its administrator gives the role with the
number of the document and its last day; when that day is over the role is no right any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from shared import clock
from shared.auth import Grant, Role
from shared.errors import Conflict, invalid
from shared.grants import Held

MAX_YEARS = 3
"""A mandate is given anew from time to time."""


@dataclass(frozen=True)
class Mandate:
    """A document by which somebody acts for a firm, and the last day on which it holds."""

    document_no: str
    until: date


def check_mandate(role: Role, mandate: Mandate | None, now: datetime) -> None:
    """Refuse a property officer without a mandate that holds, and a mandate of anybody else.

    Raises
    ------
    Invalid
        `mandate_missing`, `mandate_of_officers_only`, `until_in_the_past` or `mandate_too_long`.
    """
    if role is not Role.PROPERTY_OFFICER:
        if mandate is not None:
            raise invalid("mandate", "mandate_of_officers_only")
        return
    if mandate is None:
        raise invalid("mandate", "mandate_missing")
    today = clock.estate_date(now)
    if mandate.until < today:
        raise invalid("mandate.until", "until_in_the_past")
    if mandate.until.year - today.year > MAX_YEARS:
        raise invalid("mandate.until", "mandate_too_long", limit=MAX_YEARS)


def check_one_firm(wanted: Grant, held: Iterable[Held], now: datetime) -> None:
    """Refuse a second firm to a property officer: whose name they act in must be plain.

    A mandate whose last day is over keeps nobody from another firm.

    Raises
    ------
    Conflict
        `officer_of_another_firm`.
    """
    if wanted.role is Role.PROPERTY_OFFICER:
        mandates = (one for one in held if one.grant.role is Role.PROPERTY_OFFICER)
        if {one.grant.scope for one in mandates if one.holds(now)} - {wanted.scope}:
            raise Conflict("officer_of_another_firm")
