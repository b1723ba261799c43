"""What AWS itself would keep of bodies, if a template asked: read from packaged templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# Each writes whole requests, answers or states into a log (AWS: API Gateway, Step Functions).
_VERBOSE = ("DataTraceEnabled", "IncludeExecutionData")


def bodies(template: dict[str, Any]) -> Iterator[str]:
    """A sentence for each setting by which AWS keeps what passes through.

    What fails in a stream goes to a queue, which is told positions alone; a bucket or a topic in
    its place would be told whole records (AWS: Lambda, retaining discarded batches).
    """
    for name, resource in template["Resources"].items():
        for path, setting, value in _settings(resource):
            if setting in _VERBOSE and value is not False:
                yield f"{name}: {path} writes bodies into a log"
            if setting == "OnFailure" and value.get("Type", "SQS") != "SQS":
                yield f"{name}: {path} is told whole records"
            if setting == "EventInvokeConfig" and "DestinationConfig" in value:
                yield f"{name}: {path} is told whole events"


def _settings(value: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            here = f"{path}.{name}" if path else name
            yield here, name, inner
            yield from _settings(inner, here)
    elif isinstance(value, list):
        for inner in value:
            yield from _settings(inner, path)
