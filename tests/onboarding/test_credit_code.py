"""Credit codes are whole or have a slip in them (GB 32100-2015)."""

from __future__ import annotations

import pytest

from chalicelib.onboarding.credit_code import ALPHABET, check_character, is_whole

# Of the standard's own example, and of companies that publish theirs.
WHOLE = ("91350100M000100Y43", "91110000802100433B")


@pytest.mark.parametrize("code", WHOLE)
def test_a_code_that_was_given_out_is_whole(code: str) -> None:
    assert is_whole(code)


@pytest.mark.parametrize("code", WHOLE)
def test_every_single_slip_is_found(code: str) -> None:
    for place in range(17):
        for other in set(ALPHABET) - {code[place]}:
            assert not is_whole(code[:place] + other + code[place + 1 :]), (place, other)


@pytest.mark.parametrize("code", WHOLE)
def test_every_two_neighbours_that_change_places_are_found(code: str) -> None:
    for place in range(16):
        one, other = code[place], code[place + 1]
        if one != other:
            assert not is_whole(code[:place] + other + one + code[place + 2 :]), place


def test_a_check_character_may_be_nought() -> None:
    assert check_character("0" * 17) == "0"
