"""The way of an event through all capabilities: streams, bus, rules, queues, state machines.

Every capability stands in one account on moto with tables from `infra/`; rules, queues and their
functions are those that the templates name, so a consumer that is added there is served here.  A
test decides what the streams deliver and when, and sees what reached nobody.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from local.apps import load_app
from local.package import load_template, merge
from local.places import INFRA, capabilities
from tests.conftest import Cloud
from tests.harness import world
from tests.harness.hours import schedule
from tests.harness.world import World

Entry = dict[str, Any]
Event = dict[str, Any]
_BUS = "bus-of-all"
_ATTEMPTS = 3
"""How often a queue or a task is tried here; the templates say 3 or more."""


@dataclass(frozen=True)
class Source:
    """What wakes a function: a queue by its name, or the table's stream, which has none."""

    capability: str
    function: str
    queue: str | None
    batch_size: int

    def __str__(self) -> str:
        return f"{self.capability}.{self.function}"


@dataclass(frozen=True)
class Rule:
    """What a rule of the bus takes, and the resource that it hands it to."""

    capability: str
    pattern: Mapping[str, Sequence[str | Mapping[str, str]]]
    target: str

    def takes(self, entry: Entry) -> bool:
        """Whether an entry is one that it hands on."""
        facts = {"source": entry["Source"], "detail-type": entry["DetailType"]}
        return all(
            any(_matches(one, facts[name]) for one in wanted)
            for name, wanted in self.pattern.items()
        )


def _matches(wanted: str | Mapping[str, str], fact: str) -> bool:
    """Whether a fact is what a pattern wants: the very text, or one that begins so."""
    if isinstance(wanted, str):
        return fact == wanted
    assert wanted.keys() == {"prefix"}, f"say here what {wanted} takes"
    return fact.startswith(wanted["prefix"])


def sources() -> list[Source]:
    """Every function of every capability that a queue or a stream wakes."""
    found = []
    for capability in capabilities():
        for source in load_app(capability).app.event_sources:
            if hasattr(source, "queue") or hasattr(source, "stream_arn"):
                queue = getattr(source, "queue", None)
                found.append(Source(capability, source.name, queue, source.batch_size))
    return found


@cache
def resources(capability: str) -> dict[str, Any]:
    """What a capability's own template adds to the functions that Chalice makes."""
    common = load_template(INFRA / "capability.yaml")
    merged = merge(common, load_template(INFRA / f"{capability}.yaml"))
    found: dict[str, Any] = merged["Resources"]
    return found


def rules() -> list[Rule]:
    """Every rule of the bus, one for each target."""
    found = []
    for capability in capabilities():
        for name, resource in resources(capability).items():
            if resource.get("Type") != "AWS::Events::Rule":
                continue
            pattern = resource["Properties"]["EventPattern"]
            assert pattern.keys() <= {"source", "detail-type"}, f"say here what {name} takes"
            for target in resource["Properties"]["Targets"]:
                arn = target["Arn"]
                resource_name = arn["Ref"] if "Ref" in arn else arn["Fn::GetAtt"][0]
                found.append(Rule(capability, pattern, resource_name))
    return found


