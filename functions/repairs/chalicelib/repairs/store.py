"""What repairs keep: tickets, and the technicians they may be given to.

Access patterns
---------------
1. one ticket                            Get       pk = {community}#ticket#{id}, sk = ticket
2. a new ticket                          Transact  the same key, and its reporter's quotas:
                                                   pk = {community}#quotas#{person}, sk = {window}
3. a step of a ticket                    Put       the same key, on version and state
4. the tickets a person reported         Query     by_reporter, newest first
5. the jobs a technician has             Query     by_assignee, first due first
6. a community's open tickets            Query     by_community, {community}#open, first due first
7. a community's tickets of one month    Query     by_community, {community}#closed#{yyyy-mm}
8. a community's technicians             Query     pk = {community}#staff#all
9. the grants of one technician          Query     the same, sk begins with {person}#
10. one grant of a technician            Get, Put  the same, sk = {person}#{grant}

A ticket's write carries its event; 4 to 7 read summaries that the indexes hold, never the tickets.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from chalicelib.repairs import records, trail
from chalicelib.repairs.model import Category, Kind, Place, State, Summary, Technician, Ticket
from chalicelib.repairs.rules import IN_HAND, same_report
from chalicelib.repairs.trail import Rating
from shared import clock, events, ids
from shared.errors import Conflict
from shared.quotas import Quota, put_within
from shared.table import Page, page

_SUMMARY = [
    *("id", "room_id", "place", "kind", "category", "title", "state", "version"),
    *("reporter_id", "reported_at", "assignee_id", "assignee_name", "due_at", "closed_at"),
]


class _ByReporter(GlobalSecondaryIndex["_TicketItem"]):  # type: ignore[no-untyped-call]  # untyped upstream
    class Meta:
        index_name = "by_reporter"
        projection = IncludeProjection(_SUMMARY)

    reporter_key = UnicodeAttribute(hash_key=True)
    reported_at = UTCDateTimeAttribute(range_key=True)


class _ByAssignee(GlobalSecondaryIndex["_TicketItem"]):  # type: ignore[no-untyped-call]  # untyped upstream
    class Meta:
        index_name = "by_assignee"
        projection = IncludeProjection(_SUMMARY)

    assignee_key = UnicodeAttribute(hash_key=True)
    due_at = UTCDateTimeAttribute(range_key=True)


class _ByCommunity(GlobalSecondaryIndex["_TicketItem"]):  # type: ignore[no-untyped-call]  # untyped upstream
    class Meta:
        index_name = "by_community"
        projection = IncludeProjection(_SUMMARY)

    community_key = UnicodeAttribute(hash_key=True)
    listed_at = UTCDateTimeAttribute(range_key=True)


class _TicketItem(records.Item):
    id = UnicodeAttribute()
    room_id = UnicodeAttribute()
    place = UnicodeAttribute()
    kind = UnicodeAttribute()
    category = UnicodeAttribute()
    title = UnicodeAttribute()
    description = UnicodeAttribute()
    photo_ids = UnicodeAttribute()
    state = UnicodeAttribute()
    reporter_id = UnicodeAttribute()
    reported_at = UTCDateTimeAttribute()
    assignee_id = UnicodeAttribute(null=True)
    assignee_name = UnicodeAttribute(null=True)
    due_at = UTCDateTimeAttribute(null=True)
    done_at = UTCDateTimeAttribute(null=True)
    closed_at = UTCDateTimeAttribute(null=True)
    rating = UnicodeAttribute(null=True)
    timeline = UnicodeAttribute()

    reporter_key = UnicodeAttribute()
    assignee_key = UnicodeAttribute(null=True)
    community_key = UnicodeAttribute()
    listed_at = UTCDateTimeAttribute()
    by_reporter = _ByReporter()
    by_assignee = _ByAssignee()
    by_community = _ByCommunity()


class _StaffItem(records.Item):
    person_id = UnicodeAttribute()
    name = UnicodeAttribute()
    scope = UnicodeAttribute()
    grant_id = UnicodeAttribute()
    grant_version = NumberAttribute()
    active = BooleanAttribute()


def add_ticket(ticket: Ticket, event: events.Event, quotas: Sequence[Quota]) -> Ticket:
    """Store a new ticket and raise its reporter's quotas, all or nothing.

    Returns
    -------
    Ticket
        The one that is stored now: for a request that comes again, what its first coming made.

    Raises
    ------
    Conflict
        `idempotency_key_reused`: the key made another ticket before.
    Limited
        The code of the first quota that is used up.
    """
    item = _to_item(ticket, event)
    stored = put_within(ticket.community_id, quotas, item)
    if stored is None:
        return ticket
    known = _to_ticket(_TicketItem.from_raw_data(stored))
    if not same_report(known, ticket):
        raise Conflict("idempotency_key_reused")
    return known


def get_ticket(ticket_id: str) -> Ticket | None:
    """The ticket with this id, or None; NotFound if it is no ticket's id."""
    item = _TicketItem.find(*_key(ticket_id))
    return _to_ticket(item) if item else None


def save_ticket(ticket: Ticket, before: Ticket, event: events.Event) -> None:
    """Store what one step made of `before`, if that is what is still stored.

    Raises
    ------
    Conflict
        `stale_version`: somebody else was faster.
    """
    item = _to_item(ticket, event)
    item.version = before.version
    records.save(item, _TicketItem.state == before.state.value)


def list_reported(person_id: str, limit: int, cursor: str | None) -> Page[Summary]:
    """What a person reported, newest first."""
    return _list(_TicketItem.by_reporter, _reporter_key(person_id), limit, cursor, newest=True)


