"""Each function's policy grants what its calls use and nothing else: granted ÷ used = 1.00."""

from __future__ import annotations

import pytest

from local.apps import load_app
from local.places import capabilities
from shared import vault
from tests import stories
from tests.harness import policies
from tests.harness.families import Tally
from tests.harness.recorder import Right

FUNCTIONS = [(name, function) for name in capabilities() for function in policies.functions(name)]


def used(capability: str, function: str) -> set[Right]:
    runs = stories.runs(capability)
    return set[Right]().union(*(run.rights for run in runs if run.function == function))


@pytest.mark.family("A5")
@pytest.mark.parametrize(("capability", "function"), sorted(FUNCTIONS))
def test_a_policy_grants_what_is_used_and_nothing_else(
    capability: str, function: str, tally: Tally
) -> None:
    by_lambda = policies.used_by_lambda(load_app(capability).app, function)
    needed = used(capability, function) | by_lambda
    granted = policies.granted(capability, function)
    assert (sorted(granted - needed), sorted(needed - granted)) == ([], []), "beyond, missing"
    tally.count(1, f"{capability}.{function}")


@pytest.mark.parametrize(("capability", "function"), sorted(FUNCTIONS))
def test_no_policy_grants_a_pattern_of_actions(capability: str, function: str) -> None:
    assert [r for r in policies.granted(capability, function) if "*" in r.action] == []


@pytest.mark.parametrize(("capability", "function"), sorted(FUNCTIONS))
def test_a_capability_tells_events_in_no_name_but_its_own(capability: str, function: str) -> None:
    """No stand-in knows the condition: what the story told is held against it here."""
    told = {
        entry["Source"]
        for run in stories.runs(capability)
        for operation, asked in run.asked
        if (run.function, operation) == (function, "PutEvents")
        for entry in asked["Entries"]
    }
    wanted = {f"linli.{capability}"} if told else set()
    assert told == wanted == policies.condition(capability, function, "events:source")


@pytest.mark.parametrize(("capability", "function"), sorted(FUNCTIONS))
def test_the_key_of_personal_data_serves_its_one_purpose(capability: str, function: str) -> None:
    asks = Right("kms:Decrypt", "PersonalDataKey") in policies.granted(capability, function)
    for name, value in vault.PURPOSE.items():
        wanted = policies.condition(capability, function, f"kms:EncryptionContext:{name}")
        assert wanted == ({value} if asks else set())


@pytest.mark.parametrize("capability", capabilities())
def test_the_story_goes_through_every_way_in(capability: str) -> None:
    """Otherwise what is not used could not be told from what is not tried."""
    tried = {(run.function, run.way_in) for run in stories.runs(capability)}
    assert tried == stories.ways_in(capability)
