"""Faults in the calls that our code makes to AWS, where botocore announces each of them.

A fault strikes one call, the k-th since it was set: the function dies before the call is made, or
after it took effect and before it hears so; the call takes effect and is answered 500, so that the
client library sends it again; or it is throttled beyond what the library retries.  Nothing of the
code under test is replaced, and whether the fault really struck is known afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from shared import aws
from tests.harness.calls import Crash


class Fault(StrEnum):
    """What happens to one call."""

    REQUEST_LOST = "request lost"
    REPLY_LOST = "reply lost"
    ANSWERED_500 = "applied, then answered 500"
    THROTTLED = "throttled"


CRASHES = (Fault.REQUEST_LOST, Fault.REPLY_LOST)
_THROTTLING = {
    "dynamodb": (400, "ProvisionedThroughputExceededException"),
    "s3": (503, "SlowDown"),
}
# The names of operations that change nothing begin so.
_READS = ("Get", "Query", "BatchGet", "List", "Describe", "Head", "Decrypt", "Sign")


class Faults:
    """Counts the calls of a delivery, and lets the fault that was set for it strike once.

    Attributes
    ----------
    calls
        The operations that the last delivery called, in order.
    struck
        Whether the fault that was set for it has struck.
    told
        What was put on the bus since it was last emptied: the details of entries.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.struck = False
        self.told: set[str] = set()
        self._sent: Any = b""
        self._listens = False
        self._at: int | None = None
        self._fault: Fault | None = None

    @contextmanager
    def delivery(self, at: int | None = None, fault: Fault | None = None) -> Iterator[None]:
        """Hear the calls made inside, and let a fault strike the one with this number (from 0)."""
        self.calls, self.struck = [], False
        self._at, self._fault, self._listens = at, fault, True
        try:
            yield
        finally:
            self._listens = False

    @property
    def writes(self) -> bool:
        """Whether one of its calls may have changed something."""
        return any(not name.startswith(_READS) for name in self.calls)

    def _here(self, *faults: Fault) -> bool:
        here = self._listens and self._fault in faults and len(self.calls) - 1 == self._at
        self.struck = self.struck or here
        return here

    def before_call(self, model: Any, params: dict[str, Any], **_: object) -> Any:
        """Hear of a call before it is sent; what is returned stands for its answer."""
        if not self._listens:
            return None
        self.calls.append(model.name)
        self._sent = params["body"]
        if self._here(Fault.REQUEST_LOST):
            raise Crash
        if self._here(Fault.THROTTLED):
            service = model.service_model.service_name
            status, code = _THROTTLING.get(service, (400, "ThrottlingException"))
            return _refused(params["url"], status, code)
        return None

    def after_call(self, model: Any, **_: object) -> None:
        """Hear of a call that was answered."""
        if self._listens and model.name == "PutEvents":
            self.told.update(entry["Detail"] for entry in json.loads(self._sent)["Entries"])
        if self._here(Fault.REPLY_LOST):
            raise Crash

    def needs_retry(
        self, operation: Any, attempts: int, request_dict: dict[str, Any], **_: object
    ) -> int | None:
        """Answer whether the client library sends a call again, and after how many seconds."""
        if attempts > 1 or not self._here(Fault.ANSWERED_500):
            return None
        if operation.name == "TransactWriteItems":
            # A transaction that comes again under its token has no second effect and is answered
            # as the first (AWS: TransactWriteItems, ClientRequestToken).  Moto would apply it
            # again, so that the first answer stands for the second.
            assert b'"ClientRequestToken"' in request_dict["body"]
            return None
        return 0


@contextmanager
def listening() -> Iterator[Faults]:
    """Let faults strike the calls of every client that is made while the context lasts."""
    faults = Faults()
    emitter = aws.session().get_component("event_emitter")
    aws.client.cache_clear()
    emitter.register_first("before-call", faults.before_call)
    emitter.register_last("after-call", faults.after_call)
    emitter.register_first("needs-retry", faults.needs_retry)
    try:
        yield faults
    finally:
        emitter.unregister("before-call", faults.before_call)
        emitter.unregister("after-call", faults.after_call)
        emitter.unregister("needs-retry", faults.needs_retry)
        aws.client.cache_clear()


def _refused(url: str, status: int, code: str) -> tuple[AWSResponse, dict[str, Any]]:
    said = {
        "Error": {"Code": code, "Message": "Rate exceeded"},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 2},
    }
    return AWSResponse(url, status, HTTPHeaders(), None), said
