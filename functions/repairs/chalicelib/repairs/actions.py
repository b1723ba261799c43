"""What repairs do: load, decide, save and announce in one write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from chalicelib.repairs import rules, shapes, store
from chalicelib.repairs.limits import report_quotas
from chalicelib.repairs.model import Action, Report, Summary, Technician, Ticket
from chalicelib.repairs.photos import actions as photos
from chalicelib.repairs.photos.rules import ShownPhoto
from chalicelib.repairs.rules import TRANSITIONS, Step
from chalicelib.repairs.trail import Audience, Rating
from shared import clock, events, ids
from shared.auth import RESIDENTS, Caller, Role, covers
from shared.errors import NotFound
from shared.table import Page

SOURCE = "repairs"
_STANDINGS = {"StaffGranted": True, "StaffRevoked": False}
# Who sees a ticket only as its reporter or its assignee, whatever their scope.
_OWN_ONLY = RESIDENTS | {Role.TECHNICIAN}


def report_repair(caller: Caller, report: Report, key: str, now: datetime) -> Ticket:
    """Report what is broken in or around one's room (RA-22); the same key, the same ticket."""
    scope = ids.room_scope(report.room_id)
    caller.require(scope)
    community_id = scope.split("/")[0]
    ticket_id = ids.derived_id("rep", community_id, caller.person_id, key)
    ticket = rules.report_repair(ticket_id, report, caller.person_id, now)
    if ticket.photo_ids:
        photos.check_photos(ticket.photo_ids, community_id, caller.person_id)
    return store.add_ticket(ticket, announcement(ticket), report_quotas(ticket))


def get_ticket(caller: Caller, ticket_id: str) -> tuple[Ticket, tuple[ShownPhoto, ...]]:
    """A ticket with its trail and its photos, for those whom it concerns (RA-24)."""
    ticket = _find(caller, ticket_id)
    roles = caller.roles_on(ticket.scope) & caller.permission.roles
    if roles <= _OWN_ONLY and caller.person_id not in (ticket.reporter_id, ticket.assignee_id):
        raise NotFound
    staff = bool(roles - RESIDENTS)
    told = [e for e in ticket.timeline if staff or e.audience is Audience.PUBLIC]
    photo_ids = dict.fromkeys(photo_id for entry in told for photo_id in entry.photo_ids)
    return replace(ticket, timeline=tuple(told)), photos.show_photos(list(photo_ids))


def list_my_tickets(caller: Caller, limit: int, cursor: str | None) -> Page[Summary]:
    """A page of what the caller reported, where they still live."""
    return _reached(caller, store.list_reported(caller.own(), limit, cursor))


def list_my_jobs(caller: Caller, limit: int, cursor: str | None) -> Page[Summary]:
    """A page of the jobs in the caller's hand, where they still work."""
    return _reached(caller, store.list_jobs(caller.own(), limit, cursor))


def list_tickets(
    caller: Caller,
    community_id: str,
    month: str | None,
    limit: int,
    cursor: str | None,
) -> Page[Summary]:
    """A page of a community's tickets, cut to the caller's part of it.

    Parameters
    ----------
    month
        `2026-11` for those that ended in it; None for the open ones.
    """
    scopes = caller.reach(ids.community_of(community_id, "com"))
    if month is None:
        found = store.list_open(community_id, limit, cursor)
    else:
        found = store.list_closed(community_id, month, limit, cursor)
    kept = (t for t in found.items if any(covers(scope, t.scope) for scope in scopes))
    return Page(tuple(kept), found.next_cursor)


def list_technicians(
    caller: Caller, community_id: str, limit: int, cursor: str | None
) -> Page[Technician]:
    """A page of the technicians to whom jobs of a community may be given."""
    caller.reach(ids.community_of(community_id, "com"))
    return store.list_technicians(community_id, limit, cursor)


def assign_repair(
    caller: Caller, ticket_id: str, worker_id: str, note: str, version: int, now: datetime
) -> Ticket:
    """Give a job to a technician."""
    ticket = _find(caller, ticket_id)
    step = Step(caller.person_id, version, now, dispatches=True)
    grants = store.get_technician(ticket.community_id, worker_id)
    return _save(ticket, rules.assign_repair(ticket, step, worker_id, grants, note))


def accept_repair(caller: Caller, ticket_id: str, version: int, now: datetime) -> Ticket:
    """Take the job that one was given."""
    return _take(caller, ticket_id, version, now, rules.accept_repair)


