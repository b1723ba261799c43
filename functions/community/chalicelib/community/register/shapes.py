"""What the house register accepts and answers; owners are masked in every answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from chalicelib.community.register import fields, report, rules
from chalicelib.community.register.model import Finding as FoundInFile
from chalicelib.community.register.model import Kind, Payer, Severity
from chalicelib.community.register.model import Room as KeptRoom
from chalicelib.community.register.texts import REFUSALS, finding_text
from shared import i18n, ids, masks
from shared.files import Upload
from shared.requests import CommunityId, Cursor, FormFields, Instant, Limit, Link, RoomId, Shape
from shared.table import Page


class RequestImport(Shape):
    """A house register file (房产台账) to take in: .xlsx, .xls or CSV, at most 10 MB."""

    file_name: fields.FileName


class UploadForm(Shape):
    """A form to post one file with: all fields first, then `file`."""

    url: Link
    fields: FormFields
    expires_at: Instant


class Totals(Shape):
    """How many rooms of a dry run came out how, and how many findings there are."""

    rows: fields.Many
    new: fields.Count
    changed: fields.Count
    unchanged: fields.Many
    transfers_proposed: fields.Count
    blocked: fields.Count
    absent: fields.Count
    errors: fields.Count
    warnings: fields.Count


class BuildingPlan(Shape):
    """What a commit does, or did, to one building."""

    building: fields.BuildingName
    outcome: rules.Outcome
    totals: Totals


class Refusal(Shape):
    """Why a file cannot be read at all."""

    code: fields.RefusalCode
    reason: fields.RefusalReason


class Import(Shape):
    """One house register file on its way in; commit with the `version` of its dry run."""

    import_id: fields.ImportId
    community_id: CommunityId
    file_name: fields.FileName
    state: fields.ShownState
    version: fields.ShownVersion
    created_at: Instant
    refusal: Annotated[Refusal | None, Meta(examples=[None])]
    totals: Totals
    buildings: list[BuildingPlan]


class OpenedImport(Shape):
    """An import that waits for its file."""

    import_id: fields.ImportId
    version: fields.ShownVersion
    upload: UploadForm


class ImportPage(Shape):
    """A page of imports, newest first."""

    items: list[Import]
    next_cursor: Cursor | None


class CommitImport(Shape):
    """The dry run that the caller has seen, by the import's version."""

    version: fields.Version


class RowQuery(Shape):
    """Which rows of a dry run."""

    outcome: Kind | None = None
    limit: Limit = 20
    cursor: fields.Start = "0"


class FindingQuery(Shape):
    """Which findings of a dry run."""

    limit: Limit = 20
    cursor: fields.Start = "0"


class FieldChange(Shape):
    """A field that gets another value."""

    field: fields.FieldName
    before: fields.Before | None
    after: fields.After | None


class Row(Shape):
    """What an import would do to one room."""

    sheet: fields.SheetName
    rows: list[fields.RowNumber]
    room: fields.RoomName
    original: fields.RoomAsWritten
    outcome: fields.ShownKind
    changes: list[FieldChange]
    proposed_owners: list[fields.OwnerName]


class RowPage(Shape):
    """A page of rows."""

    items: list[Row]
    next_cursor: Cursor | None


class Finding(Shape):
    """Something wrong in the file: sheet, row, column, and why."""

    sheet: fields.SheetName
    row: fields.RowNumber
    column: fields.Heading
    severity: Severity
    code: fields.FindingCode
    reason: fields.FindingReason


class FindingPage(Shape):
    """A page of findings."""

    items: list[Finding]
    next_cursor: Cursor | None


class Building(Shape):
    """A building (楼栋)."""

    building: fields.BuildingName
    rooms: fields.Many


class BuildingList(Shape):
    """The buildings of a community."""

    items: list[Building]


class Owner(Shape):
    """An owner (业主), masked."""

    name: fields.OwnerName
    phones: list[fields.Phone]


class Room(Shape):
    """A room (房屋) of the register."""

    room_id: RoomId
    building: fields.BuildingName
    unit: fields.UnitName
    floor: fields.Floor | None
    number: fields.RoomNumber
    original: fields.RoomAsWritten
    code: fields.RoomCode | None
    use: fields.Purpose | None
    state: fields.Occupancy | None
    built_area_dm2: fields.AreaDm2 | None
    inner_area_dm2: fields.InnerAreaDm2 | None
    owners: list[Owner]
    payer: Payer
    handed_over_on: date | None
    billing_from: date | None
    version: fields.ShownVersion


class RoomPage(Shape):
    """A page of rooms."""

    items: list[Room]
    next_cursor: Cursor | None


