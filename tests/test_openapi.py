"""The platform's OpenAPI document: valid, whole, and true to every capability."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from local.apps import load_app
from local.openapi import merged
from local.places import capabilities
from shared.openapi import document


def of_capability(name: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(msgspec.json.encode(document(load_app(name).app)))
    return made


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if "$ref" in part else set()
        return own.union(*map(references, part.values()))
    if isinstance(part, list):
        return set().union(*map(references, part))
    return set()


def assert_whole(described: dict[str, Any]) -> None:
    assert [str(error) for error in OpenAPIV31SpecValidator(described).iter_errors()] == []
    named = {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}
    assert references(described) <= named


@pytest.mark.parametrize("name", capabilities())
def test_a_capabilitys_document_is_valid_and_whole(name: str) -> None:
    assert_whole(of_capability(name))


def test_the_platforms_document_is_valid_and_whole() -> None:
    assert_whole(merged())


def test_the_platforms_document_has_every_route_of_every_capability() -> None:
    everywhere: set[str] = set()
    for name in capabilities():
        everywhere |= set(of_capability(name)["paths"])
    assert set(merged()["paths"]) == everywhere


def test_schemas_of_two_capabilities_with_one_name_stay_apart() -> None:
    schemas = merged()["components"]["schemas"]
    for name in capabilities():
        own = set(of_capability(name)["components"]["schemas"]) - {"Problem", "FindingShape"}
        assert {f"{name}.{schema}" for schema in own} <= set(schemas)


def test_every_operation_has_a_name_of_its_own_and_a_summary() -> None:
    operations = [one for methods in merged()["paths"].values() for one in methods.values()]
    names = Counter(operation["operationId"] for operation in operations)
    assert [name for name, count in names.items() if count > 1] == []
    assert [one["operationId"] for one in operations if not one["summary"]] == []
