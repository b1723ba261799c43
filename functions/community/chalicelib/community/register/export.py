"""Rooms into a register file of the same form: what is exported and imported again is unchanged.

No cell of an export is a formula, whatever a name or a note begins with.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import date

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from chalicelib.community.register.csvfile import UTF8_BOM, escaped
from chalicelib.community.register.headings import HEADINGS
from chalicelib.community.register.model import Owner, Payer, Phone, Room
from chalicelib.community.register.normalise import DATE_SERIALS, NO_UNIT, clean
from chalicelib.community.register.texts import STATE_NAMES, USE_NAMES

SHEET_NAME = "房产台账"
_DEVELOPER = "开发商"
_ESCAPE_LIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_WIDTH_CHARS = 14

Value = str | float | date | None


def to_xlsx(rooms: Iterable[Room]) -> bytes:
    """The rooms as an .xlsx register, co-owners in a row each; texts are texts, never formulas."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(SHEET_NAME)
    sheet.freeze_panes = "A2"
    for column in range(len(HEADINGS)):
        sheet.column_dimensions[chr(ord("A") + column)].width = _WIDTH_CHARS
    sheet.append(list(HEADINGS.values()))
    for row in _rows(rooms):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet)
            if isinstance(value, str):
                # "_x0041_" is how the format spells a character, so its own underscore is spelt.
                cell.value = _ESCAPE_LIKE.sub("_x005F_", value)
                cell.data_type = "s"
                cell.quotePrefix = value[:1] in "=+-@"
            elif value is not None:
                cell.value = value
                cell.number_format = "yyyy-mm-dd" if isinstance(value, date) else "0.00"
            cells.append(cell)
        sheet.append(cells)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def to_csv(rooms: Iterable[Room]) -> bytes:
    """The rooms as a CSV register in UTF-8 with a byte order mark, as spreadsheets expect it.

    A text that a spreadsheet would take for a formula gets a quote in front; importing takes it
    off again (OWASP, CSV injection).
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADINGS.values())
    for row in _rows(rooms):
        writer.writerow([_csv_value(value) for value in row])
    return UTF8_BOM + text.getvalue().encode("utf-8")


def _rows(rooms: Iterable[Room]) -> Iterator[tuple[Value, ...]]:
    for room in rooms:
        for owner in room.owners or (None,):
            yield tuple(clean(v) or None if isinstance(v, str) else v for v in _row(room, owner))


def _row(room: Room, owner: Owner | None) -> tuple[Value, ...]:
    """The values of one row, in the order of `HEADINGS`."""
    nobody = _DEVELOPER if room.payer is Payer.DEVELOPER else None
    return (
        _spelled(room.building, "栋"),
        None if room.unit == NO_UNIT else _spelled(room.unit, "单元"),
        None if room.floor is None else f"B{-room.floor}" if room.floor < 0 else str(room.floor),
        _spelled(room.number, "室"),
        room.code,
        USE_NAMES[room.use][0] if room.use else None,
        None if room.built_area_dm2 is None else room.built_area_dm2 / 100,
        None if room.inner_area_dm2 is None else room.inner_area_dm2 / 100,
        STATE_NAMES[room.state][0] if room.state else None,
        owner.name if owner else nobody,
        owner.id_number if owner else None,
        "、".join(_phone(phone) for phone in owner.phones) if owner else None,
        room.handed_over_on,
        room.billing_from,
        room.note,
    )


def _spelled(key: str, suffix: str) -> str:
    """The key; with its suffix where the digits alone could be a date in disguise."""
    disguised = key.isascii() and key.isdigit() and int(key) in DATE_SERIALS
    return key + suffix if disguised else key


def _phone(phone: Phone) -> str:
    return f"{phone.number}({phone.relation})" if phone.relation else phone.number


def _csv_value(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.2f}"
    return escaped(str(value))
