"""What people tell and are told of themselves; whole only in an export, masked everywhere else."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from chalicelib.identity.feedback.shapes import Feedback, feedback
from chalicelib.identity.persons.rules import (
    Details,
    Everything,
    Known,
    Origin,
    Person,
    PersonState,
    Summary,
)
from chalicelib.identity.settings.shapes import Settings, settings
from chalicelib.identity.shapes import Device, SessionId
from shared import masks
from shared.requests import PERSONAL, Cursor, Instant, PersonId, Shape

Name = Annotated[str, Meta(min_length=1, max_length=40, examples=["张三丰"], extra=PERSONAL)]
IdNumber = Annotated[
    str,
    Meta(pattern=r"^[0-9]{17}[0-9Xx]$(?!\n)", examples=["11010519491231002X"], extra=PERSONAL),
]
Plate = Annotated[str, Meta(min_length=5, max_length=10, examples=["京A12345"], extra=PERSONAL)]
Plates = Annotated[tuple[Plate, ...], Meta(max_length=5)]
MaskedName = Annotated[str, Meta(examples=["张**"], extra=PERSONAL)]
MaskedPhone = Annotated[str, Meta(examples=["138****5678"], extra=PERSONAL)]
MaskedIdNumber = Annotated[str, Meta(examples=["110*************2X"], extra=PERSONAL)]
MaskedPlates = Annotated[tuple[str, ...], Meta(examples=[["京A***45"]], extra=PERSONAL)]
Standing = Annotated[PersonState, Meta(examples=[PersonState.ACTIVE])]
CameBy = Annotated[Origin, Meta(examples=[Origin.PHONE])]
LoginKinds = Annotated[tuple[str, ...], Meta(examples=[["phone", "openid"]])]
_WeChatId = Annotated[str, Meta(examples=["oGZUI0egBJY1zhBYw2KhdUfwVJJE"], extra=PERSONAL)]
AnyName = Annotated[str, Meta(examples=["张三丰"], extra=PERSONAL)]
AnyPhone = Annotated[str, Meta(examples=["13812345678"], extra=PERSONAL)]
AnyIdNumber = Annotated[str, Meta(examples=["11010519491231002X"], extra=PERSONAL)]
AnyPlates = Annotated[tuple[str, ...], Meta(examples=[["京A12345"]], extra=PERSONAL)]


class ChangeAccount(Shape):
    """What is to be corrected; what is not named stays as it is."""

    name: Name | UnsetType = UNSET
    id_number: IdNumber | UnsetType = UNSET
    plates: Plates | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """The fields that are named."""
        facts = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in facts.items() if value is not UNSET}


class Me(Shape):
    """A person as answers show them."""

    person_id: PersonId
    state: Standing
    origin: CameBy
    joined_at: Instant
    signs_in_by: LoginKinds
    name: MaskedName
    phone: MaskedPhone
    id_number: MaskedIdNumber
    plates: MaskedPlates


class PersonLine(Shape):
    """A person in a list."""

    person_id: PersonId
    state: Standing
    origin: CameBy
    joined_at: Instant


class AllDetails(Shape):
    """All that an envelope can hold, in full."""

    name: AnyName
    phone: AnyPhone
    id_number: AnyIdNumber
    openid: _WeChatId
    unionid: _WeChatId
    plates: AnyPlates


class ExportedSession(Shape):
    """A device on which the person is signed in."""

    session_id: SessionId
    device: Device
    opened_at: Instant
    refreshed_at: Instant


PersonIds = Annotated[tuple[PersonId, ...], Meta(max_length=10)]


class Export(Shape):
    """Everything that is kept of a person; of what they said, the newest hundred."""

    person_id: PersonId
    state: Standing
    origin: CameBy
    joined_at: Instant
    signs_in_by: LoginKinds
    details: AllDetails
    sessions: tuple[ExportedSession, ...]
    acting_for_me: PersonIds
    asked_to_act: PersonIds
    acted_for: PersonIds
    settings: Settings
    feedback: tuple[Feedback, ...]
    feedback_next_cursor: Cursor | None


def me(known: Known) -> Me:
    """A person, masked."""
    person, details = known.person, known.details
    return Me(
        person_id=person.id,
        state=person.state,
        origin=person.origin,
        joined_at=person.joined_at,
        signs_in_by=tuple(login.kind for login in person.logins),
        name=masks.name(details.name),
        phone=masks.phone(details.phone),
        id_number=masks.id_number(details.id_number),
        plates=tuple(masks.plate(plate) for plate in details.plates),
    )


def line(summary: Summary | Person) -> PersonLine:
    """A person in a list."""
    return PersonLine(
        person_id=summary.id,
        state=summary.state,
        origin=summary.origin,
        joined_at=summary.joined_at,
    )


def export(everything: Everything) -> Export:
    """Everything, in full."""
    person, details = everything.known.person, everything.known.details
    return Export(
        person_id=person.id,
        state=person.state,
        origin=person.origin,
        joined_at=person.joined_at,
        signs_in_by=tuple(login.kind for login in person.logins),
        details=all_details(details),
        sessions=tuple(
            ExportedSession(
                session_id=one.id,
                device=one.device,
                opened_at=one.opened_at,
                refreshed_at=one.refreshed_at,
            )
            for one in everything.sessions
        ),
        acting_for_me=person.acting,
        asked_to_act=person.offered,
        acted_for=person.wards,
        settings=settings(everything.settings),
        feedback=tuple(
            feedback(one, said)
            for one, said in zip(everything.feedback, everything.words, strict=True)
        ),
        feedback_next_cursor=everything.feedback_cursor,
    )


def all_details(details: Details) -> AllDetails:
    """An envelope's contents, field by field."""
    return AllDetails(**{name: getattr(details, name) for name in AllDetails.__struct_fields__})
