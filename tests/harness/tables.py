"""Tables for tests, made from the templates in infra/: keys and indexes exist once."""

from __future__ import annotations

from functools import cache
from typing import Any

from local.package import load_template, merge
from local.places import INFRA
from tests.harness.units import Index, Schema

_TAKEN_BY_CREATE_TABLE = (
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
)


def create_table(dynamodb: Any, capability: str, name: str, *, streamed: bool = True) -> None:
    """Make the table of a capability, as its stack would, with its stream or without.

    On moto nobody reads it, and moto copies all that was ever in it at each transaction.
    """
    properties = _table_of(capability)
    if not streamed:
        properties = {k: v for k, v in properties.items() if k != "StreamSpecification"}
    _create(dynamodb, properties, name)


def create_grants_table(dynamodb: Any, name: str) -> None:
    """Make the grants table, as the shared stack would."""
    _create(dynamodb, _grants(), name)


def schema(capability: str) -> Schema:
    """The keys and indexes of a capability's table."""
    return _schema(_table_of(capability))


def grants_schema() -> Schema:
    """The keys and indexes of the grants table."""
    return _schema(_grants())


def _schema(properties: dict[str, Any]) -> Schema:
    indexes = []
    for index in properties.get("GlobalSecondaryIndexes", ()):
        kind = index["Projection"]["ProjectionType"]
        held = frozenset(index["Projection"].get("NonKeyAttributes", ()))
        projected = None if kind == "ALL" else held
        indexes.append(Index(index["IndexName"], _names(index["KeySchema"]), projected))
    return Schema(_names(properties["KeySchema"]), tuple(indexes))


def _names(keys: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple(key["AttributeName"] for key in keys)


@cache
def _table_of(capability: str) -> dict[str, Any]:
    """The table's properties; reading a template takes longer than most tests."""
    common = load_template(INFRA / "capability.yaml")
    own = load_template(INFRA / f"{capability}.yaml")
    properties: dict[str, Any] = merge(common, own)["Resources"]["Table"]["Properties"]
    return properties


@cache
def _grants() -> dict[str, Any]:
    properties: dict[str, Any] = load_template(INFRA / "shared.yaml")["Resources"]["Grants"][
        "Properties"
    ]
    return properties


def _create(dynamodb: Any, properties: dict[str, Any], name: str) -> None:
    wanted = {key: properties[key] for key in _TAKEN_BY_CREATE_TABLE if key in properties}
    stream = properties.get("StreamSpecification")
    if stream:
        wanted["StreamSpecification"] = {"StreamEnabled": True, **stream}
    dynamodb.create_table(TableName=name, **wanted)
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    expiry = properties.get("TimeToLiveSpecification")
    if expiry:
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
