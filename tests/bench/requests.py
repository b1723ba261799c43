"""The first events that each function is started with, once its import was measured."""

from __future__ import annotations

import json
import re
from typing import Any

from local import places
from shared.auth import PLATFORM, Grant, Role, to_context

_COMMUNITY = "7k2m9x4a"
_PERSON = "per_" + "0" * 26
_ANYTHING = to_context(_PERSON, [Grant(role, PLATFORM) for role in Role])
# What a path parameter looks like when it is not simply an id of its kind.
_PARTS = {
    "community_id": f"com_{_COMMUNITY}",
    "company_id": "co_" + "0" * 26,
    "room_id": f"room_{_COMMUNITY}_3-1-502",
    "person_id": _PERSON,
}


def first_events(capability: str, function: str, paths: dict[str, Any]) -> list[dict[str, Any]]:
    """The samples of a function; for the API itself, every list and page it can show.

    Which page somebody asks for first is chance, so all are asked for: what they load together
    is the most that a first reading request can load.
    """
    if function == "app":
        return [_get(path) for path, methods in sorted(paths.items()) if "get" in methods]
    samples = sorted((places.ROOT / "events" / capability).glob(f"{function}*.json"))
    return [json.loads(sample.read_text("utf-8")) for sample in samples]


def _get(path: str) -> dict[str, Any]:
    """A GET of `path` as the gateway hands it on, from someone who may see everything."""
    names = re.findall(r"{(\w+)}", path)
    return {
        "resource": path,
        "path": path,
        "httpMethod": "GET",
        "headers": {"Accept": "application/json", "Accept-Language": "zh-CN"},
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {name: _PARTS.get(name, _id(name)) for name in names},
        "stageVariables": None,
        "requestContext": {
            "resourcePath": path,
            "httpMethod": "GET",
            "requestId": "bench",
            "identity": {"sourceIp": "203.0.113.7"},
            "authorizer": _ANYTHING,
        },
        "body": None,
        "isBase64Encoded": False,
    }


def _id(name: str) -> str:
    return f"{name[:3]}_{_COMMUNITY}_{'0' * 26}"
