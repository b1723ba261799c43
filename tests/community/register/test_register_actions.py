"""What the house register does, from the file to the rooms and back into a file."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.community.register import actions, shapes
from chalicelib.community.register.rules import Import
from shared.errors import Conflict
from tests.community.register.scene import NOW, Register, a_register
from tests.conftest import Cloud

AREAS = {"101": 8_000, "102": 8_100, "201": 8_200}


@pytest.fixture
def register(cloud: Cloud) -> Register:
    return a_register(cloud)


def opened(register: Register, key: str = "key-0000", *, minutes: int = 0) -> Import:
    wanted = shapes.RequestImport(file_name="台账.xlsx")
    at = NOW + timedelta(minutes=minutes)
    return actions.request_import(register.caller(), register.community_id, wanted, key, at)[0]


def test_the_same_key_opens_the_same_import_with_a_new_form(register: Register) -> None:
    first, again = opened(register), opened(register, minutes=4)
    assert first == again
    assert opened(register, "key-0001").id != first.id
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        actions.request_import(
            register.caller(),
            register.community_id,
            shapes.RequestImport(file_name="别的.xlsx"),
            "key-0000",
            NOW,
        )


def test_imports_are_listed_newest_first_page_by_page(register: Register) -> None:
    made = [opened(register, f"key-{n:04d}", minutes=n).id for n in range(7)]
    listed, cursor = [], None
    while True:
        page = actions.list_imports(register.caller(), register.community_id, 3, cursor)
        listed += [found.id for found in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert listed == made[::-1]
