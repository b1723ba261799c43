"""The values of a house register: a room as it is kept, a row as it was read, what was found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec

from shared import masks
from shared.errors import LinliError

Params = tuple[tuple[str, str], ...]
RoomKey = tuple[str, str, str]
"""Building, unit ("0" = none) and room number, each normalised (see `normalise`)."""
MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_AREA_DM2 = 10_000_000
"""100,000 m²: more is a slip of the keyboard, in a file or by hand (D12)."""
MAX_NOTE_CHARS = 500
_MAX_PARAM_CHARS = 60
_LONG_NUMBER = re.compile(r"\d{11,}[Xx]?")


class RegisterRefused(LinliError):
    """The whole file is refused; `texts.REFUSALS` holds the words for its code."""

    status = 400


class Use(StrEnum):
    """What a room is for (业态)."""

    RESIDENTIAL = "residential"
    SHOP = "shop"
    OFFICE = "office"
    PARKING = "parking"
    STORAGE = "storage"
    OTHER = "other"


class State(StrEnum):
    """How far a room is sold and lived in (房屋状态)."""

    UNSOLD = "unsold"
    SOLD = "sold"
    VACANT = "vacant"
    OCCUPIED = "occupied"
    LET = "let"
    RENOVATING = "renovating"


class Payer(StrEnum):
    """Who owes the charges of a room (D13): the developer while it is unsold."""

    OWNER = "owner"
    DEVELOPER = "developer"


class Severity(StrEnum):
    """An error blocks its building; a warning leaves the field empty (D12)."""

    ERROR = "error"
    WARNING = "warning"


class Kind(StrEnum):
    """What an import does to one room."""

    UNCHANGED = "unchanged"
    NEW = "new"
    CHANGED = "changed"
    TRANSFER_PROPOSED = "transfer_proposed"
    BLOCKED = "blocked"
    ABSENT = "absent"


class Phone(msgspec.Struct, frozen=True):
    """A number to call and, where the register says so, whose it is (女儿, 租客)."""

    number: str
    relation: str = ""


class Owner(msgspec.Struct, frozen=True):
    """One owner (业主) or co-owner (共有人).

    `may_claim` is true only if the register gives this owner exactly one mobile number, without a
    relation, that stands on at most five rooms: only then may its holder propose a binding (D12).
    """

    name: str
    id_number: str | None = None
    phones: tuple[Phone, ...] = ()
    may_claim: bool = False


class Room(msgspec.Struct, frozen=True):
    """A room as the estate keeps it; areas are whole dm² (0.01 m²), so 89.43 m² is 8943."""

    building: str
    unit: str
    floor: int | None
    number: str
    original: str
    code: str | None
    use: Use | None
    state: State | None
    built_area_dm2: int | None
    inner_area_dm2: int | None
    owners: tuple[Owner, ...]
    payer: Payer
    handed_over_on: date | None
    billing_from: date | None
    note: str | None

    @property
    def key(self) -> RoomKey:
        """What makes two rows the same room."""
        return (self.building, self.unit, self.number)


class RegisterRow(msgspec.Struct, frozen=True):
    """One room as a file states it; None is a cell that says nothing, so it never erases.

    `rows` are the 1-based rows of `sheet` it came from: several for co-owners. `payer` is None
    where the owner's cell is blank.
    """

    sheet: str
    rows: tuple[int, ...]
    building: str
    unit: str
    number: str
    original: str
    floor: int | None = None
    code: str | None = None
    use: Use | None = None
    state: State | None = None
    built_area_dm2: int | None = None
    inner_area_dm2: int | None = None
    owners: tuple[Owner, ...] = ()
    payer: Payer | None = None
    handed_over_on: date | None = None
    billing_from: date | None = None
    note: str | None = None

    @property
    def key(self) -> RoomKey:
        """What makes two rows the same room."""
        return (self.building, self.unit, self.number)


class Problem(msgspec.Struct, frozen=True):
    """Why one value cannot be taken as it stands."""

    severity: Severity
    code: str
    params: Params = ()


class Finding(msgspec.Struct, frozen=True):
    """A problem with its place: `row` is 1-based (0 = the whole sheet), `heading` as in the file.

    `building` is the building that an error blocks. An error whose building cannot be read has
    None there and blocks every building of its sheet, since its row may belong to any of them.
    """

    sheet: str
    row: int
    heading: str
    severity: Severity
    code: str
    params: Params = ()
    building: str | None = None


def error(code: str, **params: str | int) -> Problem:
    """A problem that blocks the building."""
    return Problem(Severity.ERROR, code, _shortened(params))


def warning(code: str, **params: str | int) -> Problem:
    """A problem that leaves the field empty."""
    return Problem(Severity.WARNING, code, _shortened(params))


def _shortened(params: Mapping[str, str | int]) -> Params:
    """The parameters as texts that neither fill a report nor tell a number of a person.

    A phone or an identity number may stand in a wrong column.
    """
    return tuple(
        (name, _LONG_NUMBER.sub(_masked, str(value))[:_MAX_PARAM_CHARS])
        for name, value in params.items()
    )


def _masked(number: re.Match[str]) -> str:
    return masks.id_number(number[0])
