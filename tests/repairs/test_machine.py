"""Repairs beside their model, at random (F3), and what the machine says where they are broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest

from chalicelib.repairs import actions, limits, rules, store
from chalicelib.repairs.model import Action, State
from chalicelib.repairs.photos import rules as photo_rules
from shared import auth
from tests.harness.families import Tally
from tests.harness.machines import World, a_world, attack, caught
from tests.repairs.machine import RepairsMachine

pytestmark = pytest.mark.family("F3")

EXAMPLES = 40
# What a run must have met, or it attacked less than it seems.
MET = {
    *("assign", "accept", "start", "finish", "rate", "withdraw", "repeated"),
    *("not_found", "stale_version", "not_in_this_state", "not_a_technician"),
    *("idempotency_key_reused", "too_many_reports", "same_report_again", "no_such_photo"),
    *("photo_refused", "photo ready", "photo refused", "overdue"),
}
Break = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
def world() -> Iterator[World]:
    """Repairs on empty tables."""
    with a_world("repairs") as made:
        yield made


def test_repairs_do_what_their_model_says(world: World, tally: Tally) -> None:
    attack(RepairsMachine, world, tally, EXAMPLES)
    assert set(world.seen) >= MET, f"never met: {sorted(MET - set(world.seen))}"


def a_step_too_many(patch: pytest.MonkeyPatch) -> None:
    """A report is withdrawn that a technician works on already."""
    step = rules.TRANSITIONS[Action.WITHDRAW]
    wider = replace(step, sources=step.sources | {State.WORKING, State.ACCEPTED})
    patch.setitem(rules.TRANSITIONS, Action.WITHDRAW, wider)


def no_scope_is_asked(patch: pytest.MonkeyPatch) -> None:
    """Whoever has the permission somewhere, has it everywhere."""
    patch.setattr(auth.Caller, "require", lambda self, scope: setattr(self, "checked", True))


def neighbours_see(patch: pytest.MonkeyPatch) -> None:
    """Who lives in the room sees what others of it reported."""
    patch.setattr(actions, "_OWN_ONLY", frozenset())


def old_news_is_kept(patch: pytest.MonkeyPatch) -> None:
    """An event of staff that comes late counts as the newest."""
    keep = store.keep_technician
    versions = iter(range(1000, 100_000))
    patch.setattr(
        store,
        "keep_technician",
        lambda where, who: keep(where, replace(who, grant_version=next(versions))),
    )


def one_report_more(patch: pytest.MonkeyPatch) -> None:
    """The same thing is reported three times a day."""
    patch.setattr(limits, "SAME_REPORTS_PER_DAY", 3)


def an_event_behind(patch: pytest.MonkeyPatch) -> None:
    """The event of a step carries the version before it."""
    tell = actions.announcement
    patch.setattr(
        actions, "announcement", lambda ticket: tell(replace(ticket, version=ticket.version - 1))
    )


def entries_stand_alone(patch: pytest.MonkeyPatch) -> None:
    """The trail's entries are not chained to those before them."""
    seal = rules.seal
    patch.setattr(rules, "seal", lambda ticket_id, before, entry: seal(ticket_id, (), entry))


def ratings_stay_open(patch: pytest.MonkeyPatch) -> None:
    """A rating may be changed as long as one likes."""
    patch.setattr(rules, "RATING_WINDOW", timedelta(days=70))


def anybodys_photo(patch: pytest.MonkeyPatch) -> None:
    """A photo of somebody else may be attached."""
    patch.setattr(photo_rules, "check_photos", lambda photo_ids, found, uploader_id: None)


def a_cache_between_requests(patch: pytest.MonkeyPatch) -> None:
    """A container remembers what it showed to somebody before."""
    patch.setattr(store, "list_reported", cache(store.list_reported))


BREAKS: tuple[Break, ...] = (
    a_step_too_many,
    no_scope_is_asked,
    neighbours_see,
    old_news_is_kept,
    one_report_more,
    an_event_behind,
    entries_stand_alone,
    ratings_stay_open,
    anybodys_photo,
    a_cache_between_requests,
)


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.__name__)
def test_the_machine_notices(broken: Break, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch)
    said = caught(RepairsMachine, world, EXAMPLES)
    print(f"after {world.steps} steps: {said[:500]}")
