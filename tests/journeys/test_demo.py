"""The seeded estate, stopped and started again, and the day that `make demo` plays on it."""

from __future__ import annotations

import io
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from local import first_days
from local.day import play
from local.emulator import Emulator, free_port
from local.estate.plan import plan
from local.estate.seeding import NOBODY, seed
from local.package import build
from local.people import Person
from local.places import BUILD
from local.platform import Platform, bring_up
from local.stage import Stage
from local.teller import Teller
from shared.auth import Role

Seeded = tuple[Platform, list[Person], dict[str, str]]


def silent(words: str) -> None:
    """A report that nobody reads."""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    folder = BUILD / f"test-{uuid.uuid4().hex[:8]}"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def seeded(home: Path) -> Iterator[Seeded]:
    """The estate as a second `make run` finds it: seeded, stopped, started again."""
    package = build()
    port, mqtt_port = free_port(), free_port()
    emulator = Emulator(home, port, mqtt_port)
    emulator.start()
    try:
        people, places = seed(bring_up(emulator, package, silent), silent)
    finally:
        emulator.stop(keep=True)
    again = Emulator(home, port, mqtt_port)
    again.start()
    try:
        yield bring_up(again, package, silent), people, places
    finally:
        again.stop(keep=False)


def stage_of(seeded: Seeded) -> Stage:
    """The stage as `make demo` reads it from build/local.json."""
    platform, people, _ = seeded
    return Stage(platform.as_json() | {"people": [person.as_json() for person in people]})


def test_everyone_has_the_role_that_the_table_says(seeded: Seeded) -> None:
    _, people, _ = seeded
    stage = stage_of(seeded)
    assert {person.role for person in people} == {*Role, NOBODY}
    for role in (*Role, NOBODY):
        person = next(one for one in people if one.role == role)
        grants = stage.first(role).client.get("/community/me")["grants"]
        assert {grant["role"] for grant in grants} == {role} - {NOBODY}
        # A role on a company is told for each of its communities, too.
        assert set(person.scope.split()) <= {grant["scope"] for grant in grants}


def test_the_registers_hold_every_room_of_the_estate(seeded: Seeded) -> None:
    _, _, places = seeded
    stage = stage_of(seeded)
    rooms = {
        places[scope]: stage.first("community_manager", scope).client.get(
            f"/community/communities/{scope}/statistics"
        )["rooms"]
        for scope in places
        if scope.startswith("com_")
    }
    assert rooms == {community.name: len(community.rooms) for community in plan().communities}


def test_a_company_comes_onto_the_platform(seeded: Seeded) -> None:
    console = Console(file=io.StringIO(), width=120, record=True)
    first_days.play(stage_of(seeded), Teller(console))
    told = console.export_text()
    for words in ("提交入驻申请：待审核", "修改后通过", "入驻引导 1/4", "下一步："):
        assert words in told


def test_a_day_is_played_from_morning_to_evening(seeded: Seeded) -> None:
    console = Console(file=io.StringIO(), width=120, record=True)
    play(stage_of(seeded), Teller(console))
    told = console.export_text()
    for words in (
        "1 户更正，1 户业主变更待确认，0 处错误",
        "0 项 EXIF，没有位置",
        "6 条记录环环相扣；第 2 条多写一个句号，第 2 条就对不上",
        "报修 reported: 2 → 3",
        "评价 rated: 0 → 1",
        "原来的令牌立刻看不到这个家，再登录：404",
        "没有登录：401",
        "再次登录：404",
    ):
        assert words in told
