"""What repairs decide: which step follows which, who may take it, and by when (D2).

A ticket (工单) goes `new → dispatched → accepted → working → done → closed`, aside to `withdrawn`.
`TRANSITIONS` is the one table of steps; `trail` holds the record of them that both sides see.
Every ticket is terminal, due in the future, or overdue: there is no fourth state (R1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.repairs.model import Action, Kind, Report, State, Summary, Technician, Ticket
from chalicelib.repairs.trail import Actor, Entry, Rating, seal
from shared.auth import covers
from shared.errors import Conflict, NotFound, invalid

MAX_PHOTOS = 9
MAX_ENTRIES = 100
"""Entries of one timeline; a ticket must stay well below an item's 400 KB."""
_RESERVED_ENTRIES = 10
MIN_DESCRIPTION = 5
RATING_WINDOW = timedelta(days=7)


@dataclass(frozen=True)
class Transition:
    """One step: from which states, to which, by whom, and the event that announces it."""

    sources: frozenset[State]
    target: State
    actor: Actor
    event: str


_ORDER = tuple(State)
TERMINAL = frozenset({State.CLOSED, State.WITHDRAWN})
IN_HAND = frozenset({State.DISPATCHED, State.ACCEPTED, State.WORKING})
"""States in which the ticket is somebody's job."""

TRANSITIONS: Mapping[Action, Transition] = {
    # A report makes the ticket, so there is no state that it could start from.
    Action.REPORT: Transition(frozenset(), State.NEW, Actor.REPORTER, "RepairReported"),
    # Until it is done a dispatcher may hand a job to somebody else: people fall ill, or leave.
    Action.ASSIGN: Transition(
        frozenset({State.NEW}) | IN_HAND, State.DISPATCHED, Actor.DISPATCHER, "RepairAssigned"
    ),
    Action.ACCEPT: Transition(
        frozenset({State.DISPATCHED}), State.ACCEPTED, Actor.ASSIGNEE, "RepairAccepted"
    ),
    Action.RETURN: Transition(
        frozenset({State.DISPATCHED, State.ACCEPTED}), State.NEW, Actor.ASSIGNEE, "RepairReturned"
    ),
    Action.START: Transition(
        frozenset({State.ACCEPTED}), State.WORKING, Actor.ASSIGNEE, "RepairStarted"
    ),
    Action.FINISH: Transition(
        frozenset({State.WORKING}), State.DONE, Actor.ASSIGNEE, "RepairFinished"
    ),
    Action.RATE: Transition(
        frozenset({State.DONE, State.CLOSED}), State.CLOSED, Actor.REPORTER, "RepairRated"
    ),
    Action.WITHDRAW: Transition(
        frozenset({State.NEW, State.DISPATCHED}),
        State.WITHDRAWN,
        Actor.REPORTER,
        "RepairWithdrawn",
    ),
}

# From the report on (D2): accept, be on site, finish.  D2 gives an emergency no shorter time to
# finish than a normal repair.
_CLOCKS: Mapping[Kind, Mapping[State, timedelta]] = {
    Kind.EMERGENCY: {
        State.NEW: timedelta(minutes=15),
        State.DISPATCHED: timedelta(minutes=15),
        State.ACCEPTED: timedelta(minutes=60),
        State.WORKING: timedelta(hours=48),
    },
    Kind.NORMAL: {
        State.NEW: timedelta(hours=2),
        State.DISPATCHED: timedelta(hours=2),
        State.ACCEPTED: timedelta(hours=48),
        State.WORKING: timedelta(hours=48),
    },
}


@dataclass(frozen=True)
class Step:
    """Who takes a step, having seen which version, at what instant.

    `dispatches` says that the caller's permission to dispatch was checked on the ticket's scope;
    being its reporter or its assignee is read from the ticket itself.
    """

    person_id: str
    version: int
    at: datetime
    dispatches: bool = False


def report_repair(ticket_id: str, report: Report, reporter_id: str, now: datetime) -> Ticket:
    """The new ticket that a report makes (RA-22).

    Raises
    ------
    Invalid
        The description says nothing, or a photo stands twice.
    """
    description = report.description.strip()
    if len(description) < MIN_DESCRIPTION:
        raise invalid("description", "too_short", limit=MIN_DESCRIPTION)
    _refuse_twice(report.photo_ids)
    draft = Ticket(
        id=ticket_id,
        room_id=report.room_id,
        place=report.place,
        kind=report.kind,
        category=report.category,
        title=report.title.strip(),
        state=State.NEW,
        reporter_id=reporter_id,
        reported_at=now,
        version=0,
        description=description,
        photo_ids=report.photo_ids,
    )
    step = Step(reporter_id, 0, now)
    return _enter(draft, Action.REPORT, step, {"photo_ids": report.photo_ids}, {})


def same_report(one: Ticket, other: Ticket) -> bool:
    """Whether two tickets were made by the same request, whatever happened since."""
    return _said(one) == _said(other)


def _said(ticket: Ticket) -> tuple[Any, ...]:
    report = (ticket.room_id, ticket.place, ticket.kind, ticket.category, ticket.photo_ids)
    return (ticket.id, ticket.reporter_id, ticket.title, ticket.description, *report)


