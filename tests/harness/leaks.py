"""The search for canaries (A8): whatever leaves a handler, but for where it is meant to go.

While a capability's story is told, with a canary in every field of a person, all that its functions
let out is searched: log lines and prints, answers (a field that is not marked as personal shows
nobody), what AWS is called with, events, names of objects, and every attribute of what is stored;
`canaries.toml` says where personal values stand on purpose.  Before each run the same request or
event is tried in ways that fail: every AWS call throttled or answered 500, canaries in every
place where they do not belong, a stranger in the caller's place.  Then neither a log line nor a
traceback nor the words of the refusal may hold a canary.  The count is one for each text searched.
"""

from __future__ import annotations

import json
import tomllib
import traceback
from collections import Counter
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from local.apps import load_app
from shared.app import App
from tests.harness import canaries, personal
from tests.harness.faults import Fault, Faults
from tests.harness.gateway import Answer, operation_of, send
from tests.harness.matrix import stored
from tests.harness.named import ANY_ID
from tests.harness.recorder import API, Asked, Run, Trigger, written
from tests.harness.world import Item, World

_DECLARED = Path(__file__).with_name("canaries.toml")
_STRANGER = "per_" + "x" * 26
_FAULTS = (Fault.THROTTLED, Fault.ANSWERED_500)
# What these write is searched where it is stored.
_ITEMS = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem")
_STORING = (*_ITEMS, "PutObject", "DeleteObject")


@cache
def declared(capability: str) -> dict[str, str]:
    """The places of a capability where personal values stand on purpose, each with its reason."""
    return msgspec.convert(tomllib.loads(_DECLARED.read_text()).get(capability, {}), dict[str, str])


@dataclass
class Search:
    """What was searched, and what was found.

    Attributes
    ----------
    texts
        By way in: how many texts were searched.
    leaks
        A sentence for each place that should not have held a canary.
    filled
        The places that held some on purpose.
    sent
        By view: the fields of bodies that the story sent a canary in.
    planted
        The canaries that these places held.
    failures
        How many log lines told of an error, and how many tracebacks there were.
    """

    capability: str
    texts: Counter[str] = field(default_factory=Counter)
    leaks: set[str] = field(default_factory=set)
    filled: set[str] = field(default_factory=set)
    sent: dict[str, set[str]] = field(default_factory=dict)
    planted: set[str] = field(default_factory=set)
    failures: int = 0

    def text(self, way_in: str, where: str, text: str | bytes) -> None:
        """Search one text."""
        self.texts[way_in] += 1
        held = canaries.found(text)
        if held and where in declared(self.capability):
            self.filled.add(where)
            self.planted.update(held)
        elif held:
            self.leaks.add(f"{self.capability}.{way_in}: {where} holds {', '.join(held)}")

    def log(self, way_in: str, text: str) -> None:
        """Search what a delivery wrote to its log."""
        for line in text.splitlines():
            self.failures += '"level":"ERROR"' in line
            self.text(way_in, "a log line", line)

    def answer(self, way_in: str, answer: Any, allowed: set[str]) -> None:
        """Search an answer, but for the fields that may show persons."""
        for path, text in personal.leaves(answer):
            if path not in allowed:
                self.text(way_in, f"the answer at {path}", text)

    def events(self, way_in: str, text: str) -> None:
        """Search an event as an item carries it and the bus gets it."""
        event = json.loads(text)
        for path, leaf in personal.leaves(event):
            self.text(way_in, f"event {event['type']}: {path}", leaf)

    def call(self, way_in: str, name: str, params: dict[str, Any]) -> None:
        """Search what AWS is called with, but for what is searched where it is stored."""
        if name in _ITEMS:
            return
        if name == "PutEvents":
            for entry in params["Entries"]:
                self.events(way_in, entry["Detail"])
                rest = {key: value for key, value in entry.items() if key != "Detail"}
                self.text(way_in, "an entry for the bus", json.dumps(rest, default=str))
            return
        rest = {key: value for key, value in params.items() if key != "Body"}
        self.text(way_in, f"a call of {name}", json.dumps(rest, default=str))

    def stored(self, way_in: str, before: World, now: World) -> None:
        """Search what a run stored."""
        for table, items in now.items.items():
            for key, item in items.items():
                if before.items.get(table, {}).get(key) != item:
                    self._item(way_in, item)
        for bucket, files in now.files.items():
            for name, file in files.items():
                if before.files.get(bucket, {}).get(name) != file:
                    self.text(way_in, "the name of an object", name)
                    self.text(way_in, f"object {_folder(name)}", file.body)

    def _item(self, way_in: str, item: Item) -> None:
        kind = item["pk"]["S"].split("#")[1]
        for name, value in item.items():
            if name == "event" and "S" in value:
                self.events(way_in, value["S"])
            else:
                self.text(way_in, f"item {kind}: {name}", json.dumps(value, default=str))

    def unfilled(self) -> list[str]:
        """A sentence for each declared place that held nothing."""
        return [
            f"canaries.toml: {self.capability} no longer has personal values in {place}"
            for place in sorted(declared(self.capability).keys() - self.filled)
        ]


