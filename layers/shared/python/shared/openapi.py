"""The OpenAPI 3.1 document of a capability, from its routes and shapes; written by nobody."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from string import Formatter
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

from shared import i18n
from shared.auth import PUBLIC, SIGNED_IN, Permission
from shared.examples import example
from shared.requests import IDEMPOTENCY_KEY, MAX_BODY_BYTES

if TYPE_CHECKING:
    from shared.app import App, Operation

_REF = "#/components/schemas/{name}"
_PROBLEM = {"$ref": _REF.format(name="Problem")}
_PATH_PART = re.compile(r"{(\w+)}")
_COMMON = {
    400: ("invalid_request",),
    401: ("unauthenticated",),
    404: ("not_found",),
    413: ("body_too_large",),
    415: ("unsupported_media_type",),
    500: ("internal_error",),
}
_KEY = "9f1c2a7e-report-1"
_REQUEST_ID = "0f3b7c1e-5a52-4a0f-9a4e-2f1f6f1d3c55"
# What the placeholders of the words of a refusal stand for in its example.
_PARAMS = {"limit": "10", "limit_bytes": str(MAX_BODY_BYTES), "state": "committing"}


class FindingShape(msgspec.Struct):
    """One thing wrong with a request: where it stands, a stable code, and the reason."""

    path: Annotated[str, Meta(examples=["name"])]
    code: Annotated[str, Meta(examples=["missing_field"])]
    reason: Annotated[str, Meta(examples=["缺少必填字段。"])]


class Problem(msgspec.Struct):
    """A refusal (RFC 9457): `code` is stable, `title` is for people, in their language."""

    type: Annotated[str, Meta(examples=["urn:linli:problem:not_found"])]
    title: Annotated[str, Meta(examples=["没有找到。"])]
    status: Annotated[int, Meta(examples=[404])]
    code: Annotated[str, Meta(examples=["not_found"])]
    request_id: Annotated[str, Meta(examples=[_REQUEST_ID])]
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
    components["FindingShape"]["properties"]["code"]["description"] = _said(
        app.texts, sorted(app.texts)
    )
    describe = _Describer(components, app.texts, tuple(app.operations))
    paths: dict[str, dict[str, Any]] = {}
    for operation in app.operations:
        full_path = f"/{app.app_name}{operation.path}"
        paths.setdefault(full_path, {})[operation.method.lower()] = describe.operation(operation)
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


class _Describer(msgspec.Struct, frozen=True):
    """Describes operations by the schemas and the words of their capability."""

    components: dict[str, dict[str, Any]]
    texts: i18n.Texts
    operations: tuple[Operation, ...]

    def operation(self, operation: Operation) -> dict[str, Any]:
        """One operation with its request, its answers and an example of each."""
        allows = operation.allows
        described: dict[str, Any] = {
            "operationId": operation.view.__name__,
            "summary": (inspect.getdoc(operation.view) or "").partition("\n")[0],
            "security": [] if allows is PUBLIC else [{"token": []}],
            "x-permission": _permission(allows),
            "parameters": [
                *self._path_parameters(operation),
                *self._query_parameters(operation),
                *([_KEY_PARAMETER] if operation.keyed else []),
            ],
            "responses": self._responses(operation),
        }
        if operation.takes is not None:
            described["requestBody"] = {
                "required": True,
                "content": {"application/json": self._content(operation.takes)},
            }
        return described

    def _content(self, shape: Any) -> dict[str, Any]:
        schema = _schema(shape)
        return {"schema": schema, "example": example(schema, self.components)}

    def _path_parameters(self, operation: Operation) -> list[dict[str, Any]]:
        names = _PATH_PART.findall(operation.path)
        # Asked for only where there are some: the names in a view's signature are looked up here.
        types = get_type_hints(operation.view, include_extras=True) if names else {}
        return [self._parameter(name, "path", _schema(types[name]), True) for name in names]

    def _query_parameters(self, operation: Operation) -> list[dict[str, Any]]:
        query = operation.query
        _, components = msgspec.json.schema_components([query], ref_template=_REF)
        schemas = components[query.__name__]["properties"]
        return [
            self._parameter(field.encode_name, "query", schemas[field.encode_name], field.required)
            for field in msgspec.structs.fields(query)
        ]

    def _parameter(
        self, name: str, place: str, schema: dict[str, Any], required: bool
    ) -> dict[str, Any]:
        return {
            "name": name,
            "in": place,
            "required": required,
            "schema": schema,
            "example": example(schema, self.components),
        }

    def _responses(self, operation: Operation) -> dict[str, Any]:
        described: dict[str, Any] = {
            str(operation.status): {"description": HTTPStatus(operation.status).phrase}
        }
        if operation.gives is not None:
            described[str(operation.status)]["content"] = {
                "application/json": self._content(operation.gives)
            }
            links = self._links(operation)
            if links:
                described[str(operation.status)]["links"] = links
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
            described[str(status)] = self._refusal(operation, status, codes)
        return described

    def _links(self, operation: Operation) -> dict[str, Any]:
        """Where the answer leads: the operations whose path is named by fields of the answer."""
        given = {field.encode_name for field in msgspec.structs.fields(operation.gives)}
        links: dict[str, Any] = {}
        for target in self.operations:
            names = _PATH_PART.findall(target.path)
            if names and given.issuperset(names) and target is not operation:
                links[target.view.__name__] = {
                    "operationId": target.view.__name__,
                    "parameters": {name: f"$response.body#/{name}" for name in names},
                }
        return links

    def _refusal(self, operation: Operation, status: int, codes: Sequence[str]) -> dict[str, Any]:
        return {
            "description": _said(self.texts, codes),
            "content": {
                "application/problem+json": {
                    "schema": _PROBLEM,
                    "examples": {
                        code: {"value": self._problem(operation, status, code)} for code in codes
                    },
                }
            },
        }

    def _problem(self, operation: Operation, status: int, code: str) -> dict[str, Any]:
        names = {name for _, name, *_ in Formatter().parse(self.texts[code][0]) if name}
        params = {name: _PARAMS[name] for name in sorted(names)}
        problem: dict[str, Any] = {
            "type": f"urn:linli:problem:{code}",
            "title": i18n.text(self.texts, code, params, i18n.LANGUAGES[0]),
            "status": status,
            "code": code,
            "request_id": _REQUEST_ID,
        }
        if params:
            problem["params"] = params
        if status == HTTPStatus.BAD_REQUEST:
            path, finding = _first_finding(operation)
            reason = i18n.text(self.texts, finding, {}, i18n.LANGUAGES[0])
            problem["errors"] = [{"path": path, "code": finding, "reason": reason}]
        return problem


_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY}$"},
    "example": _KEY,
}


def _said(texts: i18n.Texts, codes: Iterable[str]) -> str:
    """A line for each code: what it says in zh-CN, and in en."""
    return "\n".join(f"- `{code}`: {' / '.join(texts[code])}" for code in codes)


def _first_finding(operation: Operation) -> tuple[str, str]:
    """The path and the code of what is wrong with the emptiest request of this operation."""
    if operation.takes is not None:
        for field in msgspec.structs.fields(operation.takes):
            if field.required:
                return field.encode_name, "missing_field"
    return "query:page", "unknown_field"


def _permission(allows: Permission) -> dict[str, Any]:
    described: dict[str, Any] = {"name": allows.name, "about": allows.about}
    if allows not in (PUBLIC, SIGNED_IN):
        described["roles"] = sorted(allows.roles)
    return described


def _schema(shape: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([shape], ref_template=_REF)
    return schema
