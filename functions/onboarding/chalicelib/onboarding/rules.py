"""What onboarding decides: which step follows which, and who may take it.

An application goes `submitted → in_review → approved`, or aside to `refused`, from where it may be
submitted again, and to `withdrawn`.  `TRANSITIONS` is the one table of steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib.onboarding import credit_code
from chalicelib.onboarding.model import Action, Application, Kind, State
from chalicelib.onboarding.trail import Actor, Details, Entry, seal
from shared.errors import Conflict, invalid

MAX_QUALIFICATIONS = 10
MAX_ENTRIES = 40
"""Entries of one timeline; an application must stay well below an item's 400 KB."""
_RESERVED_ENTRIES = 2


@dataclass(frozen=True)
class Transition:
    """One step: from which states, to which, by whom, and the event that announces it."""

    sources: frozenset[State]
    target: State
    actor: Actor
    event: str


OPEN = frozenset({State.SUBMITTED, State.IN_REVIEW})
"""States in which it waits for a decision."""
HOLDING = OPEN | {State.APPROVED}
"""States in which the credit code is taken; a refused one leaves it to whoever comes."""
_LEADING_BACK = frozenset({Action.CLAIM, Action.RESUBMIT})

TRANSITIONS: Mapping[Action, Transition] = {
    # It makes the application, so there is no state that it could start from.
    Action.SUBMIT: Transition(
        frozenset(), State.SUBMITTED, Actor.APPLICANT, "ApplicationSubmitted"
    ),
    # One reviewer may take over from another: people fall ill, or leave.
    Action.CLAIM: Transition(OPEN, State.IN_REVIEW, Actor.REVIEWER, "ApplicationClaimed"),
    Action.APPROVE: Transition(
        frozenset({State.IN_REVIEW}), State.APPROVED, Actor.REVIEWER, "CompanyApproved"
    ),
    Action.REFUSE: Transition(
        frozenset({State.IN_REVIEW}), State.REFUSED, Actor.REVIEWER, "ApplicationRefused"
    ),
    Action.RESUBMIT: Transition(
        frozenset({State.REFUSED}), State.SUBMITTED, Actor.APPLICANT, "ApplicationResubmitted"
    ),
    Action.WITHDRAW: Transition(
        OPEN | {State.REFUSED}, State.WITHDRAWN, Actor.APPLICANT, "ApplicationWithdrawn"
    ),
}


@dataclass(frozen=True)
class Step:
    """Who takes a step, having seen which version, at what instant.

    In which part is known before: an applicant only finds their own application, a reviewer's
    permission was checked.
    """

    person_id: str
    version: int
    at: datetime


def submit_application(
    application_id: str, kind: Kind, said: Details, applicant_id: str, now: datetime
) -> Application:
    """The new application of a company (OB-01).

    Raises
    ------
    Invalid
        The credit code has a slip in it, or a qualification stands twice.
    """
    check_details(said)
    draft = Application(
        id=application_id,
        kind=kind,
        name=said.name,
        credit_code=said.credit_code,
        state=State.SUBMITTED,
        applicant_id=applicant_id,
        applied_at=now,
        submitted_at=now,
        version=0,
        qualification_ids=said.qualification_ids,
        introduction=said.introduction,
    )
    entry = _entry(Action.SUBMIT, Step(applicant_id, 0, now), {"details": said})
    return _enter(draft, Action.SUBMIT, entry, {})


def same_application(one: Application, other: Application) -> bool:
    """Whether two applications were made by the same request, whatever happened since."""
    return (one.id, one.kind, one.timeline[0].details) == (
        *(other.id, other.kind),
        other.timeline[0].details,
    )


def check_details(said: Details) -> None:
    """Refuse what a company cannot have said.

    Raises
    ------
    Invalid
        `wrong_check_character` of the credit code; `qualification_twice` at its position.
    """
    if not credit_code.is_whole(said.credit_code):
        raise invalid("credit_code", "wrong_check_character")
    for i, qualification_id in enumerate(said.qualification_ids):
        if qualification_id in said.qualification_ids[:i]:
            raise invalid(f"qualification_ids[{i}]", "qualification_twice")