class EditRoom(Shape):
    """What to correct of a room; fields that are left out stay."""

    version: fields.Version
    use: fields.Purpose | UnsetType = UNSET
    state: fields.Occupancy | UnsetType = UNSET
    built_area_dm2: fields.AreaDm2 | UnsetType = UNSET
    inner_area_dm2: fields.InnerAreaDm2 | UnsetType = UNSET
    note: fields.Note | UnsetType = UNSET


class ExportRegister(Shape):
    """The form in which to give the register out."""

    format: Literal["xlsx", "csv"]


class Export(Shape):
    """A link to the file that was written; it works for five minutes."""

    url: Link


class BuildingTask(Shape):
    """One building of a commit, as the state machine hands it over."""

    import_id: str
    building: str
    base_version: int
    dry_run_id: str
    actor_id: str


class BuildingResult(Shape):
    """What became of a building."""

    building: str
    outcome: rules.Outcome


class FinishTask(Shape):
    """All buildings of a commit, as the state machine hands them over."""

    import_id: str
    results: list[BuildingResult]


class FinishedImport(Shape):
    """What became of an import as a whole."""

    import_id: str
    state: rules.ImportState


def edited(room: KeptRoom, wanted: EditRoom) -> KeptRoom:
    """The room with the corrections."""
    given = {
        name: value
        for name in ("use", "state", "built_area_dm2", "inner_area_dm2", "note")
        if (value := getattr(wanted, name)) is not UNSET
    }
    return replace(room, **given)


def opened(found: rules.Import, form: Upload) -> OpenedImport:
    """An opened import as the API shows it."""
    return OpenedImport(
        import_id=found.id,
        version=found.version or 0,
        upload=UploadForm(url=form.url, fields=form.fields, expires_at=form.expires_at),
    )


def imported(found: rules.Import, language: str) -> Import:
    """An import as the API shows it."""
    refusal = None
    if found.refusal:
        reason = i18n.text(REFUSALS, found.refusal, dict(found.refusal_params), language)
        refusal = Refusal(code=found.refusal, reason=reason)
    return Import(
        import_id=found.id,
        community_id=found.community_id,
        file_name=found.file_name,
        state=found.state,
        version=found.version or 0,
        created_at=found.created_at,
        refusal=refusal,
        totals=_totals(found.totals),
        buildings=[
            BuildingPlan(building=p.building, outcome=p.outcome, totals=_totals(p.totals))
            for p in found.buildings
        ],
    )


def import_page(found: Page[rules.Import], language: str) -> ImportPage:
    """A page of imports as the API shows it."""
    items = [imported(item, language) for item in found.items]
    return ImportPage(items=items, next_cursor=found.next_cursor)


def row_page(rows: Iterable[report.RowReport], following: int | None) -> RowPage:
    """A page of rows as the API shows it."""
    items = [
        Row(
            sheet=row.sheet,
            rows=list(row.rows),
            room=f"{row.building}-{row.unit}-{row.number}",
            original=row.original,
            outcome=row.outcome,
            changes=[
                FieldChange(field=c.field, before=c.before, after=c.after) for c in row.changes
            ],
            proposed_owners=list(row.proposed_owners),
        )
        for row in rows
    ]
    return RowPage(items=items, next_cursor=None if following is None else str(following))


def finding_page(
    findings: Iterable[FoundInFile], following: int | None, language: str
) -> FindingPage:
    """A page of findings as the API shows it."""
    items = [
        Finding(
            sheet=found.sheet,
            row=found.row,
            column=found.heading,
            severity=found.severity,
            code=found.code,
            reason=finding_text(found, language),
        )
        for found in findings
    ]
    return FindingPage(items=items, next_cursor=None if following is None else str(following))


def building_list(found: Iterable[rules.Building]) -> BuildingList:
    """Buildings as the API shows them."""
    return BuildingList(items=[Building(building=b.name, rooms=b.rooms) for b in found])


def room(building: rules.Building, found: KeptRoom, version: int) -> Room:
    """A room as the API shows it, its owners masked."""
    return Room(
        room_id=ids.room_id(building.community_id, *found.key),
        building=found.building,
        unit=found.unit,
        floor=found.floor,
        number=found.number,
        original=found.original,
        code=found.code,
        use=found.use,
        state=found.state,
        built_area_dm2=found.built_area_dm2,
        inner_area_dm2=found.inner_area_dm2,
        owners=[
            Owner(name=masks.name(o.name), phones=[masks.phone(p.number) for p in o.phones])
            for o in found.owners
        ],
        payer=found.payer,
        handed_over_on=found.handed_over_on,
        billing_from=found.billing_from,
        version=version,
    )


def room_page(building: rules.Building, found: Page[tuple[KeptRoom, int]]) -> RoomPage:
    """A page of rooms as the API shows it."""
    items = [room(building, kept, version) for kept, version in found.items]
    return RoomPage(items=items, next_cursor=found.next_cursor)


def _totals(found: rules.Totals) -> Totals:
    return msgspec.convert(found, Totals, from_attributes=True)
