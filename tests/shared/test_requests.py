"""What a request carries is decoded or refused with the path of the field, never half taken."""

from __future__ import annotations

import json
import traceback
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.auth import SIGNED_IN, Caller
from shared.errors import Finding, Invalid, TooLarge, UnsupportedMedia
from shared.requests import (
    MAX_BODY_BYTES,
    Call,
    Misfit,
    NoQuery,
    converted,
    decode_body,
    decode_query,
)
from tests.shared.things import Colour, ListThings, MakeThing, Part

GOOD: dict[str, Any] = {"community_id": "com_7k2m9x4a", "name": "lamp", "parts": [{"weight_g": 5}]}


def refused(body: Any) -> Finding:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(Invalid) as refusal:
        decode_body(raw, "application/json", MakeThing)
    (finding,) = refusal.value.findings
    return finding


def test_a_good_body_is_taken_with_its_defaults() -> None:
    raw = json.dumps(GOOD).encode()
    assert decode_body(raw, "application/json", MakeThing) == MakeThing(
        community_id="com_7k2m9x4a", name="lamp", colour=Colour.RED, parts=(Part(weight_g=5),)
    )


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"surprise": 1}, "surprise", "unknown_field"),
        ({"parts": [{"weight_g": 1, "surprise": 1}]}, "parts[0].surprise", "unknown_field"),
        ({"": 1}, "body", "unknown_field"),
        ({"parts": [{"weight_g": 1, "": 1}]}, "parts[0]", "unknown_field"),
        ({"two\nlines": 1}, "two\nlines", "unknown_field"),
        ({"a`b": 1}, "a`b", "unknown_field"),
        ({"parts": [{}]}, "parts[0].weight_g", "missing_field"),
        ({"name": 5}, "name", "wrong_type"),
        ({"name": None}, "name", "wrong_type"),
        ({"parts": {}}, "parts", "wrong_type"),
        ({"parts": [{"weight_g": True}]}, "parts[0].weight_g", "wrong_type"),
        ({"parts": [{"weight_g": 1.5}]}, "parts[0].weight_g", "wrong_type"),
        ({"parts": [{"weight_g": 1}, "x"]}, "parts[1]", "wrong_type"),
        ({"parts": [{"weight_g": 0}]}, "parts[0].weight_g", "too_small"),
        ({"parts": [{"weight_g": 10**40}]}, "parts[0].weight_g", "too_great"),
        ({"parts": [{"weight_g": 1}] * 4}, "parts", "too_many"),
        ({"name": ""}, "name", "too_short"),
        ({"name": "x" * 21}, "name", "too_long"),
        ({"colour": "green"}, "colour", "wrong_choice"),
    ],
)
def test_what_does_not_fit_is_named_by_its_path(
    change: dict[str, Any], path: str, code: str
) -> None:
    finding = refused(GOOD | change)
    assert (finding.path, finding.code) == (path, code)


def test_a_missing_field_is_named() -> None:
    assert refused({"name": "lamp"}) == Finding("community_id", "missing_field")


@pytest.mark.parametrize("body", [[], "text", 5, None, True])
def test_a_body_that_is_no_object_is_named_as_the_body(body: Any) -> None:
    assert refused(body) == Finding("body", "wrong_type", (("expected", "object"),))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"name": "lamp",}',
        b'{"name": NaN}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b"\x00",
        b"\xef\xbb\xbf{}",
        b'{"community_id": "c", "name": "n"} trailing',
    ],
)
def test_what_is_no_json_is_malformed(raw: bytes) -> None:
    finding = refused(raw)
    assert (finding.path, finding.code) == ("body", "malformed_json")


@pytest.mark.parametrize("raw", [b"[" * 30_000, b'{"name":' * 8_000, b'{"parts":[' * 6_000])
def test_deep_nesting_is_refused_like_any_wrong_value(raw: bytes) -> None:
    assert refused(raw).path in ("body", "name", "parts[0].parts")


def test_what_a_stranger_writes_is_repeated_only_in_part() -> None:
    finding = refused(GOOD | {"x" * 5_000: 1})
    assert len(finding.path) <= 80
    assert finding.code == "unknown_field"


def test_a_body_over_the_limit_is_not_even_decoded() -> None:
    with pytest.raises(TooLarge) as refusal:
        decode_body(b"[" * (MAX_BODY_BYTES + 1), "application/json", MakeThing)
    assert refusal.value.params == {"limit_bytes": "65536"}


