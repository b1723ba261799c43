"""What the operator asks for and sees of people: masked, but for what is disclosed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from chalicelib.identity.administration.rules import Cause, Field, Purpose
from chalicelib.identity.persons.rules import Details, Known, Summary
from chalicelib.identity.persons.shapes import (
    AnyIdNumber,
    AnyName,
    AnyPhone,
    AnyPlates,
    Me,
    Name,
    PersonLine,
    line,
    me,
)
from chalicelib.identity.shapes import Phone
from shared import clock
from shared.errors import invalid
from shared.requests import Cursor, PageQuery, PersonId, Shape
from shared.table import Page

Month = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$(?!\n)", examples=["2026-11"])]
Why = Annotated[Cause, Meta(examples=[Cause.FRAUD])]
WhyLook = Annotated[Purpose, Meta(examples=[Purpose.REPAIR])]
Wanted = Annotated[tuple[Field, ...], Meta(min_length=1, max_length=4, examples=[[Field.PHONE]])]


class JoinedQuery(PageQuery, kw_only=True):
    """In which month people joined; this one, unless it is said."""

    month: Month | None = None

    def joined_in(self, now: datetime) -> str:
        """The month that is asked for."""
        return self.month or clock.estate_date(now).isoformat()[:7]


class FindPersons(Shape):
    """Whom to look for, by exactly one of these."""

    phone: Phone | None = None
    name: Name | None = None

    def sought(self) -> tuple[str, str]:
        """Phone and name, one of them empty.

        Raises
        ------
        Invalid
            Both are given, or none.
        """
        if (self.phone is None) == (self.name is None):
            raise invalid("body", "one_of_two")
        return self.phone or "", self.name or ""


class PersonPage(Shape):
    """A page of people."""

    items: tuple[PersonLine, ...]
    next_cursor: Cursor | None = None


class PersonsFound(Shape):
    """Who was found: at most twenty."""

    found: tuple[PersonLine, ...]


class ShownPerson(Me):
    """A person as the operator sees them, masked."""

    merging_into: PersonId | None = None
    merged_into: PersonId | None = None


class GiveCause(Shape):
    """Why it is done."""

    reason: Why


class MergeInto(Shape):
    """Into whom a duplicate is merged."""

    into_id: PersonId


class Disclose(Shape):
    """Which details are to be seen in full, and why."""

    fields: Wanted
    reason: WhyLook


class Disclosed(Shape):
    """What was asked for, and nothing else."""

    name: AnyName | None = None
    phone: AnyPhone | None = None
    id_number: AnyIdNumber | None = None
    plates: AnyPlates | None = None


def persons(found: Page[Summary]) -> PersonPage:
    """A page of people."""
    return PersonPage(items=tuple(line(one) for one in found.items), next_cursor=found.next_cursor)


def found(summaries: tuple[Summary, ...]) -> PersonsFound:
    """Who was found."""
    return PersonsFound(found=tuple(line(one) for one in summaries))


def person(known: Known) -> ShownPerson:
    """A person for the operator."""
    shown, kept = me(known), known.person
    facts = {name: getattr(shown, name) for name in Me.__struct_fields__}
    return ShownPerson(
        **facts,
        merging_into=kept.merging.into_id if kept.merging else None,
        merged_into=kept.into_id or None,
    )


def disclosed(details: Details, fields: tuple[Field, ...]) -> Disclosed:
    """The fields that were asked for."""
    return Disclosed(**{field.value: getattr(details, field.value) for field in fields})
