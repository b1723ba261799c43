"""Lambda: what a function is given, what becomes of its errors, and of batches it refuses."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import Any

from tests.honesty.case import MINISTACK, StandIn, case, new_name, refusal

_LIMITS = "Lambda Developer Guide: Lambda quotas"
_ERRORS = "Lambda Developer Guide: Python function errors in Lambda"
# moto runs functions in Docker only.
_RUNS = (MINISTACK,)
_PATIENCE_SECONDS = 20.0
# For what does not come; where it came, it would come at once.
_SHORT_PATIENCE_SECONDS = 2.0
_ECHO = "def handler(event, context):\n    return event\n"
_RAISE = (
    "class Unhappy(Exception):\n    pass\n\n\n"
    "def handler(event, context):\n    raise Unhappy('so')\n"
)


def make_function(on: StandIn, source: str, *, timeout_seconds: int = 30, **more: Any) -> str:
    """A function with this source, whose handler is `handler`; its ARN."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("code.py", source)
    made: str = on.client("lambda").create_function(
        FunctionName=new_name(),
        Runtime="python3.12",
        Handler="code.handler",
        Role=on.role,
        Timeout=timeout_seconds,
        Code={"ZipFile": packed.getvalue()},
        **more,
    )["FunctionArn"]
    return made


def _invoke(on: StandIn, function: str, payload: str = "{}") -> Any:
    answer = on.client("lambda").invoke(FunctionName=function, Payload=payload)
    return answer.get("FunctionError", "no error"), json.loads(answer["Payload"].read())


@case(
    ["Unhandled", True], "Lambda Developer Guide: Configure Lambda function timeout", asked_of=_RUNS
)
def a_function_is_stopped_at_its_timeout(on: StandIn) -> Any:
    """A function that runs longer than its timeout is stopped and answers an error that says so."""
    source = "import time\n\n\ndef handler(event, context):\n    time.sleep(20)\n"
    error, told = _invoke(on, make_function(on, source, timeout_seconds=1))
    return [error, "timed out" in told.get("errorMessage", "")]


@case(["Unhandled", "Unhappy", "so"], _ERRORS, asked_of=_RUNS)
def an_error_is_told_by_its_class(on: StandIn) -> Any:
    """What a function raises is answered with the name of its class and its text."""
    error, told = _invoke(on, make_function(on, _RAISE))
    return [error, told["errorType"], told["errorMessage"]]


@case("RequestTooLargeException", _LIMITS, asked_of=_RUNS)
def a_request_has_at_most_6_mb(on: StandIn) -> Any:
    """A synchronous invocation with more than 6 MB is refused."""
    payload = json.dumps("x" * (6 * 1024 * 1024 + 1024))
    arn = make_function(on, "def handler(event, context):\n    return len(event)\n")
    return refusal(on.client("lambda").invoke, FunctionName=arn, Payload=payload)


@case("InvalidParameterValueException", _LIMITS)
def an_environment_has_at_most_4_kb(on: StandIn) -> Any:
    """A function whose environment is longer than 4 KB is refused."""
    environment = {"Variables": {"LONG": "x" * 5000}}
    return refusal(lambda: make_function(on, _ECHO, Environment=environment))


def _queue(on: StandIn, **attributes: str) -> tuple[str, str]:
    sqs = on.client("sqs")
    url = sqs.create_queue(QueueName=new_name(), Attributes=attributes)["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, told["Attributes"]["QueueArn"]


def _wait_for(on: StandIn, url: str, patience_seconds: float) -> list[str]:
    """The bodies of what comes to a queue, waited for until something does."""
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        found = on.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        if found.get("Messages"):
            return [message["Body"] for message in found["Messages"]]
        time.sleep(0.05)
    return []


@case([["b"], 0], "Lambda Developer Guide: Handling errors for an SQS event source", asked_of=_RUNS)
def only_the_messages_that_failed_come_again(on: StandIn) -> Any:
    """With ReportBatchItemFailures the others of a batch are deleted."""
    dead, dead_arn = _queue(on)
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1})
    url, arn = _queue(on, VisibilityTimeout="3", RedrivePolicy=redrive)
    source = (
        "def handler(event, context):\n"
        "    bad = [r['messageId'] for r in event['Records'] if r['body'] == 'b']\n"
        "    return {'batchItemFailures': [{'itemIdentifier': name} for name in bad]}\n"
    )
    function = make_function(on, source, timeout_seconds=3)
    # Its process starts now, so that the first batch is in time.
    _invoke(on, function, '{"Records": []}')
    sqs = on.client("sqs")
    sqs.send_message_batch(
        QueueUrl=url, Entries=[{"Id": body, "MessageBody": body} for body in "abc"]
    )
    mapping = on.client("lambda").create_event_source_mapping(
        EventSourceArn=arn,
        FunctionName=function,
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    failed = _wait_for(on, dead, _PATIENCE_SECONDS)
    on.client("lambda").delete_event_source_mapping(UUID=mapping["UUID"])
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return [failed, sum(int(number) for number in left.values())]


@case(
    "set aside",
    "Lambda Developer Guide: Retain discarded records for a DynamoDB event source",
    asked_of=_RUNS,
)
def records_that_fail_too_often_are_set_aside(on: StandIn) -> Any:
    """After MaximumRetryAttempts the on-failure queue is told of a stream's batch."""
    dead, dead_arn = _queue(on)
    table, dynamodb = on.new_table(), on.client("dynamodb")
    stream = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    mapping = on.client("lambda").create_event_source_mapping(
        EventSourceArn=stream,
        FunctionName=make_function(on, _RAISE, timeout_seconds=1),
        StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": dead_arn}},
    )
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "one"}, "sk": {"S": "a"}})
    told = _wait_for(on, dead, _SHORT_PATIENCE_SECONDS)
    on.client("lambda").delete_event_source_mapping(UUID=mapping["UUID"])
    return "set aside" if told else "nothing told"
