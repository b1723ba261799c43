"""The gateway as an app sees it: its proxy event, and the answer read back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.app import App, Operation
from shared.auth import Grant, to_context


@dataclass(frozen=True)
class Answer:
    """What came back, with header names in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.text)


def proxy_event(
    app: App,
    method: str,
    url: str,
    *,
    body: bytes | str | None = None,
    headers: dict[str, str] | None = None,
    person_id: str | None = None,
    grants: tuple[Grant, ...] = (),
    session_id: str = "",
    authorizer: Mapping[str, str] | None = None,
    address: str = "203.0.113.7",
) -> dict[str, Any]:
    """The event that a REST API hands to its function (AWS: Lambda proxy integration).

    The caller is who the authorizer says (`authorizer`, the context it answered with), or
    `person_id` as it would speak for them; without both nobody spoke for the request.
    """
    path, _, query = url.partition("?")
    parameters: dict[str, list[str]] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        parameters.setdefault(name, []).append(value)
    resource, parts = _resource(app, path)
    context: dict[str, Any] = {
        "resourcePath": resource,
        "httpMethod": method,
        "requestId": "0f3b7c1e-5a52-4a0f-9a4e-2f1f6f1d3c55",
        "identity": {"sourceIp": address},
    }
    if authorizer is not None:
        context["authorizer"] = dict(authorizer)
    elif person_id is not None:
        context["authorizer"] = to_context(person_id, grants, session_id=session_id)
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": headers or {},
        "multiValueHeaders": {name: [value] for name, value in (headers or {}).items()},
        "pathParameters": parts,
        "multiValueQueryStringParameters": parameters or None,
        "stageVariables": None,
        "requestContext": context,
        "body": body.decode("utf-8", "surrogateescape") if isinstance(body, bytes) else body,
        "isBase64Encoded": False,
    }


def send(app: App, method: str, url: str, *, body: Any = None, **request: Any) -> Answer:
    """Send a request through the app as its function would get it; `body` becomes JSON.

    A conflict or a limit that the route does not promise to those who read its document fails.
    """
    headers = {"Content-Type": "application/json", **request.pop("headers", {})}
    text = body if isinstance(body, str | bytes | None) else json.dumps(body)
    event = proxy_event(app, method, url, body=text, headers=headers, **request)
    answer = app(event, None)
    named = {name.lower(): value for name, value in answer["headers"].items()}
    answered = Answer(answer["statusCode"], named, answer["body"])
    if answered.status in (409, 429):
        operation = operation_of(app, method, url)
        promised = operation.errors if answered.status == 409 else operation.limits
        assert answered.json["code"] in promised, f"{method} {url} does not promise {answered.json}"
    return answered


def operation_of(app: App, method: str, url: str) -> Operation:
    """The operation of an app that takes a request."""
    resource, _ = _resource(app, url.partition("?")[0])
    for operation in app.operations:
        if (operation.method, operation.path) == (method, resource):
            return operation
    raise AssertionError(f"no route takes {method} {url}")


def _resource(app: App, path: str) -> tuple[str, dict[str, str]]:
    for resource in sorted(app.routes, key=lambda known: "{" in known):
        pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", resource)
        match = re.fullmatch(pattern, path)
        if match:
            return str(resource), match.groupdict()
    raise AssertionError(f"{path} is no route of {app.app_name}")
