"""A masked detail can be recognised by who knows it, and used by nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import masks


@pytest.mark.parametrize(
    ("text", "shown"), [("张三丰", "张**"), ("李四", "李*"), ("王", "*"), ("", "")]
)
def test_a_name_keeps_its_first_character(text: str, shown: str) -> None:
    assert masks.name(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("13812345678", "138****5678"),
        ("+8613812345678", "+86138****5678"),
        ("025-88886666", "025-****6666"),
        ("88886666", "******66"),
        ("12", "12"),
        ("", ""),
    ],
)
def test_a_phone_keeps_its_ends(text: str, shown: str) -> None:
    assert masks.phone(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [("320106198001011234", "320*************34"), ("12345", "*****"), ("", "")],
)
def test_an_identity_number_keeps_five_characters(text: str, shown: str) -> None:
    assert masks.id_number(text) == shown


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_a_mobile_number_always_hides_four_digits(number: str) -> None:
    assert masks.phone(number) == f"{number[:3]}****{number[7:]}"
