"""A staffroom on moto."""

from __future__ import annotations

import pytest

from tests.harness.source import Source
from tests.identity.credentials.staffroom import Staffroom
from tests.identity.scene import Identity


@pytest.fixture
def room(identity: Identity, source: Source) -> Staffroom:
    """Nobody was invited yet."""
    return Staffroom(identity, source)
