"""What `make run` and `make demo` say to a newcomer, where no platform is needed to say it."""

from __future__ import annotations

import io
import shlex
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from chalicelib.repairs.photos import pictures
from chalicelib.repairs.trail import Actor, Entry, seal, to_plain
from local import camera, chain, demo, stage, welcome
from local.people import Person
from shared import clock

SECRETS = ("secret", "15400000000", "secret")
PEOPLE = [
    Person("平台管理员", "platform_admin", "platform", "admin", *SECRETS),
    Person("姜海涵", "community_manager", "com_7k2m9x4a", "jiang.manager", *SECRETS),
    Person("李倩", "butler", "com_7k2m9x4a/听荷苑", "li.butler", *SECRETS),
    Person("黄新东", "butler", "com_7k2m9x4a/2", "huang.butler", *SECRETS),
    Person("梁宏宇", "owner", "com_7k2m9x4a/1/1/1404 com_2b2b2b2b/2/2/501", "liang", *SECRETS),
    Person("丁雪萍", "none", "", "ding.xueping", *SECRETS),
]
PLACES = {"com_7k2m9x4a": "清河家园", "com_2b2b2b2b": "听荷雅苑"}
TICKET = "rep_7k2m9x4a_01jd0000000000000000000000"


def test_the_table_shows_a_person_of_each_role_and_where_they_are() -> None:
    console = Console(file=io.StringIO(), width=100, record=True)
    console.print(welcome.table(PEOPLE, PLACES))
    shown = console.export_text()
    assert "梁宏宇" in shown
    assert "清河家园 1-1-1404" in shown
    assert "听荷雅苑 2-2-501" in shown
    assert "黄新东" not in shown
    assert "and 1 others" in shown
    assert "secret" not in shown


def test_each_request_is_one_line_that_a_shell_takes() -> None:
    found = list(welcome.requests(PEOPLE, "http://127.0.0.1:4566"))
    assert len(found) == 3
    for _, line in found:
        assert "\n" not in line
        assert shlex.split(line)[0] == "curl"
    assert "rooms?limit=2'" in found[1][1]
    assert "/buildings/%E5%90%AC%E8%8D%B7%E8%8B%91/rooms" in found[1][1]
    assert '"room_id":"room_7k2m9x4a_1-1-1404"' in found[2][1]


def test_the_demo_says_in_a_sentence_that_nothing_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stage, "LOCAL_JSON", tmp_path / "local.json")
    with pytest.raises(SystemExit) as ended:
        demo.main()
    assert ended.value.code == 1
    assert capsys.readouterr().out == (
        "the platform is not running here: start it with `make run`\n"
    )


@pytest.mark.parametrize("dripping", [True, False])
def test_a_photograph_says_where_it_was_taken_until_it_is_cleaned(dripping: bool) -> None:
    taken = camera.photograph(datetime(2026, 11, 22, 8, 30), dripping=dripping)
    assert camera.place_of(taken) == "31.9902°N 118.7701°E"
    cleaned = pictures.clean(taken).full
    assert camera.place_of(cleaned) is None
    assert camera.tags_in(cleaned) == 0
    with Image.open(io.BytesIO(cleaned)) as image:
        assert image.size == (1600, 1200)


def test_a_trail_is_checked_by_what_the_api_shows() -> None:
    entries: list[Entry] = []
    for version, action in enumerate(("report", "assign", "accept")):
        entry = Entry(clock.now(), "per_1", Actor.REPORTER, action, version)
        entries.append(seal(TICKET, entries, entry))
    shown = [to_plain(entry) for entry in entries]
    assert chain.first_break(TICKET, shown) is None
    shown[1]["note"] = "。"
    assert chain.first_break(TICKET, shown) == 2
    assert chain.first_break(TICKET, [shown[0], shown[2]]) == 2
