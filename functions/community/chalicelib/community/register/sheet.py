"""A register file as sheets of cells, each tagged with its kind; the file's type is read from it.

The readers stand beside it: `xlsx` (python-calamine over a checked copy), `xls` (xlrd), `csvfile`.
Cached values are read, formulas are never evaluated, links are never followed (D12).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time
from enum import Enum

from chalicelib.community.register.model import MAX_FILE_BYTES, RegisterRefused

MAX_SHEETS = 20
MAX_ROWS = 10_000
MAX_COLUMNS = 60
MAX_CELL_CHARS = 1_000

EPOCH_1900 = date(1899, 12, 30)
"""Day 0 of spreadsheet serials from 1 March 1900 on (ECMA-376 part 1, 18.17.4.1)."""
EPOCH_1904 = date(1904, 1, 1)


class Kind(Enum):
    """What a cell holds."""

    EMPTY = "empty"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOL = "bool"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: `value` is str for TEXT and ERROR, int or float for NUMBER, date or time for DATE.

    An ERROR says which: "#REF!" and its kin, "formula" (no cached value) or "undecodable" (bytes
    that are no character of the file's encoding).
    """

    kind: Kind
    value: str | int | float | date | time | bool | None

    @property
    def text(self) -> str:
        """The value as a person would type it; "" for an empty cell."""
        if self.value is None:
            return ""
        if isinstance(self.value, float) and self.value.is_integer() and abs(self.value) < 1e15:
            return str(int(self.value))
        return str(self.value)


EMPTY = Cell(Kind.EMPTY, None)
REPLACEMENT = "\ufffd"
Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Merge:
    """A merged range; 0-based, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Sheet:
    """The cells of one sheet from A1 on; row n of the file is `rows[n - 1]`."""

    name: str
    rows: tuple[Row, ...]
    merges: tuple[Merge, ...] = ()
    hidden: bool = False
    epoch: date = field(default=EPOCH_1900)


def read_sheets(data: bytes) -> tuple[Sheet, ...]:
    """The sheets of a register file; its type is sniffed from the bytes, never from its name.

    Parameters
    ----------
    data
        The file: .xlsx, .xls or CSV in UTF-8 or GB18030; at most 10 MB, 20 sheets, 10,000 rows in
        all and 60 columns.

    Raises
    ------
    RegisterRefused
        The file is too large, damaged, encrypted, of another type, or hides more than it shows
        (zip bomb, document type declarations). Source: D12 and the limits above.
    """
    if not data:
        raise RegisterRefused("file_empty")
    if len(data) > MAX_FILE_BYTES:
        raise RegisterRefused("file_too_large", limit_mb=MAX_FILE_BYTES >> 20)
    # Each reader brings its library with it; a CSV needs none of them.
    if data.startswith(b"PK\x03\x04"):
        from chalicelib.community.register.xlsx import read_xlsx

        sheets = read_xlsx(data)
    elif data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        from chalicelib.community.register.xls import read_xls

        sheets = read_xls(data)
    else:
        from chalicelib.community.register.csvfile import read_csv

        sheets = (read_csv(data),)
    check_extent(sum(len(sheet.rows) for sheet in sheets), 0)
    return sheets


def text_cell(text: str) -> Cell:
    """The cell of a text: empty if blank, an error where a character was lost to an encoding.

    What stands beyond 1,000 characters is dropped: no field is that long, so the reader of the
    field refuses what is left.
    """
    if REPLACEMENT in text:
        return Cell(Kind.ERROR, "undecodable")
    return Cell(Kind.TEXT, text[:MAX_CELL_CHARS]) if text.strip() else EMPTY


def check_sheet_count(count: int) -> None:
    """Refuse a workbook of more than 20 sheets."""
    if count > MAX_SHEETS:
        raise RegisterRefused("too_many_sheets", limit=MAX_SHEETS)


def check_extent(rows: int, columns: int) -> None:
    """Refuse more than 10,000 rows or 60 columns."""
    if rows > MAX_ROWS:
        raise RegisterRefused("too_many_rows", limit=MAX_ROWS)
    if columns > MAX_COLUMNS:
        raise RegisterRefused("too_many_columns", limit=MAX_COLUMNS)


def trimmed(rows: Sequence[Sequence[Cell]]) -> tuple[Row, ...]:
    """The rows without the empty ones at their end."""
    end = len(rows)
    while end and all(cell.kind is Kind.EMPTY for cell in rows[end - 1]):
        end -= 1
    return tuple(tuple(row) for row in rows[:end])
