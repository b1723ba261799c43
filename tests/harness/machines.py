"""State machines: a capability is driven at random, step by step, beside a model in plain Python.

hypothesis chooses requests, deliveries and the passing of time; the real app answers them, through
the gateway's events and on tables made from the templates, consumers included.  After every step
the answer and everything stored are compared with what the model says, and the oracles read the
tables for what must hold whatever was done.  Attacks those faults that no single call shows:
a step too many, an event told twice, a right that outlives its end, a neighbour's thing.  The
count is steps.  Time, ids and chance come from one source and the seed is printed, so a failure
comes again, and hypothesis shortens it to the few steps that matter.
"""

from __future__ import annotations

import copy
import json
import os
import random
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, TypeVar, cast

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.internal.conjecture import providers
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

from local.apps import load_app
from shared import aws, vault
from shared.auth import Grant
from shared.events import Event, encode
from tests.conftest import on_moto
from tests.harness.families import Tally
from tests.harness.gateway import Answer, send
from tests.harness.leftovers import left_over
from tests.harness.oracles import Item
from tests.harness.source import Source, one_source

T = TypeVar("T")
STEPS, PROVED_STEPS = 50, 10_000
"""Steps of one run at most, and of all of a machine's runs where it is to be proved."""
SEED = 20261122


class No(Exception):
    """What a model says instead of an answer: the code of the refusal."""

    def __init__(self, code: str = "not_found") -> None:
        super().__init__(code)
        self.code = code


def refuse(when: object, code: str = "not_found") -> None:
    """Refuse with a code, if there is reason to."""
    if when:
        raise No(code)


def covers(wide: str, narrow: str) -> bool:
    """Whether a right on `wide` holds on `narrow`, for models."""
    return wide == "platform" or f"{narrow}/".startswith(f"{wide}/")


class World:
    """A capability as its functions run it: its app, its tables, its bucket, its time and chance.

    Attributes
    ----------
    seen
        What came out of the steps so far, and how often: a run asserts that it met what it fears.
    """

    def __init__(self, capability: str, source: Source) -> None:
        self.capability = capability
        self.module = load_app(capability)
        self.source = source
        self.seen: Counter[str] = Counter()
        self.steps = 0
        self._scene: tuple[Any, list[Any], tuple[datetime, object]] | None = None

    def begin(self) -> None:
        """Empty tables and bucket, and the first instant again."""
        for table in self._tables:
            table.items.clear()
            # Nobody reads moto's record of the changes, and each transaction would copy it.
            table.stream_shard = None
        self._bucket.keys.clear()
        self.source.begin()

    def scene(self, build: Callable[[], T]) -> T:
        """Begin with what `build` makes, made the first time and the same each time after."""
        if self._scene is None:
            made = build()
            kept = [table.items for table in self._tables]
            self._scene = copy.deepcopy((made, kept, self.source.save()))
        made, kept, saved = copy.deepcopy(self._scene)
        for table, items in zip(self._tables, kept, strict=True):
            table.items = items
        self.source.restore(saved)
        return cast(T, made)

    def items(self) -> list[Item]:
        """Everything in the capability's table and in the grants table, as DynamoDB keeps it."""
        # Asked through its API, moto takes longer to say so than the step that came before.
        return [
            item.to_json()["Attributes"]
            for table in self._tables
            for partition in table.items.values()
            for item in partition.values()
        ]

    def keys(self) -> set[str]:
        """The keys of everything in the bucket."""
        return set(self._bucket.keys)

    def upload(self, key: str, body: bytes) -> None:
        """What a client posts with a form that it was given."""
        aws.client("s3").put_object(Bucket=os.environ["BUCKET"], Key=key, Body=body)

    def ask(
        self,
        who: Person,
        method: str,
        url: str,
        body: Any = None,
        key: str = "",
        address: str = "203.0.113.7",
    ) -> Answer:
        """One request in somebody's name, from an address."""
        self.source.tick()
        return send(
            self.module.app,
            method,
            url,
            body=body,
            headers={"Idempotency-Key": key} if key else {},
            person_id=who.person_id,
            grants=tuple(who.grants),
            session_id=who.session_id,
            address=address,
        )

    def start(self, function: str, event: Mapping[str, Any]) -> Any:
        """Start a function as a state machine does; what it returns."""
        self.source.tick()
        return getattr(self.module, function)(event, None)

    def deliver(self, function: str, bodies: Sequence[str]) -> list[int]:
        """A batch of a queue; the places of those messages that must come again."""
        self.source.tick()
        records = [
            {"messageId": str(place), "eventSource": "aws:sqs", "body": body}
            for place, body in enumerate(bodies)
        ]
        answer = getattr(self.module, function)({"Records": records}, None)
        return [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]

    def relay(self, images: Iterable[Item]) -> list[Any]:
        """A batch of the table's stream; the events that reach the bus."""
        put: list[Any] = []

        def hear(params: dict[str, Any], **_: object) -> None:
            put.extend(json.loads(entry["Detail"]) for entry in params["Entries"])

        emitter = aws.client("events").meta.events
        emitter.register("provide-client-params.eventbridge.PutEvents", hear)
        records = [{"eventName": "MODIFY", "dynamodb": {"NewImage": image}} for image in images]
        self.module.relay_events({"Records": records}, None)
        emitter.unregister("provide-client-params.eventbridge.PutEvents", hear)
        return put

    @property
    def _tables(self) -> list[Any]:
        # Asked anew each time: a transaction that is refused leaves moto with copies of them.
        region = aws.client("dynamodb").meta.region_name
        known = get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][region].tables
        return [known[os.environ[name]] for name in ("TABLE", "GRANTS_TABLE")]

    @cached_property
    def _bucket(self) -> Any:
        return get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"].buckets[os.environ["BUCKET"]]


