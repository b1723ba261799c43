"""What the policies of functions grant, in the words of the recorder."""

from __future__ import annotations

import json
import re
from typing import Any

from chalice.app import Chalice

from local.places import FUNCTIONS
from tests.harness.recorder import Right

_INDEX = re.compile(r"\${(\w+)\.Arn}/(index/\w+)")
_IN_ARN = re.compile(r"(?:table|event-bus)/\${(\w+)}$")
# Secrets Manager adds six characters to a name.
_SECRET = re.compile(r":secret:(.+)-\?{6}$")
_IN_BUCKET = re.compile(r":s3:::linli-\${Stage}-[a-z]+-\${AWS::AccountId}-\${AWS::Region}(/.+)?$")

_LOGS = {Right("logs:CreateLogStream", "Logs"), Right("logs:PutLogEvents", "Logs")}
_STREAM = {
    Right("dynamodb:DescribeStream", "Table/stream"),
    Right("dynamodb:GetRecords", "Table/stream"),
    Right("dynamodb:GetShardIterator", "Table/stream"),
    # It takes no resource (AWS: service authorization reference, DynamoDB).
    Right("dynamodb:ListStreams", "*"),
    Right("sqs:SendMessage", "UnrelayedEvents"),
}
_QUEUE = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")


def functions(capability: str) -> set[str]:
    """The functions of a capability that have a policy of their own."""
    config = json.loads((FUNCTIONS / capability / ".chalice" / "config.json").read_text())
    return set(config["stages"]["dev"]["lambda_functions"])


def granted(capability: str, function: str) -> set[Right]:
    """Every right that a function's policy grants."""
    path = FUNCTIONS / capability / ".chalice" / f"policy-{function}.json"
    return {
        Right(action, _named(resource))
        for statement in json.loads(path.read_text())["Statement"]
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    }


def condition(capability: str, function: str, key: str) -> set[str]:
    """What a function's policy wants of a condition on AWS; nothing where it does not name it.

    The emulator and moto do not know what these conditions ask for, so they stand on AWS alone.
    """
    path = FUNCTIONS / capability / ".chalice" / f"policy-{function}.json"
    wanted: set[str] = set()
    for statement in json.loads(path.read_text())["Statement"]:
        if "Condition" in statement:
            name, on_aws, elsewhere = statement["Condition"]["Fn::If"]
            assert (name, elsewhere) == ("Kept", {"Ref": "AWS::NoValue"})
            wanted |= {value for named, value in on_aws["StringEquals"].items() if named == key}
    return wanted


def used_by_lambda(app: Chalice, function: str) -> set[Right]:
    """What Lambda does in a function's name: it writes the log and reads queue or stream."""
    rights = set(_LOGS)
    for source in app.event_sources:
        if source.name == function and hasattr(source, "queue"):
            queue = "".join(word.title() for word in source.queue.split("_")) + "Queue"
            rights |= {Right(action, queue) for action in _QUEUE}
        if source.name == function and hasattr(source, "stream_arn"):
            rights |= _STREAM
    return rights


def _listed(part: Any) -> list[Any]:
    return part if isinstance(part, list) else [part]


def _named(resource: Any) -> str:
    """What a policy's resource is called in the templates."""
    if isinstance(resource, str):
        return resource
    if "Ref" in resource:
        # A parameter that holds an ARN.
        return str(resource["Ref"])
    if "Fn::GetAtt" in resource:
        name, attribute = resource["Fn::GetAtt"]
        return str({"Arn": name, "StreamArn": f"{name}/stream"}[attribute])
    text: str = resource["Fn::Sub"]
    if text.endswith(":key/*"):
        return "keys/*"
    if secret := _SECRET.search(text):
        return secret.group(1).replace("${Stage}", "test")
    if index := _INDEX.fullmatch(text):
        return "/".join(index.groups())
    if named := _IN_ARN.search(text):
        return named.group(1)
    inside = _IN_BUCKET.search(text)
    assert inside is not None, f"say here what {text} is"
    return "Bucket" + (inside.group(1) or "")
