"""The tree keeps the grammar: every capability is alike, packaged whole, and awake to its events.

What is read from the source stands in `tests/architecture`, with the proof that each check can
fail; here the checks look at the tree itself, and what only shows when it runs is run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chalice.app import Chalice

from local import package, whole
from local.apps import load_app
from local.places import FUNCTIONS, INFRA, LAYERS, ROOT, capabilities
from local.source import Capability, endpoints
from shared import aws
from shared.errors import LinliError
from tests.architecture import grammar, words
from tests.conftest import Cloud

Check = Callable[[Capability], Iterator[str]]
CHECKS: tuple[Check, ...] = (*grammar.CHECKS, *words.CHECKS)
SAMPLES = sorted((ROOT / "events").glob("*/*.json"))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", capabilities())
def test_a_capability_keeps_the_grammar(name: str, check: Check) -> None:
    complaints = list(check(Capability(ROOT, name)))
    assert complaints == [], "\n" + "\n".join(complaints)


def test_the_layer_names_no_capability() -> None:
    texts = {path: path.read_text() for path in LAYERS.glob("shared/python/**/*.py")}
    named = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path, text in texts.items()
        for name in capabilities()
        if f"chalicelib.{name}" in text
    ]
    assert named == []


def test_only_folders_that_are_known_stand_at_the_root() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    folders = {name.split("/")[0] for name in listed if "/" in name}
    assert folders <= {"functions", "infra", "layers", "events", "local", "tests", ".ci"}


IMPORT_QUIETLY = """
import socket, sys
def refuse(*args, **named):
    raise AssertionError("the network is used at import")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
import app
from shared import aws
assert not aws.client.cache_info().currsize, "a client is made at import"
assert not aws.session.cache_info().currsize, "a session is made at import"
assert not {"boto3"} & set(sys.modules), "boto3 is imported: the layer has no use for it"
"""


@pytest.mark.parametrize("name", capabilities())
def test_an_app_is_imported_without_environment_or_network(name: str) -> None:
    path = os.pathsep.join([str(LAYERS / "shared" / "python"), str(FUNCTIONS / name)])
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_QUIETLY],
        env={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def functions_of(app: Chalice) -> set[str]:
    """The functions that Chalice itself sees in an app."""
    found = {function.name for function in app.pure_lambda_functions}
    found |= {source.name for source in app.event_sources}
    return found | {authorizer.name for authorizer in app.builtin_auth_handlers}


@pytest.mark.parametrize("name", capabilities())
def test_the_functions_that_are_checked_are_those_that_chalice_makes(name: str) -> None:
    checked = whole.handler_names(Capability(ROOT, name)) - {"api_handler"}
    assert checked == functions_of(load_app(name).app)


@pytest.mark.parametrize("name", capabilities())
def test_an_app_calls_itself_as_its_folder_and_registers_every_view(name: str) -> None:
    app = load_app(name).app
    assert app.app_name == name
    views = {view for _, view, _ in endpoints(Capability(ROOT, name))}
    assert {operation.view.__name__ for operation in app.operations} == views


@pytest.mark.parametrize("name", capabilities())
def test_every_fragment_is_merged_into_a_resource_that_exists(
    name: str, packaged: dict[str, Any]
) -> None:
    resources = packaged[name]["Resources"]
    orphans = {key for key, resource in resources.items() if "Type" not in resource}
    assert orphans == set(), f"infra/{name}.yaml changes what functions/{name}/app.py does not make"
    for fragment in (INFRA / "capability.yaml", INFRA / f"{name}.yaml"):
        changed = package.load_template(fragment)["Resources"]
        assert set(changed) <= set(resources)


def test_a_fragment_for_a_function_that_was_renamed_is_refused() -> None:
    renamed = {"Resources": {"OldName": {"Properties": {"Timeout": 3}}}}
    with pytest.raises(package.PackagingError, match="changes OldName, which functions/things"):
        package._refuse_orphans("things", renamed)


@pytest.mark.parametrize("name", capabilities())
def test_queues_report_partial_failures_and_streams_are_the_tables_own(
    name: str, packaged: dict[str, Any]
) -> None:
    sources = [
        (function, event["Type"], event["Properties"])
        for function, resource in packaged[name]["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
        for event in resource["Properties"].get("Events", {}).values()
    ]
    for function, kind, properties in sources:
        if kind == "SQS":
            assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"], function
            assert "Fn::GetAtt" in properties["Queue"], f"{function} has a queue without a name"
        if kind == "DynamoDB":
            assert properties["Stream"] == {"Fn::GetAtt": ["Table", "StreamArn"]}, function


@pytest.mark.parametrize("name", capabilities())
def test_every_queue_that_feeds_a_function_has_a_dead_letter_queue(
    name: str, packaged: dict[str, Any]
) -> None:
    resources = packaged[name]["Resources"]
    fed = [
        event["Properties"]["Queue"]["Fn::GetAtt"][0]
        for resource in resources.values()
        if resource["Type"] == "AWS::Serverless::Function"
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "SQS"
    ]
    bare = [queue for queue in fed if "RedrivePolicy" not in resources[queue]["Properties"]]
    assert bare == []


@pytest.fixture
def empty_estate(
    request: pytest.FixtureRequest, moto_cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Tables, bus and bucket of a capability in which nothing happened yet; the bus's name."""
    path: Path = request.getfixturevalue("sample")
    moto_cloud.table(path.parent.name)
    bus, bucket = f"bus-{uuid.uuid4().hex[:8]}", f"bucket-{uuid.uuid4().hex[:8]}"
    moto_cloud.client("events").create_event_bus(Name=bus)
    s3 = moto_cloud.client("s3")
    region = {"LocationConstraint": s3.meta.region_name}
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=region)
    settings = {
        "BUS": bus,
        "BUCKET": bucket,
        "ISSUER": "https://api.linli.example/identity",
        "ISSUERS": "[]",
        "PROVIDERS": "linli/test/providers",
        "STAGE": "test",
    }
    for setting, value in settings.items():
        monkeypatch.setenv(setting, value)
    return bus


def test_there_are_samples_to_run() -> None:
    assert {path.parent.name for path in SAMPLES} == set(capabilities())


@pytest.mark.parametrize("sample", SAMPLES, ids=[str(path.relative_to(ROOT)) for path in SAMPLES])
def test_a_sample_is_taken_by_its_function(sample: Path, empty_estate: str) -> None:
    module = load_app(sample.parent.name)
    event = json.loads(sample.read_text())
    sources = {source.name: type(source).__name__ for source in module.app.event_sources}
    relayed: list[str] = []
    aws.client("events").meta.events.register(
        "before-call.events.PutEvents", lambda **_: relayed.append("PutEvents")
    )
    paths = {operation.view.__name__: operation.path for operation in module.app.operations}
    if sample.stem in paths:
        assert event["resource"] == paths[sample.stem]
        answer = module.app(event, None)
        assert answer["statusCode"] < 500, answer["body"]
        return
    function = getattr(module, sample.stem)
    kind = sources.get(sample.stem)
    if kind == "SQSEventConfig":
        assert function(event, None) == {"batchItemFailures": []}
    elif kind == "DynamoDBEventConfig":
        function(event, None)
        assert relayed, "the sample must hold a change that announces an event"
    else:
        _run_task(function, event)


def _run_task(function: Callable[[Any, Any], Any], event: Any) -> None:
    """A task or an authorizer answers, or refuses in its own words: nothing here is known yet."""
    try:
        function(event, None)
    except LinliError:
        return
    except Exception as refusal:
        if str(refusal) != "Unauthorized":
            raise
