"""The OpenAPI document says what the routes do, and nothing else writes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from shared.app import App
from shared.auth import PUBLIC
from shared.examples import example
from shared.openapi import document
from shared.requests import Call, NoQuery, Shape
from tests.harness.gateway import send
from tests.shared import things


@pytest.fixture
def described() -> dict[str, Any]:
    made: dict[str, Any] = send(things.make_app(), "GET", "/openapi.json").json
    return made


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if "$ref" in part else set()
        return own.union(*map(references, part.values()))
    if isinstance(part, list):
        return set().union(*map(references, part))
    return set()


def test_the_document_is_valid_openapi_3_1(described: dict[str, Any]) -> None:
    assert described["openapi"] == "3.1.0"
    assert [str(error) for error in OpenAPIV31SpecValidator(described).iter_errors()] == []


def test_everything_the_document_points_to_is_in_it(described: dict[str, Any]) -> None:
    named = {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}
    assert references(described) <= named


def test_the_document_is_served_to_anyone_as_it_is_written() -> None:
    app = things.make_app()
    answer = send(app, "GET", "/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == json.loads(json.dumps(document(app)))


def test_every_route_is_described_once(described: dict[str, Any]) -> None:
    routes = {(path, method) for path, methods in described["paths"].items() for method in methods}
    assert routes == {
        ("/things/things", "post"),
        ("/things/things", "get"),
        ("/things/things/{thing_id}", "get"),
        ("/things/things/{thing_id}", "delete"),
        ("/things/unchecked", "get"),
        ("/things/unchecked", "post"),
        ("/things/me", "get"),
        ("/things/health", "get"),
    }


def test_a_route_says_who_may_call_it(described: dict[str, Any]) -> None:
    made = described["paths"]["/things/things"]["post"]
    assert made["operationId"] == "make_thing"
    assert made["summary"] == "Make a thing."
    assert made["security"] == [{"token": []}]
    assert made["x-permission"] == {
        "name": "make_thing",
        "about": "Make a thing.",
        "roles": ["butler", "family_member", "owner", "tenant"],
    }
    assert described["paths"]["/things/me"]["get"]["x-permission"]["name"] == "signed_in"
    assert described["paths"]["/things/health"]["get"]["security"] == []


def test_a_route_says_what_it_takes(described: dict[str, Any]) -> None:
    made = described["paths"]["/things/things"]["post"]
    body = made["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/MakeThing"}
    shape = described["components"]["schemas"]["MakeThing"]
    assert shape["additionalProperties"] is False
    assert shape["required"] == ["community_id", "name"]
    (key,) = made["parameters"]
    assert (key["name"], key["in"], key["required"]) == ("Idempotency-Key", "header", True)


def test_a_route_says_what_its_path_and_query_hold(described: dict[str, Any]) -> None:
    got = described["paths"]["/things/things/{thing_id}"]["get"]
    assert [(p["name"], p["in"], p["required"]) for p in got["parameters"]] == [
        ("thing_id", "path", True)
    ]
    listed = described["paths"]["/things/things"]["get"]["parameters"]
    assert {(p["name"], p["in"], p["required"]) for p in listed} == {
        ("limit", "query", False),
        ("cursor", "query", False),
        ("community_id", "query", True),
        ("colour", "query", False),
        ("order", "query", False),
    }
    (limit,) = [p for p in listed if p["name"] == "limit"]
    assert limit["schema"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 100,
        "default": 20,
        "examples": [20],
    }


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        ("/things/things", "post",
         {"201", "400", "401", "404", "409", "413", "415", "429", "500"}),
        ("/things/things", "get", {"200", "400", "401", "404", "500"}),
        ("/things/things/{thing_id}", "delete", {"204", "400", "401", "404", "500"}),
        ("/things/health", "get", {"200", "400", "404", "500"}),
    ],
)  # fmt: skip
def test_a_route_says_what_it_can_answer(
    described: dict[str, Any], path: str, method: str, statuses: set[str]
) -> None:
    assert set(described["paths"][path][method]["responses"]) == statuses


def test_a_refusal_is_described_by_its_codes_and_the_problem_document(
    described: dict[str, Any],
) -> None:
    responses = described["paths"]["/things/things"]["post"]["responses"]
    assert responses["409"]["description"] == (
        "- `too_many_things`: 东西太多（最多 {limit} 件）。 / Too many things: at most {limit}."
    )
    (content,) = responses["409"]["content"].values()
    assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert content["examples"] == {
        "too_many_things": {
            "value": {
                "type": "urn:linli:problem:too_many_things",
                "title": "东西太多（最多 10 件）。",
                "status": 409,
                "code": "too_many_things",
                "request_id": "0f3b7c1e-5a52-4a0f-9a4e-2f1f6f1d3c55",
                "params": {"limit": "10"},
            }
        }
    }
    assert list(responses["429"]["content"]["application/problem+json"]["examples"]) == [
        "too_often"
    ]
    assert responses["201"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/ThingShape"
    }


def test_a_request_that_lacks_a_field_is_the_example_of_a_bad_one(
    described: dict[str, Any],
) -> None:
    refused = described["paths"]["/things/things"]["post"]["responses"]["400"]
    (one,) = refused["content"]["application/problem+json"]["examples"].values()
    assert one["value"]["errors"] == [
        {"path": "community_id", "code": "missing_field", "reason": "缺少必填字段。"}
    ]


def test_examples_are_composed_of_the_examples_of_the_fields(described: dict[str, Any]) -> None:
    made = described["paths"]["/things/things"]["post"]
    assert made["requestBody"]["content"]["application/json"]["example"] == {
        "community_id": things.COMMUNITY,
        "name": "长椅",
        "colour": "red",
        "parts": [{"weight_g": 250}],
    }


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "examples": ["a"], "default": "b"}, "a"),
        ({"$ref": "#/components/schemas/Colour"}, "blue"),
        ({"$ref": "#/components/schemas/Colour", "examples": ["red"]}, "red"),
        ({"enum": ["blue", "red"], "default": "red"}, "red"),
        ({"anyOf": [{"type": "null"}, {"type": "integer", "examples": [3]}]}, 3),
        ({"type": "array", "items": {"type": "string", "examples": ["a"]}}, ["a"]),
        ({"type": "string", "format": "date"}, "2026-11-22"),
        ({"type": "integer", "default": 20}, 20),
        ({"type": "boolean"}, False),
    ],
)
def test_an_example_is_what_a_field_says_of_itself(schema: dict[str, Any], value: Any) -> None:
    assert example(schema, {"Colour": {"enum": ["blue", "red"]}}) == value


def test_a_field_that_says_nothing_of_its_values_stops_the_document() -> None:
    with pytest.raises(LookupError, match="no example for"):
        example({"type": "object", "properties": {"name": {"type": "string"}}}, {})


def test_an_empty_answer_has_no_content(described: dict[str, Any]) -> None:
    forgotten = described["paths"]["/things/things/{thing_id}"]["delete"]
    assert "content" not in forgotten["responses"]["204"]


def test_a_problem_that_is_answered_fits_its_description(described: dict[str, Any]) -> None:
    answer = send(things.make_app(), "POST", "/things", body="[", person_id="per_1",
                  grants=())  # fmt: skip
    shape = described["components"]["schemas"]["Problem"]
    assert set(shape["required"]) <= set(answer.json) <= set(shape["properties"])


def test_an_app_without_routes_is_described_too() -> None:
    empty = document(App("empty", texts={}, about="Nothing yet."))
    assert [str(error) for error in OpenAPIV31SpecValidator(empty).iter_errors()] == []
    assert empty["paths"] == {}


class Lamp(Shape):
    """A lamp, by the name that paths call it."""

    lamp_id: things.ThingId


def test_an_answer_leads_to_the_routes_whose_path_it_names() -> None:
    app = App("lamps", texts={}, about="Lamps.")

    @app.endpoint("POST", "/lamps", allows=PUBLIC, gives=Lamp, status=201)
    def make_lamp(call: Call[None, NoQuery]) -> Lamp:
        """Make a lamp."""
        return Lamp(lamp_id="lam_1")

    @app.endpoint("GET", "/lamps/{lamp_id}", allows=PUBLIC, gives=Lamp)
    def get_lamp(call: Call[None, NoQuery], lamp_id: things.ThingId) -> Lamp:
        """Show a lamp."""
        return Lamp(lamp_id=lamp_id)

    @app.endpoint("GET", "/streets/{street}/lamps/{lamp_id}", allows=PUBLIC, gives=Lamp)
    def get_street_lamp(
        call: Call[None, NoQuery], street: things.ThingId, lamp_id: things.ThingId
    ) -> Lamp:
        """Show a lamp of a street, which no answer names."""
        return Lamp(lamp_id=lamp_id)

    paths = document(app)["paths"]
    assert paths["/lamps/lamps"]["post"]["responses"]["201"]["links"] == {
        "get_lamp": {
            "operationId": "get_lamp",
            "parameters": {"lamp_id": "$response.body#/lamp_id"},
        }
    }
    assert "links" not in paths["/lamps/lamps/{lamp_id}"]["get"]["responses"]["200"]
