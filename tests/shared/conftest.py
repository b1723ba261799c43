"""What the layer's tests stand on: an account in memory, with the grants table from infra/."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chalice.package import YAMLTemplateSerializer
from moto import mock_aws

from shared import aws
from tests.shared import things

SHARED_TEMPLATE = Path(__file__).parents[2] / "infra" / "shared.yaml"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account in memory, which the layer's clients reach as they reach AWS."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "ap-southeast-1",
        "THINGS_TABLE": "things",
        "GRANTS_TABLE": "grants",
        "BUS": "bus",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        aws.session.cache_clear()
        aws.client.cache_clear()
        yield
    aws.session.cache_clear()
    aws.client.cache_clear()


@pytest.fixture
def things_table(cloud: None) -> None:
    """The table of the layer's own test records."""
    aws.client("dynamodb").create_table(TableName="things", **things.TABLE)


@pytest.fixture
def grants_table(cloud: None) -> None:
    """The grants table as infra/shared.yaml declares it."""
    template = YAMLTemplateSerializer().load_template(SHARED_TEMPLATE.read_text(), "shared.yaml")
    declared: dict[str, Any] = template["Resources"]["Grants"]["Properties"]
    kept = {name: declared[name] for name in ("BillingMode", "AttributeDefinitions", "KeySchema")}
    aws.client("dynamodb").create_table(TableName="grants", **kept)
