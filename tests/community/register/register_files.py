"""Register files as property firms keep them, built by the tests that read them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

import openpyxl

from chalicelib.community.register.model import Finding, RegisterRow, Severity
from chalicelib.community.register.reading import Reading, read_register
from chalicelib.community.register.sheet import read_sheets

HEADINGS = (
    "楼栋号",
    "单元号",
    "楼层",
    "房号",
    "房屋编码",
    "房屋用途",
    "建筑面积(㎡)",
    "套内面积(㎡)",
    "房屋状态",
    "业主姓名",
    "证件号码",
    "联系电话",
    "交房日期",
    "计费起始日",
    "备注",
)
ID_NUMBER = "11010519491231002X"
Value = str | int | float | date | bool | None

_PLAIN: dict[str, Value] = {
    "楼栋号": "3栋",
    "单元号": "1单元",
    "楼层": "5",
    "房号": "502",
    "房屋编码": "YG-3-1-502",
    "房屋用途": "住宅",
    "建筑面积(㎡)": 89.43,
    "套内面积(㎡)": 70.2,
    "房屋状态": "自住",
    "业主姓名": "张三",
    "证件号码": ID_NUMBER,
    "联系电话": "13800001111",
    "交房日期": date(2019, 6, 1),
    "计费起始日": date(2019, 7, 1),
    "备注": None,
}


def a_row(**differing: Value) -> list[Value]:
    """A clean row of room 3-1-502 with the named columns differing."""
    known = _PLAIN | {("建筑面积(㎡)" if k == "建筑面积" else k): v for k, v in differing.items()}
    known |= {"套内面积(㎡)": known.pop("套内面积")} if "套内面积" in known else {}
    known.pop("建筑面积", None)
    return [known[heading] for heading in HEADINGS]


def xlsx_of(
    *rows: Sequence[Value], headings: Sequence[str] = HEADINGS, merges: Iterable[str] = ()
) -> bytes:
    """An .xlsx with one sheet, Sheet1, of headings and rows."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Sheet1"
    for row in (headings, *rows):
        sheet.append(list(row))
    for merge in merges:
        sheet.merge_cells(merge)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    """The bytes of a workbook."""
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def csv_of(*rows: Sequence[Value], encoding: str = "utf-8-sig") -> bytes:
    """A CSV of headings and rows."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([HEADINGS, *rows])
    return text.getvalue().encode(encoding)


def read(data: bytes) -> Reading:
    """The whole way from bytes to rooms."""
    return read_register(read_sheets(data))


def only_room(reading: Reading) -> RegisterRow:
    """The one room of a reading."""
    (room,) = reading.rooms
    return room


def errors(reading: Reading) -> list[str]:
    """The codes of the errors, in order."""
    return _codes(reading.findings, Severity.ERROR)


def warnings(reading: Reading) -> list[str]:
    """The codes of the warnings, in order."""
    return _codes(reading.findings, Severity.WARNING)


def _codes(findings: Iterable[Finding], severity: Severity) -> list[str]:
    return [finding.code for finding in findings if finding.severity is severity]
