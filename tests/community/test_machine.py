"""`community` beside its model, at random (F3), and what the machine says where it is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import pytest

from chalicelib.community import rules, store
from chalicelib.community.register import actions as register
from chalicelib.community.register import rules as register_rules
from chalicelib.community.register import store as register_store
from chalicelib.community.register.rules import Outcome
from shared import auth, events, grants
from tests.community.machine_homes import HomesMachine
from tests.harness.families import Tally
from tests.harness.machines import World, a_world, attack, caught

pytestmark = pytest.mark.family("F3")

EXAMPLES = 130
# What a run must have met, or it attacked less than it seems.
MET = {
    *("community_manager active", "community_manager ended", "butler active"),
    *("family_member active", "family_member ended", "tenant active", "tenant ended"),
    *("users shown", "claim pending", "claim confirmed", "claim refused", "claim withdrawn"),
    *("not_for_this_relation", "not_in_this_state"),
    *("owner active", "owner ended", "committed", "partly_committed", "stale"),
    *("not_found", "stale_version", "idempotency_key_reused"),
    *("not_a_scope", "role_not_on_this_scope", "role_not_yours_to_give"),
}
Break = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
def world() -> Iterator[World]:
    """`community` on empty tables."""
    with a_world("community") as made:
        yield made


def test_community_does_what_its_model_says(world: World, tally: Tally) -> None:
    attack(HomesMachine, world, tally, EXAMPLES)
    assert set(world.seen) >= MET, f"never met: {sorted(MET - set(world.seen))}"


def a_right_outlives_its_end(patch: pytest.MonkeyPatch) -> None:
    """Taking a role away writes it down and takes nothing away."""
    patch.setattr(grants, "remove_grant", lambda transaction, person_id, grant: None)


def no_scope_is_asked(patch: pytest.MonkeyPatch) -> None:
    """Whoever has the permission somewhere, has it everywhere."""
    patch.setattr(auth.Caller, "require", lambda self, scope: setattr(self, "checked", True))


def a_giver_is_believed(patch: pytest.MonkeyPatch) -> None:
    """Whoever lost a right a moment ago still gives it."""
    rely = grants.relying_on
    patch.setattr(grants, "relying_on", lambda person_id, basis: rely(person_id, ()))


def whoever_knows_a_role_takes_it_away(patch: pytest.MonkeyPatch) -> None:
    """What somebody may end because it is theirs, anybody may end."""
    patch.setattr(rules, "may_lay_down", lambda caller_id, holder_id, role: True)


def any_room_is_known(patch: pytest.MonkeyPatch) -> None:
    """A resident is bound to a room that the register does not know."""
    patch.setattr(register_store, "room_exists", lambda scope: True)


def what_changed_is_overwritten(patch: pytest.MonkeyPatch) -> None:
    """A dry run is applied to a building that somebody changed since."""
    step = register_rules.next_step
    patch.setattr(
        register_rules,
        "next_step",
        lambda building, import_id, base: step(building, import_id, building.version or 0),
    )


def failures_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A building whose task gave up is said to be committed."""
    patch.setattr(register, "_settled", lambda result, *_: Outcome.COMMITTED)


def an_event_counts_twice(patch: pytest.MonkeyPatch) -> None:
    """Nobody remembers which events were counted."""
    save, numbers = store.save_count, iter(range(100_000))

    def forget(community_id: str, name: str, event: events.Event, *rest: object) -> bool:
        again = events.decode(events.encode(event).replace(event.id, f"{next(numbers)}"))
        return save(community_id, name, again, *rest)  # type: ignore[arg-type]  # passed on

    patch.setattr(store, "save_count", forget)


def a_correction_is_not_noticed(patch: pytest.MonkeyPatch) -> None:
    """A room is stored with another area than was asked for."""
    save = register_store.save_room
    patch.setattr(
        register_store,
        "save_room",
        lambda building, room, *rest: save(building, replace(room, built_area_dm2=1), *rest),
    )


def a_cache_between_requests(patch: pytest.MonkeyPatch) -> None:
    """A container remembers what it showed to somebody before."""
    patch.setattr(store, "get_community", cache(store.get_community))


BREAKS: tuple[Break, ...] = (
    a_right_outlives_its_end,
    no_scope_is_asked,
    a_giver_is_believed,
    whoever_knows_a_role_takes_it_away,
    any_room_is_known,
    what_changed_is_overwritten,
    failures_are_forgotten,
    an_event_counts_twice,
    a_correction_is_not_noticed,
    a_cache_between_requests,
)


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.__name__)
def test_the_machine_notices(broken: Break, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch)
    print(f"{caught(HomesMachine, world, EXAMPLES)[:500]}, after {world.steps} steps")
