"""LocalStack in a container, for a second opinion on the same templates and the same deployment.

The pinned edition lacks what the platform's sign-in and devices stand on, so it is no replacement
for the default emulator: what it cannot serve is said before it starts.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import Any

import urllib3
from localstack_client.session import Session

from local.emulator import HOST, REGION, ROOT_KEY, ROOT_SECRET, EmulatorError
from local.places import ROOT

CANNOT = (
    ("Cognito", "nobody can sign in: every route that needs a caller answers 401"),
    ("IoT Core", "no MQTT: devices and gates are not served"),
    ("IAM enforcement", "functions may do everything: their policies are not tried"),
    ("kept state", "every start deploys afresh"),
)
_COMPOSE = ["docker", "compose", "--file", str(ROOT / "local" / "compose.yaml")]
_READY_SECONDS = 120


class LocalStack:
    """The container of `local/compose.yaml`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://{HOST}:{port}"
        self.notes: dict[str, Any] = {}
        self._environment = os.environ | {"PORT": str(port)}

    def start(self) -> None:
        """Start the container and wait until it answers.

        Raises
        ------
        EmulatorError
            There is no Docker, its engine does not run, or the container did not come up.
        """
        if shutil.which("docker") is None:
            raise EmulatorError("EMULATOR=localstack needs Docker, and there is no `docker` here")
        if self._run(["docker", "info"]).returncode != 0:
            raise EmulatorError(
                "EMULATOR=localstack needs a Docker engine, and `docker info` finds none running"
            )
        done = self._run([*_COMPOSE, "up", "--detach"])
        if done.returncode != 0:
            raise EmulatorError(f"LocalStack did not start: {done.stderr.strip()}")
        deadline = time.monotonic() + _READY_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                self.stop()
                raise EmulatorError(f"LocalStack did not answer within {_READY_SECONDS} s")
            time.sleep(1)

    def stop(self) -> None:
        """Stop the container and remove it with what it stored."""
        self._run([*_COMPOSE, "down", "--volumes"])

    def session(self) -> Session:
        """A session of the emulated account's root."""
        return Session(
            aws_access_key_id=ROOT_KEY,
            aws_secret_access_key=ROOT_SECRET,
            region_name=REGION,
            localstack_host=f"{HOST}:{self.port}",
        )

    def _answers(self) -> bool:
        try:
            answer = urllib3.request("GET", f"{self.url}/_localstack/health", retries=False)
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status == 200

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=self._environment
        )
