"""What importing a register again does, and what it never does."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.community.register.diff import Change, Kind, Outcome, Proposal, counts, plan_import
from chalicelib.community.register.model import Owner, Payer, Phone, Room, State
from tests.community.register.register_files import Value, a_row, read, xlsx_of


def planned(existing: list[Room], *rows: list[Value]) -> tuple[Outcome, ...]:
    """The outcomes of importing rows over existing rooms."""
    reading = read(xlsx_of(*rows))
    return plan_import(existing, reading.rooms, reading.blocked_buildings)


def imported(*rows: list[Value]) -> list[Room]:
    """The rooms that a first import of rows makes."""
    return [outcome.room for outcome in planned([], *rows) if outcome.room is not None]


def test_a_room_not_yet_known_is_new() -> None:
    (outcome,) = planned([], a_row())
    assert outcome.kind is Kind.NEW
    assert outcome.room is not None
    assert outcome.room.key == ("3", "1", "502")


def test_the_same_file_again_changes_nothing() -> None:
    rows = [
        a_row(),
        a_row(业主姓名="李四", 证件号码=None),
        a_row(房号="503", 业主姓名="未售", 证件号码=None, 联系电话=None, 房屋状态=None),
        a_row(房号="504", 建筑面积=None, 套内面积=None),
        a_row(房号="505", 业主姓名=None, 证件号码=None, 联系电话=None),
        *(a_row(房号=str(600 + n), 联系电话="13900000000") for n in range(6)),
    ]
    outcomes = planned(imported(*rows), *rows)
    assert {outcome.kind for outcome in outcomes} == {Kind.UNCHANGED}
    assert all(outcome.changes == () for outcome in outcomes)


def test_another_spelling_of_the_same_room_changes_nothing() -> None:
    (outcome,) = planned(imported(a_row()), a_row(楼栋号="三号楼", 单元号="一单元", 房号="0502"))
    assert outcome.kind is Kind.UNCHANGED


def test_a_changed_field_is_named_with_its_old_and_new_value() -> None:
    (outcome,) = planned(imported(a_row()), a_row(建筑面积=90, 房屋状态="出租"))
    assert outcome.kind is Kind.CHANGED
    assert outcome.changes == (
        Change("state", State.OCCUPIED, State.LET),
        Change("built_area_dm2", 8943, 9000),
    )


def test_a_blank_cell_never_erases() -> None:
    blank: dict[str, Value] = dict.fromkeys(
        (
            "楼层",
            "房屋编码",
            "房屋用途",
            "建筑面积",
            "套内面积",
            "房屋状态",
            "业主姓名",
            "证件号码",
            "联系电话",
            "交房日期",
            "计费起始日",
        )
    )
    before = imported(a_row(备注="临街"))
    (outcome,) = planned(before, a_row(**blank))
    assert outcome.kind is Kind.UNCHANGED
    assert outcome.room == before[0]


@pytest.mark.parametrize(
    "row",
    [
        a_row(业主姓名="李四", 证件号码=None),
        a_row(证件号码="E12345678"),
        a_row(业主姓名="张三、李四", 证件号码=None),
    ],
)
def test_new_owners_are_a_proposal_and_are_not_applied(row: list[Value]) -> None:
    before = imported(a_row())
    (outcome,) = planned(before, row)
    assert outcome.kind is Kind.TRANSFER_PROPOSED
    assert outcome.room == before[0]
    assert outcome.proposal is not None
    assert outcome.proposal.payer is Payer.OWNER
    assert outcome.proposal.owners != before[0].owners


def test_a_sale_by_the_developer_and_a_return_to_it_are_proposals() -> None:
    unsold = a_row(业主姓名="未售", 证件号码=None, 联系电话=None, 房屋状态=None)
    (sale,) = planned(imported(unsold), a_row(房屋状态=None))
    assert sale.proposal is not None
    assert [owner.name for owner in sale.proposal.owners] == ["张三"]
    (back,) = planned(imported(a_row()), unsold)
    assert back.proposal == Proposal((), Payer.DEVELOPER)
    assert back.room is not None
    assert back.room.payer is Payer.OWNER


def test_an_owner_who_was_not_known_is_filled_in() -> None:
    unknown = a_row(业主姓名=None, 证件号码=None, 联系电话=None)
    (outcome,) = planned(imported(unknown), a_row())
    assert outcome.kind is Kind.CHANGED
    assert [change.field for change in outcome.changes] == ["owners"]


def test_what_a_file_adds_about_the_same_owner_is_a_change() -> None:
    (outcome,) = planned(imported(a_row(证件号码=None)), a_row(联系电话="13900009999"))
    assert outcome.kind is Kind.CHANGED
    assert outcome.room is not None
    (owner,) = outcome.room.owners
    assert (owner.id_number, owner.phones) == ("11010519491231002X", (Phone("13900009999"),))


def test_other_changes_are_applied_where_a_transfer_is_proposed() -> None:
    (outcome,) = planned(imported(a_row()), a_row(业主姓名="李四", 证件号码=None, 建筑面积=90))
    assert outcome.kind is Kind.TRANSFER_PROPOSED
    assert outcome.changes == (Change("built_area_dm2", 8943, 9000),)


def test_an_absent_room_is_listed_and_kept() -> None:
    before = imported(a_row(), a_row(房号="503"), a_row(楼栋号="4栋"))
    outcomes = planned(before, a_row())
    assert [(o.kind, o.key) for o in outcomes] == [
        (Kind.UNCHANGED, ("3", "1", "502")),
        (Kind.ABSENT, ("3", "1", "503")),
    ]
    assert outcomes[1].room == before[1]


def test_an_error_blocks_every_room_of_its_building_and_no_other() -> None:
    rows = (a_row(建筑面积=0), a_row(房号="503"), a_row(楼栋号="4栋"))
    outcomes = planned([], *rows)
    assert [outcome.kind for outcome in outcomes] == [Kind.BLOCKED, Kind.BLOCKED, Kind.NEW]
    assert outcomes[0].room is None
    assert counts(outcomes) == dict.fromkeys(Kind, 0) | {Kind.BLOCKED: 2, Kind.NEW: 1}


def test_a_phone_on_many_rooms_cannot_claim_whichever_file_named_them() -> None:
    before = imported(*(a_row(房号=str(101 + n)) for n in range(5)))
    assert all(owner.may_claim for room in before for owner in room.owners)
    (outcome,) = planned(before, a_row(楼栋号="4栋"))[:1]
    assert outcome.room is not None
    assert [owner.may_claim for owner in outcome.room.owners] == [False]


def test_who_pays_is_not_changed_by_naming_the_same_owner() -> None:
    (room,) = imported(a_row())
    gift_months = replace(room, payer=Payer.DEVELOPER)
    (outcome,) = planned([gift_months], a_row())
    assert (outcome.kind, outcome.room) == (Kind.UNCHANGED, gift_months)


def test_owners_in_another_order_are_the_same_owners() -> None:
    before = imported(a_row(业主姓名="张三、李四", 证件号码=None, 联系电话=None))
    (outcome,) = planned(before, a_row(业主姓名="李四、张三", 证件号码=None, 联系电话=None))
    assert outcome.kind is Kind.UNCHANGED
    assert before[0].owners == (Owner("张三"), Owner("李四"))
