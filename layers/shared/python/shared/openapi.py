"""The OpenAPI 3.1 document of a capability, from its routes and shapes; written by nobody."""

from __future__ import annotations

import inspect
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from shared.auth import PUBLIC, SIGNED_IN, Permission
from shared.requests import IDEMPOTENCY_KEY

if TYPE_CHECKING:
    from shared.app import App, Operation

_REF = "#/components/schemas/{name}"
_PATH_PART = re.compile(r"{(\w+)}")
_COMMON = {
    400: ("invalid_request",),
    401: ("unauthenticated",),
    404: ("not_found",),
    413: ("body_too_large",),
    415: ("unsupported_media_type",),
    500: ("internal_error",),
}


class FindingShape(msgspec.Struct):
    """One thing wrong with a request: where it stands, a stable code, and the reason."""

    path: str
    code: str
    reason: str


class Problem(msgspec.Struct):
    """A refusal (RFC 9457): `code` is stable, `title` is for people, in their language."""

    type: str
    title: str
    status: int
    code: str
    request_id: str
    params: dict[str, str] = {}
    errors: list[FindingShape] = []


def document(app: App) -> dict[str, Any]:
    """The document of one capability.

    Parameters
    ----------
    app
        The capability's way in, with its operations registered.
    """
    shapes: list[Any] = [Problem]
    for operation in app.operations:
        shapes += [shape for shape in (operation.takes, operation.gives) if shape is not None]
        shapes += [field.type for field in msgspec.structs.fields(operation.query)]
    _, components = msgspec.json.schema_components(shapes, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for operation in app.operations:
        full_path = f"/{app.app_name}{operation.path}"
        paths.setdefault(full_path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Linli {app.app_name}", "version": "1", "description": app.about},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    allows = operation.allows
    described: dict[str, Any] = {
        "operationId": operation.view.__name__,
        "summary": (inspect.getdoc(operation.view) or "").partition("\n")[0],
        "security": [] if allows is PUBLIC else [{"token": []}],
        "x-permission": _permission(allows),
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": _responses(operation),
    }
    if operation.keyed:
        described["parameters"].append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY}$"},
            }
        )
    if operation.takes is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _schema(operation.takes)}},
        }
    return described


def _permission(allows: Permission) -> dict[str, Any]:
    described: dict[str, Any] = {"name": allows.name, "about": allows.about}
    if allows not in (PUBLIC, SIGNED_IN):
        described["roles"] = sorted(allows.roles)
    return described


def _schema(shape: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([shape], ref_template=_REF)
    return schema


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PATH_PART.findall(operation.path)
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    query = operation.query
    _, components = msgspec.json.schema_components([query], ref_template=_REF)
    schemas = components[query.__name__]["properties"]
    return [
        {
            "name": field.encode_name,
            "in": "query",
            "required": field.required,
            "schema": schemas[field.encode_name],
        }
        for field in msgspec.structs.fields(query)
    ]


def _responses(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        str(operation.status): {"description": HTTPStatus(operation.status).phrase}
    }
    if operation.gives is not None:
        described[str(operation.status)]["content"] = {
            "application/json": {"schema": _schema(operation.gives)}
        }
    refusals: dict[int, tuple[str, ...]] = dict(_COMMON)
    if operation.errors:
        refusals[409] = operation.errors
    if operation.limits:
        refusals[429] = operation.limits
    if operation.takes is None:
        del refusals[413], refusals[415]
    if operation.allows is PUBLIC:
        del refusals[401]
    for status, codes in sorted(refusals.items()):
        described[str(status)] = {
            "description": ", ".join(codes),
            "content": {
                "application/problem+json": {"schema": _REF_PROBLEM},
            },
        }
    return described


_REF_PROBLEM = {"$ref": _REF.format(name="Problem")}
