"""Money: one rounding, half away from zero, and splits that lose nothing (D1)."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import money

FEN = st.integers(-(10**12), 10**12)
WEIGHTS = st.lists(st.integers(0, 10**7), min_size=1, max_size=60).filter(any)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [
        ("0", 0),
        ("0.5", 1),
        ("-0.5", -1),
        ("1.5", 2),
        ("2.5", 3),
        ("-2.5", -3),
        ("0.4999999999999999999999", 0),
        ("8.5", 9),  # V10: the fee of a 1.7 % split of 5.00
    ],
)
def test_half_a_fen_goes_away_from_zero(amount: str, rounded: int) -> None:
    assert money.half_up(Fraction(amount)) == rounded


@given(st.fractions(-(10**12), 10**12))
def test_rounding_moves_by_at_most_half_a_fen_and_is_symmetric(amount: Fraction) -> None:
    assert abs(money.half_up(amount) - amount) <= Fraction(1, 2)
    assert money.half_up(-amount) == -money.half_up(amount)


@pytest.mark.parametrize(
    ("exact_fen", "expected"),
    [
        pytest.param(Fraction("2.50") * Fraction("89.43") * 100, 223_58, id="V1"),
        pytest.param(Fraction("2.50") * Fraction("89.43") * 100 * 19 / 28, 151_71, id="V2"),
        pytest.param(Fraction(1000_00) * Fraction("0.0005") * 45, 22_50, id="V3-0.05%"),
        pytest.param(Fraction(1000_00) * Fraction("0.003") * 45, 135_00, id="V3-0.3%"),
        pytest.param(
            (240 * Fraction("0.4883") + 160 * Fraction("0.5383") + 120 * Fraction("0.7883")) * 100,
            297_92,
            id="V4",
        ),
        pytest.param(Fraction(5_05) * Fraction("0.05"), 25, id="V7-remaining"),
        pytest.param(Fraction(10_10) * Fraction("0.05"), 51, id="V7-first"),
        pytest.param(Fraction(70) * Fraction("0.05"), 4, id="V9-on-the-total"),
        pytest.param(Fraction(10) * Fraction("0.05"), 1, id="V9-per-line"),
    ],
)
def test_a_golden_vector_rounds_once_at_the_end(exact_fen: Fraction, expected: int) -> None:
    assert money.half_up(exact_fen) == expected


def test_a_split_by_areas_gives_the_rest_by_largest_fraction() -> None:
    assert money.split(1234_56, [8943, 12000, 7557]) == [387_39, 519_82, 327_35]  # V5


def test_a_split_in_equal_parts_gives_the_rest_to_the_earlier() -> None:
    assert money.split(100_00, [1, 1, 1]) == [33_34, 33_33, 33_33]  # V6


@given(FEN, WEIGHTS)
def test_the_parts_sum_to_the_whole(total: int, weights: list[int]) -> None:
    assert sum(money.split(total, weights)) == total


@given(FEN, WEIGHTS)
def test_no_part_is_a_whole_fen_from_its_exact_share(total: int, weights: list[int]) -> None:
    for part, weight in zip(money.split(total, weights), weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1


@given(FEN, WEIGHTS)
def test_a_part_without_weight_gets_nothing(total: int, weights: list[int]) -> None:
    parts = money.split(total, weights)
    assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


@given(FEN, WEIGHTS)
def test_a_refund_splits_as_its_payment_did(total: int, weights: list[int]) -> None:
    assert money.split(-total, weights) == [-part for part in money.split(total, weights)]


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [-1, 2], [1, -1]])
def test_weights_that_share_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="non-negative integers with a positive sum"):
        money.split(100, weights)


@pytest.mark.parametrize(
    ("text", "fen"),
    [("0", 0), ("1234.5", 1234_50), ("-0.05", -5), ("1.10", 110), ("1.100", 110), ("0012", 1200)],
)
def test_yuan_are_read_as_fen(text: str, fen: int) -> None:
    assert money.from_yuan(text) == fen


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1.",
        ".5",
        "0.001",
        "1,234.56",
        "1_000",
        "１２",
        "1e3",
        "1e999999999",
        "NaN",
        "Infinity",
        "--1",
        "9" * 30 + ".995",
        "9" * 16,
    ],
)
def test_what_is_no_whole_number_of_fen_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a whole number of fen"):
        money.from_yuan(text)


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (0, "¥0.00"),
        (5, "¥0.05"),
        (-5, "-¥0.05"),
        (1234_56, "¥1,234.56"),
        (-(10**9), "-¥10,000,000.00"),
    ],
)
def test_people_read_yuan_with_thousands_and_two_places(fen: int, text: str) -> None:
    assert money.to_text(fen) == text


@given(FEN)
def test_what_is_shown_can_be_read_back(fen: int) -> None:
    assert money.from_yuan(money.to_text(fen).replace("¥", "").replace(",", "")) == fen
