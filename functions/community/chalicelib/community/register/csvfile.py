"""CSV in UTF-8 or GB18030; a byte that is no character makes its own cell an error (D12)."""

from __future__ import annotations

import csv
import io
import re

from chalicelib.community.register.model import RegisterRefused
from chalicelib.community.register.sheet import (
    REPLACEMENT,
    Cell,
    Row,
    Sheet,
    check_extent,
    text_cell,
    trimmed,
)

UTF8_BOM = b"\xef\xbb\xbf"
_OTHER_TYPES = re.compile(rb"\s*<|%PDF|\xff\xfe|\xfe\xff|\{\\rtf")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
_FORMULA_LIKE = re.compile(r"'*[=+\-@\t\r]")


def read_csv(data: bytes) -> Sheet:
    """The one sheet of a CSV file; every cell is text, empty or undecodable.

    Raises
    ------
    RegisterRefused
        The bytes are another type (HTML saved as .xls, PDF, UTF-16), the quotes do not close, or
        a limit is passed.
    """
    if _OTHER_TYPES.match(data) or b"\0" in data:
        raise RegisterRefused("file_type_unknown")
    rows: list[Row] = []
    reader = csv.reader(io.StringIO(_decoded(data), newline=""), strict=True)
    try:
        for record in reader:
            check_extent(len(rows) + 1, len(record))
            rows.append(tuple(_cell(text) for text in record))
    except csv.Error as cause:
        raise RegisterRefused("csv_damaged", line=reader.line_num) from cause
    return Sheet("CSV", trimmed(rows))


def escaped(text: str) -> str:
    """The text with a leading quote where a spreadsheet would take it for a formula.

    `read_csv` takes the quote off again, so any text survives the round trip
    (OWASP, CSV injection).
    """
    return "'" + text if _FORMULA_LIKE.match(text) else text


def _decoded(data: bytes) -> str:
    if data.startswith(UTF8_BOM):
        return data[len(UTF8_BOM) :].decode("utf-8", "replace")
    text = data.decode("utf-8", "replace")
    bad = text.count(REPLACEMENT)
    # GB18030 read as UTF-8 is nearly all replacements; UTF-8 with a damaged byte has few of them.
    if bad <= sum(1 for char in text if char > "\x7f" and char != REPLACEMENT):
        return text
    return data.decode("gb18030", "replace")


def _cell(text: str) -> Cell:
    return text_cell(text[1:] if _ESCAPED.match(text) else text)