class Bus:
    """All capabilities side by side, and everything that goes between them.

    Attributes
    ----------
    dead
        Messages that their function gave back every time, as function and body.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._put: list[Entry] = []
        self._sent: list[Entry] = []
        self.dead: list[tuple[str, str]] = []
        self._settings: dict[str, dict[str, str]] = {}
        s3 = cloud.client("s3")
        place = {"LocationConstraint": s3.meta.region_name}
        for capability in capabilities():
            table = cloud.table(capability)
            bucket = f"bucket-of-{capability}"
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
            self._settings[capability] = {"TABLE": table, "BUCKET": bucket}
        cloud.setenv("BUS", _BUS)
        events = cloud.client("events")
        events.create_event_bus(Name=_BUS)
        events.meta.events.register("before-call", self._sends)
        events.meta.events.register("after-call", self._answered)
        # The grants are shared: those of the last table stand for all.
        self._grants = f"grants-of-{table}"

    def _sends(self, model: Any, params: dict[str, Any], **_: object) -> None:
        if model.name == "PutEvents":
            self._sent = json.loads(params["body"])["Entries"]

    def _answered(self, model: Any, parsed: dict[str, Any], **_: object) -> None:
        if model.name == "PutEvents":
            answers = parsed["Entries"]
            self._put += [e for e, a in zip(self._sent, answers, strict=True) if "EventId" in a]

    def arrived(self) -> list[Entry]:
        """What was put on the bus since this was last asked."""
        arrived, self._put = self._put, []
        return arrived

    @contextmanager
    def inside(self, capability: str) -> Iterator[None]:
        """Stand where a capability's functions stand."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self._settings[capability].items():
                patch.setenv(name, value)
            yield

    def start(self, capability: str, function: str, event: Any) -> Any:
        """Start a function with an event; what it returns."""
        with self.inside(capability):
            return getattr(load_app(capability), function)(event, None)

    def stored(self) -> World:
        """Everything that all capabilities have stored now."""
        tables = [own["TABLE"] for own in self._settings.values()]
        buckets = tuple(own["BUCKET"] for own in self._settings.values())
        return world.taken((*tables, self._grants), buckets)

    def relay(self, texts: Iterable[str]) -> None:
        """Let the streams deliver changes with these events, one by one."""
        for text in texts:
            image = {"NewImage": {"event": {"S": text}}}
            record = {"eventName": "MODIFY", "dynamodb": image}
            self.start(json.loads(text)["source"], "relay_events", {"Records": [record]})

    def sweep(self) -> None:
        """Let every capability sweep once."""
        for capability in capabilities():
            self.start(capability, "sweep_events", schedule("sweep_events"))

    def deliver(self, entries: Iterable[Entry]) -> None:
        """Hand what is on the bus to everybody who hears of it, until nothing waits."""
        queues: dict[Source, list[str]] = {}
        for entry in entries:
            for rule in rules():
                if not rule.takes(entry):
                    continue
                detail = json.loads(entry["Detail"])
                source = _fed_by(rule)
                if source is None:
                    self._carry_out(rule, detail["data"])
                    continue
                queues.setdefault(source, []).append(json.dumps({"detail": detail}))
        for source, bodies in queues.items():
            for start in range(0, len(bodies), source.batch_size):
                self._hand(source, bodies[start : start + source.batch_size])

    def _hand(self, source: Source, bodies: list[str]) -> None:
        waiting = dict(enumerate(bodies))
        for _ in range(_ATTEMPTS):
            answer = self.start(source.capability, source.function, batch(waiting))
            failed = {int(one["itemIdentifier"]) for one in answer["batchItemFailures"]}
            waiting = {number: body for number, body in waiting.items() if number in failed}
            if not waiting:
                return
        self.dead += [(str(source), body) for body in waiting.values()]

    def _carry_out(self, rule: Rule, given: Event) -> None:
        assert rule.target in _MACHINES, f"say here what the state machine {rule.target} does"
        _MACHINES[rule.target](lambda name, event: self.start(rule.capability, name, event), given)


def batch(bodies: dict[int, str]) -> Event:
    """What a queue hands its function: messages named by their numbers."""
    return {
        "Records": [
            {"messageId": str(number), "eventSource": "aws:sqs", "body": body}
            for number, body in bodies.items()
        ]
    }


def _fed_by(rule: Rule) -> Source | None:
    """The function whose queue a rule fills; None where it starts a state machine."""
    if resources(rule.capability)[rule.target]["Type"] == "AWS::StepFunctions::StateMachine":
        return None
    for source in sources():
        words = (source.queue or "").split("_")
        queue = "".join(word.title() for word in words) + "Queue"
        if (source.capability, queue) == (rule.capability, rule.target):
            return source
    raise AssertionError(f"{rule.target} of {rule.capability} feeds no function")


def _commit_register(start: Callable[[str, Event], Any], given: Event) -> None:
    """As `infra/commit_register.asl.json` has it: each building, then the end."""
    results = []
    for task in given["tasks"]:
        tried: Counter[str] = Counter()
        while True:
            try:
                results.append(start("commit_building", task))
                break
            except Exception as error:
                tried[type(error).__name__] += 1
                if tried.total() >= _ATTEMPTS:
                    results.append({"building": task["building"], "outcome": "failed"})
                    break
    start("finish_import", {"import_id": given["import_id"], "results": results})


_MACHINES: dict[str, Callable[[Callable[[str, Event], Any], Event], None]] = {
    "CommitRegister": _commit_register
}
