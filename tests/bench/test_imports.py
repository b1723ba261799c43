"""No function loads more modules than its budget, and none loads what it must not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.bench import budgets, imports
from tests.bench.endpoint import recorded
from tests.harness.families import Tally
from tests.harness.issuer import CLIENT, Issuer, new_key, rs256

pytestmark = pytest.mark.family("M")

GOAL = 440


@pytest.fixture(scope="module")
def variants() -> list[imports.Variant]:
    """Every handler, as it would be deployed."""
    return [*imports.baselines(), *imports.functions()]


@pytest.fixture(scope="module")
def starts(
    variants: list[imports.Variant],
) -> Iterator[dict[str, tuple[imports.Start, imports.Start]]]:
    """Every handler started cold twice."""
    with recorded() as endpoint:
        yield {
            variant.name: (imports.start(variant, endpoint), imports.start(variant, endpoint))
            for variant in variants
        }


Starts = dict[str, tuple[imports.Start, imports.Start]]


def test_every_function_has_a_budget_and_every_budget_a_function(starts: Starts) -> None:
    assert set(budgets.functions()) == set(starts) - {v.name for v in imports.baselines()}


def test_no_function_loads_more_modules_than_its_budget(starts: Starts, tally: Tally) -> None:
    over = {
        name: (starts[name][0].modules_at_first_request, budget.modules)
        for name, budget in budgets.functions().items()
        if starts[name][0].modules_at_first_request > budget.modules
    }
    assert not over
    for name in budgets.functions():
        tally.count(1, name)


def test_a_budget_above_the_goal_says_why() -> None:
    above = {n: one for n, one in budgets.functions().items() if one.modules > GOAL}
    assert all(one.why for one in above.values()), above


def test_counts_are_the_same_in_every_run(starts: Starts) -> None:
    for name, (one, other) in starts.items():
        assert one.modules == other.modules, name
        assert one.modules_at_first_request == other.modules_at_first_request, name
        assert _statuses(one) == _statuses(other), name


def _statuses(start: imports.Start) -> list[Any]:
    """What was answered, without the ids and instants that differ."""
    return [a.get("statusCode") if isinstance(a, dict) else a for a in start.answers]


def test_every_handler_reads_the_same_item(starts: Starts) -> None:
    bare = starts["bare boto3"][0].item
    assert all(one.item == bare for pair in starts.values() for one in pair)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    running = Issuer(new_key())
    yield running
    running.stop()


def test_the_authorizer_takes_only_a_genuine_token_and_loads_no_more_for_it(
    variants: list[imports.Variant], starts: Starts, issuer: Issuer
) -> None:
    (authorizer,) = (each for each in variants if each.name == "community.authorize")
    known = {"issuer": issuer.address, "jwks_uri": issuer.jwks_uri, "audience": [CLIENT]}
    settings = dict(authorizer.settings) | {"ISSUERS": json.dumps([known])}
    event, forger = authorizer.first[0], new_key()
    first = [
        event | {"authorizationToken": f"Bearer {token}"}
        for token in (issuer.token(), issuer.token(sign=rs256(forger)), issuer.token(exp=1))
    ]
    asked = replace(authorizer, first=tuple(first), settings=tuple(settings.items()), besides=())
    with recorded() as endpoint:
        start = imports.start(asked, endpoint)
    (allowed, *refused) = start.answers
    assert allowed["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    assert refused == ["Exception: Unauthorized"] * 2
    assert start.modules_at_first_request == starts[asked.name][0].modules_at_first_request
