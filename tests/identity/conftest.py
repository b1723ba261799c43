"""Identity with empty tables, a signing key and the providers' sandboxes, on moto."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Cloud
from tests.harness.source import Source, one_source
from tests.identity.scene import Identity, at_home


@pytest.fixture
def source() -> Iterator[Source]:
    """The time and chance of all functions."""
    with one_source() as found:
        yield found


@pytest.fixture
def identity(moto_cloud: Cloud, source: Source) -> Iterator[Identity]:
    """Identity on moto; its first signing key is made."""
    table = moto_cloud.table("identity")
    with at_home() as sandboxes:
        found = Identity(table, sandboxes)
        found.module.rotate_keys(found.schedule("rotate_keys"), None)
        yield found