class Person:
    """Somebody with rights, as the authorizer hands them on just now."""

    def __init__(self, letter: str, *grants: Grant) -> None:
        self.person_id = "per_" + letter * 26
        self.grants = list(grants)
        self.session_id = ""

    def __repr__(self) -> str:
        return self.person_id[:6]

    def scopes(self, roles: Iterable[str]) -> list[str]:
        """Where one of these roles is theirs."""
        return [grant.scope for grant in self.grants if grant.role in roles]

    def reaches(self, roles: Iterable[str], scope: str) -> bool:
        """Whether one of these roles is theirs on `scope`, around it or somewhere in it."""
        return any(covers(own, scope) or covers(scope, own) for own in self.scopes(roles))

    def may(self, roles: Iterable[str], scope: str) -> bool:
        """Whether one of these roles is theirs on `scope`."""
        return any(covers(own, scope) for own in self.scopes(roles))


class Machine(RuleBasedStateMachine):
    """What all machines do: start with nothing, count their steps, ask oracles and model.

    A capability's machine adds rules, the model they move, `broken` and `compare`.
    """

    world: ClassVar[World]
    tenants: ClassVar[re.Pattern[str]]

    def __init__(self) -> None:
        super().__init__()
        self.world.begin()
        self.absent: Answer | None = None

    @property
    def now(self) -> datetime:
        """The instant of the last request."""
        return self.world.source.now

    @invariant()
    def all_is_well(self) -> None:
        """Count the step; ask the oracles, then the model."""
        self.world.steps += 1
        items = self.world.items()
        faults = self.broken(items)
        assert faults == [], "\n".join(faults)
        self.compare(items)

    def broken(self, items: Iterable[Item]) -> list[str]:
        """What the capability's oracles find wrong."""
        raise NotImplementedError

    def compare(self, items: Iterable[Item]) -> None:
        """Fail where what is stored is not what the model holds."""
        raise NotImplementedError

    def agrees(self, answer: Answer, says: Callable[..., object], *arguments: object) -> bool:
        """Whether a request went through, as the model says too; fail where it says otherwise."""
        refusal = _refusal(says, arguments)
        if refusal is None:
            assert answer.status < 300, f"nothing speaks against it: {answer.text}"
            return True
        told = answer.json
        codes = [found["code"] for found in told.get("errors", ())] or [told.get("code")]
        assert codes == [refusal], f"{refusal} was due: {answer.text}"
        self.world.seen[refusal] += 1
        if refusal == "not_found":
            # A forbidden thing answers exactly as an absent one.
            self.absent = self.absent or answer
            assert answer == self.absent
        return False

    def teardown(self) -> None:
        """See that the functions hold nothing of whom they served."""
        # The first look was at an empty table.
        self.world.steps -= 1
        held = left_over(self.tenants)
        assert held == [], "\n".join(held)


