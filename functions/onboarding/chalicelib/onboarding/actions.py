"""What onboarding does: load, decide, save and announce in one write."""

from __future__ import annotations

from datetime import datetime

from chalicelib.onboarding import rules, shapes, store
from chalicelib.onboarding.guidance import store as guidance
from chalicelib.onboarding.guidance.progress import Milestone, Progress, progress
from chalicelib.onboarding.limits import application_quota
from chalicelib.onboarding.model import Action, Application, Kind, State, Summary
from chalicelib.onboarding.qualifications import actions as qualifications
from chalicelib.onboarding.qualifications.rules import ShownQualification
from chalicelib.onboarding.rules import TRANSITIONS, Step
from chalicelib.onboarding.trail import Details
from shared import events, ids
from shared.auth import PLATFORM, Caller, Grant, Level, Role, level_of
from shared.errors import NotFound
from shared.table import Page

SOURCE = "onboarding"


def submit_application(
    caller: Caller, kind: Kind, said: Details, key: str, now: datetime
) -> Application:
    """Apply for a company (OB-01), in person; the same key, the same application.

    Whoever reviews it is another: who acts for the applicant could be the one.
    """
    applicant_id = caller.in_person()
    application_id = ids.derived_platform_id("app", applicant_id, key)
    application = rules.submit_application(application_id, kind, said, applicant_id, now)
    qualifications.check_qualifications(said.qualification_ids, applicant_id)
    quotas = [application_quota(applicant_id, now)]
    return store.add_application(application, announcement(application), quotas)


def get_application(
    caller: Caller, application_id: str
) -> tuple[Application, tuple[ShownQualification, ...], tuple[Progress, ...]]:
    """One's own application, its files, and how far the company has come since its approval."""
    application = _own(caller, application_id)
    return application, *_shown(application)


def list_my_applications(caller: Caller, limit: int, cursor: str | None) -> Page[Summary]:
    """A page of what the caller applied for."""
    return store.list_applied(caller.own(), limit, cursor)


def resubmit_application(
    caller: Caller, application_id: str, said: Details, version: int, now: datetime
) -> Application:
    """Put right what was refused, and apply again, in person."""
    caller.in_person()
    application = _own(caller, application_id)
    step = Step(caller.person_id, version, now)
    resubmitted = rules.resubmit_application(application, step, said)
    if resubmitted is not application:
        qualifications.check_qualifications(said.qualification_ids, caller.person_id)
        store.save_resubmission(resubmitted, application, announcement(resubmitted))
    return resubmitted


def withdraw_application(
    caller: Caller, application_id: str, reason: str, version: int, now: datetime
) -> Application:
    """Say that the company does not want to come any more, in person."""
    caller.in_person()
    application = _own(caller, application_id)
    step = Step(caller.person_id, version, now)
    return _save(application, rules.withdraw_application(application, step, reason))


def list_reviews(
    caller: Caller, month: str | None, limit: int, cursor: str | None
) -> Page[Summary]:
    """A page of the applications that wait, or of those that ended in a month.

    Parameters
    ----------
    month
        `2026-11` for those that ended in it; None for those that wait.
    """
    caller.require(PLATFORM)
    if month is None:
        return store.list_open(limit, cursor)
    return store.list_closed(month, limit, cursor)


def get_review(
    caller: Caller, application_id: str
) -> tuple[Application, tuple[ShownQualification, ...], tuple[Progress, ...]]:
    """Any application, for those who review them."""
    application = _any(caller, application_id)
    return application, *_shown(application)


def claim_application(
    caller: Caller, application_id: str, version: int, now: datetime
) -> Application:
    """Take an application on, to decide on it."""
    application = _any(caller, application_id)
    step = Step(caller.person_id, version, now)
    return _save(application, rules.claim_application(application, step), _basis(caller))


def approve_application(
    caller: Caller, application_id: str, version: int, now: datetime
) -> Application:
    """Take the company onto the platform; the others hear of it and make it so (UM-07)."""
    application = _any(caller, application_id)
    step = Step(caller.person_id, version, now)
    return _save(application, rules.approve_application(application, step), _basis(caller))


def refuse_application(
    caller: Caller, application_id: str, reason: str, version: int, now: datetime
) -> Application:
    """Say what is wrong with an application."""
    application = _any(caller, application_id)
    step = Step(caller.person_id, version, now)
    return _save(application, rules.refuse_application(application, step, reason), _basis(caller))


def follow_progress(event: events.Event, told: shapes.ProgressTold) -> None:
    """Keep what another capability tells of a company's first days."""
    match event.type:
        case "CommunityOpened":
            guidance.keep_opened(told.company_id, event.community_id)
        case "RegisterImportFinished" if told.state == "committed":
            guidance.keep_reached(event.community_id, Milestone.REGISTER)
        case "StaffGranted" if _takes_staff_on(told):
            guidance.keep_reached(told.scope.split("/")[0], Milestone.STAFF)
        case "CredentialsSet":
            guidance.keep_reached(told.person_id, Milestone.ACCOUNT)


def announcement(application: Application) -> events.Event:
    """The event of the step that made this version: ids, codes and the company's name."""
    last = application.timeline[-1]
    data: dict[str, str] = {
        "application_id": application.id,
        "person_id": application.applicant_id,
        "kind": application.kind,
        "state": application.state,
        "trail": last.hash,
    }
    if application.state is State.APPROVED:
        data.update(
            company_id=application.company_id,
            name=application.name,
            credit_code=application.credit_code,
        )
    return events.happened(
        TRANSITIONS[Action(last.action)].event,
        SOURCE,
        application.id,
        application.version,
        at=last.at,
        community_id=PLATFORM,
        actor_id=last.actor_id,
        data=data,
    )


def _takes_staff_on(told: shapes.ProgressTold) -> bool:
    """Whether a grant is one of a company's own staff; its administrator was there before."""
    return told.role != Role.COMPANY_ADMIN and level_of(told.scope) is not Level.PLATFORM


def _shown(
    application: Application,
) -> tuple[tuple[ShownQualification, ...], tuple[Progress, ...]]:
    files = qualifications.show_qualifications(application.qualification_ids)
    if application.state is not State.APPROVED:
        return files, ()
    return files, progress(guidance.reached(application.applicant_id, application.company_id))


def _own(caller: Caller, application_id: str) -> Application:
    person_id = caller.own()
    application = store.get_application(application_id)
    if application is None or application.applicant_id != person_id:
        raise NotFound
    return application


def _any(caller: Caller, application_id: str) -> Application:
    caller.require(PLATFORM)
    application = store.get_application(application_id)
    if application is None:
        raise NotFound
    return application


def _basis(caller: Caller) -> list[Grant]:
    """The grant by which somebody reviews; it must still stand when the step is stored."""
    roles = caller.permission.roles
    return [g for g in caller.grants if g.scope == PLATFORM and g.role in roles][:1]


def _save(before: Application, after: Application, basis: list[Grant] | None = None) -> Application:
    if after is not before:
        store.save_application(after, before, announcement(after), basis or [])
    return after
