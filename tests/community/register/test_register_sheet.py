"""What a register file may not do to its reader."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable

import openpyxl
import pytest
import xlwt  # type: ignore[import-untyped]  # has no stubs; writes .xls for tests only
from openpyxl.styles import Font

from chalicelib.community.register.model import RegisterRefused
from chalicelib.community.register.sheet import Kind, read_sheets
from chalicelib.community.register.xlsx import MAX_UNCOMPRESSED_BYTES
from tests.community.register.register_files import a_row, csv_of, only_room, read, saved, xlsx_of

SHEET = "xl/worksheets/sheet1.xml"
BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">'
    + b"".join(
        f'<!ENTITY {chr(97 + n)} "{f"&{chr(96 + n)};" * 10}">'.encode() for n in range(1, 10)
    )
    + b"]>"
)


def refusal(data: bytes) -> str:
    """The code with which a file is refused."""
    with pytest.raises(RegisterRefused) as refused:
        read_sheets(data)
    return refused.value.code


def with_part(name: str, old: bytes, new: bytes) -> bytes:
    """A clean register with one text in one part of its archive replaced."""

    def change(found: str, content: bytes) -> bytes:
        if found != name:
            return content
        assert old in content
        return content.replace(old, new)

    return rezipped(change)


def rezipped(change: Callable[[str, bytes], bytes], data: bytes | None = None) -> bytes:
    """A clean register with the parts of its archive changed."""
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data or xlsx_of(a_row()))) as old,
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return content.getvalue()


def test_the_type_is_read_from_the_bytes() -> None:
    assert read_sheets(csv_of(a_row()))[0].name == "CSV"
    assert read_sheets(xlsx_of(a_row()))[0].name == "Sheet1"
    assert refusal(b"") == "file_empty"
    assert refusal(b"<html><table><tr><td>1</td></tr></table></html>") == "file_type_unknown"
    assert refusal(b"%PDF-1.7") == "file_type_unknown"
    assert refusal("楼栋".encode("utf-16")) == "file_type_unknown"


@pytest.mark.parametrize(
    "junk", [b"PK\x03\x04junk", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)]
)
def test_a_damaged_file_is_refused(junk: bytes) -> None:
    assert refusal(junk) == "file_damaged"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<v>70.2</v>", b"<v>seventy</v>"),
        (b't="n"', b't="nonsense"'),
        (b'r="A2"', b'r="2A"'),
        (b"</sheetData>", b"</sheetDate>"),
        (b'<row r="2">', b'<row r="two">'),
    ],
)
def test_a_damaged_sheet_is_refused(old: bytes, new: bytes) -> None:
    assert refusal(with_part(SHEET, old, new)) == "file_damaged"


def test_a_sheet_that_claims_to_be_large_is_as_large_as_its_cells() -> None:
    data = with_part(SHEET, b'ref="A1:O2"', b'ref="A1:XFD1048576"')
    assert only_room(read(data)).number == "502"


def test_an_archive_that_is_no_workbook_is_refused() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert refusal(content.getvalue()) == "file_type_unknown"


def test_ten_megabytes_are_the_limit() -> None:
    limit = 10 * 1024 * 1024
    assert refusal(b"x" * (limit + 1)) == "file_too_large"
    assert read_sheets(b"x,y\n" + b"\n" * 100)[0].rows[0][0].value == "x"


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = rezipped(lambda name, part: part + b" " * 60_000_000 if name == SHEET else part)
    assert len(bomb) < 100_000
    assert refusal(bomb) == "zip_bomb"


def test_more_than_a_hundred_megabytes_inside_are_refused_whatever_the_ratio() -> None:
    content = io.BytesIO(xlsx_of(a_row()))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.png", bytes(MAX_UNCOMPRESSED_BYTES + 1))
    assert refusal(content.getvalue()) == "zip_bomb"


def test_a_directory_that_lies_about_its_sizes_is_refused() -> None:
    data = rezipped(lambda name, part: part + b" " * 50_000_000 if name == SHEET else part)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = struct.pack("<L", archive.getinfo(SHEET).file_size)
    assert data.count(size) == 2
    assert refusal(data.replace(size, struct.pack("<L", 1_000))) == "file_damaged"


def test_a_thousand_members_are_the_limit() -> None:
    content = io.BytesIO(xlsx_of(a_row()))
    with zipfile.ZipFile(content, "a") as archive:
        for number in range(1_000):
            archive.writestr(f"xl/media/{number}", "")
    assert refusal(content.getvalue()) == "zip_bomb"


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"])
def test_a_billion_laughs_are_refused(part: str) -> None:
    def laugh(name: str, content: bytes) -> bytes:
        return BILLION_LAUGHS + content.rpartition(b"?>")[2] if name == part else content

    assert refusal(rezipped(laugh)) == "xml_declaration"


def test_a_declaration_hidden_in_another_encoding_is_refused() -> None:
    def hide(name: str, content: bytes) -> bytes:
        return (BILLION_LAUGHS + content).decode().encode("utf-16") if name == SHEET else content

    assert refusal(rezipped(hide)) == "file_damaged"


def test_a_cell_far_out_is_refused_before_it_fills_memory() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1048576"] = "x"
    assert refusal(saved(book)) == "too_many_rows"
    sheet["A1048576"] = None
    sheet["XFD1"] = "x"
    assert refusal(saved(book)) == "too_many_columns"


def test_a_far_cell_that_holds_only_a_format_is_no_cell() -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx_of(a_row())))
    sheet = book.active
    assert sheet is not None
    sheet["XFD1048576"].font = Font(bold=True)
    assert only_room(read(saved(book))).number == "502"


def test_ten_thousand_rows_are_the_limit_over_all_sheets() -> None:
    assert len(read_sheets(b"x,y\n" * 10_000)[0].rows) == 10_000
    assert refusal(b"x,y\n" * 10_001) == "too_many_rows"
    book = openpyxl.Workbook(write_only=True)
    for _ in range(2):
        sheet = book.create_sheet()
        for _ in range(5_001):
            sheet.append(["x"])
    assert refusal(saved(book)) == "too_many_rows"


def test_sixty_columns_and_twenty_sheets_are_the_limits() -> None:
    assert len(read_sheets(b"," * 58 + b",x")[0].rows[0]) == 60
    assert refusal(b"," * 60 + b"x") == "too_many_columns"
    book = openpyxl.Workbook()
    for _ in range(19):
        book.create_sheet()
    assert len(read_sheets(saved(book))) == 20
    book.create_sheet()
    assert refusal(saved(book)) == "too_many_sheets"


def test_a_formula_is_never_evaluated_and_its_cached_value_is_read() -> None:
    value, formula = b"<v>70.2</v>", b"<f>1+1</f>"
    cached = with_part(SHEET, value, formula + value)
    assert only_room(read(cached)).inner_area_dm2 == 7020
    (sheet,) = read_sheets(with_part(SHEET, value, formula))
    assert (sheet.rows[1][7].kind, sheet.rows[1][7].value) == (Kind.ERROR, "formula")


def test_a_password_is_named_as_the_reason() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    assert refusal(ole + bytes(600) + "EncryptedPackage".encode("utf-16-le")) == "file_encrypted"
    data = bytearray(xlsx_of(a_row()))
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert refusal(bytes(data)) == "file_encrypted"


def test_an_xls_sheet_may_be_no_wider_than_any_other() -> None:
    book = xlwt.Workbook()
    book.add_sheet("a").write(0, 60, "x")
    content = io.BytesIO()
    book.save(content)
    assert refusal(content.getvalue()) == "too_many_columns"


def test_shared_strings_are_read_as_spreadsheets_write_them() -> None:
    strings: list[bytes] = []

    def share(match: re.Match[bytes]) -> bytes:
        strings.append(b"<si>" + match[1] + b"</si>")
        return b't="s"><v>%d</v>' % (len(strings) - 1)

    def shared(name: str, content: bytes) -> bytes:
        if name == SHEET:
            return re.sub(rb't="inlineStr"><is>(.*?)</is>', share, content)
        if name == "xl/_rels/workbook.xml.rels":
            kind = (
                b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
            )
            link = b'<Relationship Id="rs" Target="sharedStrings.xml" Type="%s"/>' % kind
            return content.replace(b"</Relationships>", link + b"</Relationships>")
        return content

    content = io.BytesIO(rezipped(shared))
    with zipfile.ZipFile(content, "a") as archive:
        space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        archive.writestr("xl/sharedStrings.xml", b"<sst %s>%s</sst>" % (space, b"".join(strings)))
    reading = read(content.getvalue())
    assert len(strings) > 20
    assert reading == read(xlsx_of(a_row()))


def test_links_and_other_parts_never_reach_the_reader() -> None:
    content = io.BytesIO(xlsx_of(a_row()))
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("xl/externalLinks/externalLink1.xml", BILLION_LAUGHS)
        archive.writestr("xl/vbaProject.bin", b"\xff" * 100)
    assert only_room(read(content.getvalue())).number == "502"


def test_merged_ranges_that_overlap_are_refused() -> None:
    ranges = b'<mergeCells count="2"><mergeCell ref="A1:B9"/><mergeCell ref="A2:B5"/></mergeCells>'
    data = with_part(SHEET, b"</sheetData>", b"</sheetData>" + ranges)
    with pytest.raises(RegisterRefused) as refused:
        read(data)
    assert refused.value.code == "file_damaged"


def test_quotes_that_never_close_are_refused_with_their_line() -> None:
    with pytest.raises(RegisterRefused) as refused:
        read_sheets(b'a,b\n"c,d\n')
    assert (refused.value.code, refused.value.params["line"]) == ("csv_damaged", "2")
