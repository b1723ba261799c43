"""One row of cells into one room with its owners; every field is read, every problem is placed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from chalicelib.community.register import people
from chalicelib.community.register.dates import read_date
from chalicelib.community.register.headings import Columns, Field
from chalicelib.community.register.model import (
    MAX_NOTE_CHARS,
    Finding,
    Owner,
    Payer,
    Phone,
    Problem,
    RegisterRow,
    RoomKey,
    State,
    error,
    warning,
)
from chalicelib.community.register.normalise import (
    Read,
    area_dm2,
    building_key,
    floor_number,
    is_blank,
    room_key,
    short_text,
    state_of,
    unit_key,
    use_of,
)
from chalicelib.community.register.sheet import EMPTY, Cell, Kind

T = TypeVar("T")
AREAS = (Field.BUILT_AREA, Field.INNER_AREA)
_MAX_CODE_CHARS = 40


@dataclass(frozen=True)
class RowSource:
    """A row to read: its cells by field, merged ones filled where a merge may speak for rows.

    `shared` names, for an area merged over several rows, the room of the first of them.
    """

    sheet: str
    row: int
    columns: Columns
    cells: Mapping[Field, tuple[Cell, ...]]
    shared: Mapping[Field, RoomKey]
    epoch: date


def read_row(source: RowSource) -> tuple[RegisterRow | None, tuple[Finding, ...]]:
    """The room a row states, or None if its key cannot be read, and the row's findings (D12)."""
    reader = _Reader(source)
    return reader.read(), tuple(reader.findings)


@dataclass
class _Reader:
    source: RowSource
    findings: list[Finding] = field(default_factory=list)
    building: str | None = None

    def read(self) -> RegisterRow | None:
        key = self._key()
        self._note_broken_cells()
        if key is None:
            return None
        building, unit, number = key
        built, inner = self._areas(key)
        names = self._take(Field.OWNER, people.read_names(self._cell(Field.OWNER)))
        texts = [self._cell(f).text.strip() for f in (Field.BUILDING, Field.UNIT, Field.ROOM)]
        cell, take, epoch = self._cell, self._take, self.source.epoch
        return RegisterRow(
            sheet=self.source.sheet,
            rows=(self.source.row,),
            building=building,
            unit=unit,
            number=number,
            original=" ".join(text for text in texts if text),
            floor=take(Field.FLOOR, floor_number(cell(Field.FLOOR))),
            code=take(Field.CODE, short_text(cell(Field.CODE), _MAX_CODE_CHARS)),
            use=take(Field.USE, use_of(cell(Field.USE))),
            state=self._state(names),
            built_area_dm2=built,
            inner_area_dm2=inner,
            owners=self._owners(names),
            payer=None if names is None else Payer.OWNER if names else Payer.DEVELOPER,
            handed_over_on=take(Field.HANDED_OVER_ON, read_date(cell(Field.HANDED_OVER_ON), epoch)),
            billing_from=take(Field.BILLING_FROM, read_date(cell(Field.BILLING_FROM), epoch)),
            note=take(Field.NOTE, short_text(cell(Field.NOTE), MAX_NOTE_CHARS)),
        )

    def _key(self) -> RoomKey | None:
        self.building = self._take_key(Field.BUILDING, building_key(self._cell(Field.BUILDING)))
        unit = self._take_key(Field.UNIT, unit_key(self._cell(Field.UNIT)))
        number = self._take_key(
            Field.ROOM, room_key(self._cell(Field.ROOM), self.building or "", unit or "")
        )
        if self.building is None or unit is None or number is None:
            return None
        return (self.building, unit, number)

    def _take_key(self, field_: Field, read: Read[str]) -> str | None:
        if self._is_broken(field_):
            return None
        return self._take(field_, read)

    def _areas(self, key: RoomKey) -> tuple[int | None, int | None]:
        for field_ in AREAS:
            if self.source.shared.get(field_, key) != key:
                self._note(field_, error("area_merged"))
        built = self._take(Field.BUILT_AREA, area_dm2(self._cell(Field.BUILT_AREA)))
        inner = self._take(Field.INNER_AREA, area_dm2(self._cell(Field.INNER_AREA)))
        if is_blank(self._cell(Field.BUILT_AREA)) and not self._is_broken(Field.BUILT_AREA):
            self._note(Field.BUILT_AREA, warning("area_missing"))
        if built is not None and inner is not None and inner > built:
            self._note(Field.INNER_AREA, error("inner_area_exceeds_built"))
        return built, inner

    def _state(self, names: tuple[str, ...] | None) -> State | None:
        state = self._take(Field.STATE, state_of(self._cell(Field.STATE)))
        if names and state is State.UNSOLD:
            self._note(Field.STATE, warning("unsold_with_owner"))
            return None
        if state is None and names == ():
            # 未售 in the owner's place says as much of the room as in its own; 开发商 does not.
            in_owners_place = state_of(self._cell(Field.OWNER)).value
            return State.UNSOLD if in_owners_place is State.UNSOLD else None
        return state

    def _owners(self, names: tuple[str, ...] | None) -> tuple[Owner, ...]:
        phones = self._phones()
        if not names:
            stated = phones or not is_blank(self._cell(Field.ID_NUMBER))
            if names is None and stated and not self._is_broken(Field.OWNER):
                self._note(Field.OWNER, warning("owner_missing"))
            return ()
        id_numbers = self._take(
            Field.ID_NUMBER, people.read_id_numbers(self._cell(Field.ID_NUMBER), len(names))
        )
        if phones and (len(names) > 1 or not people.may_claim(phones)):
            self._note(Field.PHONES, warning("phones_are_contacts"))
        return people.owners_of(names, id_numbers or (), phones)

    def _phones(self) -> tuple[Phone, ...]:
        phones: dict[Phone, None] = {}
        for cell in self.source.cells.get(Field.PHONES, ()):
            if cell.kind is not Kind.ERROR:
                found = self._take(Field.PHONES, people.read_phones(cell))
                phones.update(dict.fromkeys(found or ()))
        return tuple(phones)

    def _note_broken_cells(self) -> None:
        for field_, cells in self.source.cells.items():
            for cell in cells:
                if cell.kind is Kind.ERROR:
                    code = _BROKEN.get(cell.text, "cell_error")
                    self._note(field_, error(code, value=cell.text))

    def _is_broken(self, field_: Field) -> bool:
        return any(cell.kind is Kind.ERROR for cell in self.source.cells.get(field_, ()))

    def _cell(self, field_: Field) -> Cell:
        cell = next(iter(self.source.cells.get(field_, ())), EMPTY)
        return EMPTY if cell.kind is Kind.ERROR else cell

    def _take(self, field_: Field, read: Read[T]) -> T | None:
        if read.problem is not None:
            self._note(field_, read.problem)
        return read.value

    def _note(self, field_: Field, problem: Problem) -> None:
        self.findings.append(
            Finding(
                self.source.sheet,
                self.source.row,
                self.source.columns.name(field_),
                problem.severity,
                problem.code,
                problem.params,
                self.building,
            )
        )


_BROKEN = {"formula": "cell_formula", "undecodable": "cell_undecodable"}
