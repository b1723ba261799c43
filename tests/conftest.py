"""Fixtures for every test: the emulator, the platform on it, and tables on moto or the emulator.

- `emulator`: MiniStack on free ports with a home of its own, gone at the end of the run
- `platform`: every stack deployed on it, and people made as a test needs them
- `cloud`: AWS as the shared layer sees it from a store test, once on moto, once on the emulator
- `moto_cloud`: the same on moto only
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.apps import put_on_path
from local.emulator import REGION, ROOT_KEY, ROOT_SECRET, Emulator, free_port
from local.package import build
from local.places import BUILD
from local.platform import Platform, bring_up
from shared import aws
from tests.harness.people import People
from tests.harness.tables import create_grants_table, create_table

put_on_path()


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """MiniStack with AUTH=true; its home and its processes are gone at the end of the run."""
    home = BUILD / f"test-{os.getpid()}"
    running = Emulator(home, free_port(), free_port())
    running.start()
    try:
        yield running
    finally:
        running.stop(keep=False)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def platform(emulator: Emulator) -> Platform:
    """Every stack of the tree, deployed from the templates AWS gets."""
    return bring_up(emulator, build(), lambda words: None)


@pytest.fixture(scope="session")
def people(platform: Platform) -> People:
    """People who can sign in and call, made when first named."""
    return People(platform)


@dataclass(frozen=True)
class Cloud:
    """AWS for one test: clients for the test, and the environment a function would have."""

    kind: str
    client: Callable[[str], Any]
    setenv: Callable[[str, str], None]

    def table(self, capability: str) -> str:
        """A capability's table and the grants table, empty and in the environment."""
        dynamodb = self.client("dynamodb")
        name = f"{capability}-{uuid.uuid4().hex[:12]}"
        create_table(dynamodb, capability, name)
        create_grants_table(dynamodb, f"grants-of-{name}")
        self.setenv("TABLE", name)
        self.setenv("GRANTS_TABLE", f"grants-of-{name}")
        return name


@pytest.fixture
def moto_cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A new, empty account on moto."""
    with on_moto(monkeypatch) as cloud:
        yield cloud


@contextmanager
def on_moto(patch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A new, empty account on moto, for as long as the context lasts."""
    _set_credentials(patch)
    patch.delenv("AWS_ENDPOINT_URL", raising=False)
    _forget_clients()
    with mock_aws():
        yield Cloud("moto", boto3.Session(region_name=REGION).client, patch.setenv)
    _forget_clients()


@pytest.fixture(params=["moto", "emulator"])
def cloud(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The same test on moto and on the emulator."""
    if request.param == "moto":
        yield request.getfixturevalue("moto_cloud")
        return
    emulator: Emulator = request.getfixturevalue("emulator")
    _set_credentials(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
    _forget_clients()
    yield Cloud("emulator", emulator.session().client, monkeypatch.setenv)
    _forget_clients()


def _set_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ROOT_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ROOT_SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


def _forget_clients() -> None:
    aws.client.cache_clear()
    aws.session.cache_clear()