def claim_application(application: Application, step: Step) -> Application:
    """A reviewer takes it on; whoever had it has it no more."""
    return _review(application, Action.CLAIM, step, {}, {"reviewer_id": step.person_id})


def approve_application(application: Application, step: Step) -> Application:
    """The reviewer who took it on takes the company onto the platform."""
    return _review(application, Action.APPROVE, step, {}, {"ended_at": step.at})


def refuse_application(application: Application, step: Step, reason: str) -> Application:
    """The reviewer who took it on says what is wrong with it."""
    return _review(application, Action.REFUSE, step, {"note": reason}, {"ended_at": step.at})


def resubmit_application(application: Application, step: Step, said: Details) -> Application:
    """The applicant puts right what was wrong, and waits again.

    Raises
    ------
    Invalid
        As for a new one.
    """
    check_details(said)
    changes = {
        "name": said.name,
        "credit_code": said.credit_code,
        "qualification_ids": said.qualification_ids,
        "introduction": said.introduction,
        "submitted_at": step.at,
        "reviewer_id": None,
        "ended_at": None,
    }
    return _advance(application, Action.RESUBMIT, step, {"details": said}, changes)


def withdraw_application(application: Application, step: Step, reason: str) -> Application:
    """The applicant does not want it any more."""
    ended_at = application.ended_at or step.at
    return _advance(application, Action.WITHDRAW, step, {"note": reason}, {"ended_at": ended_at})


def _review(
    application: Application,
    action: Action,
    step: Step,
    facts: Mapping[str, Any],
    changes: Mapping[str, Any],
) -> Application:
    """The application after a reviewer's step.

    Raises
    ------
    Conflict
        `own_application`: nobody decides on what they asked for; `not_your_review`: a decision is
        of whom took it on; what `_advance` refuses.
    """
    if not _taken(application, _entry(action, step, facts)):
        if step.person_id == application.applicant_id:
            raise Conflict("own_application")
        if action is not Action.CLAIM and step.person_id != application.reviewer_id:
            raise Conflict("not_your_review")
    return _advance(application, action, step, facts, changes)


def _advance(
    application: Application,
    action: Action,
    step: Step,
    facts: Mapping[str, Any],
    changes: Mapping[str, Any],
) -> Application:
    """The application after one step of `TRANSITIONS`; itself for a step taken already.

    Raises
    ------
    Conflict
        `stale_version`: it changed since the caller saw it; `not_in_this_state`: the step does
        not start here; `timeline_full`: it went round too often.
    """
    entry = _entry(action, step, facts)
    if _taken(application, entry):
        return application
    if step.version != application.version:
        raise Conflict("stale_version")
    if application.state not in TRANSITIONS[action].sources:
        raise Conflict("not_in_this_state", state=application.state)
    if action in _LEADING_BACK and len(application.timeline) >= MAX_ENTRIES - _RESERVED_ENTRIES:
        # The way to a decision always has its place in the timeline.
        raise Conflict("timeline_full")
    return _enter(application, action, entry, changes)


def _taken(application: Application, entry: Entry) -> bool:
    return any(taken.repeats(entry) for taken in application.timeline)


def _enter(
    application: Application, action: Action, entry: Entry, changes: Mapping[str, Any]
) -> Application:
    sealed = seal(application.id, application.timeline, entry)
    return replace(
        application,
        state=TRANSITIONS[action].target,
        version=application.version + 1,
        timeline=(*application.timeline, sealed),
        **changes,
    )


def _entry(action: Action, step: Step, facts: Mapping[str, Any]) -> Entry:
    actor = TRANSITIONS[action].actor
    return Entry(step.at, step.person_id, actor, action, step.version, **facts)
