"""The emulator keeps what a clean stop wrote, forgets half-truths, and leaves nothing behind."""

from __future__ import annotations

import functools
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from local.emulator import HOST, Emulator, EmulatorError, free_port, refuse_used_port
from local.places import ROOT


@functools.cache
def _ports(home: Path) -> tuple[int, int]:
    """The ports of a home: what is kept in it belongs to them."""
    return free_port(), free_port()


def _new(home: Path) -> Emulator:
    return Emulator(home, *_ports(home))


def _queues(emulator: Emulator) -> list[str]:
    answer = emulator.session().client("sqs").list_queues()
    return [url.rpartition("/")[2] for url in answer.get("QueueUrls", [])]


def _keep_one_queue(home: Path, name: str) -> None:
    emulator = _new(home)
    emulator.start()
    emulator.session().client("sqs").create_queue(QueueName=name)
    emulator.notes["queue"] = name
    emulator.stop(keep=True)


def test_state_and_notes_outlive_a_clean_stop(tmp_path: Path) -> None:
    _keep_one_queue(tmp_path / "home", "kept")
    again = _new(tmp_path / "home")
    try:
        assert again.start() == "resumed"
        assert _queues(again) == ["kept"]
        assert again.notes["queue"] == "kept"
        assert not list((tmp_path / "home").glob("running/scratch/ministack-lambda*"))
    finally:
        again.stop(keep=False)


def test_what_was_kept_on_one_port_is_not_started_on_another(tmp_path: Path) -> None:
    _keep_one_queue(tmp_path / "home", "kept")
    port = _ports(tmp_path / "home")[0]
    elsewhere = Emulator(tmp_path / "home", free_port(), free_port())
    with pytest.raises(EmulatorError, match=f"belongs to port {port}"):
        elsewhere.start()
    elsewhere.stop(keep=False)
    assert (tmp_path / "home" / "saved").exists()


def test_after_a_crash_the_last_clean_stop_counts(tmp_path: Path) -> None:
    _keep_one_queue(tmp_path / "home", "kept")
    crashing = _new(tmp_path / "home")
    crashing.start()
    crashing.session().client("sqs").create_queue(QueueName="lost")
    assert crashing._process is not None
    crashing._process.kill()
    crashing._process.wait()
    crashing.stop(keep=True)
    again = _new(tmp_path / "home")
    try:
        assert again.start() == "recovered"
        assert _queues(again) == ["kept"]
    finally:
        again.stop(keep=False)


def test_state_of_an_older_form_is_not_half_understood(tmp_path: Path) -> None:
    saved = tmp_path / "home" / "saved"
    saved.mkdir(parents=True)
    (saved / "notes.json").write_text('{"people": []}')
    emulator = _new(tmp_path / "home")
    try:
        assert emulator.start() == "outdated"
        assert "people" not in emulator.notes
    finally:
        emulator.stop(keep=False)


def test_a_crash_before_any_clean_stop_starts_afresh_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "home" / "running").mkdir(parents=True)
    emulator = _new(tmp_path / "home")
    try:
        assert emulator.start() == "unsaved"
        assert _queues(emulator) == []
    finally:
        emulator.stop(keep=False)


def test_a_stop_without_keeping_leaves_no_process_and_no_state(tmp_path: Path) -> None:
    emulator = _new(tmp_path / "home")
    assert emulator.start() == "fresh"
    assert emulator._process is not None
    group = emulator._process.pid
    emulator.stop(keep=False)
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)
    assert not (tmp_path / "home" / "running").exists()
    assert not (tmp_path / "home" / "saved").exists()


def test_the_emulator_ends_with_the_program_that_started_it(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from local.emulator import Emulator\n"
        f"emulator = Emulator(Path({str(tmp_path)!r}), {free_port()}, {free_port()})\n"
        "emulator.start(); print(emulator._process.pid, flush=True); time.sleep(60)\n"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    emulator = int(starter.stdout.readline())
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    deadline = time.monotonic() + 20
    while _lives(emulator) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _lives(emulator)


def _lives(process: int) -> bool:
    found = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False
    )
    return bool(found.stdout.strip()) and not found.stdout.startswith("Z")


def test_one_home_has_one_emulator(tmp_path: Path) -> None:
    first, second = _new(tmp_path / "home"), _new(tmp_path / "home")
    first.start()
    try:
        with pytest.raises(EmulatorError, match="runs from this folder already"):
            second.start()
        second.stop(keep=False)
        assert first.alive()
    finally:
        first.stop(keep=False)


def test_a_taken_port_is_refused_with_a_way_out() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EmulatorError, match=rf"port {port} .* is in use.*make run PORT="):
            refuse_used_port(port, "PORT")


_SLOW = """
import threading
import time
import zipfile
def answer(event, context):
    time.sleep(50)
"""


def test_a_function_that_still_runs_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("slow.py", _SLOW)
    emulator = _new(tmp_path / "home")
    emulator.start()
    role = (
        emulator.session()
        .client("iam")
        .create_role(
            RoleName="any", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}'
        )
    )
    functions = emulator.session().client("lambda")
    functions.create_function(
        FunctionName="slow",
        Runtime="python3.12",
        Handler="slow.answer",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": code.getvalue()},
        Timeout=60,
    )
    caller = threading.Thread(target=_call_in_vain, args=(functions,))
    caller.start()
    time.sleep(2)
    begun = time.monotonic()
    emulator.stop(keep=True)
    assert time.monotonic() - begun < 20
    assert (tmp_path / "home" / "saved" / "notes.json").exists()
    caller.join()


def _call_in_vain(functions: Any) -> None:
    with pytest.raises((BotoCoreError, ClientError)):
        functions.invoke(FunctionName="slow", Payload=b"{}")
