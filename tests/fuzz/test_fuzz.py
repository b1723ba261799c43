"""Every operation of the running platform is fuzzed, alone and along the links of its answers."""

from __future__ import annotations

import os
import secrets
from typing import Any

import pytest

from local.apps import load_app
from local.openapi import merged
from local.places import capabilities
from local.platform import Platform
from local.sandboxes import Sandboxes
from tests.fuzz.attack import Attack, Outcome
from tests.fuzz.judge import Kind
from tests.fuzz.scene import play
from tests.harness.families import Tally
from tests.harness.people import People

pytestmark = pytest.mark.family("A11")

SEED = 20261122
"""Of every run but those of `make prove`, which throw the dice."""
_CASES, _CASES_FULL = 25, 1_000
_CHAINED, _CHAINED_FULL = 150, 2_000
# Who is refused so has not been understood, or let in, or has named nothing that is there.
_NOT_REACHED = {400, 401, 404, 413, 415}


@pytest.fixture(scope="module")
def number(request: pytest.FixtureRequest) -> int:
    """The seed of this run, printed so that it can be had again."""
    proving = request.config.getoption("--prove")
    chosen = int(os.environ.get("LINLI_SEED", secrets.randbelow(2**32) if proving else SEED))
    capture: Any = request.config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\nA11: LINLI_SEED={chosen}")
    return chosen


@pytest.fixture(scope="module")
def attack(platform: Platform, people: People, sandboxes: Sandboxes) -> Attack:
    """The platform with an estate to name things of."""
    return play(platform, people, sandboxes, merged())


def operations() -> list[str]:
    """Every operation as `community.show_me`."""
    return [
        f"{capability}.{operation.view.__name__}"
        for capability in capabilities()
        for operation in load_app(capability).app.operations
    ]


def told(outcome: Outcome) -> str:
    """What was found wrong with an operation, a line for each with the request that shows it."""
    return "\n".join(f"{words}\n    {request}" for words, request in outcome.faults.items())


@pytest.mark.parametrize("operation", operations())
def test_no_request_breaks_an_operation_or_is_taken_though_it_does_not_fit(
    operation: str, attack: Attack, number: int, tally: Tally
) -> None:
    name = operation.partition(".")[2]
    before = attack.outcomes.get(name, Outcome()).sent.total()
    outcome = attack.fuzz(name, _CASES_FULL if tally.full(operation) else _CASES, number)
    tally.count(outcome.sent.total() - before, operation)
    assert not outcome.faults, told(outcome)
    assert outcome.sent[Kind.FITTING] > 0
    assert outcome.sent[Kind.UNFITTING] + outcome.sent[Kind.UNKNOWN] > 0
    assert set(outcome.answers) - _NOT_REACHED, (
        f"no request got as far as {operation}: give tests/fuzz/scene.py what it needs"
    )


def test_no_chain_of_requests_breaks_an_operation(
    attack: Attack, number: int, tally: Tally
) -> None:
    # What the operations were found to do alone, their own tests tell.
    attack.outcomes.clear()
    sent = attack.follow(_CHAINED_FULL if tally.full("links") else _CHAINED, number)
    tally.count(sent, "links")
    faults = [told(outcome) for outcome in attack.outcomes.values() if outcome.faults]
    assert not faults, "\n".join(faults)
    followed = sum(outcome.sent[Kind.CHAINED] for outcome in attack.outcomes.values())
    assert followed >= sent / 4, "chains that end after their first request are none"
