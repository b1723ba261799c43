"""What is exported and imported again is unchanged, and no cell of it is a formula."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.community.register.csvfile import escaped
from chalicelib.community.register.diff import Kind, plan_import
from chalicelib.community.register.export import to_csv, to_xlsx
from chalicelib.community.register.model import Owner, Payer, Phone, Room, State, Use
from chalicelib.community.register.normalise import clean, is_blank
from chalicelib.community.register.people import may_claim, read_names
from chalicelib.community.register.sheet import REPLACEMENT, read_sheets, text_cell
from tests.community.register.register_files import read

EXPORTS = pytest.mark.parametrize("export", [to_xlsx, to_csv])
KEYS = st.one_of(
    st.integers(1, 60_000).map(str),
    st.sampled_from(["A", "B1区023", "桂园3", "商业", "地下车库", "502A"]),
)
PHONES = st.builds(
    Phone,
    st.sampled_from(["13800001111", "13900002222", "025-88886666", "+442079460958"]),
    st.sampled_from(["", "女儿", "租客", "John"]),
)
DATES = st.dates(date(1950, 1, 1), date(2100, 12, 31))
AREAS = st.integers(1, 10_000_000)


def _is_kept(text: str) -> bool:
    return not is_blank(text_cell(text)) and REPLACEMENT not in text and "E+" not in text.upper()


TEXTS = st.text(max_size=40).map(clean).filter(_is_kept)
NAMES = (
    st.text(max_size=20)
    .map(lambda text: read_names(text_cell(clean(text))).value or ())
    .filter(lambda names: len(names) == 1)
    .map(lambda names: names[0])
)


@st.composite
def owner_lists(draw: st.DrawFn) -> tuple[Owner, ...]:
    owners = []
    for name in draw(st.lists(NAMES, max_size=3, unique=True)):
        phones = tuple(dict.fromkeys(draw(st.lists(PHONES, max_size=3))))
        number = draw(st.sampled_from([None, "11010519491231002X", "E12345678", "A123456(7)"]))
        owners.append(Owner(name, number, phones, may_claim(phones)))
    return tuple(owners)


@st.composite
def rooms(draw: st.DrawFn) -> Room:
    built = draw(st.none() | AREAS)
    owners = draw(owner_lists())
    unit = draw(st.just("0") | KEYS)
    return Room(
        building=draw(KEYS),
        unit=unit,
        floor=draw(st.none() | st.integers(-5, 99)),
        number=draw(KEYS),
        original="",
        code=draw(st.none() | TEXTS),
        use=draw(st.none() | st.sampled_from(Use)),
        state=draw(st.none() | st.sampled_from(State)),
        built_area_dm2=built,
        inner_area_dm2=draw(st.none() | st.integers(1, built or 10_000_000)),
        owners=owners,
        payer=draw(st.sampled_from(Payer)),
        handed_over_on=draw(st.none() | DATES),
        billing_from=draw(st.none() | DATES),
        note=draw(st.none() | TEXTS),
    )


@EXPORTS
@settings(max_examples=60, deadline=None)
@given(estate=st.lists(rooms(), min_size=1, max_size=4, unique_by=lambda room: room.key))
def test_an_export_imported_again_changes_nothing(export: object, estate: list[Room]) -> None:
    assert callable(export)
    reading = read(export(estate))
    assert reading.blocked_buildings == frozenset()
    outcomes = plan_import(estate, reading.rooms)
    assert [(o.kind, o.changes) for o in outcomes] == [(Kind.UNCHANGED, ())] * len(estate)


@EXPORTS
@settings(max_examples=60, deadline=None)
@given(estate=st.lists(rooms(), min_size=1, max_size=4, unique_by=lambda room: room.key))
def test_an_export_read_into_an_empty_estate_makes_the_same_rooms(
    export: object, estate: list[Room]
) -> None:
    assert callable(export)
    made = {o.key: o.room for o in plan_import([], read(export(estate)).rooms)}
    for room in estate:
        found = made[room.key]
        assert found is not None
        assert (found.owners, found.built_area_dm2, found.note) == (
            room.owners,
            room.built_area_dm2,
            room.note,
        )


HOSTILE = ["=1+1", "+86", "-2", "@SUM(A1)", "'=1+1", "''@x", '=HYPERLINK("http://x","y")']


def _hostile_rooms() -> list[Room]:
    return [
        Room(
            "3",
            "1",
            5,
            str(101 + n),
            "",
            text,
            None,
            None,
            8943,
            None,
            (Owner(text),),
            Payer.OWNER,
            None,
            None,
            text,
        )
        for n, text in enumerate(HOSTILE)
    ]


def test_no_cell_of_an_xlsx_export_is_a_formula() -> None:
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(_hostile_rooms())))
    sheet = book.active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert [row[14].value for row in sheet.iter_rows(min_row=2)] == HOSTILE


def test_no_cell_of_a_csv_export_begins_like_a_formula() -> None:
    text = to_csv(_hostile_rooms()).decode("utf-8-sig")
    cells = [cell.strip('"') for line in text.splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@")]
    (sheet,) = read_sheets(to_csv(_hostile_rooms()))
    assert [row[14].value for row in sheet.rows[1:]] == HOSTILE


@given(st.text(max_size=20))
def test_an_escaped_text_never_begins_like_a_formula(text: str) -> None:
    assert escaped(text)[:1] not in tuple("=+-@\t\r")


def test_a_csv_export_has_a_byte_order_mark() -> None:
    assert to_csv([]).startswith(b"\xef\xbb\xbf")


def test_below_ground_and_disguised_numbers_survive() -> None:
    room = _hostile_rooms()[0]
    estate = [replace(room, floor=-2, number="45352", building="45352", unit="40000")]
    for export in (to_xlsx, to_csv):
        (outcome,) = plan_import(estate, read(export(estate)).rooms)
        assert outcome.kind is Kind.UNCHANGED
