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
from shared.openapi import Problem, document
from tests import stories
from tests.harness.recorder import API


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


@pytest.mark.parametrize("name", capabilities())
def test_every_example_fits_the_shape_that_it_is_an_example_of(name: str) -> None:
    described = of_capability(name)
    for operation in load_app(name).app.operations:
        path = described["paths"][f"/{name}{operation.path}"][operation.method.lower()]
        if operation.takes is not None:
            msgspec.convert(_json(path["requestBody"])["example"], operation.takes)
        msgspec.convert(_json(path["responses"][str(operation.status)])["example"], operation.gives)
        asked = {p["name"]: str(p["example"]) for p in path["parameters"] if p["in"] == "query"}
        msgspec.convert(asked, operation.query, strict=False)


@pytest.mark.parametrize("name", capabilities())
def test_every_answer_fits_the_shape_that_the_document_promises(name: str) -> None:
    promised = {one.view.__name__: one.gives for one in load_app(name).app.operations}
    for run in stories.runs(name):
        if run.function == API:
            # A story may tell of a refusal too: a thief's, say, that ends a session.
            refused = run.answer.get("type", "").startswith("urn:linli:problem:")
            msgspec.convert(run.answer, Problem if refused else promised[run.way_in])


def _json(part: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = part["content"]["application/json"]
    return found


def test_every_problem_has_its_words_and_an_example_that_fits() -> None:
    operations = [one for methods in merged()["paths"].values() for one in methods.values()]
    for operation in operations:
        assert {"400", "404", "500"} <= set(operation["responses"]), operation["operationId"]
        for status, answer in operation["responses"].items():
            examples = answer["content"].get("application/problem+json", {}).get("examples", {})
            for code, one in examples.items():
                problem = msgspec.convert(one["value"], Problem)
                assert (str(problem.status), problem.code) == (status, code)
                assert f"`{code}`: " in answer["description"]
                assert "{" not in problem.title


@pytest.mark.parametrize("name", capabilities())
def test_every_code_that_a_field_may_be_refused_with_is_explained(name: str) -> None:
    code = of_capability(name)["components"]["schemas"]["FindingShape"]["properties"]["code"]
    for known, words in load_app(name).app.texts.items():
        assert f"- `{known}`: {' / '.join(words)}" in code["description"]


def test_every_link_leads_to_an_operation_and_names_all_of_its_path() -> None:
    """A client that made something finds what can be done with it."""
    parts: dict[str, set[str]] = {}
    links: dict[str, dict[str, Any]] = {}
    for methods in merged()["paths"].values():
        for one in methods.values():
            in_path = {part["name"] for part in one["parameters"] if part["in"] == "path"}
            parts[one["operationId"]] = in_path
            for answer in one["responses"].values():
                links[one["operationId"]] = answer.get("links") or links.get(one["operationId"], {})
    assert set(links["report_repair"]) >= {"get_ticket", "withdraw_repair", "assign_repair"}
    assert set(links["request_import"]) >= {"get_import", "commit_import"}
    for source, found in links.items():
        for link in found.values():
            assert link["operationId"] != source
            assert set(link["parameters"]) == parts[link["operationId"]]


def test_every_operation_has_a_name_of_its_own_and_a_summary() -> None:
    operations = [one for methods in merged()["paths"].values() for one in methods.values()]
    names = Counter(operation["operationId"] for operation in operations)
    assert [name for name, count in names.items() if count > 1] == []
    assert [one["operationId"] for one in operations if not one["summary"]] == []
