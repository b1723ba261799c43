"""What the functions of a capability do while a story is told: AWS calls, rights used, log lines.

A story asks the recorder to send requests and to start functions.  Each such run is kept apart,
as its function and its way in (a route's view or the function itself), so that a test can hold
what one run costs (calls, units, bytes of log) and what all runs of a function need of its policy.
It listens where botocore announces each call, so the code under test runs as it is; a link or a
form that is handed out counts as used, since its holder acts with the function's rights.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from local.apps import load_app
from local.botocore_data import SERVICES
from shared import aws, vault
from shared.app import App
from shared.auth import Grant
from tests.harness import tables
from tests.harness.gateway import Answer, operation_of, send
from tests.harness.meter import Charge, Meter
from tests.harness.touched import Touched, touched

API = "api_handler"
_READS = ("Get", "Query", "BatchGet", "Decrypt", "Sign")
_TRANSACTED = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
# What a process asks for once, when it first needs the data key; here all are warm.
# tests/shared/test_vault.py holds a cold one to it.
DATA_KEY_CALLS = {
    ("dynamodb:GetItem", "GrantsTable"),
    ("dynamodb:PutItem", "GrantsTable"),
    ("kms:Decrypt", "PersonalDataKey"),
    ("kms:GenerateDataKeyWithoutPlaintext", "PersonalDataKey"),
}
# The settings that name what a stack made, and what its templates call it.
_SETTINGS = {"TABLE": "Table", "GRANTS_TABLE": "GrantsTable", "BUCKET": "Bucket", "BUS": "BusName"}
_FORM_KEY = re.compile(r'"key":"([a-z]+)/')
_TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


class Right(NamedTuple):
    """An action of IAM on something that the templates name: `Table`, `Bucket/photos/*`."""

    action: str
    resource: str


class Caller(Protocol):
    """Whoever sends a request, as the authorizer speaks for them."""

    @property
    def person_id(self) -> str: ...

    @property
    def grants(self) -> tuple[Grant, ...]: ...


@dataclass(frozen=True)
class Asked:
    """A request as a story sends it; `body` is not JSON yet."""

    who: Caller
    method: str
    url: str
    body: Any
    key: str


@dataclass(frozen=True)
class Trigger:
    """What starts a run; it may be delivered more than once.

    Attributes
    ----------
    function, way_in
        The function, and the view of its API or the function again.
    deliver
        Delivers it; what it is answered.
    asked
        The request, if it is one.
    event
        What the function is started with, if it is none.
    """

    function: str
    way_in: str
    deliver: Callable[[], Any]
    asked: Asked | None = None
    event: Any = None


Attack = Callable[[Trigger], None]
"""Whoever tries a run in its own way before it happens."""


@dataclass
class Run:
    """One request, or one start of a function."""

    function: str
    way_in: str
    calls: list[str] = field(default_factory=list)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    rights: set[Right] = field(default_factory=set)
    touched: set[Touched] = field(default_factory=set)
    log: list[str] = field(default_factory=list)
    answer: Any = None

    @property
    def writes(self) -> bool:
        """Whether it changed something, or told somebody of it."""
        return any(not call.startswith(_READS) for call in self.calls)


Echo = Callable[[Run, Callable[[], Run]], None]
"""Hears of a run that was made, and may have it made again: the second argument does it."""


class Recorder:
    """Sends requests to a capability and starts its functions, and keeps what they do.

    `attack` may try each of them beforehand, as often as it likes, if it leaves no trace; `echo`
    may have it done again.
    """

    def __init__(
        self,
        capability: str,
        attack: Attack | None = None,
        container: str = "",
        echo: Echo | None = None,
    ) -> None:
        self.module = load_app(capability, container)
        self._attack, self._echo = attack, echo
        self._meter = Meter(
            {
                aws.setting("TABLE"): tables.schema(capability),
                aws.setting("GRANTS_TABLE"): tables.grants_schema(),
            }
        )
        self.runs: list[Run] = []
        self._now: Run | None = None
        self._names = {os.environ[key]: name for key, name in _SETTINGS.items()}
        for service in SERVICES:
            heard = aws.client(service).meta.events
            heard.register("provide-client-params", self._asked)
            heard.register("before-call", self._sent)
            heard.register("after-call", self._answered)

    def request(
        self,
        who: Caller,
        method: str,
        url: str,
        body: Any = None,
        status: int = 200,
        *,
        key: str = "key-0001",
    ) -> Any:
        """Send a request in somebody's name; the body of the answer, which has this status."""
        answer = self._run(self.asking(who, method, url, body, key=key))
        assert answer.status == status, answer.text
        run = self.runs[-1]
        for prefix in _FORM_KEY.findall(answer.text):
            run.rights.add(Right("s3:PutObject", f"Bucket/{prefix}/*"))
        return answer.json

    def start(self, function: str, event: Any) -> Any:
        """Start a function with an event; what it returns."""
        return self._run(self.starting(function, event))

    def asking(
        self, who: Caller, method: str, url: str, body: Any = None, *, key: str = "key-0001"
    ) -> Trigger:
        """A request in somebody's name, to be sent."""

        def ask() -> Answer:
            return send(
                self.module.app,
                method,
                url,
                body=body,
                headers={"Idempotency-Key": key},
                person_id=who.person_id,
                grants=who.grants,
                # Few stories ask what hangs on the session that asks.
                session_id=getattr(who, "session_id", ""),
            )

        view = operation_of(self.module.app, method, url).view.__name__
        return Trigger(API, view, ask, Asked(who, method, url, body, key))

    def starting(self, function: str, event: Any) -> Trigger:
        """An event for a function, to be delivered."""
        handler = getattr(self.module, function)
        return Trigger(function, function, lambda: handler(event, None), event=event)

    def _run(self, trigger: Trigger) -> Any:
        def again() -> Run:
            repeated = Run(trigger.function, trigger.way_in)
            self._record(repeated, trigger)
            return repeated

        run = Run(trigger.function, trigger.way_in)
        result = self._record(run, trigger, self._attack)
        self.runs.append(run)
        if self._echo is not None:
            self._echo(run, again)
        return result

    def _record(self, run: Run, trigger: Trigger, attack: Attack | None = None) -> Any:
        # Lambda sets it for every invocation, and the logger repeats it in every line.
        os.environ["_X_AMZN_TRACE_ID"] = _TRACE
        try:
            if attack is not None:
                attack(trigger)
            self._now = run
            needed = vault._data_key.cache_info().hits
            with written(self.module.app) as lines:
                result = trigger.deliver()
            if vault._data_key.cache_info().hits > needed:
                run.rights.update(Right(*one) for one in DATA_KEY_CALLS)
            run.log = lines.getvalue().splitlines()
            run.answer = result.json if isinstance(result, Answer) else result
            return result
        finally:
            self._now = None
            del os.environ["_X_AMZN_TRACE_ID"]

    def _asked(
        self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: object
    ) -> None:
        if self._now is not None:
            service = model.service_model.service_name
            self._now.rights.update(self._rights(service, model.name, params))
            # As our code gave them: botocore adds to them in place.
            self._now.asked.append((model.name, dict(params)))
            if service == "dynamodb":
                self._meter.asked(model.name, params, context)

    def _sent(self, model: Any, params: dict[str, Any], **_: object) -> None:
        if self._now is not None:
            self._now.calls.append(model.name)
            service = model.service_model.service_name
            self._now.touched.update(touched(service, model.name, params))

    def _answered(
        self, http_response: Any, parsed: Any, model: Any, context: dict[str, Any], **_: object
    ) -> None:
        if self._now is not None and model.service_model.service_name == "dynamodb":
            self._now.charges.append(self._meter.answered(model.name, parsed, context))
        if self._now is not None and model.name == "GetObject" and http_response.status_code == 404:
            # Who may not list a bucket is not told that a key is absent, but refused (AWS: S3
            # GetObject, permissions).
            self._now.rights.add(Right("s3:ListBucket", "Bucket"))

    def _rights(self, service: str, operation: str, asked: dict[str, Any]) -> Iterator[Right]:
        match service, operation:
            case "dynamodb", "TransactWriteItems":
                for item in asked["TransactItems"]:
                    for kind, write in item.items():
                        table = self._names[write["TableName"]]
                        yield Right(f"dynamodb:{_TRANSACTED[kind]}", table)
            case "dynamodb", "BatchGetItem":
                for name in asked["RequestItems"]:
                    yield Right("dynamodb:BatchGetItem", self._names[name])
            case "dynamodb", "Query" if "IndexName" in asked:
                table = self._names[asked["TableName"]]
                yield Right("dynamodb:Query", f"{table}/index/{asked['IndexName']}")
            case "dynamodb", ("GetItem" | "PutItem" | "Query"):
                yield Right(f"dynamodb:{operation}", self._names[asked["TableName"]])
            case "s3", ("DeleteObject" | "GetObject" | "PutObject"):
                prefix = asked["Key"].partition("/")[0]
                yield Right(f"s3:{operation}", f"{self._names[asked['Bucket']]}/{prefix}/*")
            case "kms", "CreateKey":
                # It takes no resource: a key has no name before it is made (AWS: service
                # authorization reference, KMS).
                yield Right("kms:CreateKey", "*")
                yield Right("kms:TagResource", "keys/*")
            case "kms", _:
                yield Right(f"kms:{operation}", "keys/*")
            case "secretsmanager", "GetSecretValue":
                yield Right("secretsmanager:GetSecretValue", asked["SecretId"])
            case "s3", "ListObjectsV2":
                yield Right("s3:ListBucket", self._names[asked["Bucket"]])
            case "s3", "CreateBucket":
                # So botocore announces a form to post a file with; its key stands in the answer.
                return
            case "events", "PutEvents":
                for entry in asked["Entries"]:
                    yield Right("events:PutEvents", self._names[entry["EventBusName"]])
            case _:
                raise AssertionError(f"say here which right {service} {operation} needs")


@contextlib.contextmanager
def written(app: App) -> Iterator[io.StringIO]:
    """All that is written to a function's log: by its logger, by libraries, by a print."""
    lines = io.StringIO()
    handler = app.logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    before, root = handler.setStream(lines), logging.StreamHandler(lines)
    # As Powertools does to the handler that Lambda gives the root: our lines come once.
    root.addFilter(lambda record: record.name != app.app_name)
    logging.getLogger().addHandler(root)
    try:
        with contextlib.redirect_stdout(lines), contextlib.redirect_stderr(lines):
            yield lines
    finally:
        logging.getLogger().removeHandler(root)
        handler.setStream(before)
