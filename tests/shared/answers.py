"""What the table is asked, counted, and an answer of it as a test wants it."""

from __future__ import annotations

import json
from typing import Any

from botocore.awsrequest import AWSResponse
from moto.core.models import botocore_stubber

from shared import aws


def count_calls(operation: str) -> list[str]:
    """From here on, each call of `operation` adds to the list."""
    calls: list[str] = []
    aws.client("dynamodb").meta.events.register(
        f"before-call.dynamodb.{operation}", lambda **_: calls.append(operation)
    )
    return calls


class _Body:
    """The raw body of an answer made by hand."""

    def __init__(self, text: str) -> None:
        self._text = text.encode()

    def stream(self, **_: Any) -> Any:
        yield self._text


def _hear_again(**_: Any) -> None:
    botocore_stubber.enabled = True


def answer_once(operation: str, status: int, error: str, *, applied: bool) -> list[str]:
    """Let the next call of `operation` come back with an error, having taken effect or not."""
    tries: list[str] = []

    def fail(request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        tries.append(event_name)
        if len(tries) > 1:
            return None
        # moto hears of every request, answered or not: it must not hear of a lost one.
        botocore_stubber.enabled = applied
        document = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{error}"})
        return AWSResponse(request.url, status, {}, _Body(document))

    events = aws.client("dynamodb").meta.events
    events.register_first(f"before-send.dynamodb.{operation}", fail)
    events.register_last("before-send", _hear_again)
    return tries