def list_jobs(person_id: str, limit: int, cursor: str | None) -> Page[Summary]:
    """The jobs in a technician's hand, first due first."""
    return _list(_TicketItem.by_assignee, _assignee_key(person_id), limit, cursor)


def list_open(community_id: str, limit: int, cursor: str | None) -> Page[Summary]:
    """A community's tickets that are not at their end, first due first."""
    return _list(_TicketItem.by_community, f"{community_id}#open", limit, cursor)


def list_closed(community_id: str, month: str, limit: int, cursor: str | None) -> Page[Summary]:
    """A community's tickets that ended in a month (`2026-11`, in the estate's zone)."""
    pk = f"{community_id}#closed#{month}"
    return _list(_TicketItem.by_community, pk, limit, cursor, newest=True)


def get_technician(community_id: str, person_id: str) -> tuple[Technician, ...]:
    """A person's grants as technician in a community, ended ones included."""
    found = page(
        _StaffItem,
        f"{community_id}#staff#all",
        limit=100,
        cursor=None,
        range_condition=_StaffItem.sk.startswith(f"{person_id}#"),
    )
    return tuple(_to_technician(item) for item in found.items)


def list_technicians(community_id: str, limit: int, cursor: str | None) -> Page[Technician]:
    """A community's technicians; a page leaves out those whose grant ended."""
    found = page(_StaffItem, f"{community_id}#staff#all", limit=limit, cursor=cursor)
    present = (_to_technician(item) for item in found.items if item.active)
    return Page(tuple(present), found.next_cursor)


def keep_technician(community_id: str, technician: Technician) -> None:
    """Keep a technician's grant as its newest event tells it; an older event changes nothing.

    Raises
    ------
    Refused
        Another event of the same grant came in between; this one must come again.
    """
    pk, sk = f"{community_id}#staff#all", f"{technician.person_id}#{technician.grant_id}"
    item = _StaffItem.find(pk, sk) or _StaffItem(pk, sk, grant_version=0)
    if item.grant_version >= technician.grant_version:
        return
    item.person_id = technician.person_id
    item.name = technician.name
    item.scope = technician.scope
    item.grant_id = technician.grant_id
    item.grant_version = technician.grant_version
    item.active = technician.active
    item.put()


def _list(
    index: Any, pk: str, limit: int, cursor: str | None, newest: bool = False
) -> Page[Summary]:
    found = page(_TicketItem, pk, limit=limit, cursor=cursor, index=index, newest_first=newest)
    return Page(tuple(_to_summary(item) for item in found.items), found.next_cursor)


def _key(ticket_id: str) -> tuple[str, str]:
    return f"{ids.community_of(ticket_id, 'rep')}#ticket#{ticket_id}", "ticket"


def _reporter_key(person_id: str) -> str:
    return f"platform#reporter#{person_id}"


def _assignee_key(person_id: str) -> str:
    return f"platform#assignee#{person_id}"


def _to_item(ticket: Ticket, event: events.Event) -> _TicketItem:
    in_hand = ticket.assignee_id is not None and ticket.state in IN_HAND
    if ticket.closed_at is None:
        community_key, listed_at = f"{ticket.community_id}#open", ticket.due_at
    else:
        month = clock.estate_date(ticket.closed_at).isoformat()[:7]
        community_key, listed_at = f"{ticket.community_id}#closed#{month}", ticket.closed_at
    item = _TicketItem(
        *_key(ticket.id),
        id=ticket.id,
        room_id=ticket.room_id,
        place=ticket.place.value,
        kind=ticket.kind.value,
        category=ticket.category.value,
        title=ticket.title,
        description=ticket.description,
        photo_ids=_json(list(ticket.photo_ids)),
        state=ticket.state.value,
        reporter_id=ticket.reporter_id,
        reported_at=ticket.reported_at,
        assignee_id=ticket.assignee_id,
        assignee_name=ticket.assignee_name,
        due_at=ticket.due_at,
        done_at=ticket.done_at,
        closed_at=ticket.closed_at,
        rating=_json(asdict(ticket.rating)) if ticket.rating else None,
        timeline=_json([trail.to_plain(entry) for entry in ticket.timeline]),
        reporter_key=_reporter_key(ticket.reporter_id),
        assignee_key=_assignee_key(str(ticket.assignee_id)) if in_hand else None,
        community_key=community_key,
        listed_at=listed_at,
    )
    item.announce(ticket.outbox, event)
    return item


def _to_summary(item: _TicketItem) -> Summary:
    return Summary(**_summary(item))


def _to_ticket(item: _TicketItem) -> Ticket:
    return Ticket(
        **_summary(item),
        description=item.description,
        photo_ids=tuple(json.loads(item.photo_ids)),
        done_at=item.done_at,
        rating=Rating(**json.loads(item.rating)) if item.rating else None,
        timeline=tuple(trail.from_plain(plain) for plain in json.loads(item.timeline)),
        outbox=item.outbox,
    )


def _summary(item: _TicketItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "room_id": item.room_id,
        "place": Place(item.place),
        "kind": Kind(item.kind),
        "category": Category(item.category),
        "title": item.title,
        "state": State(item.state),
        "reporter_id": item.reporter_id,
        "reported_at": item.reported_at,
        "version": item.version,
        "assignee_id": item.assignee_id,
        "assignee_name": item.assignee_name,
        "due_at": item.due_at,
        "closed_at": item.closed_at,
    }


def _to_technician(item: _StaffItem) -> Technician:
    return Technician(
        person_id=item.person_id,
        name=item.name,
        scope=item.scope,
        grant_id=item.grant_id,
        grant_version=int(item.grant_version),
        active=item.active,
    )


def _json(value: Any) -> str:
    # Chinese as it is: escaped it would take twice the write units.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