def _folder(name: str) -> str:
    """Where an object stands, without ids and numbers: `imports/buildings/*.json`."""
    found = []
    for part in name.split("/"):
        stem, dot, kind = part.partition(".")
        if ANY_ID.fullmatch(stem) or stem.isdigit():
            stem = "*"
        found.append(f"{stem}{dot}{kind}")
    return "/".join(part for part in found if part != "*")


class Watch:
    """Tries each run of a story in ways that fail, and searches all that the run lets out.

    `only` leaves all other ways in alone; of those in `full` every run is tried, and not the first
    alone.
    """

    def __init__(
        self,
        capability: str,
        faults: Faults,
        *,
        only: str = "",
        full: Container[str] = (),
    ) -> None:
        self.search = Search(capability)
        self._module, self._faults = load_app(capability), faults
        self._app: App = self._module.app
        self._only, self._full = only, full
        self._tried: set[str] = set()
        self._world = World({}, {})

    def before(self, trigger: Trigger) -> None:
        """Try a run before it happens, and leave the world as it was."""
        self._world = stored()
        if self._only not in ("", trigger.way_in):
            return
        if trigger.asked is not None:
            sent = self.search.sent.setdefault(trigger.way_in, set())
            sent |= personal.planted(trigger.asked.body)
        if trigger.way_in in self._full or trigger.way_in not in self._tried:
            self._tried.add(trigger.way_in)
            self._fail(trigger)
            for deliver in self._wrong(trigger):
                self._try(trigger.way_in, deliver)

    def after(self, run: Run, again: Callable[[], Run]) -> None:
        """Search what a run let out."""
        if self._only not in ("", run.way_in):
            return
        way_in = run.way_in
        self.search.log(way_in, "\n".join(run.log))
        self.search.answer(way_in, msgspec.to_builtins(run.answer), self._allowed(run))
        for name, params in run.asked:
            self.search.call(way_in, name, params)
        if run.writes:
            self.search.stored(way_in, self._world, stored())

    def _allowed(self, run: Run) -> set[str]:
        """The fields of a run's answer that may show persons."""
        for operation in self._app.operations:
            if run.function == API and operation.view.__name__ == run.way_in:
                return personal.personal(operation.gives)
        return set()

    def _fail(self, trigger: Trigger) -> None:
        """Let each fault strike each call, until none is left to strike."""
        for fault in _FAULTS:
            for at in count():
                self._try(trigger.way_in, trigger.deliver, (at, fault))
                if not self._faults.struck:
                    break

    def _try(
        self, way_in: str, deliver: Callable[[], Any], point: tuple[int, Fault] | None = None
    ) -> None:
        """Deliver, search what was written and refused, and put the world back."""
        with self._faults.delivery(*(point or ())), written(self._app) as lines:
            try:
                answer = deliver()
            except Exception as error:
                # Lambda writes it to the log, and a state machine keeps it as the cause.
                self.search.failures += 1
                self.search.text(way_in, "a traceback", "".join(traceback.format_exception(error)))
            else:
                if isinstance(answer, Answer) and answer.status >= 400:
                    # The path of a field is the client's own.
                    self.search.answer(way_in, answer.json, {"errors.path"})
        self.search.log(way_in, lines.getvalue())
        if any(call.startswith(_STORING) for call in self._faults.calls):
            self._world.put_back(stored())

    def _wrong(self, trigger: Trigger) -> Iterator[Callable[[], Any]]:
        """The same request or event with canaries in all the places where they do not belong."""
        if trigger.asked is not None:
            yield from _asked_wrong(self._app, trigger.asked)
            return
        handler = getattr(self._module, trigger.function)
        for event in replaced(trigger.event):
            yield partial(handler, event, None)


