"""Fixtures for every test: the emulator, the platform on it, and tables on moto or the emulator.

- `emulator`: MiniStack on free ports with a home of its own, gone at the end of the run
- `built`, `packaged`: all that is deployed, built from the tree; its templates, read
- `platform`: every stack deployed on the emulator, and people made as a test needs them
- `cloud`: AWS as the shared layer sees it from a store test, once on moto, once on the emulator
- `moto_cloud`: the same on moto only
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from moto import mock_aws

from local.apps import put_on_path
from local.emulator import REGION, ROOT_KEY, ROOT_SECRET, Emulator, free_port
from local.package import Package, build
from local.places import BUILD
from local.platform import Platform, bring_up
from local.sandboxes import Sandboxes
from shared import aws
from tests.harness.lean import lean
from tests.harness.people import People
from tests.harness.tables import create_grants_table, create_table
from tests.harness.user_pool import UserPool, found

put_on_path()

_LONG = ("test_interleavings.py", "test_machine.py", "test_crash_matrix.py", "test_refusals.py")
"""Files whose few tests take minutes: begun last, they would keep one process after the other."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes longest begin first."""
    items.sort(
        key=lambda item: _LONG.index(item.path.name) if item.path.name in _LONG else len(_LONG)
    )


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
def built() -> Package:
    """Everything that a deployment sends, built from the tree."""
    return build()


@pytest.fixture(scope="session")
def packaged(built: Package) -> dict[str, Any]:
    """Every template as it is deployed."""
    return {name: json.loads(found.path.read_text()) for name, found in built.templates.items()}


@pytest.fixture(scope="session")
def sandboxes() -> Iterator[Sandboxes]:
    """The providers that the platform finds: WeChat, and text messages."""
    with Sandboxes() as running:
        yield running


@pytest.fixture(scope="session")
def pool(emulator: Emulator) -> UserPool:
    """An outside issuer, which the platform is told to trust."""
    return found(emulator)


@pytest.fixture(scope="session")
def platform(emulator: Emulator, built: Package, sandboxes: Sandboxes, pool: UserPool) -> Platform:
    """Every stack of the tree, deployed from the templates AWS gets."""
    return bring_up(emulator, built, sandboxes, lambda words: None, pool.described)


@pytest.fixture(scope="session")
def people(platform: Platform, pool: UserPool) -> People:
    """People who can sign in and call, made when first named."""
    return People(platform, pool)


@dataclass(frozen=True)
class Cloud:
    """AWS for one test: the functions' own clients, and the environment they would have."""

    kind: str
    client: Callable[[str], Any]
    setenv: Callable[[str, str], None]

    def table(self, capability: str) -> str:
        """A capability's table, the grants table and the key of personal data, all new."""
        dynamodb = self.client("dynamodb")
        name = f"{capability}-{uuid.uuid4().hex[:12]}"
        create_table(dynamodb, capability, name, streamed=self.kind != "moto")
        create_grants_table(dynamodb, f"grants-of-{name}")
        self.setenv("TABLE", name)
        self.setenv("GRANTS_TABLE", f"grants-of-{name}")
        self.make_personal_data_key()
        return name

    def make_personal_data_key(self) -> None:
        """The KMS key of personal data; the data key comes at first use."""
        made = self.client("kms").create_key(Description="personal data")
        self.setenv("PERSONAL_DATA_KEY", made["KeyMetadata"]["Arn"])


@pytest.fixture
def moto_cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A new, empty account on moto."""
    with on_moto(monkeypatch) as cloud:
        yield cloud


@contextmanager
def on_moto(patch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A new, empty account on moto, for as long as the context lasts."""
    _sign_in(patch)
    patch.delenv("AWS_ENDPOINT_URL", raising=False)
    aws.client.cache_clear()
    with mock_aws(), lean():
        yield Cloud("moto", aws.client, patch.setenv)
    aws.client.cache_clear()


@pytest.fixture(params=["moto", "emulator"])
def cloud(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The same test on moto and on the emulator."""
    if request.param == "moto":
        yield request.getfixturevalue("moto_cloud")
        return
    emulator: Emulator = request.getfixturevalue("emulator")
    _sign_in(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
    aws.client.cache_clear()
    yield Cloud("emulator", aws.client, monkeypatch.setenv)
    aws.client.cache_clear()


def _sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the test into the emulated account.

    A test has clients of its own, as it may listen to them.  The session stays: it keeps what it
    read of the services, which takes longer to read than most tests run.
    """
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    aws.session().set_credentials(ROOT_KEY, ROOT_SECRET)
