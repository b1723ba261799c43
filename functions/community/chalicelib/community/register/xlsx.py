""".xlsx by python-calamine, which is given a checked copy and told what it does not tell.

Calamine reads 3,000 rows of 15 columns 19 times faster than openpyxl, but it gives "" for an error
cell and for a formula without a cached value, fills the whole rectangle up to the furthest cell,
and trusts the archive. So the archive is checked and copied without links, drawings and macros, and
each sheet is scanned once for its extent, its errors and its uncalculated formulas. With all that
it is 4 times faster than openpyxl, which needs two passes to tell a formula from its value.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from xml.parsers import expat

import python_calamine

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

MAX_MEMBERS = 1_000
MAX_UNCOMPRESSED_BYTES = 100 * 1024 * 1024
MAX_RATIO = 200
_ENCRYPTED = 0x1
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_WANTED = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|xl/[^/]+\.xml|xl/_rels/[^/]+\.rels|xl/worksheets/[^/]+\.xml"
)
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")

Attributes = Mapping[str, str]
Place = tuple[int, int]


def read_xlsx(data: bytes) -> tuple[Sheet, ...]:
    """The worksheets of an .xlsx file.

    Raises
    ------
    RegisterRefused
        The archive is damaged, encrypted, no workbook, larger inside than it may be, or declares
        a document type; or a limit is passed.
    """
    parts = _checked_parts(data)
    workbook = _workbook(parts)
    check_sheet_count(len(workbook.sheets))
    scans = {name: _scan(parts[part]) for name, part in workbook.sheets.items()}
    check_extent(sum(scan.rows for scan in scans.values()), 0)
    try:
        with python_calamine.CalamineWorkbook.from_filelike(_copy_of(parts)) as book:
            return _sheets(book, scans, workbook.epoch)
    except python_calamine.CalamineError as cause:
        raise RegisterRefused("file_damaged") from cause


def _sheets(
    book: python_calamine.CalamineWorkbook, scans: Mapping[str, _Scan], epoch: date
) -> tuple[Sheet, ...]:
    visible = {sheet.name: sheet.visible for sheet in book.sheets_metadata}
    if not set(scans) <= set(visible):
        raise RegisterRefused("file_damaged")
    return tuple(
        _sheet(
            book.get_sheet_by_name(name),
            scan,
            hidden=visible[name] != python_calamine.SheetVisibleEnum.Visible,
            epoch=epoch,
        )
        for name, scan in scans.items()
    )


def _checked_parts(data: bytes) -> dict[str, bytes]:
    """The parts a reader needs, each inflated within limits and free of declarations."""
    parts: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_directory(archive.infolist())
            for member in archive.infolist():
                if _WANTED.fullmatch(member.filename):
                    with archive.open(member) as content:
                        # A size makes zipfile inflate no further; read() alone would take all.
                        parts[member.filename] = _checked_xml(content.read(member.file_size))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as cause:
        raise RegisterRefused("file_damaged") from cause
    if "xl/workbook.xml" not in parts:
        raise RegisterRefused("file_type_unknown")
    return parts


def _check_directory(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise RegisterRefused("zip_bomb")
    if len({member.filename for member in members}) < len(members):
        raise RegisterRefused("file_damaged")
    inside = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if inside > MAX_UNCOMPRESSED_BYTES or inside > MAX_RATIO * max(packed, 1):
        raise RegisterRefused("zip_bomb")
    if any(member.flag_bits & _ENCRYPTED for member in members):
        raise RegisterRefused("file_encrypted")
    if any(member.compress_type not in _COMPRESSIONS for member in members):
        raise RegisterRefused("file_damaged")


def _checked_xml(content: bytes) -> bytes:
    # Office writes UTF-8; two-byte encodings could hide a declaration from the search below.
    if b"\0" in content[:4] or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise RegisterRefused("file_damaged")
    if any(declaration in content for declaration in _DECLARATIONS):
        raise RegisterRefused("xml_declaration")
    return content


def _copy_of(parts: Mapping[str, bytes]) -> io.BytesIO:
    """A new archive of the checked parts only: what was left out cannot be followed."""
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    copy.seek(0)
    return copy


@dataclass(frozen=True)
class _Workbook:
    sheets: Mapping[str, str]
    epoch: date


def _workbook(parts: Mapping[str, bytes]) -> _Workbook:
    """The names of the worksheets in order, each with its part, and the first day of serials."""
    targets = {
        attributes.get("Id", ""): posixpath.normpath(
            posixpath.join("/xl", attributes.get("Target", ""))
        ).lstrip("/")
        for name, attributes in _elements(parts.get("xl/_rels/workbook.xml.rels", b""))
        if name == "Relationship" and attributes.get("Type", "").endswith("/worksheet")
    }
    sheets: dict[str, str] = {}
    epoch = EPOCH_1900
    for name, attributes in _elements(parts["xl/workbook.xml"]):
        if name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            epoch = EPOCH_1904
        if name == "sheet":
            relation = next((v for k, v in attributes.items() if k.endswith(":id")), "")
            part = targets.get(relation, "")
            if part in parts:
                sheets[attributes.get("name", "")] = part
    if not sheets:
        raise RegisterRefused("file_damaged")
    return _Workbook(sheets, epoch)


def _elements(content: bytes) -> Iterator[tuple[str, Attributes]]:
    found: list[tuple[str, Attributes]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: found.append((_local(name), attributes))
    _parse(parser, content)
    yield from found


def _parse(parser: expat.XMLParserType, content: bytes) -> None:
    try:
        parser.Parse(content, True)
    except expat.ExpatError as cause:
        raise RegisterRefused("file_damaged") from cause


def _local(name: str) -> str:
    return name.rpartition(":")[2]


@dataclass
class _Scan:
    """What a sheet's XML says that calamine does not: extent, error cells, dead formulas."""

    rows: int = 0
    errors: dict[Place, str] = field(default_factory=dict)
    _row: int = -1
    _column: int = -1
    _type: str = ""
    _has_formula: bool = False
    _in_value: bool = False
    _value: str = ""
    _inline: bool = False

    def start(self, name: str, attributes: Attributes) -> None:
        local = _local(name)
        if local == "c":
            self._start_cell(attributes)
        elif local == "row":
            self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
            self._column = -1
        elif local == "v":
            self._in_value = True
        elif local == "f":
            self._has_formula = True
        elif local == "is":
            self._inline = True

    def text(self, data: str) -> None:
        if self._in_value:
            self._value += data

    def end(self, name: str) -> None:
        local = _local(name)
        if local == "v":
            self._in_value = False
        elif local == "c":
            self._end_cell()

    def _start_cell(self, attributes: Attributes) -> None:
        reference = attributes.get("r")
        if reference is None:
            self._column += 1
        else:
            match = _REFERENCE.fullmatch(reference)
            if match is None:
                raise RegisterRefused("file_damaged")
            self._column = _column_index(match.group(1))
            self._row = int(match.group(2)) - 1
        self._type = attributes.get("t", "n")
        self._has_formula = self._inline = False
        self._value = ""

    def _end_cell(self) -> None:
        if not (self._value or self._has_formula or self._inline):
            return
        check_extent(self._row + 1, self._column + 1)
        self.rows = max(self.rows, self._row + 1)
        if self._type == "e":
            self.errors[self._row, self._column] = self._value or "#N/A"
        elif self._has_formula and not self._value and self._type != "str":
            self.errors[self._row, self._column] = "formula"


