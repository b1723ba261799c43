"""How an import moves, and how a building takes one in: all of its rooms or none.

Pure: values in, values out, or a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.auth import covers
from shared.errors import Conflict, invalid
from shared.outbox import EMPTY, Outbox

MAX_ROOMS_PER_BUILDING = 2_000
MAX_BUILDINGS = 300
"""Buildings of one import: its plan and its event are one item, at most 400 KB."""
DRY_RUN_LIFETIME = timedelta(days=7)


class ImportState(StrEnum):
    """Where an import of the house register stands."""

    AWAITING_FILE = "awaiting_file"
    REFUSED = "refused"
    READY = "ready"
    COMMITTING = "committing"
    COMMITTED = "committed"
    PARTLY_COMMITTED = "partly_committed"


class ImportAction(StrEnum):
    """What moves an import."""

    READ = "read"
    REFUSE = "refuse"
    COMMIT = "commit"
    FINISH = "finish"


TRANSITIONS: Mapping[ImportAction, tuple[frozenset[ImportState], frozenset[ImportState]]] = {
    ImportAction.READ: (
        frozenset({ImportState.AWAITING_FILE}),
        frozenset({ImportState.READY}),
    ),
    ImportAction.REFUSE: (
        frozenset({ImportState.AWAITING_FILE}),
        frozenset({ImportState.REFUSED}),
    ),
    ImportAction.COMMIT: (
        frozenset({ImportState.READY}),
        frozenset({ImportState.COMMITTING}),
    ),
    ImportAction.FINISH: (
        frozenset({ImportState.COMMITTING}),
        frozenset({ImportState.COMMITTED, ImportState.PARTLY_COMMITTED}),
    ),
}
"""Action → the states it starts from and those it may end in."""


class Outcome(StrEnum):
    """What became of a building in a commit."""

    PENDING = "pending"
    BLOCKED = "blocked"
    UNCHANGED = "unchanged"
    COMMITTED = "committed"
    STALE = "stale"
    FAILED = "failed"


@dataclass(frozen=True)
class Totals:
    """How many rows of a dry run came out how; `errors` and `warnings` count findings."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    transfers_proposed: int = 0
    blocked: int = 0
    absent: int = 0
    errors: int = 0
    warnings: int = 0


@dataclass(frozen=True)
class BuildingPlan:
    """What a commit would do to one building, and the state of it that the dry run saw."""

    building: str
    base_version: int
    outcome: Outcome
    totals: Totals


@dataclass(frozen=True)
class Import:
    """One file of the house register on its way in."""

    id: str
    community_id: str
    file_name: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    state: ImportState = ImportState.AWAITING_FILE
    refusal: str = ""
    refusal_params: tuple[tuple[str, str], ...] = ()
    dry_run_id: str = ""
    totals: Totals = Totals()
    buildings: tuple[BuildingPlan, ...] = ()
    version: int | None = None
    outbox: Outbox = field(default=EMPTY, compare=False, repr=False)


def read(
    found: Import, dry_run_id: str, totals: Totals, buildings: tuple[BuildingPlan, ...]
) -> Import:
    """The import with its dry run."""
    moved = _move(found, ImportAction.READ, ImportState.READY)
    return replace(moved, dry_run_id=dry_run_id, totals=totals, buildings=buildings)


def refuse(found: Import, code: str, params: Mapping[str, str]) -> Import:
    """The import whose file cannot be read at all, with the reason's code and its values."""
    moved = _move(found, ImportAction.REFUSE, ImportState.REFUSED)
    return replace(moved, refusal=code, refusal_params=tuple(params.items()))


def commit(found: Import, version: int, now: datetime) -> Import | None:
    """The import on its way in, or None where it already is.

    Raises
    ------
    Conflict
        It has no dry run to apply, not the one that the caller saw (`version`), one that is older
        than `DRY_RUN_LIFETIME`, or one of which every building is blocked.
    """
    begun = found.state in (ImportState.COMMITTING, *TRANSITIONS[ImportAction.FINISH][1])
    if begun and found.version is not None and version < found.version:
        return None
    if found.version != version:
        raise Conflict("stale_version")
    if now - found.created_at > DRY_RUN_LIFETIME:
        raise Conflict("dry_run_expired")
    if found.buildings and all(plan.outcome is Outcome.BLOCKED for plan in found.buildings):
        raise Conflict("nothing_to_commit")
    return _move(found, ImportAction.COMMIT, ImportState.COMMITTING)


