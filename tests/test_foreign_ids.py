"""Whoever names what is not theirs learns as little as whoever names nothing (A2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest

from chalicelib.repairs import actions, store
from chalicelib.repairs.photos import actions as photos
from local.places import capabilities
from shared import table
from shared.auth import Caller
from tests.harness import foreign
from tests.harness.families import Tally

pytestmark = pytest.mark.family("A2")
NAMES = capabilities()


@cache
def swapped(capability: str) -> foreign.Foreign:
    return foreign.swapped(capability)


@pytest.mark.parametrize("capability", NAMES)
def test_a_foreign_id_is_answered_as_one_that_nothing_has(capability: str, tally: Tally) -> None:
    met = swapped(capability)
    assert met.faults() == []
    for swap in met.swaps:
        tally.count(1, f"{capability}.{swap.way_in}.{swap.named.kind}")


@pytest.mark.parametrize("capability", NAMES)
def test_every_kind_of_id_in_every_request_was_swapped(capability: str) -> None:
    met = swapped(capability)
    assert met.named
    assert met.unswapped() == set()


@pytest.mark.parametrize("capability", NAMES)
def test_what_is_foreign_exists_and_its_own_people_see_it(capability: str) -> None:
    seen = [url for url, status in swapped(capability).own if status == 200 and "_" in url]
    assert len(seen) >= 4


def faults_of(view: str, broken: Any, name: str, wrong: Callable[..., Any]) -> list[str]:
    """The faults at one view of repairs while a part of it is broken."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(broken, name, wrong)
        return foreign.swapped("repairs", view).faults()


def test_an_action_that_asks_for_another_right_than_the_things_is_found() -> None:
    def list_technicians(caller: Caller, community_id: str, *page: Any) -> Any:
        caller.own()
        return store.list_technicians(community_id, *page)

    found = faults_of("list_technicians", actions, "list_technicians", list_technicians)
    assert found
    assert all("answered 200" in one or "not what an absent id gets" in one for one in found)


def test_an_action_that_takes_another_persons_photo_is_found() -> None:
    def check_photos(photo_ids: Sequence[str], community_id: str, uploader_id: str) -> None:
        found = photos.store.get_photos(photo_ids)
        whose = [photo.uploader_id for photo in found.values()] or [uploader_id]
        photos.rules.check_photos(photo_ids, found, whose[0])

    found = faults_of("finish_repair", photos, "check_photos", check_photos)
    assert any("pho_" in one and "not what an absent id gets" in one for one in found), found


def test_a_list_that_goes_on_where_another_stopped_is_found() -> None:
    def anywhere(cursor: str, names: tuple[str, ...], pk: str) -> dict[str, Any]:
        """From the beginning, where the place is one of another list."""
        return real(cursor, names, pk) if cursor == foreign.NO_CURSOR else {}

    real = table.decode_cursor
    found = faults_of("list_tickets", table, "decode_cursor", anywhere)
    assert any("'cursor'" in one for one in found), found
