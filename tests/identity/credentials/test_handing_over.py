"""An account is handed over when a firm is approved (UM-07): once, and to who has a phone."""

from __future__ import annotations

from typing import Any

from chalicelib.identity.persons import arrivals
from chalicelib.identity.persons.rules import Details
from shared import clock
from tests.identity import staff_story
from tests.identity.credentials.staffroom import Staffroom
from tests.identity.scene import PHONE


def hear(room: Staffroom, person_id: str, number: int = 1) -> Any:
    """The queue brings what onboarding told."""
    body = staff_story.approved(person_id, number)
    message = {"messageId": "m0", "eventSource": "aws:sqs", "body": body}
    return room.identity.module.invite_administrator({"Records": [message]}, None)


def applicant(phone: str = PHONE) -> str:
    """Somebody who applied, having signed in by their phone."""
    return arrivals.arrive("phone", phone, Details(phone=phone), clock.now()).id


def test_who_applied_for_a_firm_is_invited_to_run_it(room: Staffroom) -> None:
    person_id = applicant()
    assert hear(room, person_id) == {"batchItemFailures": []}
    assert room.accept().status == 200
    assert room.confirm().json == {"person_id": person_id}


def test_the_same_approval_heard_again_invites_nobody_again(room: Staffroom) -> None:
    person_id = applicant()
    hear(room, person_id)
    before = room.identity.items()
    room.later()
    room.later()
    room.later()
    assert hear(room, person_id) == {"batchItemFailures": []}
    assert room.identity.items() == before
    assert len(room.identity.sandboxes.messages.shown(PHONE)) == 1


def test_an_approval_that_comes_again_much_later_takes_no_way_in_away(room: Staffroom) -> None:
    person_id = applicant()
    hear(room, person_id)
    room.accept()
    room.confirm()
    room.later()
    assert hear(room, person_id) == {"batchItemFailures": []}
    assert room.sign_in().status == 201


def test_who_cannot_be_reached_is_left_to_the_operator(room: Staffroom) -> None:
    nobody = arrivals.arrive("openid", "o-1", Details(openid="o-1"), clock.now()).id
    before = room.identity.items()
    assert hear(room, nobody) == {"batchItemFailures": []}
    assert hear(room, "per_" + "x" * 26) == {"batchItemFailures": []}
    assert room.identity.items() == before


def test_what_is_no_approval_comes_again_and_ends_among_the_failures(room: Staffroom) -> None:
    assert hear(room, "somebody") == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