def finish(found: Import, outcomes: Mapping[str, Outcome]) -> Import | None:
    """The import with what became of each building, or None where it is finished already."""
    if found.state in TRANSITIONS[ImportAction.FINISH][1]:
        return None
    buildings = tuple(
        replace(plan, outcome=outcomes.get(plan.building, plan.outcome)) for plan in found.buildings
    )
    good = {Outcome.COMMITTED, Outcome.UNCHANGED}
    whole = all(plan.outcome in good for plan in buildings)
    state = ImportState.COMMITTED if whole else ImportState.PARTLY_COMMITTED
    return replace(_move(found, ImportAction.FINISH, state), buildings=buildings)


def within(scope: str, reach: Iterable[str]) -> bool:
    """Whether a building or room lies in one of the caller's scopes, or a scope in it."""
    return any(covers(own, scope) or covers(scope, own) for own in reach)


def check_areas(built_area_dm2: int | None, inner_area_dm2: int | None) -> None:
    """Refuse an inner area (套内面积) larger than the built-up area (建筑面积) (D12).

    Raises
    ------
    Invalid
        At the inner area.
    """
    if built_area_dm2 is not None and (inner_area_dm2 or 0) > built_area_dm2:
        raise invalid("inner_area_dm2", "inner_exceeds_built")


def _move(found: Import, action: ImportAction, target: ImportState) -> Import:
    sources, targets = TRANSITIONS[action]
    if found.state not in sources or target not in targets:
        raise Conflict("not_in_this_state", state=found.state)
    return replace(found, state=target)


def check_has_dry_run(found: Import) -> None:
    """Refuse to show a dry run that has not been made.

    Raises
    ------
    Conflict
        The file has not come, is not read yet, or was refused.
    """
    if found.state in (ImportState.AWAITING_FILE, ImportState.REFUSED):
        raise Conflict("no_dry_run", state=found.state)


class Phase(StrEnum):
    """Whether a building is free, or what it is doing with the import it has taken."""

    FREE = "free"
    STAGING = "staging"
    FOLDING = "folding"


@dataclass(frozen=True)
class Building:
    """A building (楼栋) as the unit that changes whole.

    `import_id` is the import that it has taken, `edition` the one whose rooms count.
    """

    community_id: str
    name: str
    rooms: int = 0
    phase: Phase = Phase.FREE
    import_id: str = ""
    edition: str = ""
    version: int | None = None
    outbox: Outbox = field(default=EMPTY, compare=False, repr=False)


class Step(StrEnum):
    """What to do next to bring an import into a building."""

    CLAIM = "claim"
    STAGE = "stage"
    FOLD = "fold"
    FOLD_OTHER = "fold_other"
    DONE = "done"
    STALE = "stale"


def next_step(building: Building, import_id: str, base_version: int) -> Step:
    """The step that a building is waiting for.

    Parameters
    ----------
    base_version
        The building's version that the dry run saw; 0 for a building that did not exist.

    Returns
    -------
    Step
        `STALE` where somebody else changed the building since the dry run: what is applied is
        what was shown, or nothing.  A claim that its owner abandoned may be taken over; one that
        has flipped is folded first, whoever comes.
    """
    if building.import_id == import_id:
        return {Phase.STAGING: Step.STAGE, Phase.FOLDING: Step.FOLD, Phase.FREE: Step.DONE}[
            building.phase
        ]
    if building.phase is Phase.FOLDING:
        return Step.FOLD_OTHER
    if (building.version or 0) != base_version:
        return Step.STALE
    return Step.CLAIM


def claim(building: Building, import_id: str) -> Building:
    """The building taken by an import."""
    return replace(building, phase=Phase.STAGING, import_id=import_id)


def release(building: Building) -> Building:
    """The building without the claim of an import that gave up; nothing of it counts."""
    return replace(building, phase=Phase.FREE, import_id="")


def flip(building: Building, rooms: int) -> Building:
    """The building in which the staged rooms count from now on."""
    return replace(building, phase=Phase.FOLDING, rooms=rooms, edition=building.import_id)


def free(building: Building) -> Building:
    """The building whose rooms are all their own again."""
    return replace(building, phase=Phase.FREE)
