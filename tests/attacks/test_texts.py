"""Texts that look like others: what a pattern lets through is what is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from chalicelib.community.households import shapes
from local.apps import load_app
from local.places import capabilities
from shared import ids
from shared.openapi import document


def patterns(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("pattern"), str):
            yield part["pattern"]
        for value in part.values():
            yield from patterns(value)
    if isinstance(part, list):
        for value in part:
            yield from patterns(value)


def test_a_person_and_a_line_feed_are_nobody() -> None:
    """With one behind the own id a butler could bind "somebody else" to a room."""
    said = {"person_id": ids.person_id("test", "butler") + "\n", "relation": "tenant"}
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(said), type=shapes.BindResident)


@pytest.mark.parametrize("name", capabilities())
def test_no_pattern_lets_a_line_feed_follow(name: str) -> None:
    described = json.loads(msgspec.json.encode(document(load_app(name).app)))
    bodies = set(patterns(described["components"]["schemas"]))
    assert bodies
    assert [pattern for pattern in bodies if not pattern.endswith("$(?!\\n)")] == []
