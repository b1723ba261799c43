"""What journeys of people stand on: the providers by which they sign in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.platform import STAGE, Platform
from local.sandboxes import Sandboxes


@pytest.fixture(scope="session")
def sandboxes(platform: Platform) -> Iterator[Sandboxes]:
    """The providers, known to the platform."""
    secrets = platform.emulator.session().client("secretsmanager")
    with Sandboxes() as running:
        running.configure(secrets, STAGE)
        yield running
