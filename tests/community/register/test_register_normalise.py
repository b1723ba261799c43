"""One spelling for each value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.community.register.headings import Field, field_of
from chalicelib.community.register.model import Severity
from chalicelib.community.register.normalise import (
    building_key,
    chinese_number,
    floor_number,
    room_key,
    unit_key,
)
from chalicelib.community.register.sheet import Cell, Kind
from chalicelib.community.register.texts import FINDINGS, REFUSALS

ANY_TEXT = st.text("0123456789AB栋座楼号室单元第三十一-/# 月日年合计", max_size=8)


def text(value: str) -> Cell:
    """A text cell."""
    return Cell(Kind.TEXT, value)


@pytest.mark.parametrize(
    ("numeral", "number"),
    [
        ("三", 3),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("二十五", 25),
        ("一百零三", 103),
        ("一百二十", 120),
        ("五〇二", 502),
        ("叁", 3),
        ("拾贰", 12),
        ("十百", None),
        ("二三十", None),
        ("三元", None),
        ("", None),
    ],
)
def test_chinese_numerals_are_numbers(numeral: str, number: int | None) -> None:
    assert chinese_number(numeral) == number


@pytest.mark.parametrize(
    ("found", "key"),
    [("A座", "A"), ("a 座", "A"), ("桂园3栋", "桂园3"), ("商业楼", "商业"), ("十二号楼", "12")],
)
def test_a_building_has_one_key(found: str, key: str) -> None:
    assert building_key(text(found)).value == key


@pytest.mark.parametrize(
    "found", ["1-2栋", "12/13栋", "#", "3栋!", "楼" * 30, "A" * 21, "楼" * 999]
)
def test_a_building_that_is_not_clear_is_an_error(found: str) -> None:
    problem = building_key(text(found)).problem
    assert problem is not None
    assert (problem.severity, problem.code) == (Severity.ERROR, "building_unclear")


@pytest.mark.parametrize(
    ("found", "key"), [("1单元", "1"), ("一单元", "1"), ("", "0"), ("-", "0"), ("甲单元", "甲")]
)
def test_a_unit_has_one_key_and_none_is_zero(found: str, key: str) -> None:
    assert unit_key(text(found)).value == key


@pytest.mark.parametrize(
    "found", ["4-1-502", "1-3-502", "7-2", "502!", "3.5", "-1", "室" * 999, "1-" * 400]
)
def test_a_room_of_another_building_or_form_is_an_error(found: str) -> None:
    problem = room_key(text(found), "3", "1").problem
    assert problem is not None
    assert problem.code == "room_unclear"


@given(ANY_TEXT)
def test_a_key_is_its_own_key(found: str) -> None:
    building = building_key(text(found)).value
    if building is not None and not building.isdigit():
        assert building_key(text(building)).value == building
    room = room_key(text(found), "9", "9").value
    if room is not None and not room.isdigit():
        assert room_key(text(room), "9", "9").value == room


@pytest.mark.parametrize(
    ("found", "floor"),
    [("5", 5), ("5层", 5), ("5F", 5), ("负一层", -1), ("B2", -2), ("-1", -1), ("地下1层", -1)],
)
def test_a_floor_is_a_number_below_ground_negative(found: str, floor: int) -> None:
    assert floor_number(text(found)).value == floor


@pytest.mark.parametrize("found", ["跃层", "5-6层", "1F/2F", "999"])
def test_a_floor_that_is_not_clear_is_left_empty(found: str) -> None:
    read = floor_number(text(found))
    assert read.value is None
    assert read.problem is not None
    assert read.problem.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        (" 建筑 面积（㎡） *", Field.BUILT_AREA),
        ("建筑面积㎡", Field.BUILT_AREA),
        ("建筑面积(平方米)", Field.BUILT_AREA),
        ("联系电话2", Field.PHONES),
        ("业主姓名\n(产权人)", Field.OWNER),
        ("收楼", Field.HANDED_OVER_ON),
        ("面积", None),
        ("张三", None),
        ("2", None),
    ],
)
def test_a_heading_is_known_by_its_words_alone(heading: str, field: Field | None) -> None:
    assert field_of(heading) is field


@pytest.mark.parametrize("words", [*FINDINGS.values(), *REFUSALS.values()])
def test_every_text_has_the_same_parameters_in_both_languages(words: tuple[str, str]) -> None:
    chinese, english = words
    assert chinese.count("{") == english.count("{")
    assert english.isprintable()
