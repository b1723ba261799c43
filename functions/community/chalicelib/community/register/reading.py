"""Rows into rooms: what each sheet states, and every finding with its place (D12).

An error blocks its building, a warning leaves its field empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.community.register.headings import (
    HEADINGS,
    Columns,
    Field,
    field_of,
    find_headings,
)
from chalicelib.community.register.model import (
    Finding,
    Problem,
    RegisterRefused,
    RegisterRow,
    RoomKey,
    Severity,
    error,
    warning,
)
from chalicelib.community.register.normalise import is_blank, plain
from chalicelib.community.register.rooms import joined, settle_claims
from chalicelib.community.register.row import AREAS, RowSource, read_row
from chalicelib.community.register.sheet import EMPTY, Cell, Kind, Row, Sheet

MAX_FINDINGS = 20_000
_MAX_ROWS_ABOVE_HEADINGS = 100
_TOTAL = re.compile(r"(?:本页|本栋|本单元|楼栋|全部)?(?:合计|总计|小计|共计|累计):?.{0,20}")
_FOOTER = re.compile(r"(?:制表|填表|审核|复核|制单|经办|备注|说明|注|日期|打印)[^:]{0,6}:.*")
# Only these are filled inside a merge: an area merged over two rooms belongs to neither alone.
_FILLED = (Field.BUILDING, Field.UNIT, Field.FLOOR, Field.ROOM)


@dataclass(frozen=True)
class Reading:
    """What a file states: one row per room in the file's order, and the findings."""

    rooms: tuple[RegisterRow, ...]
    findings: tuple[Finding, ...]

    @property
    def blocked_buildings(self) -> frozenset[str]:
        """The buildings in which nothing may be changed, because one of their rows is in error."""
        errors = [f for f in self.findings if f.severity is Severity.ERROR]
        lost = {f.sheet for f in errors if f.building is None}
        named = {f.building for f in errors if f.building is not None}
        return frozenset(named | {room.building for room in self.rooms if room.sheet in lost})


def read_register(sheets: Sequence[Sheet]) -> Reading:
    """The rooms a register states and what was found in it.

    Parameters
    ----------
    sheets
        From `sheet.read_sheets`. Hidden sheets and those without headings are skipped with a
        warning.

    Raises
    ------
    RegisterRefused
        No sheet has the headings of a register, or there are more than 20,000 findings.
        Source: D12.
    """
    rows: list[RegisterRow] = []
    findings: list[Finding] = []
    has_headings = False
    for sheet in sheets:
        table = _Table(sheet)
        if sheet.hidden:
            table.note(warning("sheet_hidden"))
        elif table.read():
            has_headings = True
        elif sheet.rows:
            table.note(warning("sheet_without_headings"))
        rows.extend(table.rows)
        findings.extend(table.findings)
    if not has_headings:
        raise RegisterRefused("no_headings", wanted=HEADINGS[Field.ROOM])
    rooms, disagreements = joined(rows)
    rooms, busy = settle_claims(rooms)
    order = {sheet.name: place for place, sheet in enumerate(sheets)}
    found = [*findings, *disagreements, *busy]
    if len(found) > MAX_FINDINGS:
        raise RegisterRefused("too_many_findings", limit=MAX_FINDINGS)
    return Reading(rooms, tuple(sorted(found, key=lambda f: (order[f.sheet], f.row))))


