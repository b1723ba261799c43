"""What the house register does, from the file to the rooms and back into a file."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from chalicelib.community import permissions
from chalicelib.community.register import actions, shapes, store
from chalicelib.community.register.diff import Kind
from chalicelib.community.register.rules import Import, ImportState, Outcome
from shared import aws, ids
from shared.auth import Caller, Grant, Role
from shared.errors import Conflict, Invalid, NotFound
from tests.community.register.register_files import ID_NUMBER, a_row, csv_of
from tests.community.register.scene import CLERK, NOW, Register, a_register, notification, rows_of
from tests.conftest import Cloud
from tests.harness.calls import heard

AREAS = {"101": 8_000, "102": 8_100, "201": 8_200}


@pytest.fixture
def register(cloud: Cloud) -> Register:
    return a_register(cloud)


def opened(register: Register, key: str = "key-0000", *, minutes: int = 0) -> Import:
    wanted = shapes.RequestImport(file_name="台账.xlsx")
    at = NOW + timedelta(minutes=minutes)
    return actions.request_import(register.caller(), register.community_id, wanted, key, at)[0]


def test_the_same_key_opens_the_same_import_with_a_new_form(register: Register) -> None:
    first, again = opened(register), opened(register, minutes=4)
    assert first == again
    assert opened(register, "key-0001").id != first.id
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        actions.request_import(
            register.caller(),
            register.community_id,
            shapes.RequestImport(file_name="别的.xlsx"),
            "key-0000",
            NOW,
        )


def test_imports_are_listed_newest_first_page_by_page(register: Register) -> None:
    made = [opened(register, f"key-{n:04d}", minutes=n).id for n in range(7)]
    listed, cursor = [], None
    while True:
        page = actions.list_imports(register.caller(), register.community_id, 3, cursor)
        listed += [found.id for found in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert listed == made[::-1]


def test_a_second_import_of_the_same_file_changes_and_writes_nothing(register: Register) -> None:
    file = csv_of(*rows_of("3", AREAS), *rows_of("4", AREAS))
    assert register.commit(register.dry_run(file)).state is ImportState.COMMITTED
    before = register.stored()
    again = register.dry_run(file)
    assert (again.totals.unchanged, again.totals.new, again.totals.changed) == (6, 0, 0)
    assert [plan.outcome for plan in again.buildings] == [Outcome.UNCHANGED] * 2
    with heard() as calls:
        done = register.commit(again)
    assert done.state is ImportState.COMMITTED
    assert [event.type for event in calls.events] == [
        "RegisterImportCommitted",
        "RegisterImportFinished",
    ]
    assert register.stored() == before


def test_a_commit_that_comes_again_begins_nothing_again(register: Register) -> None:
    found = register.dry_run_of(*rows_of("3", AREAS))
    with heard() as calls:
        register.begin(found)
        register.begin(found)
    assert [event.type for event in calls.events] == ["RegisterImportCommitted"]
    with pytest.raises(Conflict, match="stale_version"):
        actions.commit_import(register.caller(), found.id, 9, NOW)


def test_an_error_blocks_its_building_and_no_other(register: Register) -> None:
    bad = a_row(楼栋号="4栋", 房号="101", 建筑面积="零")
    found = register.dry_run_of(*rows_of("3", AREAS), bad)
    assert register.areas("3") == {}
    done = register.commit(found)
    assert done.state is ImportState.PARTLY_COMMITTED
    outcomes = [(plan.building, plan.outcome) for plan in done.buildings]
    assert outcomes == [("3", Outcome.COMMITTED), ("4", Outcome.BLOCKED)]
    assert (register.areas("3"), register.areas("4")) == (AREAS, {})


def test_what_a_dry_run_would_do_is_shown_row_by_row(register: Register) -> None:
    register.bring_in(*rows_of("3", AREAS))
    found = register.dry_run_of(*rows_of("3", {"101": 8_050, "102": 8_100, "301": 8_300}))
    query = shapes.RowQuery(limit=10)
    rows, following = actions.list_import_rows(register.caller(), found.id, query)
    assert {row.number: row.outcome for row in rows} == {
        "101": Kind.CHANGED,
        "102": Kind.UNCHANGED,
        "301": Kind.NEW,
        "201": Kind.ABSENT,
    }
    (changed,) = [row for row in rows if row.outcome is Kind.CHANGED]
    (change,) = changed.changes
    assert (change.field, change.before, change.after) == ("built_area_dm2", "80.00", "80.50")
    assert following is None
    only = shapes.RowQuery(limit=1, outcome=Kind.ABSENT)
    (absent,), _ = actions.list_import_rows(register.caller(), found.id, only)
    assert absent.number == "201"


def test_a_file_that_is_no_register_is_refused_in_words_and_changes_nothing(
    register: Register,
) -> None:
    refused = register.dry_run("姓名,电话\n甲,1\n".encode())
    assert (refused.state, refused.refusal) == (ImportState.REFUSED, "no_headings")
    for language in ("zh-CN", "en"):
        shown = shapes.imported(refused, language).refusal
        assert shown is not None
        assert "房号" in shown.reason
    with pytest.raises(Conflict, match="no_dry_run"):
        actions.list_import_rows(register.caller(), refused.id, shapes.RowQuery())
    with pytest.raises(Conflict, match="not_in_this_state"):
        actions.commit_import(register.caller(), refused.id, refused.version or 0, NOW)


def test_a_file_of_more_than_ten_megabytes_is_refused_unread(register: Register) -> None:
    refused = register.dry_run(b"x" * (10 * 1024 * 1024 + 1))
    assert (refused.state, refused.refusal) == (ImportState.REFUSED, "file_too_large")


def test_a_file_with_more_buildings_than_one_plan_holds_is_refused(register: Register) -> None:
    rows = [row for n in range(1, 302) for row in rows_of(str(n), {"101": 8_000})]
    with heard() as calls:
        refused = register.dry_run_of(*rows)
    assert (refused.state, refused.refusal) == (ImportState.REFUSED, "too_many_buildings")
    assert len(calls.operations) < 20
    for language in ("zh-CN", "en"):
        shown = shapes.imported(refused, language).refusal
        assert shown is not None
        assert "300" in shown.reason


def test_a_message_about_no_import_changes_nothing(register: Register) -> None:
    unknown = f"quarantine/{register.community_id}/" + ids.new_id("imp", register.community_id, NOW)
    with heard() as calls:
        actions.read_register(notification(unknown), NOW)
        actions.read_register('{"Service": "Amazon S3", "Event": "s3:TestEvent"}', NOW)
    assert calls.counted == {"GetItem": 1, "DeleteObject": 1}


def test_a_message_before_its_file_leaves_the_import_waiting(register: Register) -> None:
    waiting = opened(register)
    actions.read_register(notification(f"quarantine/{register.community_id}/{waiting.id}"), NOW)
    assert register.imported(waiting.id).state is ImportState.AWAITING_FILE


def exported(register: Register, form: str) -> bytes:
    url = actions.export_register(
        register.caller(permissions.EXPORT_REGISTER),
        register.community_id,
        shapes.ExportRegister(format=form),  # type: ignore[arg-type]  # one of two, from a table
        "key-0001",
        NOW,
    )
    key = urlsplit(url).path.removeprefix("/").removeprefix(f"{register.bucket}/")
    body: bytes = aws.client("s3").get_object(Bucket=register.bucket, Key=key)["Body"].read()
    return body


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_an_export_that_is_imported_again_finds_everything_unchanged(
    register: Register, form: str
) -> None:
    owned = a_row(楼栋号="4栋", 房号="401", 业主姓名="张三", 证件号码=ID_NUMBER, 备注="=1+1")
    register.bring_in(*rows_of("3", AREAS), owned, a_row(楼栋号="4栋", 房号="402"))
    again = register.dry_run(exported(register, form))
    assert (again.totals.unchanged, again.totals.errors) == (5, 0)
    assert [plan.outcome for plan in again.buildings] == [Outcome.UNCHANGED] * 2


@pytest.mark.parametrize("cloud", ["emulator"], indirect=True)
def test_three_thousand_rooms_are_read_and_applied_within_their_calls(register: Register) -> None:
    numbers = [f"{floor}{n:02d}" for floor in range(1, 31) for n in range(1, 11)]
    areas = dict.fromkeys(numbers, 8_943)
    file = csv_of(*(row for building in range(1, 11) for row in rows_of(str(building), areas)))
    with heard() as calls:
        found = register.dry_run(file)
    assert found.totals.new == 3_000
    # Open (1), put and take the file, the list, then of each building: state, rooms, state, plan.
    assert len(calls.operations) <= 12 + 4 * 10
    tasks = register.begin(found)
    with heard() as calls:
        outcomes = {actions.commit_building(task, NOW).outcome for task in tasks}
    assert outcomes == {Outcome.COMMITTED}
    # Of each building: state, claim, plan, rooms, flip, rooms, free, and 300 rooms twice by 50.
    assert calls.counted == {
        "GetItem": 10,
        "PutItem": 10,
        "GetObject": 10,
        "Query": 20,
        "TransactWriteItems": 10 * (1 + 1 + 6 + 6),
    }
    assert register.areas("7") == areas


def test_a_stranger_meets_no_import(register: Register) -> None:
    found = register.dry_run_of(*rows_of("3", AREAS))
    elsewhere = (Grant(Role.COMMUNITY_MANAGER, "com_00000000"),)
    stranger = Caller(CLERK, elsewhere, permissions.IMPORT_REGISTER)
    with pytest.raises(NotFound):
        actions.get_import(stranger, found.id)
    with pytest.raises(NotFound):
        actions.commit_import(stranger, found.id, found.version or 0, NOW)


def test_a_room_is_corrected_once_and_only_as_it_was_seen(register: Register) -> None:
    register.bring_in(*rows_of("3", AREAS))
    caller = register.caller(permissions.EDIT_ROOM)
    room_id = ids.room_id(register.community_id, "3", "1", "101")
    _, _, version = actions.get_room(caller, room_id)
    wanted = shapes.EditRoom(version=version, built_area_dm2=9_000, inner_area_dm2=8_000)
    with heard() as calls:
        _, room, after = actions.edit_room(caller, room_id, wanted, NOW)
        again = actions.edit_room(caller, room_id, wanted, NOW)
    assert (room.built_area_dm2, room.inner_area_dm2, after) == (9_000, 8_000, version + 1)
    assert again[2] == after
    assert [event.type for event in calls.events] == ["RoomCorrected"]
    stale = shapes.EditRoom(version=version, built_area_dm2=9_100)
    with pytest.raises(Conflict, match="stale_version"):
        actions.edit_room(caller, room_id, stale, NOW)
    larger = shapes.EditRoom(version=after, inner_area_dm2=9_001)
    with pytest.raises(Invalid):
        actions.edit_room(caller, room_id, larger, NOW)
    assert register.areas("3")["101"] == 9_000


def test_the_list_of_buildings_follows_their_imports(register: Register) -> None:
    register.bring_in(*rows_of("10", AREAS), *rows_of("2", AREAS))
    register.bring_in(*rows_of("2", {"301": 8_000}))
    found = store.list_buildings(register.community_id)
    assert [(building.name, building.rooms) for building in found] == [("2", 4), ("10", 3)]
