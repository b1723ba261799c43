"""What repairs keep, on tables made from infra/repairs.yaml: on moto and on the emulator."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.repairs import actions, rules, store
from chalicelib.repairs.limits import report_quotas, upload_quota
from chalicelib.repairs.model import Report, State, Summary, Ticket
from chalicelib.repairs.photos import rules as photo_rules
from chalicelib.repairs.photos import store as photo_store
from chalicelib.repairs.rules import Step
from chalicelib.repairs.trail import Rating
from shared import aws, events, ids
from shared.errors import Conflict, Limited
from shared.quotas import Quota
from tests.repairs.scene import (
    COMMUNITY,
    DISPATCHER,
    NOW,
    OTHER_WORKER,
    RESIDENT,
    WORKER,
    Repairs,
    report,
    technician,
)

pytestmark = pytest.mark.usefixtures("repairs_on")


def draft(key: str, said: Report | None = None, at: datetime = NOW) -> Ticket:
    """A ticket as `report_repair` makes it, before it is stored."""
    ticket_id = ids.derived_id("rep", COMMUNITY, RESIDENT.person_id, key)
    return rules.report_repair(ticket_id, said or report(), RESIDENT.person_id, at)


def event_of(ticket: Ticket) -> events.Event:
    return actions.announcement(ticket)


def add(ticket: Ticket) -> Ticket:
    return store.add_ticket(ticket, event_of(ticket), report_quotas(ticket))


def save(after: Ticket, before: Ticket) -> Ticket:
    store.save_ticket(after, before, event_of(after))
    return after


def assigned(ticket: Ticket, at: datetime = NOW) -> Ticket:
    step = Step(DISPATCHER.person_id, ticket.version, at, dispatches=True)
    return rules.assign_repair(ticket, step, WORKER.person_id, [technician()], "")


def stored(ticket: Ticket) -> Ticket:
    found = store.get_ticket(ticket.id)
    assert found is not None
    return found


def summary(ticket: Ticket) -> Summary:
    return Summary(**{f.name: getattr(ticket, f.name) for f in fields(Summary)})


def apply_then_fail(operation: str) -> None:
    """Let the next answer to `operation` be lost, so that the client library sends it again."""
    lost: list[str] = []

    def lose(**answered: Any) -> int | None:
        if lost:
            return None
        lost.append(operation)
        return 0

    aws.client("dynamodb").meta.events.register_first(f"needs-retry.dynamodb.{operation}", lose)


def collide(times: int) -> None:
    """Let the next transactions meet another one on the same item, as only AWS reports it."""
    left = [times]

    def refuse(**called: Any) -> tuple[Any, dict[str, Any]] | None:
        if not left[0]:
            return None
        left[0] -= 1
        reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}, {"Code": "None"}]
        answer = type("Answer", (), {"status_code": 400})
        return answer, {
            "Error": {
                "Code": "TransactionCanceledException",
                "Message": "Transaction cancelled, please refer cancellation reasons for "
                "specific reasons [None, TransactionConflict, None]",
            },
            "CancellationReasons": reasons,
            "ResponseMetadata": {"HTTPStatusCode": 400},
        }

    aws.client("dynamodb").meta.events.register("before-call.dynamodb.TransactWriteItems", refuse)


def test_a_stored_ticket_is_read_back_as_it_was() -> None:
    ticket = add(draft("key-0001"))
    assert stored(ticket) == ticket
    after = save(assigned(ticket), ticket)
    assert stored(ticket) == after


def test_a_ticket_that_nobody_reported_is_not_there() -> None:
    assert store.get_ticket(draft("key-0001").id) is None


def test_the_item_carries_the_event_of_its_last_change(repairs_on: Repairs) -> None:
    ticket = add(draft("key-0001"))
    save(assigned(ticket), ticket)
    (item,) = [i for i in repairs_on.items() if i["sk"]["S"] == "ticket"]
    event = events.decode(item["event"]["S"])
    assert (event.type, event.id) == ("RepairAssigned", f"{ticket.id}:2")
    assert ticket.description not in item["event"]["S"]


def test_the_same_request_again_gives_what_it_made_and_counts_once(repairs_on: Repairs) -> None:
    ticket = add(draft("key-0001"))
    after = save(assigned(ticket), ticket)
    assert add(draft("key-0001", at=NOW + timedelta(minutes=5))) == after
    used = [item["used"]["N"] for item in repairs_on.items() if "used" in item]
    assert used == ["1", "1"]


def test_another_request_under_the_same_key_is_refused_and_changes_nothing(
    repairs_on: Repairs,
) -> None:
    add(draft("key-0001"))
    before = repairs_on.items()
    with pytest.raises(Conflict) as refusal:
        add(draft("key-0001", report(description="灯坏了，晚上看不见")))
    assert refusal.value.code == "idempotency_key_reused"
    assert repairs_on.items() == before


def test_the_eleventh_report_of_a_day_is_refused_and_the_next_day_is_free(
    repairs_on: Repairs,
) -> None:
    for i in range(10):
        add(draft(f"key-{i:04}", report(description=f"第 {i} 处漏水")))
    before = repairs_on.items()
    with pytest.raises(Limited) as refusal:
        add(draft("key-0010", report(description="第 10 处漏水")))
    assert refusal.value.code == "too_many_reports"
    assert repairs_on.items() == before
    add(draft("key-0011", report(description="第 11 处漏水"), at=NOW + timedelta(days=1)))


def test_the_third_identical_report_of_a_day_is_refused() -> None:
    add(draft("key-0001"))
    add(draft("key-0002"))
    with pytest.raises(Limited) as refusal:
        add(draft("key-0003"))
    assert refusal.value.code == "same_report_again"
    add(draft("key-0004", report(description="灯坏了，晚上看不见")))


def test_a_step_on_a_version_that_is_gone_changes_nothing(repairs_on: Repairs) -> None:
    ticket = add(draft("key-0001"))
    save(assigned(ticket), ticket)
    before = repairs_on.items()
    late = rules.withdraw_repair(ticket, Step(RESIDENT.person_id, 1, NOW), "自己修好了")
    with pytest.raises(Conflict) as refusal:
        save(late, ticket)
    assert refusal.value.code == "stale_version"
    assert repairs_on.items() == before


def test_the_store_itself_refuses_a_step_from_another_state(repairs_on: Repairs) -> None:
    """R2: illegal transitions are rejected by the store's condition, not only by code."""
    ticket = add(draft("key-0001"))
    before = repairs_on.items()
    with pytest.raises(Conflict):
        save(assigned(ticket), replace(ticket, state=State.WORKING))
    assert repairs_on.items() == before