@pytest.mark.parametrize("content_type", ["", "text/json", "application/jsonp", "*/*", "json"])
def test_another_content_type_is_refused(content_type: str) -> None:
    with pytest.raises(UnsupportedMedia):
        decode_body(b"{}", content_type, MakeThing)


@given(st.binary(max_size=200))
def test_any_bytes_are_taken_or_refused_and_never_a_fault(raw: bytes) -> None:
    with pytest.raises(Invalid):
        decode_body(raw, "application/json", MakeThing)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


# How fast a busy machine draws says nothing of us.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.fixed_dictionaries({}, optional=dict.fromkeys((*GOOD, "colour", "other"), JSON)))
def test_any_json_is_taken_or_refused_with_a_path(body: dict[str, Any]) -> None:
    findings: tuple[Finding, ...] = ()
    made = None
    try:
        made = decode_body(json.dumps(body).encode(), "application/json", MakeThing)
    except Invalid as refusal:
        findings = refusal.findings
    assert bool(made) is not bool(findings)
    assert all(finding.path for finding in findings)


def test_a_query_is_read_by_its_types() -> None:
    query = decode_query(
        {"community_id": ["com_7k2m9x4a"], "limit": ["7"], "colour": ["blue"]}, ListThings
    )
    assert query == ListThings(community_id="com_7k2m9x4a", limit=7, colour=Colour.BLUE)


@pytest.mark.parametrize(
    ("parameters", "path", "code"),
    [
        ({}, "query:community_id", "missing_field"),
        ({"community_id": ["c", "d"]}, "query:community_id", "given_twice"),
        ({"community_id": ["c"], "surprise": ["1"]}, "query:surprise", "unknown_field"),
        ({"community_id": ["c"], "limit": ["many"]}, "query:limit", "wrong_type"),
        ({"community_id": ["c"], "limit": ["0"]}, "query:limit", "too_small"),
        ({"community_id": ["c"], "limit": ["101"]}, "query:limit", "too_great"),
        ({"community_id": ["c"], "cursor": ["x" * 1001]}, "query:cursor", "too_long"),
        ({"community_id": ["c"], "colour": ["green"]}, "query:colour", "wrong_choice"),
        ({"community_id": ["c"], "colour": ["null"]}, "query:colour", "wrong_form"),
        ({"community_id": ["c"], "colour": ["NULL"]}, "query:colour", "wrong_form"),
    ],
)
def test_a_query_that_does_not_fit_is_named_by_its_parameter(
    parameters: dict[str, list[str]], path: str, code: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        decode_query(parameters, ListThings)
    (finding,) = refusal.value.findings
    assert (finding.path, finding.code) == (path, code)


def call_with(headers: dict[str, str]) -> Call[None, NoQuery]:
    caller = Caller("per_1", (), SIGNED_IN)
    return Call(caller, None, NoQuery(), datetime(2026, 11, 22, tzinfo=UTC), headers)


@pytest.mark.parametrize("key", ["12345678", "a-B_9" * 12, "0" * 64])
def test_a_good_key_is_taken_as_it_is(key: str) -> None:
    assert call_with({"idempotency-key": key}).key == key


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "missing_header"),
        ("", "bad_idempotency_key"),
        ("1234567", "bad_idempotency_key"),
        ("0" * 65, "bad_idempotency_key"),
        ("key with spaces", "bad_idempotency_key"),
        ("12345678\n", "bad_idempotency_key"),
        ("１２３４５６７８", "bad_idempotency_key"),
    ],
)
def test_a_bad_key_is_refused_by_the_name_of_its_header(key: str | None, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        _ = call_with({} if key is None else {"idempotency-key": key}).key
    assert refusal.value.findings[0].path == "header:Idempotency-Key"
    assert refusal.value.findings[0].code == code


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({**GOOD, "colour": "张三 13800001111"}, "MakeThing.colour: wrong_choice"),
        ({**GOOD, "parts": [{"weight_g": "张三"}]}, "MakeThing.parts[0].weight_g: wrong_type"),
        ("张三", "MakeThing.body: wrong_type"),
    ],
)
def test_what_comes_from_inside_and_does_not_fit_is_never_repeated(value: Any, says: str) -> None:
    with pytest.raises(Misfit) as refused:
        converted(value, MakeThing)
    assert str(refused.value) == says
    assert "张三" not in "".join(traceback.format_exception(refused.value))


def test_what_comes_from_inside_and_fits_is_taken() -> None:
    assert converted(GOOD, MakeThing).name == "lamp"
