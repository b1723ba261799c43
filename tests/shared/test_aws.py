"""Clients are made at first use, once, and bounded in what they wait and retry."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import botocore.session
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


def run_quietly(program: str) -> None:
    """Run a program in a fresh Python with only the layer on its path."""
    environment = {"PYTHONPATH": str(LAYER), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_layer_is_imported_without_environment_or_network() -> None:
    modules = sorted(f"shared.{path.stem}" for path in LAYER.glob("shared/[!_]*.py"))
    assert len(modules) >= 15
    run_quietly(f"""
import importlib, socket
def refuse(*args, **named): raise AssertionError("a socket at import")
socket.socket.connect = socket.getaddrinfo = refuse
for name in {modules}:
    importlib.import_module(name)
from shared import aws
assert not aws.client.cache_info().currsize, "a client at import"
assert not aws.session.cache_info().currsize, "a session at import"
""")


def test_nothing_is_collected_until_an_app_stands_and_all_that_came_later_is() -> None:
    run_quietly("""
import gc
everyday = gc.get_threshold()
from shared.app import App
assert gc.get_threshold()[0] > 100_000, "garbage is looked for while importing"
App("things", texts={}, about="Things.")
assert gc.get_threshold() == everyday
assert gc.get_freeze_count() > 10_000, "what was imported is looked at again"
""")


def test_the_layers_descriptions_are_read_as_botocore_reads_them(moto_cloud: Cloud) -> None:
    whole = botocore.session.get_session().create_client("sqs").meta.service_model
    ours = aws.client("sqs").meta.service_model
    assert ours.operation_names == whole.operation_names
    assert aws.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_links_to_files_are_signed_with_version_4(moto_cloud: Cloud) -> None:
    link = aws.client("s3").generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in link
