"""The rules of repairs, by plain values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.repairs import rules, trail
from chalicelib.repairs.limits import report_quotas, upload_quota
from chalicelib.repairs.model import (
    Action,
    Category,
    Kind,
    Place,
    Report,
    State,
    Technician,
    Ticket,
)
from chalicelib.repairs.rules import TRANSITIONS, Step
from chalicelib.repairs.trail import Actor, Rating
from shared.errors import Conflict, Invalid, LinliError, NotFound

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ROOM = "room_7k2m9x4a_3-1-502"
TICKET = "rep_7k2m9x4a_01jd0000000000000000000000"
REPORTER = "per_0reporter0000000000000000a"
WORKER = "per_0worker000000000000000000a"
DISPATCHER = "per_0dispatcher00000000000000a"
STRANGER = "per_0stranger0000000000000000a"
PERSON = {
    Actor.REPORTER: REPORTER,
    Actor.ASSIGNEE: WORKER,
    Actor.DISPATCHER: DISPATCHER,
    None: STRANGER,
}


def grant(
    person_id: str, name: str, scope: str = "com_7k2m9x4a", active: bool = True
) -> Technician:
    return Technician(person_id, name, scope, "gra_01jd0000000000000000000000", 1, active)


STEPS = [action for action in Action if action is not Action.REPORT]
FACTS = {
    Action.ASSIGN: (WORKER, [grant(WORKER, "王师傅")], ""),
    Action.RETURN: ("没有配件",),
    Action.FINISH: (("pho_7k2m9x4a_01jd0000000000000000000001",), "已更换"),
    Action.RATE: (Rating(5, 4, 5), "很快"),
    Action.WITHDRAW: ("自己修好了",),
}
# How each state is reached.
PATHS: dict[State, tuple[Action, ...]] = {
    State.NEW: (),
    State.DISPATCHED: (Action.ASSIGN,),
    State.ACCEPTED: (Action.ASSIGN, Action.ACCEPT),
    State.WORKING: (Action.ASSIGN, Action.ACCEPT, Action.START),
    State.DONE: (Action.ASSIGN, Action.ACCEPT, Action.START, Action.FINISH),
    State.CLOSED: (Action.ASSIGN, Action.ACCEPT, Action.START, Action.FINISH, Action.RATE),
    State.WITHDRAWN: (Action.WITHDRAW,),
}
# The truth table, written out: what D2 lets each state do.  Everything else is refused.
ALLOWED = {
    (State.NEW, Action.ASSIGN, Actor.DISPATCHER): State.DISPATCHED,
    (State.NEW, Action.WITHDRAW, Actor.REPORTER): State.WITHDRAWN,
    (State.DISPATCHED, Action.ASSIGN, Actor.DISPATCHER): State.DISPATCHED,
    (State.DISPATCHED, Action.ACCEPT, Actor.ASSIGNEE): State.ACCEPTED,
    (State.DISPATCHED, Action.RETURN, Actor.ASSIGNEE): State.NEW,
    (State.DISPATCHED, Action.WITHDRAW, Actor.REPORTER): State.WITHDRAWN,
    (State.ACCEPTED, Action.ASSIGN, Actor.DISPATCHER): State.DISPATCHED,
    (State.ACCEPTED, Action.RETURN, Actor.ASSIGNEE): State.NEW,
    (State.ACCEPTED, Action.START, Actor.ASSIGNEE): State.WORKING,
    (State.WORKING, Action.ASSIGN, Actor.DISPATCHER): State.DISPATCHED,
    (State.WORKING, Action.FINISH, Actor.ASSIGNEE): State.DONE,
    (State.DONE, Action.RATE, Actor.REPORTER): State.CLOSED,
    (State.CLOSED, Action.RATE, Actor.REPORTER): State.CLOSED,
}


def report(**changes: object) -> Report:
    said = {
        "room_id": ROOM,
        "place": Place.OWN,
        "kind": Kind.NORMAL,
        "category": Category.WATER,
        "title": "水管漏水",
        "description": "厨房水管漏水，地上有水",
        "photo_ids": (),
    }
    return Report(**{**said, **changes})  # type: ignore[arg-type]  # a test's shorthand


def new_ticket(kind: Kind = Kind.NORMAL) -> Ticket:
    return rules.report_repair(TICKET, report(kind=kind), REPORTER, NOW)


def take(ticket: Ticket, action: Action, actor: Actor | None = None, **seen: object) -> Ticket:
    by = actor if actor or "by" in seen else TRANSITIONS[action].actor
    step = Step(
        person_id=PERSON[by],
        version=seen.get("version", ticket.version),  # type: ignore[arg-type]  # a test's shorthand
        at=seen.get("at", NOW + timedelta(minutes=ticket.version)),  # type: ignore[arg-type]  # same
        dispatches=by is Actor.DISPATCHER,
    )
    taken: Ticket = getattr(rules, f"{action}_repair")(ticket, step, *FACTS.get(action, ()))
    return taken


def ticket_in(state: State, kind: Kind = Kind.NORMAL) -> Ticket:
    ticket = new_ticket(kind)
    for action in PATHS[state]:
        ticket = take(ticket, action)
    assert ticket.state is state
    return ticket


@pytest.mark.parametrize(("state", "action", "actor"), [*product(State, STEPS, [*Actor, None])])
def test_each_state_lets_exactly_these_people_take_exactly_these_steps(
    state: State, action: Action, actor: Actor | None
) -> None:
    ticket = ticket_in(state)
    target = ALLOWED.get((state, action, actor)) if actor else None
    if target is not None:
        # A second rating must differ, or it is the first one again.
        moved = take(ticket, action, actor, at=NOW + timedelta(hours=1))
        assert moved.state is target
        assert moved.version == ticket.version + 1
        return
    with pytest.raises((Conflict, NotFound)) as refusal:
        take(ticket, action, actor, by=actor)
    holds = actor is TRANSITIONS[action].actor and (
        actor is not Actor.ASSIGNEE or ticket.assignee_id == WORKER
    )
    assert refusal.value.code == ("not_in_this_state" if holds else "not_found")


def test_the_table_allows_what_the_truth_table_says_and_nothing_else() -> None:
    table = {
        (source, action, step.actor): step.target
        for action, step in TRANSITIONS.items()
        for source in step.sources
    }
    assert table == ALLOWED


def test_every_state_but_the_terminal_ones_leads_somewhere_and_all_are_reached() -> None:
    left = {source for source, _, _ in ALLOWED}
    assert set(State) - left == {State.WITHDRAWN}
    assert {*ALLOWED.values(), State.NEW} == set(State)


@pytest.mark.parametrize("state", [s for s in State if s is not State.NEW])
def test_a_step_taken_twice_with_the_same_facts_changes_nothing(state: State) -> None:
    before = ticket_in(state)
    again = take(before, PATHS[state][-1], version=before.version - 1, at=NOW + timedelta(days=1))
    assert again is before


def test_a_returned_job_answers_its_repeated_return_until_somebody_else_has_it() -> None:
    accepted = ticket_in(State.ACCEPTED)
    returned = take(accepted, Action.RETURN)
    assert returned.assignee_id is None
    assert take(returned, Action.RETURN, version=accepted.version) is returned
    step = Step(DISPATCHER, returned.version, NOW, dispatches=True)
    handed_on = rules.assign_repair(returned, step, STRANGER, [grant(STRANGER, "李师傅")], "")
    with pytest.raises(NotFound):
        take(handed_on, Action.RETURN, version=accepted.version)


@pytest.mark.parametrize(
    "grants",
    [
        [],
        [grant(WORKER, "王师傅", active=False)],
        [grant(WORKER, "王师傅", scope="com_7k2m9x4a/4")],
        [grant(WORKER, "王师傅", scope="com_7k2m9x4b")],
    ],
    ids=["no grant", "an ended grant", "another building", "another community"],
)
def test_a_job_goes_only_to_a_technician_whose_grant_reaches_the_room(
    grants: list[Technician],
) -> None:
    step = Step(DISPATCHER, 1, NOW, dispatches=True)
    with pytest.raises(Invalid) as refusal:
        rules.assign_repair(new_ticket(), step, WORKER, grants, "")
    assert [(f.path, f.code) for f in refusal.value.findings] == [("worker_id", "not_a_technician")]


def test_a_stale_version_with_other_facts_is_refused() -> None:
    dispatched = ticket_in(State.DISPATCHED)
    step = Step(DISPATCHER, 1, NOW, dispatches=True)
    with pytest.raises(Conflict) as refusal:
        rules.assign_repair(dispatched, step, STRANGER, [grant(STRANGER, "李师傅")], "")
    assert refusal.value.code == "stale_version"


def test_a_report_that_says_nothing_is_refused_with_its_field() -> None:
    with pytest.raises(Invalid) as refusal:
        rules.report_repair(TICKET, report(description="  漏水  "), REPORTER, NOW)
    assert [(f.path, f.code) for f in refusal.value.findings] == [("description", "too_short")]


def test_the_same_photo_twice_is_refused_at_its_second_place() -> None:
    photo = "pho_7k2m9x4a_01jd0000000000000000000001"
    with pytest.raises(Invalid) as refusal:
        rules.report_repair(TICKET, report(photo_ids=(photo, photo)), REPORTER, NOW)
    assert refusal.value.findings[0].path == "photo_ids[1]"


@pytest.mark.parametrize(
    ("kind", "state", "after_report"),
    [
        (Kind.EMERGENCY, State.NEW, timedelta(minutes=15)),
        (Kind.EMERGENCY, State.DISPATCHED, timedelta(minutes=15)),
        (Kind.EMERGENCY, State.ACCEPTED, timedelta(minutes=60)),
        (Kind.EMERGENCY, State.WORKING, timedelta(hours=48)),
        (Kind.NORMAL, State.NEW, timedelta(hours=2)),
        (Kind.NORMAL, State.DISPATCHED, timedelta(hours=2)),
        (Kind.NORMAL, State.ACCEPTED, timedelta(hours=48)),
        (Kind.NORMAL, State.WORKING, timedelta(hours=48)),
    ],
)
def test_the_clocks_of_d2_run_from_the_report(
    kind: Kind, state: State, after_report: timedelta
) -> None:
    ticket = ticket_in(state, kind)
    assert ticket.due_at == NOW + after_report
    assert not rules.overdue(ticket, NOW + after_report - timedelta(milliseconds=1))
    assert rules.overdue(ticket, NOW + after_report)


def test_a_rating_is_due_seven_days_after_the_work_is_done() -> None:
    done = ticket_in(State.DONE)
    assert done.done_at is not None
    assert done.due_at == done.done_at + timedelta(days=7)


@given(
    state=st.sampled_from(State),
    steps=st.lists(st.sampled_from(STEPS), max_size=30),
    minutes=st.integers(0, 20_000),
)
def test_a_ticket_is_terminal_or_due_or_overdue_whatever_happens(
    state: State, steps: list[Action], minutes: int
) -> None:
    """R1: there is no fourth state."""
    # From anywhere on, as few chains of steps by chance lead to the end.
    ticket, now = ticket_in(state), NOW + timedelta(minutes=minutes)
    for action in steps:
        try:
            moved = take(ticket, action, at=NOW + timedelta(minutes=ticket.version))
        except LinliError:
            continue
        assert moved.version - ticket.version == len(moved.timeline) - len(ticket.timeline)
        ticket = moved
    assert trail.verify(ticket.id, ticket.timeline) is None
    if ticket.state in rules.TERMINAL:
        assert ticket.due_at is None
        assert not rules.overdue(ticket, now)
    else:
        assert ticket.due_at is not None
        assert rules.overdue(ticket, now) == (ticket.due_at <= now)


def test_a_rating_may_change_for_seven_days_and_then_stands() -> None:
    closed = ticket_in(State.CLOSED)
    assert closed.closed_at is not None
    last = closed.closed_at + timedelta(days=7)
    changed = rules.rate_repair(closed, Step(REPORTER, closed.version, last), Rating(3, 3, 3), "")
    assert changed.rating == Rating(3, 3, 3)
    assert changed.closed_at == closed.closed_at
    late = Step(REPORTER, changed.version, last + timedelta(milliseconds=1))
    with pytest.raises(Conflict) as refusal:
        rules.rate_repair(changed, late, Rating(1, 1, 1), "")
    assert refusal.value.code == "rating_final"


def test_a_job_that_goes_round_for_ever_is_stopped_and_can_still_be_finished() -> None:
    ticket = take(new_ticket(), Action.ASSIGN)
    while len(ticket.timeline) < rules.MAX_ENTRIES - 10:
        ticket = take(take(ticket, Action.RETURN), Action.ASSIGN)
    with pytest.raises(Conflict) as refusal:
        take(ticket, Action.RETURN)
    assert refusal.value.code == "timeline_full"
    for action in (Action.ACCEPT, Action.START, Action.FINISH, Action.RATE):
        ticket = take(ticket, action)
    assert ticket.state is State.CLOSED
    assert len(ticket.timeline) <= rules.MAX_ENTRIES


def test_an_edited_entry_breaks_the_trail_from_there() -> None:
    closed = ticket_in(State.CLOSED)
    assert trail.verify(closed.id, closed.timeline) is None
    for position, entry in enumerate(closed.timeline):
        edited = list(closed.timeline)
        edited[position] = replace(entry, note=entry.note + "!")
        assert trail.verify(closed.id, edited) == position


def test_a_dropped_or_swapped_entry_breaks_the_trail() -> None:
    closed = ticket_in(State.CLOSED)
    assert trail.verify(closed.id, closed.timeline[1:]) == 0
    swapped = [closed.timeline[1], closed.timeline[0], *closed.timeline[2:]]
    assert trail.verify(closed.id, swapped) == 0
    assert trail.verify("rep_7k2m9x4a_01jd0000000000000000000009", closed.timeline) == 0


def test_an_entry_survives_its_plain_form() -> None:
    for entry in ticket_in(State.CLOSED).timeline:
        assert trail.from_plain(trail.to_plain(entry)) == entry


def test_one_person_may_report_ten_times_and_the_same_thing_twice_a_day() -> None:
    day, same = report_quotas(new_ticket())
    assert (day.limit, day.code) == (10, "too_many_reports")
    assert (same.limit, same.code) == (2, "same_report_again")
    other = rules.report_repair(TICKET, report(description="灯坏了，晚上看不见"), REPORTER, NOW)
    assert report_quotas(other)[0] == day
    assert report_quotas(other)[1].window != same.window


def test_the_day_of_a_limit_is_the_estates_own() -> None:
    before = rules.report_repair(TICKET, report(), REPORTER, NOW.replace(hour=15, minute=59))
    after = rules.report_repair(TICKET, report(), REPORTER, NOW.replace(hour=16))
    assert report_quotas(before)[0].window == "reports#2026-11-22"
    assert report_quotas(after)[0].window == "reports#2026-11-23"


def test_uploads_are_counted_by_the_hour() -> None:
    assert upload_quota(REPORTER, NOW).window == "uploads#2026-11-22T04"
    assert upload_quota(REPORTER, NOW).limit == 30