def test_a_step_whose_answer_was_lost_is_taken_once() -> None:
    ticket = add(draft("key-0001"))
    apply_then_fail("PutItem")
    after = save(assigned(ticket), ticket)
    assert stored(ticket) == after


def test_a_report_whose_answer_was_lost_is_made_once(repairs_on: Repairs) -> None:
    apply_then_fail("TransactWriteItems")
    ticket = add(draft("key-0001"))
    assert stored(ticket) == ticket
    used = [item["used"]["N"] for item in repairs_on.items() if "used" in item]
    assert used == ["1", "1"]


def test_a_photos_place_whose_answer_was_lost_is_given_once() -> None:
    apply_then_fail("TransactWriteItems")
    photo = _photo(1)
    photo_store.add_photo(photo, upload_quota(RESIDENT.person_id, NOW))
    assert photo_store.get_photo(photo.id) == photo


def test_a_collision_with_a_neighbours_write_is_tried_again_and_then_told() -> None:
    collide(2)
    ticket = add(draft("key-0001"))
    assert stored(ticket) == ticket
    collide(3)
    with pytest.raises(Conflict) as refusal:
        add(draft("key-0002"))
    assert refusal.value.code == "busy"


def test_a_person_finds_what_they_reported_newest_first_page_by_page() -> None:
    tickets = [
        add(draft(f"key-{i:04}", report(description=f"第 {i} 处漏水"), NOW + timedelta(minutes=i)))
        for i in range(5)
    ]
    found: list[Summary] = []
    cursor = None
    for _ in range(3):
        page = store.list_reported(RESIDENT.person_id, 2, cursor)
        found += page.items
        cursor = page.next_cursor
    assert cursor is None
    assert found == [summary(ticket) for ticket in reversed(tickets)]
    assert store.list_reported(WORKER.person_id, 20, None).items == ()


def test_a_technician_finds_the_jobs_in_hand_first_due_first() -> None:
    late = add(draft("key-0001", at=NOW + timedelta(hours=1)))
    soon = add(draft("key-0002", at=NOW))
    other = add(draft("key-0003", report(description="灯坏了，晚上看不见")))
    for ticket in (late, soon):
        save(assigned(ticket), ticket)
    found = store.list_jobs(WORKER.person_id, 20, None).items
    assert [job.id for job in found] == [soon.id, late.id]
    assert other.id not in {job.id for job in found}
    assert store.list_jobs(OTHER_WORKER.person_id, 20, None).items == ()


def test_a_job_leaves_the_technicians_list_when_it_is_done_or_given_back() -> None:
    ticket = add(draft("key-0001"))
    job = save(assigned(ticket), ticket)
    step = Step(WORKER.person_id, job.version, NOW)
    back = save(rules.return_repair(job, step, "没有配件"), job)
    assert store.list_jobs(WORKER.person_id, 20, None).items == ()
    assert store.list_open(COMMUNITY, 20, None).items == (summary(back),)


def test_a_ticket_moves_from_the_open_list_to_the_month_in_which_it_ended() -> None:
    ticket = add(draft("key-0001"))
    assert store.list_open(COMMUNITY, 20, None).items == (summary(ticket),)
    # 2026-12-01 in the estate, still November in UTC.
    at = datetime.fromisoformat("2026-11-30T16:30:00+00:00")
    step = Step(RESIDENT.person_id, ticket.version, at)
    ended = save(rules.withdraw_repair(ticket, step, "自己修好了"), ticket)
    assert store.list_open(COMMUNITY, 20, None).items == ()
    assert store.list_closed(COMMUNITY, "2026-12", 20, None).items == (summary(ended),)
    assert store.list_closed(COMMUNITY, "2026-11", 20, None).items == ()


