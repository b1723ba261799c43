"""What the layer's tests stand on: a table for their own records, and the grants table."""

from __future__ import annotations

import uuid

import pytest

from tests.conftest import Cloud
from tests.harness.tables import create_grants_table
from tests.shared import things


def _make_things(cloud: Cloud) -> None:
    name = f"things-{uuid.uuid4().hex[:12]}"
    cloud.client("dynamodb").create_table(TableName=name, **things.TABLE)
    cloud.setenv("THINGS_TABLE", name)


@pytest.fixture
def things_table(cloud: Cloud) -> None:
    """The table of the layer's own test records, on moto and on the emulator."""
    _make_things(cloud)


@pytest.fixture
def moto_things(moto_cloud: Cloud) -> None:
    """The same on moto only, where a test can let an answer be lost."""
    _make_things(moto_cloud)


@pytest.fixture
def grants_table(cloud: Cloud) -> None:
    """The grants table as infra/shared.yaml declares it, on moto and on the emulator."""
    name = f"grants-{uuid.uuid4().hex[:12]}"
    create_grants_table(cloud.client("dynamodb"), name)
    cloud.setenv("GRANTS_TABLE", name)


@pytest.fixture
def personal_data_key(cloud: Cloud, grants_table: None) -> None:
    """The KMS key of personal data, and an empty grants table where the data key will stand."""
    cloud.make_personal_data_key()