@dataclass
class _Table:
    """Reads one sheet: its headings, wherever they stand, and the rows below them."""

    sheet: Sheet
    rows: list[RegisterRow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    columns: Columns = field(default_factory=lambda: Columns({}, {}))
    keys: dict[int, RoomKey] = field(default_factory=dict)
    merged: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def note(self, problem: Problem, row: int = 0, heading: str = "") -> None:
        """Keep a problem with its place; `row` is 1-based, 0 for the sheet."""
        self.findings.append(
            Finding(
                self.sheet.name,
                row,
                heading,
                problem.severity,
                problem.code,
                problem.params,
            )
        )

    def read(self) -> bool:
        """Read every row; False if the sheet has no headings."""
        self.merged = _merged(self.sheet)
        texts = _heading_texts(self.sheet, self.merged)
        index, found_any = 0, False
        while index < len(texts):
            room_column = self.columns.at.get(Field.ROOM, (0,))[0]
            if found_any:
                # Any heading word where the rooms stand: the columns may begin anew here.
                may_be_headings = field_of(texts[index][room_column]) is not None
            else:
                may_be_headings = index < _MAX_ROWS_ABOVE_HEADINGS
            headings = find_headings(texts, index) if may_be_headings else None
            if headings is None:
                if found_any:
                    self._read_row(index)
                index += 1
                continue
            self._take_headings(headings[0], index + 1, repeated=found_any)
            index, found_any = headings[1], True
        return found_any

    def _take_headings(self, columns: Columns, row: int, *, repeated: bool) -> None:
        if repeated and columns.at == self.columns.at:
            return
        self.columns = columns
        for heading in columns.twice:
            self.note(error("heading_twice"), row, heading)
        for heading in columns.unknown:
            self.note(warning("heading_unknown"), row, heading)
        if Field.BUILDING not in columns.at:
            self.note(error("heading_missing"), row, HEADINGS[Field.BUILDING])

    def _read_row(self, index: int) -> None:
        row = self.sheet.rows[index]
        if all(cell.kind is Kind.EMPTY for cell in row) or self._is_total(row):
            return
        if self._is_footer(row):
            self.note(warning("row_ignored"), index + 1)
            return
        read, findings = read_row(self._source(index))
        self.findings.extend(findings)
        if read is not None:
            self.rows.append(read)
            self.keys[index] = read.key

    def _source(self, index: int) -> RowSource:
        cells: dict[Field, tuple[Cell, ...]] = {}
        shared: dict[Field, RoomKey] = {}
        for field_, columns in self.columns.at.items():
            cells[field_] = tuple(self._cell(index, column, field_) for column in columns)
            top, left = self.merged.get((index, columns[0]), (index, columns[0]))
            if field_ in AREAS and left == columns[0] and top in self.keys:
                shared[field_] = self.keys[top]
        return RowSource(self.sheet.name, index + 1, self.columns, cells, shared, self.sheet.epoch)

    def _cell(self, index: int, column: int, field_: Field) -> Cell:
        top, left = self.merged.get((index, column), (index, column))
        # A cell merged sideways speaks for its first column only.
        if field_ in _FILLED and left == column:
            index = top
        row = self.sheet.rows[index]
        return row[column] if column < len(row) else EMPTY

    def _is_total(self, row: Row) -> bool:
        room = self._own_cell(row, Field.ROOM)
        if not is_blank(room) and not _TOTAL.fullmatch(plain(room.text)):
            return False
        return any(_TOTAL.fullmatch(plain(cell.text)) for cell in row if cell.kind is Kind.TEXT)

    def _is_footer(self, row: Row) -> bool:
        named = (self._own_cell(row, Field.ROOM), self._own_cell(row, Field.BUILT_AREA))
        if not all(is_blank(cell) for cell in named):
            return False
        return any(_FOOTER.fullmatch(plain(cell.text)) for cell in row if cell.kind is Kind.TEXT)

    def _own_cell(self, row: Row, field_: Field) -> Cell:
        column = self.columns.at.get(field_, (-1,))[0]
        return row[column] if 0 <= column < len(row) else EMPTY


def _merged(sheet: Sheet) -> dict[tuple[int, int], tuple[int, int]]:
    """Each merged place with the place whose value it shows, within the sheet's rows.

    Ranges of a real workbook never overlap; refusing those that do bounds the work by the sheet.
    """
    width = max((len(row) for row in sheet.rows), default=0)
    shown: dict[tuple[int, int], tuple[int, int]] = {}
    for merge in sheet.merges:
        for row in range(merge.top, min(merge.bottom + 1, len(sheet.rows))):
            for column in range(merge.left, min(merge.right + 1, width)):
                if (row, column) in shown:
                    raise RegisterRefused("file_damaged")
                shown[row, column] = (merge.top, merge.left)
    return shown


def _heading_texts(
    sheet: Sheet, merged: Mapping[tuple[int, int], tuple[int, int]]
) -> list[list[str]]:
    """The texts of the sheet, each merged cell's in every place that shows it."""
    width = max((len(row) for row in sheet.rows), default=0)
    texts = [[cell.text for cell in row] + [""] * (width - len(row)) for row in sheet.rows]
    for (row, column), (top, left) in merged.items():
        texts[row][column] = texts[top][left]
    return texts