def test_open_tickets_come_first_due_first_and_other_communities_stay_out() -> None:
    normal = add(draft("key-0001"))
    urgent = add(draft("key-0002", report(kind=rules.Kind.EMERGENCY)))
    assert [t.id for t in store.list_open(COMMUNITY, 20, None).items] == [urgent.id, normal.id]
    assert store.list_open("com_8m3n0y5b", 20, None).items == ()


def test_a_rated_ticket_is_read_back_whole() -> None:
    ticket = add(draft("key-0001"))
    job = save(assigned(ticket), ticket)
    at, photo = NOW + timedelta(minutes=30), _photo(1).id
    steps: list[Any] = [
        lambda t, s: rules.accept_repair(t, s),
        lambda t, s: rules.start_repair(t, s),
        lambda t, s: rules.finish_repair(t, s, (photo,), "已更换水管"),
    ]
    for step in steps:
        job = save(step(job, Step(WORKER.person_id, job.version, at)), job)
    mine = Step(RESIDENT.person_id, job.version, at)
    rated = save(rules.rate_repair(job, mine, Rating(5, 4, 5), "很快"), job)
    assert stored(ticket) == rated


def _photo(number: int) -> photo_rules.Photo:
    photo_id = f"pho_7k2m9x4a_01jd{number:022}"
    return photo_rules.request_photo_upload(photo_id, RESIDENT.person_id, NOW)


def test_photos_are_read_in_one_call_and_the_absent_are_left_out() -> None:
    photos = {_photo(i).id: _photo(i) for i in range(3)}
    for photo in photos.values():
        photo_store.add_photo(photo, upload_quota(RESIDENT.person_id, NOW))
    assert photo_store.get_photos([*photos, _photo(9).id]) == photos
    assert photo_store.get_photos([]) == {}


def test_a_photo_is_released_once() -> None:
    photo = _photo(1)
    photo_store.add_photo(photo, upload_quota(RESIDENT.person_id, NOW))
    ready = photo_rules.release_photo(photo, 800, 600, "0123456789abcdef")
    photo_store.save_photo(ready, photo)
    assert photo_store.get_photo(photo.id) == ready
    # The same outcome again is the same write; another one meets what is there.
    photo_store.save_photo(ready, photo)
    refused = photo_rules.refuse_photo(photo, photo_rules.Refusal.DAMAGED)
    with pytest.raises(Conflict):
        photo_store.save_photo(refused, photo)
    assert photo_store.get_photo(photo.id) == ready


def test_an_awaited_photo_is_forgotten_and_a_ready_one_is_kept(repairs_on: Repairs) -> None:
    photo = _photo(1)
    photo_store.add_photo(photo, upload_quota(RESIDENT.person_id, NOW))
    (item,) = [i for i in repairs_on.items() if i["sk"]["S"] == "photo"]
    assert int(item["expires_at"]["N"]) == int((NOW + timedelta(days=1)).timestamp())
    photo_store.save_photo(photo_rules.release_photo(photo, 800, 600, "0123456789abcdef"), photo)
    (item,) = [i for i in repairs_on.items() if i["sk"]["S"] == "photo"]
    assert "expires_at" not in item


def test_the_place_after_the_last_one_of_an_hour_is_refused() -> None:
    quota = Quota(RESIDENT.person_id, "uploads#2026-11-22T04", 2, "too_many_uploads", NOW)
    for i in range(2):
        photo_store.add_photo(_photo(i), quota)
    with pytest.raises(Limited) as refusal:
        photo_store.add_photo(_photo(2), quota)
    assert refusal.value.code == "too_many_uploads"
    assert photo_store.get_photo(_photo(2).id) is None


def test_an_older_staff_event_never_overwrites_a_newer_one() -> None:
    revoked = technician(version=2, active=False)
    store.keep_technician(COMMUNITY, technician(version=1))
    for heard in (revoked, technician(version=1), revoked):
        store.keep_technician(COMMUNITY, heard)
        assert store.get_technician(COMMUNITY, WORKER.person_id) == (revoked,)
    assert store.list_technicians(COMMUNITY, 20, None).items == ()


def test_a_revocation_heard_before_its_grant_stands() -> None:
    store.keep_technician(COMMUNITY, technician(version=2, active=False))
    store.keep_technician(COMMUNITY, technician(version=1))
    assert store.list_technicians(COMMUNITY, 20, None).items == ()


def test_technicians_are_listed_by_community() -> None:
    store.keep_technician(COMMUNITY, technician())
    store.keep_technician("com_8m3n0y5b", technician(OTHER_WORKER, scope="com_8m3n0y5b"))
    assert store.list_technicians(COMMUNITY, 20, None).items == (technician(),)
    assert store.get_technician(COMMUNITY, OTHER_WORKER.person_id) == ()