def _scan(content: bytes) -> _Scan:
    scan = _Scan()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = scan.start
    parser.EndElementHandler = scan.end
    parser.CharacterDataHandler = scan.text
    try:
        _parse(parser, content)
    except ValueError as cause:
        raise RegisterRefused("file_damaged") from cause
    return scan


def _column_index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def _sheet(
    source: python_calamine.CalamineSheet, scan: _Scan, *, hidden: bool, epoch: date
) -> Sheet:
    rows = [[_cell(value) for value in row] for row in source.to_python(skip_empty_area=False)]
    for (row, column), error in scan.errors.items():
        rows.extend([] for _ in range(row + 1 - len(rows)))
        rows[row].extend([EMPTY] * (column + 1 - len(rows[row])))
        rows[row][column] = Cell(Kind.ERROR, error)
    merges = tuple(
        Merge(top, left, bottom, right)
        for (top, left), (bottom, right) in source.merged_cell_ranges or ()
    )
    return Sheet(source.name, trimmed(rows), merges, hidden=hidden, epoch=epoch)


def _cell(value: str | float | bool | date | time | timedelta) -> Cell:
    if isinstance(value, str):
        return text_cell(value)
    if isinstance(value, bool):
        return Cell(Kind.BOOL, value)
    if isinstance(value, datetime):
        return Cell(Kind.DATE, value.date())
    if isinstance(value, date | time):
        return Cell(Kind.DATE, value)
    if isinstance(value, timedelta):
        # A length of time is no value of a register; its days and seconds are read as a number.
        return Cell(Kind.NUMBER, value / timedelta(days=1))
    return Cell(Kind.NUMBER, value)
