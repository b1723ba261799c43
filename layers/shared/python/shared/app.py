"""The way in: Chalice with one line of log per request, and every refusal a problem document.

A capability's `app.py` makes one `App` and gives each route its permission and its shapes:

    @app.endpoint("POST", "/tickets", allows=permissions.REPORT, status=201,
                  takes=shapes.ReportRepair, gives=shapes.Ticket)
    def report_repair(call: Call[shapes.ReportRepair, NoQuery]) -> shapes.Ticket:

The caller is the one that the authorizer handed on, narrowed to the route's permission; an action
that answers without having checked what it touched is a fault, never an answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import unquote

import msgspec
from chalice.app import Chalice, Cron, CustomAuthorizer, MultiDict, Request, Response

from shared import clock, events, i18n, startup
from shared.auth import (
    PUBLIC,
    SIGNED_IN,
    Caller,
    Permission,
    assert_checked,
    calling,
    from_context,
)
from shared.errors import Invalid, LinliError, NotFound, Unauthenticated
from shared.requests import Call, NoQuery, Shape, converted, decode_body, decode_query

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

# The stack gives the function behind this name (x-amazon-apigateway-authorizer); the gateway
# keeps its answer for a minute, so a removed role is gone within that minute.
AUTHORIZER = CustomAuthorizer("linli", authorizer_uri="given by the stack", ttl_seconds=60)

HOURLY = Cron(10, "*", "*", "*", "?", "*")
"""When each capability sweeps: ten minutes after the hour, when its last writes are through."""

_HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}

View = Callable[..., Any]
S = TypeVar("S", bound=Shape)


class Operation(msgspec.Struct, frozen=True):
    """A route as the OpenAPI document describes it."""

    method: str
    path: str
    view: View
    allows: Permission
    takes: type[Shape] | None
    query: type[Shape]
    gives: Any
    status: int
    errors: tuple[str, ...]
    limits: tuple[str, ...]
    keyed: bool
    fresh_seconds: int


class Routes:
    """Routes in a file of their own: `routes.py` of an idea, which `app.py` includes.

    They are declared as an app's are, by `@routes.endpoint(…)`.
    """

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def endpoint(
        self,
        method: str,
        path: str,
        *,
        allows: Permission,
        gives: Any,
        takes: type[Shape] | None = None,
        query: type[Shape] = NoQuery,
        status: int = 200,
        errors: Sequence[str] = (),
        limits: Sequence[str] = (),
        keyed: bool = False,
        fresh_seconds: int = 0,
    ) -> Callable[[View], View]:
        """Register a route with its permission, its shapes and its own refusals.

        Parameters
        ----------
        allows
            The permission that its callers need; a route cannot be made without one.
        gives
            What it answers with; None for an empty 204.
        errors
            Codes of the conflicts (409) it can answer with, beside the common ones.
        limits
            Codes of the limits (429) that its callers can reach.
        keyed
            Whether it asks for an `Idempotency-Key`.
        fresh_seconds
            How long whoever stands between may keep the answer; nobody may, unless it is public.
        """

        def register(view: View) -> View:
            operation = Operation(
                method=method,
                path=path,
                view=view,
                allows=allows,
                takes=takes,
                query=query,
                gives=gives,
                status=status,
                errors=tuple(errors),
                limits=tuple(limits),
                keyed=keyed,
                fresh_seconds=fresh_seconds,
            )
            self.take(operation)
            return view

        return register

    def take(self, operation: Operation) -> None:
        """Make an operation one of these."""
        self.operations.append(operation)


class App(Chalice, Routes):
    """One capability's way in."""

    def __init__(self, name: str, *, texts: i18n.Texts, about: str) -> None:
        Chalice.__init__(self, app_name=name, configure_logs=False)
        Routes.__init__(self)
        self.about = about
        self.texts: i18n.Texts = {**i18n.COMMON, **texts}
        self.route("/openapi.json", methods=["GET"], name="openapi")(self._serve_openapi)
        # A capability makes its App when all of it is imported.
        startup.done()

    def __call__(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer one request, and keep nothing of it: the next is another community's (T1)."""
        try:
            return super().__call__(event, context)
        finally:
            # Chalice would hold whom it served last, and all that they sent.
            self.current_request = None

    @cached_property
    def logger(self) -> Logger:
        """The structured logger, made at the first line rather than at import."""
        from aws_lambda_powertools.logging.logger import Logger

        # CloudWatch stamps each line; time and code location would double its size.
        return Logger(service=self.app_name, location=None, timestamp=None)

    def take(self, operation: Operation) -> None:
        """Serve an operation."""
        super().take(operation)

        def answer(**path_parts: str) -> Response:
            return self._answer(operation, path_parts)

        self.route(
            operation.path,
            methods=[operation.method],
            name=operation.view.__name__,
            authorizer=None if operation.allows is PUBLIC else AUTHORIZER,
            content_types=["*/*"],
        )(answer)

    def include(self, routes: Routes) -> None:
        """Serve what another file declares."""
        for operation in routes.operations:
            self.take(operation)

    def _answer(self, operation: Operation, path_parts: dict[str, str]) -> Response:
        started = time.perf_counter()
        request = self.current_request
        assert request is not None  # Chalice sets it before it calls a view.
        person_id = ""
        try:
            caller = self._caller(request, operation.allows)
            person_id = caller.person_id
            result = self._run(operation, request, caller, path_parts)
            body = b"" if result is None else msgspec.json.encode(result)
            headers: dict[str, str | list[str]] = dict(_HEADERS)
            if operation.fresh_seconds:
                headers["Cache-Control"] = f"public, max-age={operation.fresh_seconds}"
            response = Response(body.decode(), headers, operation.status)
        except LinliError as error:
            response = self._problem(error, request)
        except Exception:
            # The one place where an unforeseen fault becomes an answer: logged whole, told briefly.
            self.logger.exception("unforeseen", extra={"request_id": _request_id(request)})
            response = self._problem(LinliError("internal_error"), request)
        self.logger.info(
            f"{operation.method} {operation.path}",
            extra={
                "status": response.status_code,
                "ms": round((time.perf_counter() - started) * 1000),
                "request_id": _request_id(request),
                "person_id": person_id,
            },
        )
        return response

    def _run(
        self, operation: Operation, request: Request, caller: Caller, path_parts: dict[str, str]
    ) -> Any:
        if operation.allows not in (PUBLIC, SIGNED_IN) and not caller.scopes:
            # Without the permission anywhere, even the shape of the request is not discussed.
            raise NotFound
        body = None
        if operation.takes is not None:
            raw = request.raw_body
            content_type = request.headers.get("content-type", "")
            raw_bytes = raw.encode() if isinstance(raw, str) else raw
            body = decode_body(raw_bytes, content_type, operation.takes)
        parameters = request.query_params or MultiDict({})
        query = decode_query({n: parameters.getlist(n) for n in parameters}, operation.query)
        call = Call(caller, body, query, clock.now(), request.headers, _address(request))
        if operation.keyed:
            # A bad key is refused before anything is read.
            _ = call.key
        with calling(caller):
            result = operation.view(call, **{n: unquote(v) for n, v in path_parts.items()})
            assert_checked()
        return result

    def _caller(self, request: Request, allows: Permission) -> Caller:
        if allows is PUBLIC:
            return Caller("", (), PUBLIC)
        return from_context(request.context.get("authorizer") or {}, allows)

    def _problem(self, error: LinliError, request: Request) -> Response:
        """The refusal as a problem document (RFC 9457) in the caller's language."""
        language = i18n.choose(request.headers.get("accept-language"))
        title = i18n.text(self.texts, error.code, error.params, language)
        problem: dict[str, Any] = {
            "type": f"urn:linli:problem:{error.code}",
            "title": title,
            "status": error.status,
            "code": error.code,
            "request_id": _request_id(request),
        }
        if error.params:
            problem["params"] = error.params
        if isinstance(error, Invalid):
            problem["errors"] = [
                {
                    "path": finding.path,
                    "code": finding.code,
                    "reason": i18n.text(self.texts, finding.code, dict(finding.params), language),
                }
                for finding in error.findings
            ]
        headers: dict[str, str | list[str]] = {
            **_HEADERS,
            "Content-Type": "application/problem+json",
        }
        headers["Content-Language"] = language
        if isinstance(error, Unauthenticated):
            headers["WWW-Authenticate"] = "Bearer"
        return Response(msgspec.json.encode(problem).decode(), headers, error.status)

    def _serve_openapi(self) -> Response:
        from shared.openapi import document

        return Response(msgspec.json.encode(document(self)).decode(), dict(_HEADERS))

    def relay(self, event: Any) -> None:
        """Take the events of a stream batch to the bus; raises to have the batch again."""
        count = events.relay(record["dynamodb"] for record in event.to_dict()["Records"])
        self.logger.info("relay", extra={"events": count})

    def sweep(self) -> None:
        """Put the events that the stream can no longer bring on the bus; raises to go on later."""
        # Only this function of each capability needs it.
        from shared import sweeper

        swept = sweeper.sweep(clock.now())
        self.logger.info("sweep", extra=msgspec.to_builtins(swept))
        if swept.left_out or not swept.finished:
            self.logger.error("a sweep left something out", extra=msgspec.to_builtins(swept))

    def consume(
        self, event: Any, take: Callable[[events.Event, datetime], None]
    ) -> dict[str, list[dict[str, str]]]:
        """Give each event of a queue batch to `take`, which has its effect once per event id."""
        return events.consume(_messages(event), take, self._failed)

    def each(
        self, event: Any, take: Callable[[str, datetime], None]
    ) -> dict[str, list[dict[str, str]]]:
        """Give the body of each message of a queue batch to `take`."""
        return events.each(_messages(event), take, self._failed)

    def task(
        self, event: Any, shape: type[S], take: Callable[[S, datetime], Any]
    ) -> dict[str, Any]:
        """Run one task of a state machine; an exception's class is what its Retry matches."""
        result = msgspec.to_builtins(take(converted(event, shape), clock.now()))
        self.logger.info("task", extra={"shape": shape.__name__})
        return cast(dict[str, Any], result)

    def _failed(self, message_id: str) -> None:
        self.logger.exception("message failed", extra={"message_id": message_id})


def _messages(event: Any) -> list[tuple[str, str]]:
    return [(record["messageId"], record["body"]) for record in event.to_dict()["Records"]]


def _address(request: Request) -> str:
    """The address that the gateway saw; what stands in the request's headers anybody may write."""
    return str(request.context.get("identity", {}).get("sourceIp", ""))


def _request_id(request: Request) -> str:
    return str(request.context.get("requestId", ""))
