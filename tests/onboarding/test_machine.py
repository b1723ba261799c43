"""Onboarding beside its model, at random (F3), and what the machine says where it is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from chalicelib.onboarding import actions, credit_code, limits, rules, store
from chalicelib.onboarding.guidance import store as guidance
from chalicelib.onboarding.guidance.progress import Milestone
from chalicelib.onboarding.model import Action, State
from chalicelib.onboarding.qualifications import rules as file_rules
from tests.harness.families import Tally
from tests.harness.machines import World, a_world, attack, caught
from tests.onboarding.machine import OnboardingMachine

pytestmark = pytest.mark.family("F3")

EXAMPLES = 40
# What a run must have met, or it attacked less than it seems.
MET = {
    *("submit", "claim", "approve", "refuse", "resubmit", "withdraw", "repeated", "guided"),
    *("not_found", "stale_version", "not_in_this_state", "own_application", "not_your_review"),
    *("idempotency_key_reused", "credit_code_taken", "too_many_applications", "timeline_full"),
    *("wrong_check_character", "no_such_qualification", "qualification_refused"),
    *("file accepted", "file refused"),
}
Break = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
def world() -> Iterator[World]:
    """Onboarding on empty tables."""
    with a_world("onboarding") as made:
        yield made


def test_onboarding_does_what_its_model_says(world: World, tally: Tally) -> None:
    attack(OnboardingMachine, world, tally, EXAMPLES)
    assert set(world.seen) >= MET, f"never met: {sorted(MET - set(world.seen))}"


def a_step_too_many(patch: pytest.MonkeyPatch) -> None:
    """An application is approved that nobody took on."""
    step = rules.TRANSITIONS[Action.CLAIM]
    wider = replace(step, sources=step.sources | {State.REFUSED})
    patch.setitem(rules.TRANSITIONS, Action.CLAIM, wider)


def anybodys_application(patch: pytest.MonkeyPatch) -> None:
    """Whoever knows its id sees an application."""

    def find(caller: object, application_id: str) -> object:
        caller.own()  # type: ignore[attr-defined]  # a caller, whatever its type
        found = store.get_application(application_id)
        if found is None:
            raise actions.NotFound
        return found

    patch.setattr(actions, "_own", find)


def a_code_is_left_with_the_refusal(patch: pytest.MonkeyPatch) -> None:
    """A refused application keeps others from its credit code."""
    patch.setattr(store, "HOLDING", rules.HOLDING | {State.REFUSED})


def any_code_will_do(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks at the check character."""
    patch.setattr(credit_code, "is_whole", lambda code: True)


def one_application_more(patch: pytest.MonkeyPatch) -> None:
    """Six are let through in a day."""
    patch.setattr(limits, "APPLICATIONS_PER_DAY", 6)


def entries_stand_alone(patch: pytest.MonkeyPatch) -> None:
    """The trail's entries are not chained to those before them."""
    seal = rules.seal
    patch.setattr(rules, "seal", lambda one_id, before, entry: seal(one_id, (), entry))


def anybodys_file(patch: pytest.MonkeyPatch) -> None:
    """A file of somebody else may be shown as one's own."""
    patch.setattr(file_rules, "check_qualifications", lambda one, found, uploader_id: None)


def every_company_is_led_alike(patch: pytest.MonkeyPatch) -> None:
    """What others have reached counts for everybody."""
    patch.setattr(guidance, "reached", lambda person_id, company_id: frozenset(Milestone))


BREAKS: tuple[Break, ...] = (
    a_step_too_many,
    anybodys_application,
    a_code_is_left_with_the_refusal,
    any_code_will_do,
    one_application_more,
    entries_stand_alone,
    anybodys_file,
    every_company_is_led_alike,
)


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.__name__)
def test_the_machine_notices(broken: Break, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch)
    said = caught(OnboardingMachine, world, EXAMPLES)
    print(f"after {world.steps} steps: {said[:500]}")
