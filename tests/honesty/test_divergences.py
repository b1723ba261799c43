"""The list of divergences is whole, nothing relies on it, and each of its checks bites."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from local import marked
from local.places import ROOT, capabilities
from tests import stories
from tests.honesty import divergences
from tests.honesty.case import CASES, MINISTACK, MOTO, StandIn
from tests.honesty.divergences import Differs, Divergence

pytestmark = pytest.mark.family("F12")

TOKEN = "transactions.a_token_that_comes_twice_is_applied_once"


def test_every_case_of_the_list_says_why_nothing_relies_on_it() -> None:
    assert divergences.unexcused(divergences.listed()) == []


@pytest.mark.parametrize("capability", capabilities())
def test_no_story_asks_what_a_stand_in_answers_otherwise(capability: str) -> None:
    calls = [call for run in stories.runs(capability) for call in run.asked]
    assert calls
    assert divergences.asked(divergences.listed(), calls) == []


def test_no_source_and_no_test_names_what_a_stand_in_answers_otherwise() -> None:
    assert divergences.named(divergences.listed(), divergences.sources()) == []


def test_every_test_that_the_list_names_is_there_to_run() -> None:
    named = {test for found in divergences.listed().values() for test in found.held_by}
    found = Collected()
    # Here, as every module that they need is imported by now.
    pytest.main(["--collect-only", "-qq", *sorted(files(named))], [found])
    assert {test for test in named if not found.has(test)} == set()
    assert not found.has("tests/shared/test_pages.py::test_nobody_wrote")


class Collected:
    """A plugin that keeps which tests there are."""

    def __init__(self) -> None:
        self.tests: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep their names."""
        self.tests = {item.nodeid for item in items}

    def has(self, test: str) -> bool:
        """Whether there is this test; without brackets, in any form."""
        return test in self.tests or any(known.startswith(f"{test}[") for known in self.tests)


def files(tests: set[str]) -> set[str]:
    return {str(ROOT / test.partition("::")[0]) for test in tests}


def test_what_moto_answers_otherwise_in_a_store_is_tested_on_the_emulator_too() -> None:
    """A test that runs on both is named with the stand-in that answers as AWS."""
    for name, found in divergences.listed().items():
        on_both = [test for test in found.held_by if test.endswith(("[moto]", "[emulator]"))]
        for test in on_both:
            other = MOTO if test.endswith("[moto]") else MINISTACK
            assert found.on(other) is None, f"{name}: {test} meets the same answer"


def test_people_read_the_list_as_it_is() -> None:
    readme = divergences.README.read_text()
    told = "`python -m tests.honesty` writes the list anew"
    assert marked.part(readme, divergences.MARKER) == divergences.table(), told


def test_every_case_names_its_document_and_tells_itself_in_a_sentence() -> None:
    assert len(CASES) >= 60
    for case in CASES.values():
        assert case.says.endswith("."), case.name
        assert case.document, case.name
        assert case.asked_of, case.name


KNOWN = divergences.listed()[TOKEN]


@pytest.mark.parametrize(
    ("answer", "divergence", "told"),
    [
        (1, None, ""),
        (2, KNOWN, ""),
        (2, None, "mend what relies on it, and list it"),
        (3, KNOWN, "read again what relies on it"),
        (1, KNOWN, "remove it from the list"),
        (2, msgspec.structs.replace(KNOWN, moto=None), "mend what relies on it, and list it"),
    ],
    ids=["as AWS", "as listed", "not listed", "otherwise", "no more", "on the other only"],
)
def test_an_answer_that_the_list_does_not_tell_is_found(
    answer: int, divergence: Divergence | None, told: str
) -> None:
    said = divergences.verdict(CASES[TOKEN], MOTO, answer, divergence)
    assert said.endswith(told)
    assert bool(said) == bool(told)


def test_a_stand_in_that_dies_has_answered() -> None:
    def dies(_: object) -> None:
        raise TypeError("as a stand-in does inside")

    case = replace(CASES[TOKEN], question=dies)
    answer = case.ask(StandIn(MOTO))
    assert answer == "dies of TypeError: as a stand-in does inside"
    assert divergences.verdict(case, MOTO, answer, None).endswith("and list it")


@pytest.mark.parametrize(
    ("name", "divergence", "told"),
    [
        ("reads.no_such_case", KNOWN, "is no case"),
        (TOKEN, Divergence(moto=Differs(2, "1")), "say why nothing relies on it"),
        (TOKEN, Divergence(never_named=("a",)), "say what answers otherwise"),
        (TOKEN, msgspec.structs.replace(KNOWN, held_by=("a",)), "go together"),
        (TOKEN, msgspec.structs.replace(KNOWN, because="so"), "go together"),
    ],
)
def test_an_entry_without_its_reason_is_found(name: str, divergence: Divergence, told: str) -> None:
    (wrong,) = divergences.unexcused({name: divergence})
    assert wrong.endswith(told)


def test_a_product_that_leans_on_a_listed_answer_is_found() -> None:
    given = {"TransactItems": [], "ClientRequestToken": "a token"}
    listed = {TOKEN: KNOWN}
    leaning = divergences.asked(listed, [("TransactWriteItems", given)])
    assert leaning == [f"{TOKEN}: the product asks TransactWriteItems.ClientRequestToken"]
    assert divergences.asked(listed, [("TransactWriteItems", {"TransactItems": []})]) == []
    operation = {TOKEN: Divergence(never_asked=("Scan",))}
    assert divergences.asked(operation, [("Scan", {})]) == [f"{TOKEN}: the product asks Scan"]


def test_a_test_that_leans_on_a_listed_answer_is_found() -> None:
    leaning = {"tests/pay/test_pay.py": "write(ClientRequestToken=token)"}
    found = divergences.named({TOKEN: KNOWN}, leaning)
    assert found == [f"{TOKEN}: tests/pay/test_pay.py names ClientRequestToken"]
