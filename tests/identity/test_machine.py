"""Identity beside its model, at random (F3), and what the machine says where it is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.identity.codes import rules as codes
from chalicelib.identity.credentials import passwords
from chalicelib.identity.credentials import rules as credentials
from chalicelib.identity.credentials import store as credentials_store
from chalicelib.identity.feedback import rules as feedback
from chalicelib.identity.feedback.rules import State
from chalicelib.identity.persons import rules as persons
from chalicelib.identity.sessions import rules as sessions
from chalicelib.identity.sessions import store as sessions_store
from chalicelib.identity.settings import rules as settings
from shared import auth
from tests.harness.families import Tally
from tests.harness.machines import World, a_world, attack, caught
from tests.identity.machine import IdentityMachine
from tests.identity.scene import at_home

pytestmark = pytest.mark.family("F3")

EXAMPLES = 40
# What a run must have met, or it attacked less than it seems.
MET = {
    *("newcomer", "signed in as resident", "signed in as staff", "refreshed", "no code sent"),
    *("frozen", "active", "erased", "mandates", "agreed", "dependent", "invited", "accepted"),
    *("confirmed", "changed", "chosen", "answered", "closed", "again"),
    *("not_found", "code_refused", "sign_in_refused", "session_ended", "sign_in_again"),
    *("wards_first", "too_many_wards", "not_oneself", "code_not_valid", "username_taken"),
    *(
        "too_many_attempts",
        "too_many_codes",
        "not_for_safety",
        "stale_version",
        "too_much_feedback",
    ),
    *("too_much_feedback", "not_in_this_state"),
}
Break = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Identity on empty tables; passwords are hashed fast, as nobody guesses them here."""
    monkeypatch.setattr(passwords, "_MEMORY_KIB", 8)
    monkeypatch.setattr(passwords, "_ROUNDS", 1)
    passwords._hasher.cache_clear()
    with a_world("identity") as made, at_home():
        yield made
    passwords._hasher.cache_clear()


def test_identity_does_what_its_model_says(world: World, tally: Tally) -> None:
    attack(IdentityMachine, world, tally, EXAMPLES)
    assert set(world.seen) >= MET, f"never met: {sorted(MET - set(world.seen))}"


def a_code_is_good_twice(patch: pytest.MonkeyPatch) -> None:
    """An authenticator's code is taken as often as it comes."""
    use = credentials.use
    patch.setattr(
        credentials, "use", lambda known, step, *rest: use(replace(known, step=0), step, *rest)
    )


def no_lock(patch: pytest.MonkeyPatch) -> None:
    """A name may be guessed at as often as one likes."""
    patch.setattr(credentials, "FREE_FAILURES", 1_000)


def sessions_outlive_a_reset(patch: pytest.MonkeyPatch) -> None:
    """Whoever was signed in stays so, whatever ends."""
    patch.setattr(sessions_store, "end_all", lambda transaction, credential: None)


def old_tokens_are_good(patch: pytest.MonkeyPatch) -> None:
    """A refresh token that was used long ago is a repetition."""
    patch.setattr(sessions, "LOST_REPLY", timedelta(days=30))


def codes_last_for_hours(patch: pytest.MonkeyPatch) -> None:
    """A code by SMS is good for a day."""
    patch.setattr(codes, "GOOD_FOR", timedelta(days=1))


def codes_are_guessed(patch: pytest.MonkeyPatch) -> None:
    """A code may be guessed ten times."""
    patch.setattr(codes, "ATTEMPTS_MAX", 10)
    patch.setattr(codes, "SOURCE_ATTEMPTS_MAX", 10)


def anybody_is_an_operator(patch: pytest.MonkeyPatch) -> None:
    """Whoever has the permission somewhere, has it everywhere."""
    patch.setattr(auth.Caller, "require", lambda self, scope: setattr(self, "checked", True))


def wards_are_left_alone(patch: pytest.MonkeyPatch) -> None:
    """Somebody is erased for whom others would be left behind."""
    patch.setattr(persons, "check_erasable", lambda person, wards: None)


def a_credential_stays(patch: pytest.MonkeyPatch) -> None:
    """Who is erased leaves a password behind."""
    patch.setattr(credentials_store, "drop_credential", lambda transaction, credential: None)


def spared_of_danger(patch: pytest.MonkeyPatch) -> None:
    """Somebody opts out of what concerns safety."""
    patch.setattr(settings, "SAFETY", frozenset())


def closed_is_answered(patch: pytest.MonkeyPatch) -> None:
    """What is closed can be answered."""
    step = feedback.TRANSITIONS[feedback.Action.ANSWER]
    wider = replace(step, sources=step.sources | {State.CLOSED})
    patch.setitem(feedback.TRANSITIONS, feedback.Action.ANSWER, wider)


BREAKS: tuple[Break, ...] = (
    a_code_is_good_twice,
    no_lock,
    sessions_outlive_a_reset,
    old_tokens_are_good,
    codes_last_for_hours,
    codes_are_guessed,
    anybody_is_an_operator,
    wards_are_left_alone,
    a_credential_stays,
    spared_of_danger,
    closed_is_answered,
)


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.__name__)
def test_the_machine_notices(broken: Break, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch)
    said = caught(IdentityMachine, world, EXAMPLES)
    print(f"after {world.steps} steps: {said[:500]}")
