"""What the deployed templates let others do, and how long they remember."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.places import capabilities

SIX_MONTHS_DAYS = 184


def of_type(template: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = template["Resources"].values()
    return [resource["Properties"] for resource in found if resource["Type"] == kind]


@pytest.mark.parametrize("capability", capabilities())
def test_a_queue_takes_messages_of_one_source_alone(
    capability: str, packaged: dict[str, Any]
) -> None:
    """Any bucket of the account could otherwise name a file that nobody sent."""
    policies = of_type(packaged[capability], "AWS::SQS::QueuePolicy")
    assert policies
    for policy in policies:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert "aws:SourceArn" in json.dumps(statement["Condition"]), policy["Queues"]


@pytest.mark.parametrize("capability", capabilities())
def test_logs_are_kept_as_long_as_the_law_asks(capability: str, packaged: dict[str, Any]) -> None:
    groups = of_type(packaged[capability], "AWS::Logs::LogGroup")
    assert groups
    assert all(group["RetentionInDays"] >= SIX_MONTHS_DAYS for group in groups)
