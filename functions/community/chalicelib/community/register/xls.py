""".xls by xlrd, which tells an error cell from an empty one; python-calamine gives "" for both."""

from __future__ import annotations

import io
from datetime import date, time
from typing import Literal

import xlrd
from xlrd.biffh import XLRDError, error_text_from_code
from xlrd.sheet import Cell as XlrdCell
from xlrd.sheet import Sheet as XlrdSheet

from chalicelib.community.register.model import RegisterRefused
from chalicelib.community.register.sheet import (
    EMPTY,
    EPOCH_1900,
    EPOCH_1904,
    Cell,
    Kind,
    Merge,
    Sheet,
    check_extent,
    check_sheet_count,
    text_cell,
    trimmed,
)

_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")


def read_xls(data: bytes) -> tuple[Sheet, ...]:
    """The worksheets of an .xls file (BIFF5 or BIFF8).

    Raises
    ------
    RegisterRefused
        The file is encrypted, damaged or over a limit.
    """
    if _ENCRYPTED_PACKAGE in data:
        raise RegisterRefused("file_encrypted")
    try:
        # formatting_info brings the merged ranges; ragged rows keep a far cell from filling memory.
        with xlrd.open_workbook(
            file_contents=data,
            formatting_info=True,
            ragged_rows=True,
            on_demand=True,
            logfile=io.StringIO(),
        ) as book:
            check_sheet_count(book.nsheets)
            sheets: list[Sheet] = []
            for index in range(book.nsheets):
                sheets.append(_sheet(book.sheet_by_index(index), book.datemode))
                book.unload_sheet(index)
            return tuple(sheets)
    except RegisterRefused:
        raise
    except Exception as cause:
        # Over damaged bytes xlrd raises whatever it stumbles on (struct.error, IndexError, …);
        # each of them means the same to the person who sent the file.
        encrypted = isinstance(cause, XLRDError) and "encrypted" in str(cause)
        raise RegisterRefused("file_encrypted" if encrypted else "file_damaged") from cause


def _sheet(sheet: XlrdSheet, datemode: Literal[0, 1]) -> Sheet:
    rows: list[list[Cell]] = []
    for index in range(sheet.nrows):
        cells = [_cell(cell, datemode) for cell in sheet.row(index)]
        while cells and cells[-1].kind is Kind.EMPTY:
            cells.pop()
        if cells:
            check_extent(index + 1, len(cells))
        rows.append(cells)
    merges = tuple(
        Merge(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells
    )
    return Sheet(
        sheet.name,
        trimmed(rows),
        merges,
        hidden=sheet.visibility != 0,
        epoch=EPOCH_1904 if datemode else EPOCH_1900,
    )


def _cell(cell: XlrdCell, datemode: Literal[0, 1]) -> Cell:
    if cell.ctype == xlrd.XL_CELL_TEXT:
        return text_cell(str(cell.value))
    if cell.ctype == xlrd.XL_CELL_NUMBER:
        return Cell(Kind.NUMBER, float(cell.value))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return Cell(Kind.BOOL, bool(cell.value))
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return Cell(Kind.ERROR, error_text_from_code.get(int(cell.value), "#N/A"))
    if cell.ctype == xlrd.XL_CELL_DATE:
        return _date(float(cell.value), datemode)
    return EMPTY


def _date(serial: float, datemode: Literal[0, 1]) -> Cell:
    try:
        year, month, day, hour, minute, second = xlrd.xldate_as_tuple(serial, datemode)
    except xlrd.XLDateError:
        # A number under a date format that no calendar has: it is read as the number it is.
        return Cell(Kind.NUMBER, serial)
    if year == 0:
        return Cell(Kind.DATE, time(hour, minute, second))
    return Cell(Kind.DATE, date(year, month, day))
