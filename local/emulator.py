"""The emulator on this machine: started, waited for, stopped, its state kept.

Below its home folder (`build/local`, or one of the tests' own):

    lock       held while an emulator of this home runs
    running/   the working state of the emulator that runs now, its scratch and its log
    saved/     the whole state of the last clean stop, with `notes.json` written last

MiniStack writes its state only when it stops cleanly, while objects in S3 reach the disk at once.
A crash leaves `running/` half true, so it is thrown away and the next start copies `saved/`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import urllib3
from localstack_client.session import Session

from local.places import EMULATOR_PYTHON, ROOT

HOST = "127.0.0.1"
REGION = "ap-southeast-1"
# The emulator takes its own access key for the account's root; it is no secret of anyone's.
ROOT_KEY, ROOT_SECRET = "test", "test"

_NOTES = "notes.json"
# What notes hold; raised with every change of it, so that older state is not half understood.
_FORM = 1
_READY_SECONDS = 60.0
_DRAIN_SECONDS = 5.0
_STOP_SECONDS = 60.0
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT")


class EmulatorError(Exception):
    """The emulator cannot run; the message is one clear sentence."""


class Emulator:
    """One MiniStack process with a home folder of its own.

    Parameters
    ----------
    home
        Where state, scratch and log live; nothing is written outside it.
    port, mqtt_port
        Where HTTP (every AWS service, and the platform's own API) and MQTT over TLS are served.
    """

    def __init__(self, home: Path, port: int, mqtt_port: int) -> None:
        self.home = home.resolve()
        self.port = port
        self.mqtt_port = mqtt_port
        self.url = f"http://{HOST}:{port}"
        self.notes: dict[str, Any] = {}
        self._running = self.home / "running"
        self._saved = self.home / "saved"
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def log(self) -> Path:
        """What the emulator says, its functions included."""
        return self._running / "emulator.log"

    def start(self) -> str:
        """Start from the last clean stop, if there is one.

        Returns
        -------
        str
            "fresh" (the first start), "resumed" (the last stop was clean), "recovered" (it was
            not: what came after the clean stop before it is lost), "unsaved" (it was not, and
            there was no stop before it) or "outdated" (what was kept is of an older form).

        Raises
        ------
        EmulatorError
            The home or a port is taken, or MiniStack did not come up.
        """
        self._take_home()
        refuse_used_port(self.port, "PORT")
        refuse_used_port(self.mqtt_port, "MQTT_PORT")
        crashed = self._running.exists()
        shutil.rmtree(self._running, ignore_errors=True)
        found = self._saved / _NOTES
        self.notes = json.loads(found.read_text()) if found.exists() else {}
        kept = self.notes.get("form") == _FORM
        outdated = found.exists() and not kept
        if kept:
            self._refuse_other_port()
            shutil.copytree(self._saved, self._running, ignore=shutil.ignore_patterns("scratch"))
            (self._running / _NOTES).unlink()
            self._forget_stream_positions()
        else:
            self.notes = {"form": _FORM}
        self.notes["port"] = self.port
        for folder in ("state", "s3", "scratch"):
            (self._running / folder).mkdir(parents=True, exist_ok=True)
        self._launch()
        self._wait_until_ready()
        if outdated:
            return "outdated"
        if kept:
            return "recovered" if crashed else "resumed"
        return "unsaved" if crashed else "fresh"

    def stop(self, *, keep: bool) -> None:
        """Stop the emulator and all it started.

        Parameters
        ----------
        keep
            Whether its state and `notes` become the saved ones; if not, it is forgotten.
            Nothing is touched where `start` never got hold of the home.
        """
        if self._lock is None:
            return
        with self._lock:
            self._settle(keep)
        self._lock = None

    @property
    def held(self) -> bool:
        """Whether the home is ours: from `start` to `stop`."""
        return self._lock is not None

    def alive(self) -> bool:
        """Whether the emulator's process still runs."""
        return self._process is not None and self._process.poll() is None

    def session(self) -> Session:
        """A session of the emulated account's root."""
        return Session(
            aws_access_key_id=ROOT_KEY,
            aws_secret_access_key=ROOT_SECRET,
            region_name=REGION,
            localstack_host=f"{HOST}:{self.port}",
        )

    def get(self, path: str) -> bytes:
        """The body the emulator itself answers at `path`."""
        answer = urllib3.request("GET", self.url + path, timeout=10, retries=False)
        if answer.status != 200:
            raise EmulatorError(f"the emulator answers {answer.status} at {path}")
        return answer.data

    def _take_home(self) -> None:
        """Hold the home until this process ends: its working state has one emulator at a time."""
        self.home.mkdir(parents=True, exist_ok=True)
        lock = (self.home / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise EmulatorError(
                "the platform runs from this folder already: use it, or stop it with Ctrl-C"
            ) from None
        self._lock = lock

    def _refuse_other_port(self) -> None:
        """Refuse state that was kept under another port: its queues are known by their addresses.

        Started all the same, every queue would take messages that no function ever hears.
        """
        port = self.notes.get("port", self.port)
        if port != self.port:
            raise EmulatorError(
                f"the state that is kept here belongs to port {port}: "
                f"start with PORT={port}, or forget it with `make clean`"
            )

    def _forget_stream_positions(self) -> None:
        """Let functions read each table's stream from its new beginning.

        MiniStack keeps how far they had read, and not what they read: the streams start empty,
        and until they were as long again nothing would be taken from them.
        """
        kept = self._running / "state" / "lambda.json"
        if not kept.exists():
            return
        state = json.loads(kept.read_text())
        state["payload"]["dynamodb_stream_positions"]["data"] = {}
        kept.write_text(json.dumps(state))

    def _settle(self, keep: bool) -> None:
        if not keep:
            self._kill()
            shutil.rmtree(self._running, ignore_errors=True)
            return
        ended_well = self._end_in_order()
        scratch = self._running / "scratch"
        if not ended_well:
            shutil.rmtree(scratch, ignore_errors=True)
            return
        self.notes["stopped_at"] = datetime.now(UTC).isoformat(timespec="seconds")
        (self._running / _NOTES).write_text(json.dumps(self.notes, ensure_ascii=False))
        older = self.home / "older"
        if self._saved.exists():
            self._saved.rename(older)
        self._running.rename(self._saved)
        # What takes long comes last: the state is kept by now, whatever ends this process.
        shutil.rmtree(older, ignore_errors=True)
        shutil.rmtree(self._saved / "scratch", ignore_errors=True)

    def _launch(self) -> None:
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        running = self._running
        environment = passed_on | {
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_PORT": str(self.mqtt_port),
            "LOG_LEVEL": "INFO",
            "MINISTACK_HOST": HOST,
            "MINISTACK_REGION": REGION,
            "PERSIST_STATE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "S3_DATA_DIR": str(running / "s3"),
            "S3_PERSIST": "1",
            "SFTP_ENABLED": "0",
            "STATE_DIR": str(running / "state"),
            "TMPDIR": str(running / "scratch"),
        }
        # -P: the script's own folder must not stand before the standard library's modules.
        emulated = [str(EMULATOR_PYTHON), "-P", str(ROOT / "local" / "emulated.py")]
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C in the terminal reaches us, and we stop it in order.
            self._process = subprocess.Popen(
                [*emulated, str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=running,
                start_new_session=True,
            )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            if not self.alive():
                break
            try:
                self.get("/_ministack/ready")
            except (EmulatorError, urllib3.exceptions.HTTPError):
                time.sleep(0.05)
            else:
                return
        last = self.log.read_text(errors="replace").strip().splitlines()[-3:]
        self._kill()
        raise EmulatorError("MiniStack did not start: " + " / ".join(last))

    def _end_in_order(self) -> bool:
        """Let the emulator write its state and end; True if it did in time."""
        process = self._process
        if process is None:
            return False
        # One that ended by itself has not written its state.
        ended_well = process.poll() is None
        process.terminate()
        try:
            process.wait(_DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            # The state is written by now; what it still waits for are functions whose own calls
            # go nowhere any more, until their timeouts.
            _kill_children(process.pid)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            ended_well = False
        self._kill()
        return ended_well

    def _kill(self) -> None:
        """End the emulator and its functions, which are its children in the same group, at once."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def refuse_used_port(port: int, variable: str) -> None:
    """Refuse to start where another program answers.

    Raises
    ------
    EmulatorError
        The port is taken; the sentence says how to choose another.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise EmulatorError(
                f"port {port} on {HOST} is in use: stop what listens there, "
                f"or choose another with `make run {variable}=…`"
            ) from None


def _kill_children(leader: int) -> None:
    """End every process of a group but its leader."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,pgid="], capture_output=True, text=True, check=True
    )
    for line in listed.stdout.splitlines():
        process, group = map(int, line.split())
        if group == leader and process != leader:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def free_port() -> int:
    """A port nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