def return_repair(
    caller: Caller, ticket_id: str, reason: str, version: int, now: datetime
) -> Ticket:
    """Give the job back."""

    def give_back(ticket: Ticket, step: Step) -> Ticket:
        return rules.return_repair(ticket, step, reason)

    return _take(caller, ticket_id, version, now, give_back)


def start_repair(caller: Caller, ticket_id: str, version: int, now: datetime) -> Ticket:
    """Begin to work."""
    return _take(caller, ticket_id, version, now, rules.start_repair)


def finish_repair(
    caller: Caller,
    ticket_id: str,
    photo_ids: tuple[str, ...],
    note: str,
    version: int,
    now: datetime,
) -> Ticket:
    """Show that it is mended."""

    def finish(ticket: Ticket, step: Step) -> Ticket:
        finished = rules.finish_repair(ticket, step, photo_ids, note)
        if finished is not ticket:
            photos.check_photos(photo_ids, ticket.community_id, caller.person_id)
        return finished

    return _take(caller, ticket_id, version, now, finish)


def rate_repair(
    caller: Caller, ticket_id: str, rating: Rating, comment: str, version: int, now: datetime
) -> Ticket:
    """Rate the service (RA-25)."""

    def rate(ticket: Ticket, step: Step) -> Ticket:
        return rules.rate_repair(ticket, step, rating, comment)

    return _take(caller, ticket_id, version, now, rate)


def withdraw_repair(
    caller: Caller, ticket_id: str, reason: str, version: int, now: datetime
) -> Ticket:
    """Say that no repair is needed any more."""

    def withdraw(ticket: Ticket, step: Step) -> Ticket:
        return rules.withdraw_repair(ticket, step, reason)

    return _take(caller, ticket_id, version, now, withdraw)


def keep_staff(event: events.Event, change: shapes.StaffChange) -> None:
    """Keep what community tells of a technician; other roles are given no jobs.

    A grant on a whole company names no community to keep it in and makes nobody a candidate.
    """
    if change.role is not Role.TECHNICIAN or not event.community_id.startswith("com_"):
        return
    if event.type not in _STANDINGS:
        # Without the type: whatever is wrong with an event, a log does not repeat it.
        raise LookupError("an event that tells of no staff")
    technician = Technician(
        person_id=change.person_id,
        name=change.name,
        scope=change.scope,
        grant_id=event.subject_id,
        grant_version=event.version,
        active=_STANDINGS[event.type],
    )
    store.keep_technician(event.community_id, technician)


def announcement(ticket: Ticket) -> events.Event:
    """The event of the step that made this version: ids, codes and numbers, no words."""
    last = ticket.timeline[-1]
    data: dict[str, str | int | None] = {
        "state": ticket.state,
        "scope": ticket.scope,
        "place": ticket.place,
        "kind": ticket.kind,
        "category": ticket.category,
        "reporter_id": ticket.reporter_id,
        "assignee_id": ticket.assignee_id,
        "due_at": clock.to_text(ticket.due_at) if ticket.due_at else None,
        "trail": last.hash,
    }
    if last.rating is not None:
        rating = last.rating
        data.update(speed=rating.speed, attitude=rating.attitude, quality=rating.quality)
    return events.happened(
        TRANSITIONS[Action(last.action)].event,
        SOURCE,
        ticket.id,
        ticket.version,
        at=last.at,
        community_id=ticket.community_id,
        actor_id=last.actor_id,
        data=data,
    )


def _reached(caller: Caller, found: Page[Summary]) -> Page[Summary]:
    """The page without what the caller has no right to any more, though it is in their name."""
    return Page(tuple(t for t in found.items if caller.may(t.scope)), found.next_cursor)


def _find(caller: Caller, ticket_id: str) -> Ticket:
    """The ticket, where the caller's permission reaches its community and then its room."""
    caller.reach(ids.community_of(ticket_id, "rep"))
    ticket = store.get_ticket(ticket_id)
    if ticket is None:
        raise NotFound
    caller.require(ticket.scope)
    return ticket


def _take(
    caller: Caller,
    ticket_id: str,
    version: int,
    now: datetime,
    decide: Callable[[Ticket, Step], Ticket],
) -> Ticket:
    ticket = _find(caller, ticket_id)
    return _save(ticket, decide(ticket, Step(caller.person_id, version, now)))


def _save(before: Ticket, after: Ticket) -> Ticket:
    if after is not before:
        store.save_ticket(after, before, announcement(after))
    return after
