"""Clients are made at first use, once, and bounded in what they wait and retry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from shared import aws
from tests.conftest import Cloud

LAYER = Path(aws.__file__).parents[1]


def test_a_client_is_made_once(moto_cloud: Cloud) -> None:
    assert aws.client("sqs") is aws.client("sqs")
    assert aws.client("sqs") is not aws.client("s3")


def test_a_client_gives_up_soon_and_after_three_attempts(moto_cloud: Cloud) -> None:
    config = aws.client("sqs").meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, 10)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}


def test_the_endpoint_comes_from_the_environment(
    moto_cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert aws.client("sqs").meta.endpoint_url == "http://127.0.0.1:4566"


def test_a_setting_is_read_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUS", "one")
    assert aws.setting("BUS") == "one"
    monkeypatch.setenv("BUS", "other")
    assert aws.setting("BUS") == "other"


def test_a_setting_that_the_stack_forgot_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUS", raising=False)
    with pytest.raises(KeyError, match="BUS"):
        aws.setting("BUS")


@pytest.mark.parametrize("module", sorted(path.stem for path in LAYER.glob("shared/*.py")))
def test_a_module_of_the_layer_is_imported_without_environment_or_network(module: str) -> None:
    name = "shared" if module == "__init__" else f"shared.{module}"
    program = (
        "import socket, os\n"
        "def refuse(*args, **named): raise AssertionError('a socket at import')\n"
        "socket.socket.connect = refuse\n"
        "socket.getaddrinfo = refuse\n"
        f"import {name}\n"
        "from shared import aws\n"
        "assert not aws.client.cache_info().currsize, 'a client at import'\n"
        "assert not aws.session.cache_info().currsize, 'a session at import'\n"
    )
    environment = {"PYTHONPATH": str(LAYER), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
