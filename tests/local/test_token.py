"""A token is found by user name, name or role."""

from __future__ import annotations

import pytest

from local.people import Person
from local.token import find_person

_PEOPLE = [
    Person(name, role, "", username, "", "", "")
    for username, name, role in (
        ("wang.fang", "王芳", "dispatcher"),
        ("li.lei", "李雷", "owner"),
        ("han.mei", "韩梅", "owner"),
    )
]


@pytest.mark.parametrize(
    ("who", "username"),
    [("li.lei", "li.lei"), ("王芳", "wang.fang"), ("owner", "li.lei"), ("han.mei", "han.mei")],
)
def test_a_person_is_found_by_any_name_they_have(who: str, username: str) -> None:
    assert find_person(_PEOPLE, who).username == username


def test_an_unknown_name_is_told_who_there_is() -> None:
    with pytest.raises(LookupError, match=r"'nobody'; there are wang\.fang, li\.lei, han\.mei"):
        find_person(_PEOPLE, "nobody")
