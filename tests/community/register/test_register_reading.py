"""The twelve dirty cases of D12, each from a real file."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pytest
import xlwt  # type: ignore[import-untyped]  # has no stubs; writes .xls for tests only

from chalicelib.community.register.model import (
    Owner,
    Payer,
    Phone,
    RegisterRefused,
    Severity,
    State,
    Use,
)
from chalicelib.community.register.texts import finding_text
from tests.community.register.register_files import (
    HEADINGS,
    ID_NUMBER,
    Value,
    a_row,
    csv_of,
    errors,
    only_room,
    read,
    saved,
    warnings,
    xlsx_of,
)


def test_a_clean_row_is_one_room() -> None:
    reading = read(xlsx_of(a_row()))
    assert reading.findings == ()
    room = only_room(reading)
    assert room.key == ("3", "1", "502")
    assert room.original == "3栋 1单元 502"
    assert (room.floor, room.code, room.use, room.state) == (
        5,
        "YG-3-1-502",
        Use.RESIDENTIAL,
        State.OCCUPIED,
    )
    assert (room.built_area_dm2, room.inner_area_dm2) == (8943, 7020)
    assert room.owners == (Owner("张三", ID_NUMBER, (Phone("13800001111"),), may_claim=True),)
    assert room.payer is Payer.OWNER
    assert (room.handed_over_on, room.billing_from) == (date(2019, 6, 1), date(2019, 7, 1))
    assert (room.sheet, room.rows) == ("Sheet1", (2,))


def test_headings_stand_in_any_order_and_by_their_aliases() -> None:
    reading = read(
        xlsx_of(
            ["李四", "502室", "A座", 100, "商铺", "2单元", "2020-01-02"],
            headings=["产权人", "室号", "幢", "建筑面积（㎡）", "业态", "单元", "收楼"],
        )
    )
    room = only_room(reading)
    assert room.key == ("A", "2", "502")
    assert (room.built_area_dm2, room.use) == (10_000, Use.SHOP)
    assert room.owners == (Owner("李四"),)
    assert room.handed_over_on == date(2020, 1, 2)


def _dressed_register() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["阳光花园房产台账"])
    sheet.append(["制表日期：2024年1月"])
    sheet.append(["楼栋号", "房号", "面积(㎡)", None, "业主信息", None, "备注"])
    sheet.append([None, None, "建筑", "套内", "姓名", "联系电话", None])
    sheet.append(["3#", "101", 89.43, 70, "张三", "13800001111"])
    sheet.append([None, "102", 90.1, 71, "李四", "13800002222"])
    sheet.append(["小计", None, "=SUM(C5:C6)"])
    sheet.append([None, "103", 91, 72, "王五", "13800003333"])
    sheet.append(["合计", None, 270.53])
    sheet.append(["制表人：赵六"])
    for merge in ("A1:G1", "A3:A4", "B3:B4", "C3:D3", "E3:F3", "G3:G4", "A5:A6"):
        sheet.merge_cells(merge)
    return saved(book)


def test_titles_double_headings_and_totals_are_no_rooms() -> None:
    reading = read(_dressed_register())
    assert [room.key for room in reading.rooms] == [("3", "0", "101"), ("3", "0", "102")]
    first = reading.rooms[0]
    assert (first.built_area_dm2, first.inner_area_dm2) == (8943, 7000)
    assert first.owners == (Owner("张三", None, (Phone("13800001111"),), may_claim=True),)


def test_a_merged_building_is_filled_only_inside_the_merge() -> None:
    reading = read(_dressed_register())
    assert errors(reading) == ["building_missing"]
    finding = next(f for f in reading.findings if f.severity is Severity.ERROR)
    assert (finding.row, finding.heading, finding.building) == (8, "楼栋号", None)


def test_an_error_without_a_building_blocks_every_building_of_its_sheet() -> None:
    assert read(_dressed_register()).blocked_buildings == {"3"}


def test_headings_repeated_on_every_page_are_skipped() -> None:
    reading = read(xlsx_of(a_row(), list(HEADINGS), a_row(房号="503")))
    assert [room.number for room in reading.rooms] == ["502", "503"]
    assert reading.findings == ()


def test_one_area_merged_over_two_rooms_is_an_error() -> None:
    rows = (a_row(), a_row(房号="503", 建筑面积=None))
    assert errors(read(xlsx_of(*rows, merges=["G2:G3"]))) == ["area_merged"]


@pytest.mark.parametrize(
    "number", [date(2024, 3, 1), 45352, "45352", "3月1日", "2024/3/1", "1-Mar", "2024-03-01"]
)
def test_a_room_turned_into_a_date_is_an_error_never_a_guess(number: Value) -> None:
    reading = read(xlsx_of(a_row(房号=number)))
    assert errors(reading) == ["room_is_date"]
    assert reading.rooms == ()


def test_a_building_turned_into_a_date_is_an_error() -> None:
    assert errors(read(xlsx_of(a_row(楼栋号=date(2024, 3, 1))))) == ["building_is_date"]


@pytest.mark.parametrize(
    "building", ["3#", "三号楼", "3栋", "叁栋", "３幢", "第三栋", "03", 3, "3#楼"]
)
@pytest.mark.parametrize("number", ["502室", "０５０２", 502, "3-1-502", "1-502", "五〇二"])
def test_spellings_of_a_room_are_one_key_and_keep_the_original(
    building: Value, number: Value
) -> None:
    room = only_room(read(xlsx_of(a_row(楼栋号=building, 房号=number))))
    assert room.key == ("3", "1", "502")
    assert room.original == f"{building} 1单元 {number}"


def test_the_same_room_with_the_same_area_and_another_owner_has_co_owners() -> None:
    reading = read(xlsx_of(a_row(), a_row(业主姓名="李四", 证件号码=None, 联系电话="13900002222")))
    room = only_room(reading)
    assert [owner.name for owner in room.owners] == ["张三", "李四"]
    assert room.rows == (2, 3)
    assert errors(reading) == []


def test_the_same_room_with_another_area_is_an_error_in_both_rows() -> None:
    reading = read(xlsx_of(a_row(), a_row(建筑面积=90, 业主姓名="李四", 证件号码=None)))
    assert errors(reading) == ["room_areas_differ", "room_areas_differ"]
    assert [finding.row for finding in reading.findings] == [2, 3]
    assert reading.blocked_buildings == {"3"}


@pytest.mark.parametrize("number", ["101/102", "101、102", "101+102打通", "101 102", "101-102"])
def test_two_rooms_joined_are_an_error_that_asks_one_or_two(number: str) -> None:
    reading = read(xlsx_of(a_row(房号=number)))
    assert errors(reading) == ["rooms_joined"]
    assert "一套还是两套" in finding_text(reading.findings[0], "zh-CN")
    assert "is it one or two?" in finding_text(reading.findings[0], "en")


@pytest.mark.parametrize("area", ["89.43㎡", "８９．４３", "89.43 平方米", 89.43, 89.4300000001])
def test_an_area_is_read_with_its_unit_and_in_full_width(area: Value) -> None:
    assert only_room(read(xlsx_of(a_row(建筑面积=area)))).built_area_dm2 == 8943


@pytest.mark.parametrize(
    ("built", "inner", "code"),
    [
        (0, None, "area_not_positive"),
        (-5, None, "area_not_positive"),
        ("约89", None, "area_unreadable"),
        (89, 90, "inner_area_exceeds_built"),
        (1e9, None, "area_too_large"),
    ],
)
def test_an_impossible_area_is_an_error(built: Value, inner: Value, code: str) -> None:
    reading = read(xlsx_of(a_row(建筑面积=built, 套内面积=inner)))
    assert errors(reading) == [code]
    assert reading.blocked_buildings == {"3"}


def test_a_blank_area_is_unbillable_and_a_warning() -> None:
    reading = read(xlsx_of(a_row(建筑面积=None, 套内面积=None)))
    assert only_room(reading).built_area_dm2 is None
    assert (errors(reading), warnings(reading)) == ([], ["area_missing"])


@pytest.mark.parametrize("number", [3.20106e17, "3.20106E+17"])
def test_an_id_number_that_lost_its_digits_is_left_empty(number: Value) -> None:
    reading = read(xlsx_of(a_row(证件号码=number)))
    assert only_room(reading).owners[0].id_number is None
    assert (errors(reading), warnings(reading)) == ([], ["id_number_lost_digits"])


def test_an_id_number_with_a_wrong_check_character_is_left_empty() -> None:
    reading = read(xlsx_of(a_row(证件号码="110105194912310021")))
    assert only_room(reading).owners[0].id_number is None
    assert warnings(reading) == ["id_number_wrong"]


@pytest.mark.parametrize(
    ("cell", "phones"),
    [
        ("13800001111 13900002222(女儿)", (Phone("13800001111"), Phone("13900002222", "女儿"))),
        ("13800001111(女儿)", (Phone("13800001111", "女儿"),)),
        ("女儿:138-0000-1111", (Phone("13800001111", "女儿"),)),
        ("138 0000 1111/+86 13900002222", (Phone("13800001111"), Phone("13900002222"))),
        ("025-88886666", (Phone("025-88886666"),)),
    ],
)
def test_two_phones_or_another_persons_are_contacts_and_none_may_claim(
    cell: str, phones: tuple[Phone, ...]
) -> None:
    reading = read(xlsx_of(a_row(联系电话=cell)))
    (owner,) = only_room(reading).owners
    assert owner.phones == phones
    assert not owner.may_claim
    assert warnings(reading) == ["phones_are_contacts"]


@pytest.mark.parametrize(("rooms", "may_claim"), [(5, True), (6, False)])
def test_a_phone_on_more_than_five_rooms_cannot_bind(rooms: int, may_claim: bool) -> None:
    reading = read(xlsx_of(*(a_row(房号=str(101 + n)) for n in range(rooms))))
    assert {owner.may_claim for room in reading.rooms for owner in room.owners} == {may_claim}
    assert warnings(reading) == ([] if may_claim else ["phone_on_many_rooms"] * rooms)


@pytest.mark.parametrize(
    ("name", "state"), [("未售", State.UNSOLD), ("开发商", None), ("开发商自持", None)]
)
def test_an_unsold_room_has_no_person_and_the_developer_pays(
    name: str, state: State | None
) -> None:
    reading = read(xlsx_of(a_row(业主姓名=name, 证件号码=None, 联系电话=None, 房屋状态=None)))
    room = only_room(reading)
    assert (room.owners, room.payer, room.state) == ((), Payer.DEVELOPER, state)
    assert reading.findings == ()


@pytest.mark.parametrize(
    "day",
    ["2019.6.1", "2019-06-01", "2019/6/1", "2019年6月1日", "20190601", 43617, "43617", 20190601],
)
def test_a_date_is_read_in_every_spelling(day: Value) -> None:
    assert only_room(read(xlsx_of(a_row(交房日期=day)))).handed_over_on == date(2019, 6, 1)


@pytest.mark.parametrize("day", ["2019-06-31", "2019.13.1", "20190631"])
def test_a_day_that_does_not_exist_is_an_error(day: str) -> None:
    assert errors(read(xlsx_of(a_row(交房日期=day)))) == ["date_does_not_exist"]


@pytest.mark.parametrize("day", ["19年6月", "2019年6月", "2019.6", "19.6.1", 2019.6, "2019"])
def test_half_a_date_is_to_be_confirmed(day: Value) -> None:
    reading = read(xlsx_of(a_row(交房日期=day)))
    assert only_room(reading).handed_over_on is None
    assert (errors(reading), warnings(reading)) == ([], ["date_to_confirm"])


def test_a_gb18030_csv_is_decoded() -> None:
    room = only_room(read(csv_of(a_row(业主姓名="喆䶮"), encoding="gb18030")))
    assert room.owners[0].name == "喆䶮"


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig"])
def test_an_undecodable_byte_is_an_error_of_its_row(encoding: str) -> None:
    rows = (a_row(备注="BAD"), a_row(房号="503"), a_row(楼栋号="4栋"))
    reading = read(csv_of(*rows, encoding=encoding).replace(b"BAD", b"\xff\xff"))
    assert [(f.row, f.heading, f.code) for f in reading.findings] == [
        (2, "备注", "cell_undecodable")
    ]
    assert len(reading.rooms) == 3
    assert reading.blocked_buildings == {"3"}


def test_an_error_cell_and_an_uncalculated_formula_are_errors() -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx_of(a_row(), a_row(房号="503"))))
    sheet = book.active
    assert sheet is not None
    sheet["G2"] = "#REF!"
    sheet["G3"] = "=80+9.43"
    reading = read(saved(book))
    assert errors(reading) == ["cell_error", "cell_formula"]
    assert [room.built_area_dm2 for room in reading.rooms] == [None, None]


def test_an_xls_file_is_read_with_its_merges_dates_and_errors() -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("台账")
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for column, heading in enumerate(["楼栋号", "房号", "建筑面积", "交房日期"]):
        sheet.write(0, column, heading)
    sheet.write_merge(1, 2, 0, 0, "三号楼")
    for row, number in ((1, 101), (2, 102)):
        sheet.write(row, 1, number)
        sheet.write(row, 3, 43617, day)
    sheet.write(1, 2, 89.43)
    sheet.row(2).set_cell_error(2, "#REF!")
    content = io.BytesIO()
    book.save(content)
    reading = read(content.getvalue())
    assert [room.key for room in reading.rooms] == [("3", "0", "101"), ("3", "0", "102")]
    assert [room.handed_over_on for room in reading.rooms] == [date(2019, 6, 1)] * 2
    assert [room.built_area_dm2 for room in reading.rooms] == [8943, None]
    assert errors(reading) == ["cell_error"]


def test_three_thousand_rows_are_read_whole() -> None:
    rows = [
        a_row(
            楼栋号=f"{n // 300 + 1}#",
            房号=f"{n % 300 // 10 + 1}{n % 10:02}",
            联系电话=f"138{n:08}",
        )
        for n in range(3_000)
    ]
    reading = read(xlsx_of(*rows))
    assert len({room.key for room in reading.rooms}) == 3_000
    assert reading.findings == ()


def test_hidden_sheets_and_sheets_without_headings_are_skipped_with_a_warning() -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx_of(a_row())))
    book.create_sheet("说明").append(["请按模板填写"])
    hidden = book.create_sheet("旧数据")
    hidden.append(list(HEADINGS))
    hidden.append(a_row(房号="999"))
    hidden.sheet_state = "hidden"
    reading = read(saved(book))
    assert [room.number for room in reading.rooms] == ["502"]
    assert warnings(reading) == ["sheet_without_headings", "sheet_hidden"]


def test_a_file_without_register_headings_is_refused() -> None:
    with pytest.raises(RegisterRefused) as refused:
        read(xlsx_of(["x", "y"], headings=["姓名", "电话"]))
    assert refused.value.code == "no_headings"


def test_no_field_is_as_long_as_a_cell_can_be() -> None:
    reading = read(xlsx_of(a_row(房号="室" * 30_000, 备注="长" * 30_000)))
    assert errors(reading) == ["room_unclear"]
    assert all(len(finding_text(finding, "en")) < 250 for finding in reading.findings)
    assert warnings(read(csv_of(a_row(备注="长" * 501)))) == ["text_too_long"]


def test_a_car_park_space_keeps_its_zone() -> None:
    room = only_room(read(xlsx_of(a_row(楼栋号="地下车库", 单元号=None, 房号="B1-023"))))
    assert room.key == ("地下车库", "0", "B1区023")


def test_co_owners_in_one_cell_share_the_phone_as_a_contact() -> None:
    room = only_room(read(xlsx_of(a_row(业主姓名="张三、李四", 证件号码=None))))
    assert room.owners == (
        Owner("张三", None, (Phone("13800001111", "共有人"),), may_claim=False),
        Owner("李四"),
    )


def test_findings_about_people_do_not_repeat_what_the_cell_says() -> None:
    reading = read(xlsx_of(a_row(证件号码="110105194912310021", 联系电话="电话13800001111不详")))
    lines = [finding_text(finding, "zh-CN") for finding in reading.findings]
    assert len(lines) == 2
    assert not any("1101051949" in line or "13800001111" in line for line in lines)