def assign_repair(
    ticket: Ticket, step: Step, worker_id: str, grants: Sequence[Technician], note: str
) -> Ticket:
    """Give the job to a technician; whoever had it has it no more.

    Parameters
    ----------
    grants
        The worker's grants as technician in the ticket's community.

    Raises
    ------
    Invalid
        `not_a_technician`: no grant of theirs reaches the room.
    """
    reaching = [g for g in grants if g.active and covers(g.scope, ticket.scope)]
    if not reaching:
        raise invalid("worker_id", "not_a_technician")
    worker = reaching[0]
    facts = {"worker_id": worker.person_id, "note": note}
    changes = {"assignee_id": worker.person_id, "assignee_name": worker.name}
    return _advance(ticket, Action.ASSIGN, step, facts, changes)


def accept_repair(ticket: Ticket, step: Step) -> Ticket:
    """The technician takes the job."""
    return _advance(ticket, Action.ACCEPT, step, {}, {})


def return_repair(ticket: Ticket, step: Step, reason: str) -> Ticket:
    """The technician gives the job back; it is new again."""
    changes = {"assignee_id": None, "assignee_name": None}
    return _advance(ticket, Action.RETURN, step, {"note": reason}, changes)


def start_repair(ticket: Ticket, step: Step) -> Ticket:
    """The technician begins to work."""
    return _advance(ticket, Action.START, step, {}, {})


def finish_repair(ticket: Ticket, step: Step, photo_ids: tuple[str, ...], note: str) -> Ticket:
    """The technician has mended it and shows how it looks now.

    Raises
    ------
    Invalid
        A photo stands twice.
    """
    _refuse_twice(photo_ids)
    facts = {"photo_ids": photo_ids, "note": note}
    return _advance(ticket, Action.FINISH, step, facts, {"done_at": step.at})


def rate_repair(ticket: Ticket, step: Step, rating: Rating, comment: str) -> Ticket:
    """The reporter rates the service (RA-25): one rating, changeable for 7 days (D2).

    Raises
    ------
    Conflict
        `rating_final`: the 7 days are over.
    """
    closed_at = ticket.closed_at or step.at
    facts = {"rating": rating, "note": comment}
    rated = _advance(ticket, Action.RATE, step, facts, {"rating": rating, "closed_at": closed_at})
    if rated is not ticket and step.at - closed_at > RATING_WINDOW:
        raise Conflict("rating_final")
    return rated


def withdraw_repair(ticket: Ticket, step: Step, reason: str) -> Ticket:
    """The reporter needs no repair any more."""
    return _advance(ticket, Action.WITHDRAW, step, {"note": reason}, {"closed_at": step.at})


def due_at(ticket: Ticket) -> datetime | None:
    """When the next step is due; None once there is none (D2's clocks)."""
    if ticket.state in TERMINAL:
        return None
    if ticket.state is State.DONE:
        assert ticket.done_at is not None  # finish_repair sets it with the state
        return ticket.done_at + RATING_WINDOW
    return ticket.reported_at + _CLOCKS[ticket.kind][ticket.state]


def overdue(ticket: Summary, now: datetime) -> bool:
    """Whether the next step should have been taken by now."""
    return ticket.due_at is not None and ticket.due_at <= now


def _advance(
    ticket: Ticket, action: Action, step: Step, facts: Mapping[str, Any], changes: Mapping[str, Any]
) -> Ticket:
    """The ticket after one step of `TRANSITIONS`; the ticket itself for a step taken already.

    Raises
    ------
    NotFound
        The caller is not who may take this step.
    Conflict
        `stale_version`: the ticket changed since the caller saw it; `not_in_this_state`: the
        step does not start here; `timeline_full`: it went round too often.
    """
    transition = TRANSITIONS[action]
    wanted = _entry(ticket, action, step, facts)
    taken = [entry for entry in ticket.timeline if entry.repeats(wanted)]
    may = _is(ticket, transition.actor, step)
    # Giving a job back ends the right to see it, yet a lost answer must be had again.
    if taken and (may or taken[-1] is ticket.timeline[-1]):
        return ticket
    if not may:
        raise NotFound
    if step.version != ticket.version:
        raise Conflict("stale_version")
    if ticket.state not in transition.sources:
        raise Conflict("not_in_this_state", state=ticket.state)
    forward = _ORDER.index(transition.target) > _ORDER.index(ticket.state)
    if not forward and len(ticket.timeline) >= MAX_ENTRIES - _RESERVED_ENTRIES:
        # The way to the end of the ticket always has its place in the timeline.
        raise Conflict("timeline_full")
    return _enter(ticket, action, step, facts, changes)


def _is(ticket: Ticket, actor: Actor, step: Step) -> bool:
    if actor is Actor.DISPATCHER:
        return step.dispatches
    owner = ticket.reporter_id if actor is Actor.REPORTER else ticket.assignee_id
    return step.person_id == owner


def _enter(
    ticket: Ticket, action: Action, step: Step, facts: Mapping[str, Any], changes: Mapping[str, Any]
) -> Ticket:
    entry = seal(ticket.id, ticket.timeline, _entry(ticket, action, step, facts))
    moved = replace(
        ticket,
        state=TRANSITIONS[action].target,
        version=ticket.version + 1,
        timeline=(*ticket.timeline, entry),
        **changes,
    )
    return replace(moved, due_at=due_at(moved))


def _entry(ticket: Ticket, action: Action, step: Step, facts: Mapping[str, Any]) -> Entry:
    actor = TRANSITIONS[action].actor
    return Entry(step.at, step.person_id, actor, action, step.version, **facts)


def _refuse_twice(photo_ids: Sequence[str]) -> None:
    for i, photo_id in enumerate(photo_ids):
        if photo_id in photo_ids[:i]:
            raise invalid(f"photo_ids[{i}]", "photo_twice")
