"""Step Functions: names, retries, catches, maps, limits, redrive."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.honesty.case import MINISTACK, StandIn, case, new_name, refusal
from tests.honesty.functions import make_function

_START = "Step Functions API Reference: StartExecution"
_ERRORS = "Step Functions Developer Guide: Handling errors in Step Functions workflows"
_PATIENCE_SECONDS = 20.0
# moto starts no execution, as this project uses it.
_RUNS = (MINISTACK,)
_PASS = {"Type": "Pass", "End": True}
_ENDS = {
    "Right": {"Type": "Pass", "Result": "caught", "End": True},
    "Wrong": {"Type": "Pass", "Result": "not caught by its name", "End": True},
}
_FAIL = {"Type": "Fail", "Error": "Broken", "Cause": "it broke"}


def _machine(on: StandIn, first: dict[str, Any], **more: Any) -> str:
    states = on.client("stepfunctions")
    definition = {"StartAt": "First", "States": {"First": first, **more.pop("states", {})}, **more}
    arn: str = states.create_state_machine(
        name=new_name(), definition=json.dumps(definition), roleArn=on.role
    )["stateMachineArn"]
    return arn


def _start(on: StandIn, machine: str, given: Any = None, **more: str) -> str:
    arn: str = on.client("stepfunctions").start_execution(
        stateMachineArn=machine, input=json.dumps(given or {}), **more
    )["executionArn"]
    return arn


def _end(on: StandIn, execution: str) -> Any:
    """The execution as it is when it has ended, or when patience has."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        told = on.client("stepfunctions").describe_execution(executionArn=execution)
        if told["status"] != "RUNNING" or time.monotonic() > deadline:
            return told
        time.sleep(0.05)


def _outcome(on: StandIn, machine: str, given: Any = None) -> Any:
    """What a machine makes of an input, or how else it ended."""
    told = _end(on, _start(on, machine, given))
    return json.loads(told["output"]) if told["status"] == "SUCCEEDED" else told["status"]


_WAIT = {"Type": "Wait", "Seconds": 30, "End": True}


@case("the same", _START)
def a_name_started_again_while_it_runs_is_the_same(on: StandIn) -> Any:
    """The same name and input while it runs answers the execution that runs."""
    machine, name = _machine(on, _WAIT), new_name()
    first = _start(on, machine, {"n": 1}, name=name)
    again = _start(on, machine, {"n": 1}, name=name)
    on.client("stepfunctions").stop_execution(executionArn=first)
    return "the same" if again == first else "another"


@case("ExecutionAlreadyExists", _START)
def a_name_started_with_another_input_is_refused(on: StandIn) -> Any:
    """The same name with another input is refused."""
    machine, name = _machine(on, _WAIT), new_name()
    first = _start(on, machine, {"n": 1}, name=name)
    answer = refusal(lambda: _start(on, machine, {"n": 2}, name=name))
    on.client("stepfunctions").stop_execution(executionArn=first)
    return answer


@case("ExecutionAlreadyExists", _START, asked_of=_RUNS)
def a_name_is_not_started_again_after_its_end(on: StandIn) -> Any:
    """The same name and input is refused when the execution has ended."""
    machine, name = _machine(on, _PASS), new_name()
    first = _start(on, machine, {"n": 1}, name=name)
    told = _end(on, first)
    if told["status"] != "SUCCEEDED":
        return f"first {told['status']}"
    return refusal(lambda: _start(on, machine, {"n": 1}, name=name))


@case(["accepted", "refused"], "Step Functions Developer Guide: Service quotas")
def an_input_has_at_most_256_kib(on: StandIn) -> Any:
    """An input of 262,144 bytes is taken, one byte more is refused."""
    machine = _machine(on, _PASS)
    # Two quotation marks are of the input too.
    answers = [refusal(lambda n=n: _start(on, machine, "x" * (262_144 - 2 + n))) for n in (0, 1)]
    return [answer if answer == "accepted" else "refused" for answer in answers]


