"""State machines checked as the service would check them.

MiniStack runs definitions that AWS refuses, so every `infra/*.asl.json` passes two validators
here: the grammar of the Amazon States Language that moto's Step Functions carries, and
cfn-lint's schema with its check of where each state leads.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

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
