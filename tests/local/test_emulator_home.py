"""The emulator's home: one emulator at a time, and nothing of another's is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.emulator import Emulator, EmulatorError, free_port


def test_a_home_has_one_emulator_at_a_time(tmp_path: Path) -> None:
    first = Emulator(tmp_path, free_port(), free_port())
    first.start()
    try:
        second = Emulator(tmp_path, free_port(), free_port())
        with pytest.raises(EmulatorError, match="runs from this folder already"):
            second.start()
        second.stop(keep=False)
        assert first.alive()
        assert first.log.exists()
    finally:
        first.stop(keep=True)


def test_a_stopped_emulator_is_started_again_from_what_it_kept(tmp_path: Path) -> None:
    port, mqtt_port = free_port(), free_port()
    emulator = Emulator(tmp_path, port, mqtt_port)
    assert emulator.start() == "fresh"
    emulator.session().client("sqs").create_queue(QueueName="kept")
    emulator.notes["people"] = []
    emulator.stop(keep=True)
    again = Emulator(tmp_path, port, mqtt_port)
    assert again.start() == "resumed"
    try:
        assert again.notes["people"] == []
        queues = again.session().client("sqs").list_queues()["QueueUrls"]
        assert [url.rpartition("/")[2] for url in queues] == ["kept"]
    finally:
        again.stop(keep=False)


def test_an_emulator_that_ended_by_itself_keeps_the_stop_before_it(tmp_path: Path) -> None:
    port, mqtt_port = free_port(), free_port()
    emulator = Emulator(tmp_path, port, mqtt_port)
    emulator.start()
    emulator.stop(keep=True)
    saved = (tmp_path / "saved" / "notes.json").read_text()
    emulator = Emulator(tmp_path, port, mqtt_port)
    emulator.start()
    assert emulator._process is not None
    emulator._process.kill()
    emulator._process.wait()
    emulator.stop(keep=True)
    assert (tmp_path / "saved" / "notes.json").read_text() == saved
    again = Emulator(tmp_path, port, mqtt_port)
    assert again.start() == "recovered"
    assert "stopped_at" in json.loads(saved)
    again.stop(keep=False)
