"""The dry run: what a file would do to a community's register, worked out and written down.

Only `read_register` loads this; nothing of the register moves here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from chalicelib.community.register import diff, report
from chalicelib.community.register.model import (
    Finding,
    Kind,
    Owner,
    RegisterRefused,
    Room,
    RoomKey,
    Severity,
)
from chalicelib.community.register.reading import Reading
from chalicelib.community.register.report import BuildingChanges, FieldChange, RowReport
from chalicelib.community.register.rules import (
    MAX_ROOMS_PER_BUILDING,
    Building,
    BuildingPlan,
    Outcome,
    Totals,
)
from shared import files, masks

_JSON = "application/json"


def write(
    dry_run_id: str,
    read: Reading,
    buildings: Mapping[str, Building],
    existing: Mapping[str, Mapping[RoomKey, Room]],
) -> tuple[Totals, tuple[BuildingPlan, ...]]:
    """Work out what the reading would do, write it down, and sum it up.

    Parameters
    ----------
    buildings, existing
        State and rooms of every building of the community and of every one that the file names.

    Raises
    ------
    RegisterRefused
        A building would have more rooms than one building may have.
    """
    rooms = [room for of_building in existing.values() for room in of_building.values()]
    blocked = read.blocked_buildings
    outcomes = diff.plan_import(rooms, read.rooms, blocked)
    plans = []
    for name in sorted({row.building for row in read.rooms}):
        own = [outcome for outcome in outcomes if outcome.key[0] == name]
        changes = () if name in blocked else _changes(own, existing[name])
        after = len(existing[name]) + sum(room.key not in existing[name] for room in changes)
        if after > MAX_ROOMS_PER_BUILDING:
            raise RegisterRefused("building_too_large", limit=MAX_ROOMS_PER_BUILDING)
        if changes:
            outcome = Outcome.PENDING
            _write(dry_run_id, f"buildings/{name}", BuildingChanges(changes, after))
        else:
            outcome = Outcome.BLOCKED if name in blocked else Outcome.UNCHANGED
        findings = [finding for finding in read.findings if finding.building == name]
        version = buildings[name].version or 0
        plans.append(BuildingPlan(name, version, outcome, _totals(own, findings)))
    _write(dry_run_id, "rows", [_row_report(outcome) for outcome in outcomes])
    _write(dry_run_id, "findings", read.findings)
    return _totals(outcomes, read.findings), tuple(plans)


def _changes(
    outcomes: Sequence[diff.Outcome], existing: Mapping[RoomKey, Room]
) -> tuple[Room, ...]:
    return tuple(
        outcome.room
        for outcome in outcomes
        if outcome.room is not None
        and outcome.row is not None
        and outcome.room != existing.get(outcome.key)
    )


def _totals(outcomes: Sequence[diff.Outcome], findings: Sequence[Finding]) -> Totals:
    counts = diff.counts(outcomes)
    return Totals(
        rows=sum(len(outcome.row.rows) for outcome in outcomes if outcome.row is not None),
        new=counts[Kind.NEW],
        changed=counts[Kind.CHANGED],
        unchanged=counts[Kind.UNCHANGED],
        transfers_proposed=counts[Kind.TRANSFER_PROPOSED],
        blocked=counts[Kind.BLOCKED],
        absent=counts[Kind.ABSENT],
        errors=sum(finding.severity is Severity.ERROR for finding in findings),
        warnings=sum(finding.severity is Severity.WARNING for finding in findings),
    )


def _row_report(outcome: diff.Outcome) -> RowReport:
    building, unit, number = outcome.key
    row, proposal = outcome.row, outcome.proposal
    return RowReport(
        sheet=row.sheet if row else "",
        rows=row.rows if row else (),
        building=building,
        unit=unit,
        number=number,
        original=row.original if row else "",
        outcome=outcome.kind,
        changes=tuple(
            FieldChange(
                change.field, _shown(change.field, change.old), _shown(change.field, change.new)
            )
            for change in outcome.changes
        ),
        proposed_owners=tuple(masks.name(o.name) for o in proposal.owners) if proposal else (),
    )


def _shown(field: str, value: diff.Value) -> str | None:
    """A value as people read it; personal details masked."""
    if value is None:
        return None
    if field == "note":
        # Free text about people; that it changes is all that is shown, as no room shows it either.
        return "***"
    if isinstance(value, tuple):
        return "、".join(_owner(owner) for owner in value)
    if isinstance(value, date):
        return value.isoformat()
    if field.endswith("_dm2"):
        return f"{int(value) // 100}.{int(value) % 100:02d}"
    return str(value)


def _owner(owner: Owner) -> str:
    phones = " ".join(masks.phone(phone.number) for phone in owner.phones)
    number = masks.id_number(owner.id_number) if owner.id_number else ""
    return " ".join(filter(None, [masks.name(owner.name), number, phones]))


def _write(dry_run_id: str, part: str, value: object) -> None:
    files.write(report.key(dry_run_id, part), msgspec.json.encode(value), _JSON)
