"""Every case, asked of every stand-in: as AWS answers, or exactly as the list says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.emulator import Emulator
from tests.harness.families import Tally
from tests.honesty import case as asking
from tests.honesty.case import CASES, MINISTACK, MOTO, Case, StandIn
from tests.honesty.divergences import listed, verdict

pytestmark = pytest.mark.family("F12")


@pytest.fixture
def moto() -> Iterator[StandIn]:
    """An empty account on moto."""
    with asking.moto() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def ministack(emulator: Emulator) -> StandIn:
    """The account on the emulator, with a table and a bucket that its cases share."""
    return asking.ministack(emulator)


def cases_of(kind: str) -> list[object]:
    return [pytest.param(case, id=case.name) for case in CASES.values() if kind in case.asked_of]


@pytest.mark.parametrize("case", cases_of(MOTO))
def test_moto_answers_as_aws_or_as_it_is_listed(case: Case, moto: StandIn, tally: Tally) -> None:
    tally.count(1, f"moto's {service(case)}")
    assert verdict(case, MOTO, case.ask(moto), listed().get(case.name)) == ""


@pytest.mark.parametrize("case", cases_of(MINISTACK))
def test_ministack_answers_as_aws_or_as_it_is_listed(
    case: Case, ministack: StandIn, tally: Tally
) -> None:
    tally.count(1, f"MiniStack's {service(case)}")
    assert verdict(case, MINISTACK, case.ask(ministack), listed().get(case.name)) == ""


def service(case: Case) -> str:
    return case.name.partition(".")[0]
