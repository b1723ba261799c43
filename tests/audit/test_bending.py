"""Whoever bends the log is found: each row, each field, each seal and each file (A10)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest

from chalicelib.audit import actions, seals
from chalicelib.audit.seals import Kind, Line, Report
from shared import events
from tests.audit.scene import CLERK_ID, DAUGHTER_ID, Item, Log, granted, happened
from tests.harness.source import START, one_source

HOURS = ("2026-11-22T04", "2026-11-22T05", "2026-11-22T06", "2026-11-22T07")
CHECKED_AT = START + timedelta(hours=5, minutes=20)


@pytest.fixture
def sealed(log: Log) -> Iterator[Log]:
    """Four hours, the third of them empty, sealed one after the other."""
    with one_source() as source:
        for hour, told in enumerate(_told()):
            source.now = START + timedelta(hours=hour, minutes=5)
            assert log.hear(*told) == []
            actions.seal_hours(START + timedelta(hours=hour + 1, minutes=10))
        source.now = CHECKED_AT
        assert kinds(check()) == []
        yield log


def _told() -> list[list[events.Event]]:
    return [
        [granted("王师傅"), happened(1)],
        [happened(2, for_id=DAUGHTER_ID)],
        [],
        [happened(3, actor_id="platform", data={})],
    ]


def check() -> Report:
    """What the check of the last days finds."""
    return actions.check_days(CHECKED_AT)


def kinds(report: Report) -> list[tuple[Kind, str, str]]:
    return [(one.kind, one.hour, one.row) for one in report.findings]


def rows(log: Log) -> list[Item]:
    return log.items("log")


def hour_of(row: Item) -> str:
    return str(row["sk"]["S"]).partition("#")[0]


@contextmanager
def mended(log: Log) -> Iterator[None]:
    """Put everything back as it was, once the context is over."""
    before = log.items()
    files = {hour: log.file(hour) for hour in HOURS}
    yield
    for item in log.items():
        if item not in before:
            log.drop(item)
    log.put(*before)
    for hour, body in files.items():
        log.lay(hour, body)


def changed(typed: dict[str, Any]) -> dict[str, Any]:
    """Another value of the same type."""
    ((kind, value),) = typed.items()
    return {kind: str(int(value) + 1) if kind == "N" else f"{value}x"}


def test_every_field_of_every_row_that_is_changed_is_found(sealed: Log) -> None:
    tried = 0
    for row in rows(sealed):
        wanted = [(Kind.ROW_CHANGED, hour_of(row), row["sk"]["S"])]
        for name in row.keys() - {"pk", "sk"}:
            sealed.put({**row, name: changed(row[name])})
            assert kinds(check()) == wanted, name
            sealed.put({other: value for other, value in row.items() if other != name})
            assert kinds(check()) == wanted, name
            tried += 2
        sealed.put({**row, "told": {"B": b"more"}})
        assert kinds(check()) == wanted
        sealed.put(row)
    assert tried > 150
    assert kinds(check()) == []


def test_every_row_that_is_taken_away_is_found(sealed: Log) -> None:
    for row in rows(sealed):
        sealed.drop(row)
        assert kinds(check()) == [(Kind.ROW_MISSING, hour_of(row), row["sk"]["S"])]
        sealed.put(row)
    assert kinds(check()) == []


def test_a_row_that_is_put_into_any_hour_is_found(sealed: Log) -> None:
    row = rows(sealed)[0]
    for hour in HOURS:
        with mended(sealed):
            key = f"{hour}#rep_7k2m9x4a_{'9' * 26}:1#0"
            sealed.put({**row, "sk": {"S": key}})
            assert kinds(check()) == [(Kind.ROW_ADDED, hour, key)]


def test_any_two_rows_that_change_places_are_found(sealed: Log) -> None:
    for one, other in combinations(rows(sealed), 2):
        with mended(sealed):
            for row, place in ((one, other), (other, one)):
                sealed.put({**row, "pk": place["pk"], "sk": place["sk"]})
            wanted = {(Kind.ROW_CHANGED, hour_of(row), row["sk"]["S"]) for row in (one, other)}
            assert set(kinds(check())) == wanted


def test_every_seal_that_is_taken_away_or_changed_is_found(sealed: Log) -> None:
    for seal in sealed.items("seals"):
        hour = seal["sk"]["S"]
        sealed.drop(seal)
        assert kinds(check()) == [(Kind.SEAL_MISSING, hour, "")]
        for name in ("before", "rows", "digest"):
            sealed.put({**seal, name: changed(seal[name])})
            assert kinds(check()) == [(Kind.SEAL_DIFFERS, hour, "")], name
        sealed.put(seal)
    assert kinds(check()) == []


def test_two_seals_that_change_places_are_found(sealed: Log) -> None:
    first, second = sealed.items("seals")[:2]
    sealed.put({**first, "sk": second["sk"]}, {**second, "sk": first["sk"]})
    assert kinds(check()) == [(Kind.SEAL_DIFFERS, hour, "") for hour in HOURS[:2]]


def test_every_file_that_is_taken_away_or_spoilt_is_found(sealed: Log) -> None:
    for hour in HOURS:
        for body, wanted in ((None, Kind.FILE_MISSING), (b"{", Kind.FILE_UNREADABLE)):
            with mended(sealed):
                sealed.lay(hour, body)
                found = kinds(check())
                assert (wanted, hour, "") in found
                assert {(kind, of) for kind, of, _ in found} <= {
                    (wanted, hour),
                    (Kind.CHAIN_BROKEN, seals.after(hour)),
                }


def test_without_its_file_an_hour_is_still_held_against_its_seal(sealed: Log) -> None:
    row = rows(sealed)[0]
    hour = hour_of(row)
    sealed.lay(hour, None)
    sealed.drop(row)
    assert kinds(check()) == [(Kind.FILE_MISSING, hour, ""), (Kind.ROWS_DIFFER, hour, "")]


def _rewritten(log: Log, hour: str, lay: Callable[[str, bytes], None]) -> None:
    """Change a row, and seal its hour and all after it anew, as the log itself would."""
    row = next(row for row in rows(log) if hour_of(row) == hour)
    log.put({**row, "actor_id": {"S": CLERK_ID[:-1] + "z"}})
    known = {seal["sk"]["S"]: seal for seal in log.items("seals")}
    before = known[hour]["before"]["S"]
    for at in HOURS[HOURS.index(hour) :]:
        lines = [
            Line(one["sk"]["S"], seals.hash_of(one)) for one in rows(log) if hour_of(one) == at
        ]
        text = seals.write(at, before, lines)
        digest = hashlib.sha256(text).hexdigest()
        log.put({**known[at], "before": {"S": before}, "digest": {"S": digest}})
        lay(at, text)
        before = digest


def test_whoever_rewrites_the_whole_table_has_not_rewritten_the_files(sealed: Log) -> None:
    _rewritten(sealed, HOURS[0], lambda hour, text: None)
    found = kinds(check())
    assert [hour for kind, hour, _ in found if kind is Kind.SEAL_DIFFERS] == list(HOURS)
    assert [hour for kind, hour, _ in found if kind is Kind.ROW_CHANGED] == [HOURS[0]]


def test_an_hour_that_is_rewritten_with_its_file_no_longer_fits_the_next(sealed: Log) -> None:
    kept = {seal["sk"]["S"]: seal for seal in sealed.items("seals")}

    def lay(hour: str, text: bytes) -> None:
        if hour == HOURS[1]:
            sealed.lay(hour, text)
        else:
            sealed.put(kept[hour])

    _rewritten(sealed, HOURS[1], lay)
    assert kinds(check()) == [(Kind.CHAIN_BROKEN, HOURS[2], "")]


def test_a_table_that_is_emptied_is_found(sealed: Log) -> None:
    gone = rows(sealed)
    for item in sealed.items():
        sealed.drop(item)
    found = kinds(check())
    assert [hour for kind, hour, _ in found if kind is Kind.SEAL_MISSING] == list(HOURS)
    assert [row for kind, _, row in found if kind is Kind.ROW_MISSING] == [
        row["sk"]["S"] for row in gone
    ]


def test_what_is_found_is_told_once_and_by_the_log_itself(sealed: Log) -> None:
    sealed.drop(rows(sealed)[0])
    for _ in range(3):
        check()
    (told,) = sealed.items("broken")
    event = events.decode(told["event"]["S"])
    assert (event.type, event.community_id) == ("ActivityLogBroken", "platform")
    assert event.data == {"findings": 1, "kinds": ["row_missing"], "hours": [HOURS[0]]}


def test_a_report_names_a_hundred_things_and_says_that_there_are_more(sealed: Log) -> None:
    row = rows(sealed)[0]
    for number in range(101):
        sealed.put({**row, "sk": {"S": f"{HOURS[0]}#forged:{number}#0"}})
    report = check()
    assert (len(report.findings), report.more) == (100, True)
