"""Which mutants a run plants: every one when it proves, else a share of them."""

from __future__ import annotations

import pytest

from tests.harness.mutants import mutants, share


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for a `mutant` is run with each that this run plants."""
    if "mutant" in metafunc.fixturenames:
        known = mutants()
        chosen = known if metafunc.config.getoption("--prove") else share(known)
        metafunc.parametrize(
            ("name", "mutant"), [pytest.param(*each, id=each[0]) for each in chosen.items()]
        )
