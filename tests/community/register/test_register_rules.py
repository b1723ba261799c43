"""How an import moves and what a building waits for: every state, phase and owner."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.community.register import rules
from chalicelib.community.register.rules import (
    Building,
    BuildingPlan,
    Import,
    ImportAction,
    ImportState,
    Outcome,
    Phase,
    Step,
    Totals,
)
from shared.errors import Conflict, Invalid

NOW = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
COMMUNITY = "com_7k2m9x4a"
OURS, THEIRS = "imp_7k2m9x4a_" + "0" * 26, "imp_7k2m9x4a_" + "1" * 26
MOVES = {
    (ImportState.AWAITING_FILE, ImportAction.READ): ImportState.READY,
    (ImportState.AWAITING_FILE, ImportAction.REFUSE): ImportState.REFUSED,
    (ImportState.READY, ImportAction.COMMIT): ImportState.COMMITTING,
    (ImportState.COMMITTING, ImportAction.FINISH): ImportState.COMMITTED,
}


def an_import(state: ImportState, *outcomes: Outcome, version: int = 4) -> Import:
    plans = tuple(BuildingPlan(str(n), 0, outcome, Totals()) for n, outcome in enumerate(outcomes))
    return Import(
        OURS, COMMUNITY, "台账.xlsx", "per_x", NOW, NOW, state, buildings=plans, version=version
    )


def moved(found: Import, action: ImportAction) -> Import | None:
    if action is ImportAction.READ:
        return rules.read(found, "dry_1", Totals(rows=1), ())
    if action is ImportAction.REFUSE:
        return rules.refuse(found, "file_damaged", {"line": "3"})
    if action is ImportAction.COMMIT:
        return rules.commit(found, found.version or 0, NOW)
    return rules.finish(found, {})


@pytest.mark.parametrize(("state", "action"), list(itertools.product(ImportState, ImportAction)))
def test_an_import_moves_only_as_the_table_says(state: ImportState, action: ImportAction) -> None:
    found = an_import(state)
    over = {ImportState.COMMITTED, ImportState.PARTLY_COMMITTED}
    if action is ImportAction.FINISH and state in over:
        assert moved(found, action) is None
    elif (state, action) in MOVES:
        after = moved(found, action)
        assert after is not None
        assert (after.state, after.version) == (MOVES[state, action], found.version)
    else:
        with pytest.raises(Conflict) as refused:
            moved(found, action)
        assert (refused.value.code, refused.value.params) == ("not_in_this_state", {"state": state})


def test_a_refusal_keeps_its_code_and_its_values() -> None:
    refused = rules.refuse(an_import(ImportState.AWAITING_FILE), "csv_damaged", {"line": "3"})
    assert (refused.refusal, refused.refusal_params) == ("csv_damaged", (("line", "3"),))


@pytest.mark.parametrize(
    "state", [ImportState.COMMITTING, ImportState.COMMITTED, ImportState.PARTLY_COMMITTED]
)
def test_a_commit_that_comes_again_changes_nothing(state: ImportState) -> None:
    assert rules.commit(an_import(state), 3, NOW) is None


@pytest.mark.parametrize("state", [ImportState.AWAITING_FILE, ImportState.READY])
@pytest.mark.parametrize("version", [3, 5])
def test_only_the_version_that_was_seen_is_committed(state: ImportState, version: int) -> None:
    with pytest.raises(Conflict, match="stale_version"):
        rules.commit(an_import(state), version, NOW)


def test_an_import_of_which_every_building_is_blocked_has_nothing_to_commit() -> None:
    blocked = an_import(ImportState.READY, Outcome.BLOCKED, Outcome.BLOCKED)
    with pytest.raises(Conflict, match="nothing_to_commit"):
        rules.commit(blocked, 4, NOW)
    some = an_import(ImportState.READY, Outcome.BLOCKED, Outcome.PENDING)
    assert rules.commit(some, 4, NOW) is not None


def test_a_dry_run_is_good_for_seven_days_and_no_longer() -> None:
    found = an_import(ImportState.READY)
    assert rules.commit(found, 4, NOW + timedelta(days=7)) is not None
    with pytest.raises(Conflict, match="dry_run_expired"):
        rules.commit(found, 4, NOW + timedelta(days=7, milliseconds=1))


@pytest.mark.parametrize("outcome", Outcome)
def test_an_import_is_committed_only_if_every_building_is(outcome: Outcome) -> None:
    found = an_import(ImportState.COMMITTING, Outcome.UNCHANGED, outcome)
    finished = rules.finish(found, {})
    assert finished is not None
    whole = outcome in (Outcome.COMMITTED, Outcome.UNCHANGED)
    assert finished.state is (ImportState.COMMITTED if whole else ImportState.PARTLY_COMMITTED)


def test_finishing_writes_down_what_became_of_each_building() -> None:
    found = an_import(
        ImportState.COMMITTING, Outcome.PENDING, Outcome.BLOCKED, Outcome.PENDING, Outcome.UNCHANGED
    )
    finished = rules.finish(found, {"0": Outcome.COMMITTED, "2": Outcome.STALE})
    assert finished is not None
    assert [plan.outcome for plan in finished.buildings] == [
        Outcome.COMMITTED,
        Outcome.BLOCKED,
        Outcome.STALE,
        Outcome.UNCHANGED,
    ]


@pytest.mark.parametrize("state", ImportState)
def test_a_dry_run_is_shown_once_there_is_one(state: ImportState) -> None:
    if state in (ImportState.AWAITING_FILE, ImportState.REFUSED):
        with pytest.raises(Conflict, match="no_dry_run"):
            rules.check_has_dry_run(an_import(state))
    else:
        rules.check_has_dry_run(an_import(state))


@pytest.mark.parametrize(
    ("phase", "owner", "is_base", "step"),
    [
        (Phase.FREE, "", True, Step.CLAIM),
        (Phase.FREE, "", False, Step.STALE),
        (Phase.FREE, OURS, True, Step.DONE),
        (Phase.FREE, OURS, False, Step.DONE),
        (Phase.FREE, THEIRS, True, Step.CLAIM),
        (Phase.FREE, THEIRS, False, Step.STALE),
        (Phase.STAGING, OURS, True, Step.STAGE),
        (Phase.STAGING, OURS, False, Step.STAGE),
        (Phase.STAGING, THEIRS, True, Step.CLAIM),
        (Phase.STAGING, THEIRS, False, Step.STALE),
        (Phase.FOLDING, OURS, True, Step.FOLD),
        (Phase.FOLDING, OURS, False, Step.FOLD),
        (Phase.FOLDING, THEIRS, True, Step.FOLD_OTHER),
        (Phase.FOLDING, THEIRS, False, Step.FOLD_OTHER),
    ],
)
def test_the_step_a_building_waits_for(phase: Phase, owner: str, is_base: bool, step: Step) -> None:
    building = Building(COMMUNITY, "3", 10, phase, owner, version=6)
    assert rules.next_step(building, OURS, 6 if is_base else 5) is step


def test_a_building_that_is_not_there_has_base_version_zero() -> None:
    assert rules.next_step(Building(COMMUNITY, "3"), OURS, 0) is Step.CLAIM
    assert rules.next_step(Building(COMMUNITY, "3"), OURS, 1) is Step.STALE


def test_each_step_leads_to_the_next_until_the_building_is_free() -> None:
    building = Building(COMMUNITY, "3", version=2)
    steps, rooms = [], []
    while (step := rules.next_step(building, OURS, 2)) is not Step.DONE:
        after = {
            Step.CLAIM: lambda b: rules.claim(b, OURS),
            Step.STAGE: lambda b: rules.flip(b, 12),
            Step.FOLD: rules.free,
        }[step](building)
        building = replace(after, version=(building.version or 0) + 1)
        steps.append(step)
        rooms.append(building.rooms)
    assert (steps, rooms) == ([Step.CLAIM, Step.STAGE, Step.FOLD], [0, 12, 12])


@pytest.mark.parametrize(
    ("scope", "reach", "seen"),
    [
        ("com_7k2m9x4a/3", ("com_7k2m9x4a",), True),
        ("com_7k2m9x4a/3", ("com_7k2m9x4a/3",), True),
        ("com_7k2m9x4a/3", ("com_7k2m9x4a/3/1",), True),
        ("com_7k2m9x4a/3", ("com_7k2m9x4a/33", "com_7k2m9x4a/4"), False),
        ("com_7k2m9x4a/3", ("com_11111111",), False),
        ("com_7k2m9x4a/3", ("platform",), True),
        ("com_7k2m9x4a/3", (), False),
    ],
)
def test_a_building_is_seen_by_whose_scope_meets_it(
    scope: str, reach: tuple[str, ...], seen: bool
) -> None:
    assert rules.within(scope, reach) is seen


@pytest.mark.parametrize(
    ("built", "inner"), [(None, None), (None, 1), (8943, None), (8943, 8943), (8943, 7020)]
)
def test_an_inner_area_within_the_built_up_area_is_taken(
    built: int | None, inner: int | None
) -> None:
    rules.check_areas(built, inner)


def test_an_inner_area_above_the_built_up_area_is_refused_by_name() -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_areas(8943, 8944)
    (finding,) = refused.value.findings
    assert (finding.path, finding.code) == ("inner_area_dm2", "inner_exceeds_built")