@case("InvalidDefinition", "Step Functions API Reference: CreateStateMachine")
def a_machine_that_leads_nowhere_is_refused(on: StandIn) -> Any:
    """A state whose Next does not exist makes the definition invalid."""
    return refusal(lambda: _machine(on, {"Type": "Pass", "Next": "Nowhere"}))


def _parallel(branch: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": [branch], "End": True, **more}


@case("caught", _ERRORS, asked_of=_RUNS)
def an_error_is_caught_by_its_name(on: StandIn) -> Any:
    """The first catcher that names the error decides where to go on."""
    catch = [
        {"ErrorEquals": ["Other"], "Next": "Wrong"},
        {"ErrorEquals": ["Broken"], "Next": "Right"},
    ]
    branch = {"StartAt": "Fails", "States": {"Fails": _FAIL}}
    return _outcome(on, _machine(on, _parallel(branch, Catch=catch), states=_ENDS))


@case(["FAILED", 3], _ERRORS, asked_of=_RUNS)
def a_state_is_tried_again_as_often_as_it_says(on: StandIn) -> Any:
    """With two retries a state is tried three times, then the execution fails."""
    retry = [{"ErrorEquals": ["Broken"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1}]
    key = {"pk": {"S": new_name()}, "sk": {"S": "a"}}
    count = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:updateItem",
        "Parameters": {
            "TableName": on.table,
            "Key": key,
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        },
        "Next": "Fails",
    }
    branch = {"StartAt": "Count", "States": {"Count": count, "Fails": _FAIL}}
    status = _end(on, _start(on, _machine(on, _parallel(branch, Retry=retry))))["status"]
    counted = on.client("dynamodb").get_item(TableName=on.table, Key=key, ConsistentRead=True)
    return [status, int(counted["Item"]["n"]["N"])]


@case([0, 1, 2, 3], "Step Functions Developer Guide: Map workflow state", asked_of=_RUNS)
def a_map_answers_in_the_order_of_its_items(on: StandIn) -> Any:
    """Results stand in the order of the items, whichever ends first."""
    each = {"StartAt": "Each", "States": {"Each": _PASS}}
    mapped = {
        "Type": "Map",
        "ItemProcessor": each | {"ProcessorConfig": {"Mode": "INLINE"}},
        "MaxConcurrency": 2,
        "ItemsPath": "$.items",
        "End": True,
    }
    return _outcome(on, _machine(on, mapped), {"items": [0, 1, 2, 3]})


@case(
    "TIMED_OUT",
    "Step Functions Developer Guide: State machine structure (TimeoutSeconds)",
    asked_of=_RUNS,
)
def a_machine_ends_at_its_timeout(on: StandIn) -> Any:
    """An execution that runs longer than TimeoutSeconds is timed out."""
    execution = _start(on, _machine(on, {**_WAIT, "Seconds": 2}, TimeoutSeconds=1))
    return _end(on, execution)["status"]


@case("accepted", "Step Functions API Reference: RedriveExecution", asked_of=_RUNS)
def a_failed_execution_can_be_redriven(on: StandIn) -> Any:
    """A failed execution goes on from the state that failed."""
    execution = _start(on, _machine(on, _FAIL))
    status = _end(on, execution)["status"]
    if status != "FAILED":
        return f"first {status}"
    return refusal(on.client("stepfunctions").redrive_execution, executionArn=execution)


@case("caught", _ERRORS, asked_of=_RUNS)
def an_error_of_a_function_is_caught_by_its_name(on: StandIn) -> Any:
    """A catcher that names the class that a function raises takes it."""
    source = (
        "class Broken(Exception):\n    pass\n\n\ndef handler(event, context):\n    raise Broken\n"
    )
    task = {
        "Type": "Task",
        "Resource": make_function(on, source),
        "Catch": [
            {"ErrorEquals": ["Broken"], "Next": "Right"},
            {"ErrorEquals": ["States.ALL"], "Next": "Wrong"},
        ],
        "End": True,
    }
    return _outcome(on, _machine(on, task, states=_ENDS))
