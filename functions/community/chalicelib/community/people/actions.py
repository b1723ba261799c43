"""What is done when `identity` tells of people: contacts kept, holdings moved or ended.

Every step stands by itself and finds by the tables what is left to do, so an event may come again
and again, and in any order.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.community import rules
from chalicelib.community.claims import actions as claims
from chalicelib.community.holdings import changing, store
from chalicelib.community.mandates import check_one_firm
from chalicelib.community.people import contacts, shapes
from chalicelib.community.people.contacts import Contact
from chalicelib.community.rules import Holding
from shared import events, grants
from shared.auth import RESIDENTS
from shared.errors import Conflict
from shared.outbox import EMPTY

MERGED, ERASED = "merged", "erased"
"""Why a holding ended, where nobody said so in their own words."""


def follow_people(event: events.Event, now: datetime) -> None:
    """Do what an event of `identity` asks of the estate.

    Raises
    ------
    LookupError
        It is no event that the estate follows.
    """
    match event.type:
        case "PhoneBound":
            bound = shapes.phone_bound(event.data)
            contact = Contact(bound.phone, bound.name)
            contacts.keep_contact(bound.person_id, contact, event.at, bound.person_version)
        case "PersonsMerged":
            merged = shapes.persons_merged(event.data)
            _merge(merged.person_id, merged.into_id, event, now)
        case "PersonErased":
            _erase(shapes.person_erased(event.data).person_id, event, now)
        case _:
            # Without the type: whatever is wrong with an event, a log does not repeat it.
            raise LookupError("an event that tells of no person")


def _merge(person_id: str, into_id: str, event: events.Event, now: datetime) -> None:
    contacts.forget_contact(person_id, event)
    claims.withdraw_all(person_id, now)
    for holding in _held(person_id):
        ended = rules.end(holding, event.actor_id, now, MERGED, by_platform=True)
        assert ended is not None  # its right is stored
        moved = replace(
            holding,
            person_id=into_id,
            by=event.actor_id,
            by_platform=True,
            at=now,
            version=None,
            outbox=EMPTY,
        )
        begun, company_id = _begun(moved, now) if holding.holds(now) else (None, "")
        changes = [ended, *([begun] if begun else [])]
        household = None
        if holding.role in RESIDENTS:
            household = store.get_household(holding.scope).after(changes)
        changing.save(changes, (), company_id, household)


def _begun(moved: Holding, now: datetime) -> tuple[rules.Change | None, str]:
    """How what was another's begins for somebody, and in which company's name.

    Nothing begins that they have already, or for which they have no room: a right that is lost
    shows, one too many would not.
    """
    previous = store.get_holding(moved.person_id, moved.role, moved.scope)
    if previous is not None and previous.holds(now):
        return None, ""
    try:
        held = grants.held_by(moved.person_id)
        check_one_firm(moved.grant, held, now)
        changing.end_lapsed(moved, held)
        company_id = changing.room_for_more(moved)
    except Conflict:
        return None, ""
    return rules.begin(previous, moved), company_id


def _erase(person_id: str, event: events.Event, now: datetime) -> None:
    contacts.forget_contact(person_id, event)
    claims.withdraw_all(person_id, now)
    by, by_platform = event.actor_id, event.actor_id != person_id
    for holding in _held(person_id):
        if holding.role in RESIDENTS:
            changing.leave(holding, by, now, ERASED, (), by_platform=by_platform)
        else:
            ended = rules.end(holding, by, now, ERASED, by_platform=by_platform)
            assert ended is not None  # its right is stored
            changing.save([ended], ())


def _held(person_id: str) -> list[Holding]:
    """What somebody holds by a holding; who was appointed with AWS credentials loses it so."""
    stored = [one.grant for one in grants.held_by(person_id, consistent=True)]
    found = store.get_holdings([(person_id, grant.role, grant.scope) for grant in stored])
    return [one for one in found if one.standing is rules.Standing.ACTIVE]
