"""What a row, a room or a heading may not be, beside the twelve dirty cases."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from chalicelib.community.register.model import (
    Phone,
)
from tests.community.register.register_files import (
    HEADINGS,
    Value,
    a_row,
    errors,
    only_room,
    read,
    saved,
    warnings,
    xlsx_of,
)


def test_a_room_on_two_sheets_is_an_error_on_both() -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx_of(a_row())))
    other = book.create_sheet("二期")
    other.append(list(HEADINGS))
    other.append(a_row())
    reading = read(saved(book))
    assert [(f.sheet, f.row, f.code) for f in reading.findings] == [
        ("Sheet1", 2, "room_on_two_sheets"),
        ("二期", 2, "room_on_two_sheets"),
    ]


def test_rows_of_one_room_that_disagree_are_errors_in_each() -> None:
    reading = read(xlsx_of(a_row(), a_row(业主姓名="李四", 证件号码=None, 房屋状态="出租")))
    assert errors(reading) == ["room_rows_disagree", "room_rows_disagree"]
    assert {finding.heading for finding in reading.findings} == {"房屋状态"}
    unsold = a_row(业主姓名="开发商", 证件号码=None, 联系电话=None)
    assert errors(read(xlsx_of(a_row(), unsold))) == ["room_rows_disagree"] * 2


def test_a_row_repeated_adds_nobody() -> None:
    reading = read(xlsx_of(a_row(), a_row(证件号码=None)))
    assert len(only_room(reading).owners) == 1
    assert (errors(reading), warnings(reading)) == ([], ["room_repeated"])


def test_more_than_ten_co_owners_are_an_error() -> None:
    rows = (a_row(业主姓名=f"共有人{n}", 证件号码=None, 联系电话=None) for n in range(11))
    assert set(errors(read(xlsx_of(*rows)))) == {"too_many_co_owners"}


def test_a_heading_twice_and_a_missing_building_block_the_sheet() -> None:
    twice = read(xlsx_of([*a_row(), "7"], headings=[*HEADINGS, "层号", "楼栋"]))
    assert errors(twice) == ["heading_twice"]
    assert warnings(twice) == ["heading_unknown"]
    assert twice.blocked_buildings == {"3"}
    missing = read(xlsx_of(["502", "张三", 89], headings=["房号", "业主", "建筑面积"]))
    assert errors(missing) == ["heading_missing", "building_missing"]


def test_two_columns_of_phones_are_one_list_of_contacts() -> None:
    reading = read(xlsx_of([*a_row(), "13900002222"], headings=[*HEADINGS, "联系电话2"]))
    (owner,) = only_room(reading).owners
    assert owner.phones == (Phone("13800001111"), Phone("13900002222"))
    assert not owner.may_claim


def test_people_without_a_name_and_a_state_against_its_owner_are_left_empty() -> None:
    nameless = read(xlsx_of(a_row(业主姓名=None)))
    assert only_room(nameless).owners == ()
    assert warnings(nameless) == ["owner_missing"]
    unsold = read(xlsx_of(a_row(房屋状态="未售")))
    assert only_room(unsold).state is None
    assert warnings(unsold) == ["unsold_with_owner"]


@pytest.mark.parametrize(
    ("heading", "value", "code"),
    [
        ("楼层", "跃层", "floor_unreadable"),
        ("房屋编码", 3.20106e17, "digits_lost"),
        ("房屋用途", "待定", "use_unknown"),
        ("房屋状态", "待定", "state_unknown"),
        ("证件号码", "3201**********1234", "id_number_unreadable"),
        ("证件号码", "E12345678、E87654321", "id_numbers_not_one_each"),
        ("联系电话", "不详", "phone_unreadable"),
        ("交房日期", "待定", "date_unreadable"),
    ],
)
def test_a_doubtful_value_is_left_empty_with_a_warning(
    heading: str, value: Value, code: str
) -> None:
    reading = read(xlsx_of(a_row(**{heading: value})))
    assert (errors(reading), warnings(reading)) == ([], [code])
    assert len(reading.rooms) == 1


@pytest.mark.parametrize(
    ("heading", "value", "code"),
    [
        ("业主姓名", 12345, "owner_unreadable"),
        ("业主姓名", "长" * 61, "owner_unreadable"),
        ("交房日期", "1900-01-01", "date_out_of_range"),
        ("单元号", date(2024, 3, 1), "unit_is_date"),
        ("单元号", "1/2", "unit_unclear"),
        ("房号", None, "room_missing"),
    ],
)
def test_a_wrong_value_blocks_its_building(heading: str, value: Value, code: str) -> None:
    reading = read(xlsx_of(a_row(**{heading: value}), a_row(楼栋号="4栋")))
    assert errors(reading) == [code]
    assert reading.blocked_buildings == {"3"}


def test_serials_count_from_1904_where_the_file_says_so() -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx_of(a_row(交房日期=42155, 计费起始日=None))))
    book.epoch = CALENDAR_MAC_1904
    assert only_room(read(saved(book))).handed_over_on == date(2019, 6, 1)