def _asked_wrong(app: App, asked: Asked) -> Iterator[Callable[[], Answer]]:
    """The request by a stranger and by nobody, and with canaries all over it."""
    yield partial(_send, app, asked, person_id=_STRANGER, grants=())
    yield partial(_send, app, asked, person_id=None, grants=())
    for body in (canaries.ALL, {canaries.ALL: canaries.ALL}, *replaced(asked.body)):
        yield partial(_send, app, asked, body=body)
    for url in _urls(app, asked):
        yield partial(_send, app, asked, url=url)
    for name in ("Idempotency-Key", "Accept-Language", "Content-Type"):
        yield partial(_send, app, asked, headers={name: canaries.ALL})


def _send(app: App, asked: Asked, **differing: Any) -> Answer:
    headers = {"Idempotency-Key": asked.key, **differing.pop("headers", {})}
    given = {
        "body": asked.body,
        "person_id": asked.who.person_id,
        "grants": asked.who.grants,
        **differing,
    }
    return send(app, asked.method, given.pop("url", asked.url), headers=headers, **given)


def _urls(app: App, asked: Asked) -> Iterator[str]:
    """The address with a canary for each value of its path and its query, and in a new one."""
    path, _, query = asked.url.partition("?")
    declared_path = operation_of(app, asked.method, asked.url).path.split("/")
    parts, pairs = path.split("/"), [pair for pair in query.split("&") if pair]
    for value in map(quote, (canaries.ALL, canaries.OWNER_PHONE)):
        for number, name in enumerate(declared_path):
            if name.startswith("{"):
                changed = [*parts[:number], value, *parts[number + 1 :]]
                yield f"{'/'.join(changed)}?{query}"
        for number, pair in enumerate(pairs):
            changed = [*pairs[:number], f"{pair.partition('=')[0]}={value}", *pairs[number + 1 :]]
            yield f"{path}?{'&'.join(changed)}"
        yield f"{path}?{'&'.join([*pairs, f'cursor={value}', f'{value}={value}'])}"


def replaced(value: Any) -> Iterator[Any]:
    """A JSON value with canaries for each of its leaves in turn, as a text and as a name.

    JSON inside a text, as the body of a queued message is, is replaced inside.
    """
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            for other in replaced(inner):
                yield {**value, name: other}
    elif isinstance(value, list | tuple) and value:
        for number, inner in enumerate(value):
            for other in replaced(inner):
                yield [*value[:number], other, *value[number + 1 :]]
    else:
        inside = _inside(value)
        if inside is not None:
            yield from map(json.dumps, replaced(inside))
        yield canaries.ALL
        yield {canaries.ALL: [canaries.ALL]}


def _inside(value: Any) -> Any:
    """The object that a text holds as JSON; None if it holds none."""
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return None
    return json.loads(value)
