"""EventBridge: which event a rule takes, and what a bus refuses."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.honesty.case import StandIn, case, new_name, refusal

_PATTERNS = "EventBridge User Guide: Comparison operators for use in event patterns"
_PUT = "EventBridge API Reference: PutEvents"
_PATIENCE_SECONDS = 10.0


def _bus(on: StandIn) -> str:
    name = new_name()
    on.client("events").create_event_bus(Name=name)
    return name


def _entry(bus: str, detail: Any, kind: str = "Told") -> dict[str, str]:
    return {
        "Source": "honest",
        "DetailType": kind,
        "Detail": detail if isinstance(detail, str) else json.dumps(detail),
        "EventBusName": bus,
    }


def _taken(on: StandIn, pattern: dict[str, Any], *details: dict[str, Any]) -> list[str]:
    """The `id` of each event of these that a rule with this pattern takes to its queue.

    An event that every rule takes comes last, so that nobody waits for what is not coming.
    """
    sqs, events, bus = on.client("sqs"), on.client("events"), _bus(on)
    queue = sqs.create_queue(QueueName=new_name())["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": _open(arn)})
    for wanted in ({"detail-type": ["Told"], "detail": pattern}, {"detail-type": ["Last"]}):
        rule = new_name()
        events.put_rule(
            Name=rule, EventBusName=bus, EventPattern=json.dumps({"source": ["honest"]} | wanted)
        )
        events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    events.put_events(Entries=[_entry(bus, detail) for detail in details])
    events.put_events(Entries=[_entry(bus, {"id": "last"}, "Last")])
    taken: list[str] = []
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while "last" not in taken and time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        bodies = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        taken += [body["detail"]["id"] for body in bodies]
    return sorted(taken)


def _open(arn: str) -> str:
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


@case(["a", "last"], _PATTERNS)
def a_rule_takes_what_it_names_and_drops_the_rest(on: StandIn) -> Any:
    """An event reaches a target only through a rule whose values it has."""
    pattern = {"kind": ["gate"]}
    return _taken(on, pattern, {"id": "a", "kind": "gate"}, {"id": "b", "kind": "x"}, {"id": "c"})


@case(["a", "last"], _PATTERNS)
def a_rule_takes_a_prefix(on: StandIn) -> Any:
    """`prefix` takes values that begin so."""
    pattern = {"kind": [{"prefix": "ga"}]}
    return _taken(on, pattern, {"id": "a", "kind": "gate"}, {"id": "b", "kind": "a gate"})


@case(["a", "last"], _PATTERNS)
def a_rule_takes_anything_but(on: StandIn) -> Any:
    """`anything-but` takes any other value, and no event without the field."""
    pattern = {"kind": [{"anything-but": ["gate"]}]}
    return _taken(on, pattern, {"id": "a", "kind": "x"}, {"id": "b", "kind": "gate"}, {"id": "c"})


@case(["b", "c", "last"], _PATTERNS)
def a_rule_takes_a_range_of_numbers(on: StandIn) -> Any:
    """`numeric` compares as numbers, not as text."""
    pattern = {"fen": [{"numeric": [">", 5, "<=", 10]}]}
    details = [{"id": name, "fen": n} for name, n in zip("abcd", (5, 6, 10, 100), strict=True)]
    return _taken(on, pattern, *details)


@case(["b", "last"], _PATTERNS)
def a_rule_asks_whether_a_field_exists(on: StandIn) -> Any:
    """`exists` false takes events without the field."""
    return _taken(on, {"kind": [{"exists": False}]}, {"id": "a", "kind": "x"}, {"id": "b"})


@case(["accepted", "ValidationException"], _PUT)
def at_most_10_events_are_put_at_once(on: StandIn) -> Any:
    """Ten entries are taken, eleven are refused."""
    put, entries = on.client("events").put_events, [_entry(_bus(on), {})] * 11
    return [refusal(put, Entries=entries[:n]) for n in (10, 11)]


@case([1, [False, True]], _PUT)
def one_bad_event_does_not_hold_the_others_back(on: StandIn) -> Any:
    """An entry that is no JSON fails alone, with a code in its place of the answer."""
    bus = _bus(on)
    answer = on.client("events").put_events(Entries=[_entry(bus, {}), _entry(bus, "no json")])
    return [answer["FailedEntryCount"], ["ErrorCode" in entry for entry in answer["Entries"]]]
