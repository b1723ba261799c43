"""What an action costs and tells: its calls to AWS, none before it knows who asks, its event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.repairs import actions, permissions, store
from chalicelib.repairs.limits import upload_quota
from chalicelib.repairs.model import Ticket
from chalicelib.repairs.photos import actions as photos
from chalicelib.repairs.photos import rules as photo_rules
from chalicelib.repairs.photos import store as photo_store
from chalicelib.repairs.trail import Rating
from shared import events
from shared.auth import Caller, Permission
from shared.errors import NotFound
from tests.harness.calls import heard
from tests.repairs.scene import (
    COMMUNITY,
    DISPATCHER,
    FOREIGN_DISPATCHER,
    FOREIGN_RESIDENT,
    FOREIGN_WORKER,
    NEIGHBOUR,
    NOW,
    RESIDENT,
    WORKER,
    Person,
    report,
    technician,
)

pytestmark = pytest.mark.usefixtures("repairs")
KEY = "key-0001"
ABSENT = "rep_7k2m9x4a_01jd0000000000000000000000"


def caller(who: Person, allows: Permission) -> Caller:
    return Caller(who.person_id, who.grants, allows)


def photo_of(who: Person, number: int) -> str:
    """A photo that is ready."""
    photo_id = f"pho_7k2m9x4a_01jd{number:022}"
    awaited = photo_rules.request_photo_upload(photo_id, who.person_id, NOW)
    photo_store.add_photo(awaited, upload_quota(who.person_id, NOW))
    photo_store.save_photo(
        photo_rules.release_photo(awaited, 800, 600, "0123456789abcdef"), awaited
    )
    return photo_id


def reported(**changes: Any) -> Ticket:
    by = caller(RESIDENT, permissions.REPORT_REPAIR)
    return actions.report_repair(by, report(**changes), KEY, NOW)


def assigned() -> Ticket:
    ticket = reported()
    store.keep_technician(COMMUNITY, technician())
    by = caller(DISPATCHER, permissions.DISPATCH_REPAIR)
    return actions.assign_repair(by, ticket.id, WORKER.person_id, "", ticket.version, NOW)


def test_a_report_is_one_call_and_with_photos_two() -> None:
    with heard() as made:
        reported()
    assert made.operations == ["TransactWriteItems"]
    photo_id = photo_of(RESIDENT, 1)
    by = caller(RESIDENT, permissions.REPORT_REPAIR)
    with heard() as made:
        actions.report_repair(by, report(photo_ids=(photo_id,)), "key-0002", NOW)
    assert made.operations == ["BatchGetItem", "TransactWriteItems"]


def test_a_step_is_one_read_and_one_write() -> None:
    ticket = assigned()
    by = caller(WORKER, permissions.WORK_ON_REPAIR)
    with heard() as made:
        ticket = actions.accept_repair(by, ticket.id, ticket.version, NOW)
    assert made.operations == ["GetItem", "PutItem"]
    with heard() as made:
        actions.accept_repair(by, ticket.id, ticket.version - 1, NOW)
    assert made.operations == ["GetItem"]


def test_what_needs_the_photos_or_the_worker_reads_once_more() -> None:
    ticket = reported()
    store.keep_technician(COMMUNITY, technician())
    by = caller(DISPATCHER, permissions.DISPATCH_REPAIR)
    with heard() as made:
        ticket = actions.assign_repair(by, ticket.id, WORKER.person_id, "", 1, NOW)
    assert made.operations == ["GetItem", "Query", "PutItem"]
    mine = caller(WORKER, permissions.WORK_ON_REPAIR)
    ticket = actions.accept_repair(mine, ticket.id, ticket.version, NOW)
    ticket = actions.start_repair(mine, ticket.id, ticket.version, NOW)
    photo_id = photo_of(WORKER, 2)
    with heard() as made:
        actions.finish_repair(mine, ticket.id, (photo_id,), "", ticket.version, NOW)
    assert made.operations == ["GetItem", "BatchGetItem", "PutItem"]


def test_a_ticket_with_its_photos_is_two_reads_and_signing_links_is_none() -> None:
    ticket = reported(photo_ids=(photo_of(RESIDENT, 1), photo_of(RESIDENT, 2)))
    by = caller(RESIDENT, permissions.VIEW_TICKET)
    with heard() as made:
        _, shown = actions.get_ticket(by, ticket.id)
    assert made.operations == ["GetItem", "BatchGetItem"]
    assert len({photo.url for photo in shown}) == 2


def test_a_list_is_one_query_however_long() -> None:
    by = caller(RESIDENT, permissions.REPORT_REPAIR)
    for i in range(5):
        actions.report_repair(by, report(description=f"第 {i} 处漏水"), f"key-{i:04}", NOW)
    with heard() as made:
        assert len(actions.list_my_tickets(by, 100, None).items) == 5
    assert made.operations == ["Query"]
    overseer = caller(DISPATCHER, permissions.LIST_TICKETS)
    with heard() as made:
        assert len(actions.list_tickets(overseer, COMMUNITY, None, 100, None).items) == 5
    assert made.operations == ["Query"]


STRANGERS: list[tuple[Person, Permission, Callable[[Caller], object]]] = [
    (
        FOREIGN_RESIDENT,
        permissions.REPORT_REPAIR,
        lambda by: actions.report_repair(by, report(), KEY, NOW),
    ),
    (
        NEIGHBOUR,
        permissions.REPORT_REPAIR,
        lambda by: actions.report_repair(by, report(), KEY, NOW),
    ),
    (
        FOREIGN_RESIDENT,
        permissions.VIEW_TICKET,
        lambda by: actions.get_ticket(by, ABSENT),
    ),
    (
        FOREIGN_DISPATCHER,
        permissions.DISPATCH_REPAIR,
        lambda by: actions.assign_repair(by, ABSENT, WORKER.person_id, "", 1, NOW),
    ),
    (
        FOREIGN_DISPATCHER,
        permissions.LIST_TICKETS,
        lambda by: actions.list_tickets(by, COMMUNITY, None, 20, None),
    ),
    (
        FOREIGN_DISPATCHER,
        permissions.DISPATCH_REPAIR,
        lambda by: actions.list_technicians(by, COMMUNITY, 20, None),
    ),
    (
        FOREIGN_WORKER,
        permissions.WORK_ON_REPAIR,
        lambda by: actions.finish_repair(by, ABSENT, ("pho_x",), "", 1, NOW),
    ),
    (
        FOREIGN_RESIDENT,
        permissions.REPORT_REPAIR,
        lambda by: actions.rate_repair(by, ABSENT, Rating(1, 1, 1), "", 1, NOW),
    ),
    (
        FOREIGN_RESIDENT,
        permissions.UPLOAD_PHOTO,
        lambda by: photos.request_photo_upload(by, COMMUNITY, "image/jpeg", "key", NOW),
    ),
]


@pytest.mark.parametrize(("who", "allows", "ask"), STRANGERS)
def test_whoever_has_nothing_to_do_with_a_community_costs_no_call(
    who: Person, allows: Permission, ask: Callable[[Caller], object]
) -> None:
    with heard() as made, pytest.raises(NotFound):
        ask(caller(who, allows))
    assert made.operations == []


@pytest.mark.parametrize(
    "bad", ["", "rep_", "com_7k2m9x4a", "pho_7k2m9x4a_01jd", ABSENT + "0", "工单"]
)
def test_an_id_that_no_ticket_can_have_is_not_found_without_a_call(bad: str) -> None:
    with heard() as made, pytest.raises(NotFound):
        actions.get_ticket(caller(RESIDENT, permissions.VIEW_TICKET), bad)
    assert made.operations == []


def test_an_event_holds_ids_codes_and_numbers_and_no_words() -> None:
    ticket = reported(title="王女士家漏水", description="请打 13800138000 找王女士")
    store.keep_technician(COMMUNITY, technician())
    by = caller(DISPATCHER, permissions.DISPATCH_REPAIR)
    ticket = actions.assign_repair(by, ticket.id, WORKER.person_id, "门口有狗", 1, NOW)
    event = actions.announcement(ticket)
    text = events.encode(event)
    for word in ("王", "13800138000", "漏水", "狗"):
        assert word not in text
    assert (event.type, event.version, event.community_id) == ("RepairAssigned", 2, COMMUNITY)
    assert event.data["assignee_id"] == WORKER.person_id
    assert event.data["trail"] == ticket.timeline[-1].hash


def test_a_rating_announces_its_numbers() -> None:
    ticket = assigned()
    mine = caller(WORKER, permissions.WORK_ON_REPAIR)
    ticket = actions.accept_repair(mine, ticket.id, ticket.version, NOW)
    ticket = actions.start_repair(mine, ticket.id, ticket.version, NOW)
    photo_id = photo_of(WORKER, 3)
    ticket = actions.finish_repair(mine, ticket.id, (photo_id,), "", ticket.version, NOW)
    by = caller(RESIDENT, permissions.REPORT_REPAIR)
    at = NOW + timedelta(days=1)
    rated = actions.rate_repair(by, ticket.id, Rating(5, 4, 3), "", ticket.version, at)
    data = actions.announcement(rated).data
    assert (data["speed"], data["attitude"], data["quality"]) == (5, 4, 3)
