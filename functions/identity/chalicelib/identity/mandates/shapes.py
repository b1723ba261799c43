"""What is told of mandates; names are masked."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chalicelib.identity.mandates.rules import Dependence, Mandates, Other
from chalicelib.identity.persons.shapes import MaskedName, Name
from shared import masks
from shared.requests import PersonId, Shape

Why = Annotated[Dependence, Meta(examples=[Dependence.ELDERLY])]


class RegisterDependent(Shape):
    """Somebody without an account (无账号成员): a child, a grandmother."""

    name: Name
    kind: Why


class OfferMandate(Shape):
    """Who is asked to act for the caller: the id as they show it, and the name to be sure."""

    acting_id: PersonId
    name: Name


class AcceptMandate(Shape):
    """For whom the caller acts from now on: the id as whoever asked shows it."""

    person_id: PersonId


class EndMandate(Shape):
    """Between whom a mandate ends."""

    person_id: PersonId
    acting_id: PersonId


class Party(Shape):
    """Whoever stands at the other end of a mandate."""

    person_id: PersonId
    name: MaskedName
    has_account: bool


Parties = Annotated[tuple[Party, ...], Meta(max_length=10)]


class MandateList(Shape):
    """Who acts for the caller, who is asked to, and for whom the caller acts: at most ten each."""

    acting_for_me: Parties
    asked_to_act: Parties
    acted_for: Parties


def party(other: Other) -> Party:
    """The other end of a mandate, masked."""
    return Party(
        person_id=other.person_id, name=masks.name(other.name), has_account=other.has_account
    )


def mandates(found: Mandates) -> MandateList:
    """All three lists, masked."""
    return MandateList(
        acting_for_me=tuple(party(one) for one in found.acting_for_me),
        asked_to_act=tuple(party(one) for one in found.asked_to_act),
        acted_for=tuple(party(one) for one in found.acted_for),
    )
