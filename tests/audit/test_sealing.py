"""Hours are sealed when they are over, all of them, once, whatever died before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib.audit import actions, seals, store
from chalicelib.audit.seals import Seal
from shared.table import Refused
from tests.audit.scene import Log, happened
from tests.harness.calls import Crash, heard
from tests.harness.source import START, Source, one_source

HOUR = "2026-11-22T04"


@pytest.fixture
def source(log: Log) -> Iterator[Source]:
    """The time, which a test moves on."""
    with one_source() as found:
        yield found


def sealed(log: Log) -> list[str]:
    return [item["sk"]["S"] for item in log.items("seals")]


def test_an_hour_is_sealed_ten_minutes_after_its_end_and_no_earlier(
    log: Log, source: Source
) -> None:
    log.hear(happened(1))
    assert actions.seal_hours(START + timedelta(hours=1, minutes=9)).hours == 0
    assert sealed(log) == []
    done = actions.seal_hours(START + timedelta(hours=1, minutes=10))
    assert (done.first, done.last, done.hours, done.rows, done.finished) == (HOUR, HOUR, 1, 2, True)


def test_a_row_written_in_the_last_instant_of_its_hour_is_in_its_seal(
    log: Log, source: Source
) -> None:
    source.now = START + timedelta(minutes=59, seconds=59.999)
    log.hear(happened(1))
    # The function that writes it may run for 30 seconds; the hour is sealed ten minutes later.
    assert actions.seal_hours(START + timedelta(hours=1, minutes=10)).rows == 2


def test_the_seal_is_the_digest_of_a_file_that_names_each_row(log_on: Log) -> None:
    with one_source():
        log_on.hear(happened(1))
        actions.seal_hours(START + timedelta(hours=1, minutes=10))
        kept = seals.read(log_on.file(HOUR))
        assert kept is not None
        assert kept[0] == store.last_seal()
        assert list(kept[1]) == [row["sk"]["S"] for row in log_on.items("log")]
        # Again, nothing is left to do; and nothing else was written.
        assert actions.seal_hours(START + timedelta(hours=1, minutes=50)).hours == 0


def test_hours_without_a_row_are_sealed_too_and_chained(log: Log, source: Source) -> None:
    log.hear(happened(1))
    assert actions.seal_hours(START + timedelta(hours=5, minutes=30)).hours == 5
    known = store.get_seals(HOUR, "2026-11-22T08")
    before = ""
    for hour in sorted(known):
        assert known[hour].before == before
        before = known[hour].digest
    assert [seal.rows for seal in known.values()] == [2, 0, 0, 0, 0]


def test_after_days_without_a_sealing_each_run_seals_a_hundred_hours(
    log: Log, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MAX_SEALED", 7)
    log.hear(happened(1))
    later = START + timedelta(hours=20, minutes=10)
    runs = [actions.seal_hours(later) for _ in range(4)]
    assert [(done.hours, done.finished) for done in runs] == [
        (7, False),
        (7, False),
        (6, True),
        (0, True),
    ]


@pytest.mark.parametrize("calls", range(1, 7))
def test_a_sealing_that_dies_anywhere_is_ended_by_the_next(
    log: Log, source: Source, calls: int
) -> None:
    log.hear(happened(1), happened(2))
    at = START + timedelta(hours=1, minutes=20)
    with heard(crash_after=calls), pytest.raises(Crash):
        actions.seal_hours(at)
    actions.seal_hours(at)
    assert sealed(log) == [HOUR]
    assert actions.check_days(START + timedelta(hours=4)).findings[1:] == ()


def test_the_file_that_was_written_first_counts_whatever_the_rows_say_by_now(
    log: Log, source: Source
) -> None:
    log.hear(happened(1))
    row, _ = log.items("log")
    text = seals.write(HOUR, "", store.list_lines(HOUR))
    log.lay(HOUR, text)
    log.put({**row, "actor_id": {"S": "per_" + "z" * 26}})
    actions.seal_hours(START + timedelta(hours=1, minutes=20))
    kept = seals.read(text)
    assert kept is not None
    assert store.last_seal() == kept[0]


def test_what_is_no_seal_in_a_files_place_is_said_and_not_sealed(log: Log, source: Source) -> None:
    log.hear(happened(1))
    log.lay(HOUR, b"<html>")
    with pytest.raises(actions.SpoiltFile, match=HOUR):
        actions.seal_hours(START + timedelta(hours=1, minutes=20))


def test_another_seal_in_the_place_of_one_stops_the_sealing(log: Log) -> None:
    first = Seal(HOUR, "", 0, "0" * 64)
    store.add_seal(first)
    store.add_seal(first)
    with pytest.raises(Refused):
        store.add_seal(Seal(HOUR, "", 1, "1" * 64))


def test_the_log_begins_with_its_first_row_even_in_the_month_before(
    log: Log, source: Source
) -> None:
    source.now = START.replace(day=30, hour=23, minute=30)
    log.hear(happened(1))
    source.now = source.now + timedelta(hours=2)
    log.hear(happened(2))
    done = actions.seal_hours(source.now)
    assert (done.first, done.last) == ("2026-11-30T23", "2026-12-01T00")


def test_a_log_that_nobody_has_sealed_yet_has_nothing_to_check(log: Log, source: Source) -> None:
    log.hear(happened(1))
    report = actions.check_days(START + timedelta(hours=3))
    assert (report.hours, report.findings) == (0, ())


def test_an_hour_that_nobody_sealed_in_time_is_found(log: Log, source: Source) -> None:
    log.hear(happened(1))
    actions.seal_hours(START + timedelta(hours=1, minutes=10))
    report = actions.check_days(START + timedelta(hours=3, minutes=10))
    assert [(one.kind, one.hour) for one in report.findings] == [
        (seals.Kind.SEAL_MISSING, "2026-11-22T05")
    ]


def test_an_hour_of_many_pages_is_sealed_whole(log: Log, source: Source) -> None:
    for number in range(1, 90):
        log.hear(happened(number, data={"text": "字" * 5_000}))
    done = actions.seal_hours(START + timedelta(hours=1, minutes=10))
    assert done.rows == 89
    assert actions.check_days(START + timedelta(hours=3)).findings == ()
