"""Requests of every kind for one operation, sent and judged."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyStrategyDefinition
from hypothesis.stateful import Bundle
from schemathesis import Case, GenerationMode, Response
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.generation.stateful import run_state_machine_as_test
from schemathesis.generation.stateful.state_machine import StepInput, StepOutput
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi.stateful import is_root_allowed, transition

from tests.fuzz.judge import UNKNOWN, Attempt, Judge, Kind
from tests.fuzz.known import Known

Operation = APIOperation[Any, Any, Any, Any]
_TIMEOUT_SECONDS = 30
_STRANGERS = 0.1
_MOSTLY = 0.8
_STEPS = 20
_DEEP = b"[" * 5_000
_BODIES: tuple[tuple[bytes, str], ...] = (
    (b"", "application/json"),
    (b"{", "application/json"),
    (b"nonsense", "application/json"),
    (b"\xff\xfe{}", "application/json"),
    (b'{"a": NaN}', "application/json"),
    (b'{"a": 1} {}', "application/json"),
    (b"\x00", "application/json"),
    (_DEEP, "application/json"),
    (b'{"a": "' + b"x" * 70_000 + b'"}', "application/json"),
    (b"{}", "text/plain"),
    (b"{}", "application/xml"),
    (b"a=1", "application/x-www-form-urlencoded"),
)
"""Bodies that are no JSON, or too much of it, or are not said to be JSON."""
_QUIET = settings(
    database=None,
    deadline=None,
    # A case that is judged bad is reported as it was sent, so nothing is tried again or shrunk:
    # the platform has changed since.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Person:
    """Somebody who sends requests, the role they have, and how they come by a token."""

    role: str
    sign_in: Callable[[], str] | None = None

    @property
    def token(self) -> str | None:
        """Their token as it is good now; None of whoever has none."""
        return self.sign_in() if self.sign_in else None


NOBODY = Person("nobody")


@dataclass
class Outcome:
    """What came of the requests to one operation."""

    sent: Counter[Kind] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    """What was found wrong, each with one request that shows it."""


def load(document: dict[str, Any]) -> BaseSchema:
    """The document as schemathesis reads it; tokens are put in by us."""
    config = SchemathesisConfig.from_dict(
        {
            "generation": {"with-security-parameters": False},
            # Chains follow the links that the document shows, and no guesses beside them.
            "phases": {
                "stateful": {"generation": {"mode": "positive"}, "inference": {"algorithms": []}},
                # What the front door says to a method without a route, no capability decides.
                "coverage": {"unexpected-methods": []},
            },
        }
    )
    return schemathesis.openapi.from_dict(document, config=config)


def operations(schema: BaseSchema) -> dict[str, Operation]:
    """The operations of a document, by the names of their views."""
    found = {}
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        one = result.ok()
        found[one.definition.raw["operationId"]] = one
    return found


@dataclass
class Attack:
    """Requests to one platform, in the names of its people.

    Attributes
    ----------
    askers
        By the name of the operation: who asks it, where it is about themselves or what is theirs;
        mostly the first.
    """

    base_url: str
    document: dict[str, Any]
    people: Sequence[Person]
    known: Known
    askers: Mapping[str, Sequence[Person]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.schema = load(self.document)
        self.operations = operations(self.schema)
        served = {name.rpartition(".")[2] for name in self.operations}
        named = {*self.askers, *self.known.facts, *(name for name, _ in self.known.meant)}
        assert named <= served, f"nobody serves {sorted(named - served)}"
        self._judge = Judge(self.document)
        self._session = requests.Session()

    def fuzz(self, name: str, count: int, number: int) -> Outcome:
        """Send `count` requests of every kind to one operation; `number` seeds them."""
        operation = self.operations[name]
        chance = Random(number)
        # The bounds of each field, one by one: all of them, or as many as there is room for.
        bounds = list(self._bounds(operation))
        chosen = chance.sample(bounds, min(len(bounds), round(count * 0.4)))
        for case, kind in chosen:
            self.send(case, kind, chance)
        for kind, share in self._shares(operation, count - len(chosen)).items():
            self._invent(operation, kind, share, number, chance)
        return self.outcomes[name]

    def _bounds(self, operation: Operation) -> Iterator[tuple[Case[Any], Kind]]:
        kinds = {GenerationMode.POSITIVE: Kind.FITTING, GenerationMode.NEGATIVE: Kind.UNFITTING}
        for mode, kind in kinds.items():
            wanted = self.schema.config.generation_for(operation=operation, phase="coverage")
            for case in self.schema.iter_coverage_cases(
                operation, generation_modes=[mode], generation_config=wanted
            ):
                yield case, kind

    @staticmethod
    def _shares(operation: Operation, count: int) -> dict[Kind, int]:
        """How many requests of which kind."""
        raw = operation.definition.raw
        parts = {Kind.UNKNOWN: 0.1}
        if raw["parameters"] or "requestBody" in raw:
            parts[Kind.UNFITTING] = 0.4
        if "requestBody" in raw:
            parts[Kind.GARBLED] = 0.1
        shares = {kind: max(1, round(count * part)) for kind, part in parts.items()}
        return {Kind.FITTING: count - sum(shares.values()), **shares}

    def _invent(
        self, operation: Operation, kind: Kind, count: int, number: int, chance: Random
    ) -> None:
        mode = GenerationMode.NEGATIVE if kind is Kind.UNFITTING else GenerationMode.POSITIVE

        @seed(number)
        @settings(_QUIET, max_examples=count)
        # The number tells requests apart that are otherwise alike, which are made only once.
        @given(operation.as_strategy(mode), st.integers(0, 2**32))
        def send(case: Case[Any], _: int) -> None:
            self.send(case, kind, chance)

        send()

    def follow(self, count: int, number: int) -> int:
        """Send at least `count` requests in chains along the links of answers; how many it were."""
        attack, chance = self, Random(number)
        machine: Any = self.schema.as_state_machine()
        sent = 0

        def step(_: object, input: StepInput) -> StepOutput:
            nonlocal sent
            sent += 1
            kind = Kind.FITTING if input.transition is None else Kind.CHAINED
            return StepOutput(attack.send(input.case, kind, chance), input.case)

        # Schemathesis begins a chain where it expects success with invented ids; ours are real.
        begins = {
            f"begin_{name}": transition(
                name=f"begin_{name}",
                target=Bundle("catch_all"),
                input=operation.as_strategy().map(StepInput.initial),
                precondition=is_root_allowed(operation.label),
            )
            for name, operation in self.operations.items()
            if any("links" in one for one in operation.definition.raw["responses"].values())
        }
        chain = type("Chain", (machine,), {"step": step, **begins})
        round_ = number
        while sent < count:
            wanted = settings(
                _QUIET,
                max_examples=-(-(count - sent) // _STEPS),
                stateful_step_count=_STEPS,
            )
            # Hypothesis stops when the same choices lead elsewhere, as they do on a platform that
            # remembers what was asked before: then it starts afresh, with other choices.
            with suppress(FlakyStrategyDefinition):
                run_state_machine_as_test(seed(round_)(chain), settings=wanted)
            round_ += 1
        return sent

    def send(self, case: Case[Any], kind: Kind, chance: Random) -> Response:
        """Make a case of this kind plausible, send it in somebody's name, and judge the answer."""
        person, allowed = self._person(case, chance)
        path = self._made(case, kind, chance)
        # Each from an address of its own, so that what one is limited to holds up no other test.
        headers = {"X-Forwarded-For": f"198.51.100.{chance.randrange(256)}"}
        token = person.token
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if kind is Kind.GARBLED:
            answer = self._garbled(case, headers, chance)
        else:
            answer = case.call(self.base_url, self._session, headers, timeout=_TIMEOUT_SECONDS)
        self._judged(Attempt(case, kind, allowed, path), answer)
        return answer

    def _person(self, case: Case[Any], chance: Random) -> tuple[Person, bool]:
        """Somebody who may ask it mostly, and whether they may."""
        asked = case.operation.definition.raw
        askers = self.askers.get(asked["operationId"])
        if askers is not None:
            others = [*askers[1:], NOBODY]
            person = askers[0] if chance.random() < _MOSTLY else chance.choice(others)
            return person, person.sign_in is not None
        roles = asked["x-permission"].get("roles")
        may = [one for one in self.people if roles is None or one.role in roles]
        assert may, f"{asked['operationId']}: the scene has nobody who may ask it, add {roles}"
        person = chance.choice(self.people if chance.random() < _STRANGERS else may)
        return person, person in may and (person.sign_in is not None or not asked["security"])

    def _made(self, case: Case[Any], kind: Kind, chance: Random) -> str | None:
        """Put known values into the case; the path of what is wrong with it, where that is sure."""
        raw = case.operation.definition.raw
        name = raw["operationId"]
        elsewhere = "requestBody" in raw or any(one["in"] == "query" for one in raw["parameters"])
        facts = self.known.facts_for(name, chance)
        if kind is Kind.CHAINED:
            case.path_parameters = self.known.sparing(case.path_parameters, name, chance)
        elif kind is not Kind.UNFITTING or elsewhere:
            case.path_parameters = self.known.filled(
                case.path_parameters, name, chance, facts=facts
            )
        if kind is Kind.UNFITTING:
            return None
        version = self.known.version_of(case.path_parameters or {})
        case.query = self.known.filled(case.query, name, chance)
        case.body = self.known.filled(case.body, name, chance, version, facts)
        if kind is not Kind.UNKNOWN:
            return None
        if isinstance(case.body, dict):
            # JSON Schema counts 2.0 as an integer and the platform does not.
            plain: dict[str, Any] = json.loads(
                json.dumps(case.body), parse_float=lambda text: int(float(text))
            )
            case.body = plain
            if chance.random() < 0.7:
                case.body = {**plain, UNKNOWN: chance.choice([None, 1, "x", {}, []])}
                return UNKNOWN
        case.query = {**(case.query or {}), UNKNOWN: "1"}
        return f"query:{UNKNOWN}"

    def _garbled(self, case: Case[Any], headers: dict[str, str], chance: Random) -> Response:
        body, media = chance.choice(_BODIES)
        request = case.as_transport_kwargs(self.base_url, headers)
        request.pop("json", None)
        request["data"] = body
        request["headers"]["Content-Type"] = media
        return Response.from_any(self._session.request(**request, timeout=_TIMEOUT_SECONDS))

    def _judged(self, attempt: Attempt, answer: Response) -> None:
        name = attempt.case.operation.definition.raw["operationId"]
        outcome = self.outcomes.setdefault(name, Outcome())
        outcome.sent[attempt.kind] += 1
        outcome.answers[answer.status_code] += 1
        if answer.status_code < 300 and answer.content:
            self.known.learn(json.loads(answer.content))
        for words in self._judge.faults(attempt, answer):
            request = answer.request
            shown = (
                f"{request.method} {request.url} {request.body!r:.500} → {answer.content!r:.500}"
            )
            outcome.faults.setdefault(words, shown)
