"""State machines are refused here before AWS would refuse them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local import states

_GOOD: dict[str, Any] = {
    "StartAt": "Do",
    "States": {
        "Do": {"Type": "Task", "Resource": "${CommitBuilding}", "Next": "Done"},
        "Done": {"Type": "Succeed"},
    },
}


def test_every_definition_in_the_tree_passes_both_validators() -> None:
    assert states.definitions()
    for path in states.definitions():
        assert states.faults(path.read_text()) == []


def test_a_good_definition_has_no_fault() -> None:
    assert states.faults(json.dumps(_GOOD)) == []


@pytest.mark.parametrize(
    "damage",
    [
        {"StartAt": "Nowhere"},
        {"States": {"Do": {"Type": "Tusk", "End": True}}},
        {"States": {"Do": {"Type": "Task", "End": True}}},
        {"States": {"Do": {"Type": "Pass", "Next": "Nowhere"}}},
        {"States": {"Do": {"Type": "Pass"}}},
        {"States": {"Do": {"Type": "Pass", "End": True}, "Never": {"Type": "Succeed"}}},
    ],
)
def test_a_definition_that_leads_nowhere_is_refused(damage: dict[str, Any]) -> None:
    assert states.faults(json.dumps(_GOOD | damage)) != []


def test_what_is_not_json_is_refused() -> None:
    assert states.faults("{") == ["is not JSON: " + _json_error("{")]


def _json_error(text: str) -> str:
    with pytest.raises(ValueError, match="Expecting") as raised:
        json.loads(text)
    return str(raised.value)
