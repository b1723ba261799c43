"""What people do about themselves and each other, and what operators do about them."""

from __future__ import annotations

from typing import Any

from chalicelib.identity.persons import arrivals
from chalicelib.identity.persons.rules import Details
from chalicelib.identity.sessions import opening
from shared import clock
from shared.auth import PLATFORM, Grant, Role
from tests.harness import canaries
from tests.harness.hours import hours_later
from tests.harness.recorder import Recorder
from tests.harness.rights import hold
from tests.identity.sessions_story import Person

_ALL = "limit=100"
_WARDS_MAX = 10
_OWNER = Grant(Role.OWNER, "com_7k2m9x4a/3/1/502")
ADMIN = Person("per_" + "z" * 26, (Grant(Role.PLATFORM_ADMIN, PLATFORM),))
SECOND = Person("per_" + "y" * 26, (Grant(Role.PLATFORM_ADMIN, PLATFORM),))
BUTLER = Person("per_" + "b" * 26, (Grant(Role.BUTLER, "com_7k2m9x4a/3"),))


def tell(recorder: Recorder, count: int) -> None:
    """Tell it with `count` (at most ten) people who come, and as many whom one acts for."""
    for who in (ADMIN, SECOND, BUTLER):
        hold(who.person_id, *who.grants)
    people = [_arrived(number) for number in range(count)]
    owner, neighbour = people[0], _arrived(50, name=canaries.STAFF_NAME)
    hold(owner.person_id, _OWNER)
    _are_known(recorder, owner)
    _act(recorder, owner, neighbour, min(count, _WARDS_MAX))
    _are_looked_at(recorder, owner)
    _are_administered(recorder)
    _go(recorder)


def _arrived(number: int, **known: Any) -> Person:
    """Somebody who signed up by their phone."""
    phone = f"136{number:08}"
    found = arrivals.arrive("phone", phone, Details(phone=phone, **known), clock.now())
    return Person(found.id)


def _are_known(recorder: Recorder, owner: Person) -> None:
    told = {
        "name": canaries.OWNER_NAME,
        "id_number": canaries.OWNER_ID,
        "plates": [canaries.STAFF_NAME],
    }
    recorder.request(owner, "PATCH", "/me", told)
    recorder.request(owner, "GET", "/me")
    opening.open_session(
        owner.person_id, "resident", canaries.OWNER_NAME, "sms of the owner", clock.now()
    )
    recorder.request(owner, "POST", "/me/exports", None, 201, key="export-1")


def _act(recorder: Recorder, owner: Person, neighbour: Person, count: int) -> None:
    """The owner acts for grandmothers, and lets the neighbour act for them, until they do not."""
    told = {"name": canaries.NEIGHBOUR_NAME, "kind": "elderly"}
    for number in range(count):
        key = f"dependent-{number:04}"
        recorder.request(owner, "POST", "/dependents", told, 201, key=key)
    between = {"person_id": owner.person_id, "acting_id": neighbour.person_id}
    acting = {"acting_id": neighbour.person_id, "name": canaries.STAFF_NAME}
    recorder.request(owner, "POST", "/me/mandates", acting)
    asked = {"person_id": owner.person_id}
    recorder.request(neighbour, "POST", "/me/mandates/acceptance", asked)
    recorder.request(owner, "GET", "/me/mandates")
    recorder.request(owner, "POST", "/me/mandates/end", between)
    # Nobody else of this name is to be found by who tries ids.
    recorder.request(neighbour, "PATCH", "/me", {"name": canaries.NEIGHBOUR_NAME})
    recorder.request(ADMIN, "GET", f"/persons/{neighbour.person_id}")


def _are_looked_at(recorder: Recorder, owner: Person) -> None:
    recorder.request(ADMIN, "GET", f"/persons?{_ALL}")
    for sought in ({"phone": canaries.OWNER_PHONE}, {"name": canaries.OWNER_NAME}):
        recorder.request(ADMIN, "POST", "/persons/search", sought)
    recorder.request(ADMIN, "GET", f"/persons/{owner.person_id}")
    url = f"/persons/{owner.person_id}/disclosures"
    looked = {"fields": ["phone"], "reason": "repair"}
    recorder.request(BUTLER, "POST", url, looked, 201, key="look-0001")
    numbers = {"fields": ["id_number", "name", "plates"], "reason": "official"}
    recorder.request(ADMIN, "POST", url, numbers, 201, key="look-0002")


def _are_administered(recorder: Recorder) -> None:
    """One is frozen for a while; one who came twice is merged, by two administrators."""
    one = _arrived(60)
    url = f"/persons/{one.person_id}"
    recorder.request(ADMIN, "POST", f"{url}/freeze", {"reason": "fraud"})
    recorder.request(ADMIN, "GET", url)
    recorder.request(ADMIN, "POST", f"{url}/unfreeze", {"reason": "mistake"})
    known = Details(openid="openid-of-one", unionid="unionid-of-one")
    twice = arrivals.arrive("openid", known.openid, known, clock.now())
    into, url = {"into_id": one.person_id}, f"/persons/{twice.id}/merge"
    recorder.request(ADMIN, "POST", url, into)
    recorder.request(SECOND, "POST", f"{url}/approval", into)
    recorder.request(SECOND, "GET", f"/persons/{twice.id}")


def _go(recorder: Recorder) -> None:
    """One goes by themselves, having just signed in; another one is erased by the operator."""
    with hours_later(1):
        goes, erased = _arrived(70, name="张三"), _arrived(71)
        cause = "sms of who goes"
        held = opening.open_session(goes.person_id, "resident", "iPhone", cause, clock.now())
        here = Person(goes.person_id, session_id=held.session_id)
        recorder.request(here, "POST", "/me/erasure")
        url = f"/persons/{erased.person_id}/erasure"
        recorder.request(ADMIN, "POST", url, {"reason": "own_wish"})
