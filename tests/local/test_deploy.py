"""Deployment shows what it changes, changes it once, and says what CloudFormation refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.deploy import DeploymentError, Target, deploy
from local.emulator import Emulator
from local.layers import Artefact
from local.package import Package

_QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {}}


def _package(folder: Path, **resources: dict[str, Any]) -> Package:
    template = {
        "Parameters": {"Stage": {"Type": "String"}, "Capability": {"Type": "String"}},
        "Resources": resources,
        "Outputs": {"Said": {"Value": {"Fn::Sub": "${Stage} ${Capability}"}}},
    }
    text = json.dumps(template)
    path = folder / "things.json"
    path.write_text(text)
    return Package((), {"things": Artefact(path, f"templates/things-{hash(text)}.json")})


@pytest.fixture
def target(emulator: Emulator, request: pytest.FixtureRequest) -> Target:
    """A stage of its own for each test."""
    stage = f"t{abs(hash(request.node.name)) % 10**9}"
    return Target(emulator.session(), stage, {"Unasked": "never given"}, 0.05)


def test_every_change_is_shown_before_it_is_made(target: Target, tmp_path: Path) -> None:
    said: list[str] = []
    outputs = deploy(_package(tmp_path, Queue=_QUEUE), target, said.append)
    assert outputs == {"things": {"Said": f"{target.stage} things"}}
    stack = f"linli-{target.stage}-things"
    assert said[-2:] == [f"{stack}: add Queue AWS::SQS::Queue", f"{stack}: create complete"]


def test_the_same_package_changes_nothing_the_second_time(target: Target, tmp_path: Path) -> None:
    package = _package(tmp_path, Queue=_QUEUE)
    deploy(package, target, lambda words: None)
    said: list[str] = []
    outputs = deploy(package, target, said.append)
    assert said == [f"linli-{target.stage}-things: nothing to change"]
    assert outputs == {"things": {"Said": f"{target.stage} things"}}


def test_a_changed_template_changes_only_what_changed(target: Target, tmp_path: Path) -> None:
    deploy(_package(tmp_path, Queue=_QUEUE), target, lambda words: None)
    said: list[str] = []
    deploy(_package(tmp_path, Queue=_QUEUE, Another=_QUEUE), target, said.append)
    assert f"linli-{target.stage}-things: add Another AWS::SQS::Queue" in said
    assert not [words for words in said if " Queue AWS" in words]


def test_a_refused_stack_is_rolled_back_and_names_the_reason(
    target: Target, tmp_path: Path
) -> None:
    broken = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "RoleArn": "arn:aws:iam::000000000000:role/none",
            "DefinitionS3Location": {"Bucket": "no-such-bucket", "Key": "none.json"},
        },
    }
    with pytest.raises(DeploymentError, match=r"(?s)linli-.*-things: .*Machine"):
        deploy(_package(tmp_path, Machine=broken), target, lambda words: None)
    with pytest.raises(DeploymentError, match="delete that stack"):
        deploy(_package(tmp_path, Queue=_QUEUE), target, lambda words: None)
