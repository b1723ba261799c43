"""State machines checked as the service would check them.

MiniStack runs definitions that AWS refuses, so every `infra/*.asl.json` passes two validators
here: the grammar of the Amazon States Language that moto's Step Functions carries, and
cfn-lint's schema.  Neither follows a state to the next, so that is done here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.api import lint_all
from moto.stepfunctions.parser.asl.parse.asl_parser import (
    AmazonStateLanguageParser,
    ASLParserException,
)

from local.places import INFRA

# The stack gives the ${Names} of a definition (DefinitionSubstitutions): functions, as yet.
_SUBSTITUTION = re.compile(r"\$\{(\w+)\}")
_ANY_FUNCTION = r"arn:aws:lambda:us-east-1:123456789012:function:\1"


def definitions() -> list[Path]:
    """All state machine definitions."""
    return sorted(INFRA.glob("*.asl.json"))


def faults(definition: str) -> list[str]:
    """What is wrong with a definition, a sentence each."""
    definition = _SUBSTITUTION.sub(_ANY_FUNCTION, definition)
    try:
        parsed = json.loads(definition)
    except ValueError as error:
        return [f"is not JSON: {error}"]
    found = []
    try:
        AmazonStateLanguageParser.parse(definition)
    except ASLParserException as error:
        found += [f"is not in the States Language: {words}" for words in error.errors]
    except (KeyError, TypeError, ValueError) as error:
        found.append(f"is not in the States Language: {error}")
    found += dead_ends(parsed)
    template = {
        "Resources": {
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "RoleArn": "arn:aws:iam::123456789012:role/any",
                    "Definition": parsed,
                },
            }
        }
    }
    found += [
        f"{match.rule.id}: {match.message}"
        for match in lint_all(json.dumps(template))
        if match.rule.id.startswith(("E", "W"))
    ]
    return found


def dead_ends(machine: dict[str, Any]) -> list[str]:
    """States that lead to none, and states that none leads to; inner machines included."""
    states = machine.get("States")
    if not isinstance(states, dict):
        return []
    found, met, ahead = [], set(), [str(machine.get("StartAt"))]
    while ahead:
        name = ahead.pop()
        if name in met:
            continue
        met.add(name)
        if name not in states:
            found.append(f"leads to {name}, which is no state")
            continue
        ahead += _next_of(states[name])
    found += [f"has a state that none leads to: {name}" for name in sorted(set(states) - met)]
    for state in states.values():
        for inner in _machines_in(state):
            found += dead_ends(inner)
    return found


def _next_of(state: dict[str, Any]) -> Iterator[str]:
    for part in (state, *state.get("Catch", []), *state.get("Choices", [])):
        if "Next" in part:
            yield part["Next"]
    if "Default" in state:
        yield state["Default"]


def _machines_in(state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key in ("Iterator", "ItemProcessor"):
        if key in state:
            yield state[key]
    yield from state.get("Branches", [])
