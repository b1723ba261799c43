"""Whoever keeps one right must not go on seeing what another one showed them."""

from __future__ import annotations

import pytest

from chalicelib.repairs import store
from shared.auth import Grant, Role
from tests.repairs.scene import (
    COMMUNITY,
    DISPATCHER,
    ELSEWHERE,
    RESIDENT,
    WORKER,
    Person,
    Repairs,
    as_json,
    report,
    technician,
)


@pytest.fixture
def assigned(repairs: Repairs) -> str:
    """A ticket of RESIDENT's in the hand of WORKER."""
    made = repairs.call(
        RESIDENT, "POST", "/tickets", as_json(report()), Idempotency_Key="key-0001"
    ).json
    store.keep_technician(COMMUNITY, technician())
    step = {"worker_id": WORKER.person_id, "version": 1}
    answer = repairs.call(DISPATCHER, "POST", f"/tickets/{made['ticket_id']}/assignment", step)
    assert answer.status == 200, answer.text
    found: str = made["ticket_id"]
    return found


def moved(who: Person, role: Role, scope: str) -> Person:
    return Person(who.person_id, (Grant(role, scope),))


@pytest.mark.parametrize(
    ("url", "before", "after"),
    [
        ("/my-jobs", WORKER, moved(WORKER, Role.TECHNICIAN, ELSEWHERE)),
        ("/my-tickets", RESIDENT, moved(RESIDENT, Role.OWNER, f"{ELSEWHERE}/3/1/502")),
    ],
)
def test_a_list_of_ones_own_ends_with_the_right(
    repairs: Repairs, assigned: str, url: str, before: Person, after: Person
) -> None:
    assert [t["ticket_id"] for t in repairs.call(before, "GET", url).json["items"]] == [assigned]
    assert repairs.call(after, "GET", url).json["items"] == []
    assert repairs.call(after, "GET", f"/tickets/{assigned}").status == 404