def _refusal(says: Callable[..., object], arguments: Sequence[object]) -> str | None:
    try:
        says(*arguments)
    except No as no:
        return no.code
    return None


def same_times(value: Any) -> Any:
    """An answer's values with its instants as such, however many digits they are written with."""
    if isinstance(value, Mapping):
        return {
            name: datetime.fromisoformat(inner)
            if (name == "at" or name.endswith("_at")) and isinstance(inner, str)
            else same_times(inner)
            for name, inner in value.items()
        }
    return [same_times(inner) for inner in value] if isinstance(value, list) else value


def queued(event: Event) -> str:
    """A message of a queue that a rule of the bus fills."""
    return json.dumps({"detail": json.loads(encode(event))})


@contextmanager
def a_world(capability: str) -> Iterator[World]:
    """A capability on empty tables of moto, with a bucket and a bus."""
    with pytest.MonkeyPatch.context() as patch, on_moto(patch) as cloud, one_source() as source:
        cloud.table(capability)
        bucket = f"bucket-{uuid.uuid4().hex[:12]}"
        s3 = aws.client("s3")
        place = {"LocationConstraint": s3.meta.region_name}
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        cloud.setenv("BUCKET", bucket)
        aws.client("events").create_event_bus(Name="bus")
        cloud.setenv("BUS", "bus")
        vault.derived_key("any")
        yield World(capability, source)


def attack(machine: type[Machine], world: World, tally: Tally, examples: int) -> None:
    """Run a machine: the same `examples` runs each time, or new ones until the count is full."""
    number = random.randrange(2**32) if tally.proving else SEED
    number = int(os.environ.get("MACHINE_SEED", number))
    print(f"{machine.__name__}: MACHINE_SEED={number} runs it again")
    # To look for the shortest way to a fault takes minutes; whoever only asks whether there is one
    # need not wait for it.
    unshrunk = {"phases": [Phase.generate]} if "MACHINE_UNSHRUNK" in os.environ else {}
    if not tally.proving:
        _run(machine, world, number, examples, **unshrunk)
    while tally.proving and world.steps < PROVED_STEPS:
        _run(machine, world, number, PROVED_STEPS // STEPS, **unshrunk)
        number += 1
    tally.count(world.steps, world.capability)


def caught(machine: type[Machine], world: World, examples: int) -> str:
    """What a machine says of a capability that was broken on purpose.

    It begins with the very steps of `attack`: that these pass where nothing is broken, shows that
    it is the fault that it speaks of.

    Raises
    ------
    AssertionError
        It notices nothing.
    """
    try:
        _run(machine, world, SEED, examples, phases=[Phase.generate])
    except AssertionError as fault:
        return str(fault)
    raise AssertionError(f"{machine.__name__} notices nothing in {world.steps} steps")


def _run(
    machine: type[Machine], world: World, number: int, examples: int, **differing: Any
) -> None:
    bound = seed(number)(type(machine.__name__, (machine,), {"world": world}))
    wanted: dict[str, Any] = {
        "max_examples": examples,
        "stateful_step_count": STEPS,
        "deadline": None,
        "database": None,
        "report_multiple_bugs": False,
        "suppress_health_check": list(HealthCheck),
    }
    # hypothesis tries the constants of the modules that happen to be loaded, so one seed would
    # mean other steps beside other tests.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(providers, "_get_local_constants", providers.Constants)
        providers.CONSTANTS_CACHE.cache.clear()
        run_state_machine_as_test(bound, settings=settings(**(wanted | differing)))
