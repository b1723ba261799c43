"""The AWS calls that our code makes: counted, their events kept, crashed after, or held in order.

It listens where botocore announces each call, so the code under test runs as it is.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import get_ident
from typing import Any

from local.botocore_data import SERVICES
from shared import aws, events


class Crash(BaseException):
    """The function's end in the middle of its work; nothing may catch it."""


@dataclass
class Calls:
    """What was called: operation names in order, and the events of writes that took effect."""

    operations: list[str] = field(default_factory=list)
    events: list[events.Event] = field(default_factory=list)
    crash_after: int | None = None
    before: Callable[[str], None] | None = None
    bodies: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def counted(self) -> dict[str, int]:
        """How often each operation was called."""
        return dict(Counter(self.operations))

    def begin(self, model: Any, params: dict[str, Any], **_: object) -> None:
        """Hear of a call that is about to be sent."""
        if self.before is not None:
            self.before(model.name)
        body = params["body"]
        self.bodies[get_ident()] = json.loads(body) if model.name in _WRITES else {}

    def end(self, http_response: Any, model: Any, **_: object) -> None:
        """Hear of a call that was answered; crash if this is the one to crash after."""
        self.operations.append(model.name)
        if http_response.status_code < 300:
            self.events += _events(self.bodies.pop(get_ident()))
        if self.crash_after is not None and len(self.operations) >= self.crash_after:
            raise Crash


_WRITES = ("PutItem", "TransactWriteItems")


def _events(body: dict[str, Any]) -> Iterator[events.Event]:
    puts = [item["Put"] for item in body.get("TransactItems", []) if "Put" in item]
    for put in [body, *puts]:
        text = put.get("Item", {}).get("event", {}).get("S")
        if text:
            yield events.decode(text)


@contextmanager
def heard(*, crash_after: int | None = None) -> Iterator[Calls]:
    """Hear every call to AWS; `crash_after` counts from one."""
    calls = Calls(crash_after=crash_after)
    emitters = [aws.client(service).meta.events for service in SERVICES]
    for emitter in emitters:
        emitter.register("before-call", calls.begin)
        emitter.register("after-call", calls.end)
    try:
        yield calls
    finally:
        for emitter in emitters:
            emitter.unregister("before-call", calls.begin)
            emitter.unregister("after-call", calls.end)
