"""What is wrong with an answer: the checks of schemathesis, and our own beside them.

Ours do not ask what the generator meant: they read what was sent, and compare the document.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from jsonschema import Draft202012Validator
from schemathesis import Case, Response
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup

UNKNOWN = "field_nobody_knows"
_PROBLEM = "application/problem+json"
_NAMES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)


class Kind(Enum):
    """What was done to make a request."""

    FITTING = "fitting"
    """It fits the document."""
    UNFITTING = "unfitting"
    """Something of it does not fit the document."""
    UNKNOWN = "unknown"
    """It fits, but for one field or parameter of a name that nobody knows."""
    GARBLED = "garbled"
    """Its body is no JSON, or is not said to be."""
    CHAINED = "chained"
    """It fits, and follows a link of an answer before it."""


@dataclass(frozen=True)
class Attempt:
    """A request as it was made.

    Attributes
    ----------
    allowed
        Whether whoever sends it may ask this of the platform at all.
    path
        What a refusal must name as the place of the fault, where that is known.
    """

    case: Case[Any]
    kind: Kind
    allowed: bool = True
    path: str | None = None


class Judge:
    """Judges answers by one OpenAPI document."""

    def __init__(self, document: dict[str, Any]) -> None:
        load_all_checks()
        known = {check.__name__: check for check in CHECKS.get_all()}
        self._checks: list[Any] = [known[name] for name in _NAMES]
        self._document = document
        self._validators: dict[str, Draft202012Validator] = {}

    def faults(self, attempt: Attempt, answer: Response) -> list[str]:
        """What is wrong with the answer, a sentence each that begins with the name of the check."""
        own: tuple[Callable[[Attempt, Response], Iterator[str]], ...] = (
            self._taken_though_unfit,
            self._refused_without_a_problem,
            self._refused_for_another_place,
        )
        found = self._by_schemathesis(attempt.case, answer)
        for check in own:
            name = check.__name__.removeprefix("_")
            found += [f"{name}: {words}" for words in check(attempt, answer)]
        return found

    def _by_schemathesis(self, case: Case[Any], answer: Response) -> list[str]:
        try:
            case.validate_response(answer, checks=self._checks)
        except FailureGroup as group:
            return [
                f"{type(one).__name__}: {one.title}: {one.message[:300]}"
                for one in group.exceptions
            ]
        return []

    def _taken_though_unfit(self, attempt: Attempt, answer: Response) -> Iterator[str]:
        """An answer of success to a request that the document does not describe."""
        if answer.status_code >= 300:
            return
        if attempt.kind in (Kind.UNKNOWN, Kind.GARBLED):
            yield f"{attempt.kind.value} answered {answer.status_code}"
        for words in self._unfit(attempt.case, answer):
            yield f"{words}, answered {answer.status_code}"

    def _refused_without_a_problem(self, attempt: Attempt, answer: Response) -> Iterator[str]:
        """A refusal that is no problem document (RFC 9457), or does not say which and where."""
        status = answer.status_code
        if status < 400:
            return
        media = answer.headers.get("content-type", [""])[0].partition(";")[0]
        if media != _PROBLEM:
            yield f"{status} comes as {media or 'nothing'}"
            return
        problem = json.loads(answer.content)
        code = problem.get("code")
        if problem.get("status") != status or problem.get("type") != f"urn:linli:problem:{code}":
            yield f"{status} says {problem}"
        if not problem.get("title") or not problem.get("request_id"):
            yield f"{status} has no title or no request id: {problem}"
        if status == 400 and not problem.get("errors"):
            yield f"400 names no place: {problem}"
        for error in problem.get("errors", []):
            if not (error.get("path") and error.get("code") and error.get("reason")):
                yield f"{status} does not say where, which and why: {error}"
        promised = self._operation(attempt.case)["responses"].get(str(status), {})
        examples = promised.get("content", {}).get(_PROBLEM, {}).get("examples", {})
        if examples and code not in examples:
            yield f"{status} has the code {code}, promised are {sorted(examples)}"

    @staticmethod
    def _refused_for_another_place(attempt: Attempt, answer: Response) -> Iterator[str]:
        """A fault whose place is known, and a refusal that names another."""
        if attempt.path is None or not attempt.allowed or answer.status_code < 400:
            return
        told = json.loads(answer.content).get("errors", [{}])
        if (
            answer.status_code == 404
            and not unquote(urlsplit(answer.request.url).path).isprintable()
        ):
            # A gateway finds no route for a path with a line break in it, whatever else is wrong.
            return
        if answer.status_code != 400 or told[0].get("path") != attempt.path:
            yield f"{attempt.path} is wrong, answered {answer.status_code} {told}"

    def _unfit(self, case: Case[Any], answer: Response) -> Iterator[str]:
        """What of the request, as it was sent, does not fit the document."""
        operation = self._operation(case)
        parameters = {(one["in"], one["name"]): one for one in operation["parameters"]}
        query = parse_qs(urlsplit(str(answer.request.url)).query, keep_blank_values=True)
        headers = {name.lower(): value for name, value in answer.request.headers.items()}
        for name, values in query.items():
            if ("query", name) not in parameters:
                yield f"nobody knows the parameter {name}"
            elif len(values) > 1:
                yield f"the parameter {name} stands there twice"
        for (place, name), one in parameters.items():
            sent = query.get(name, [None])[0] if place == "query" else headers.get(name.lower())
            if place == "path":
                sent = (case.path_parameters or {}).get(name)
            if sent is None and one["required"]:
                yield f"the {place} lacks {name}"
            elif sent is not None and not any(
                self._fits(one["schema"], reading) for reading in _readings(sent)
            ):
                yield f"{name} in the {place} does not fit: {sent!r}"
        body = operation.get("requestBody")
        if body is not None and not self._fits_body(body, answer.request.body):
            yield f"the body does not fit: {answer.request.body!r}"

    def _fits_body(self, promised: dict[str, Any], sent: Any) -> bool:
        try:
            value = json.loads(sent or b"")
        except ValueError:
            return False
        return self._fits(promised["content"]["application/json"]["schema"], value)

    def _operation(self, case: Case[Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._document["paths"][case.path][case.method.lower()]
        return found

    def _fits(self, schema: dict[str, Any], value: Any) -> bool:
        key = json.dumps(schema)
        if key not in self._validators:
            whole = {**schema, "components": self._document["components"]}
            self._validators[key] = Draft202012Validator(whole)
        return bool(self._validators[key].is_valid(value))


def _readings(text: Any) -> Iterator[Any]:
    """What a text of an address or a header may mean: itself, or a number."""
    yield text
    if isinstance(text, str) and text.removeprefix("-").isascii() and text.lstrip("-").isdigit():
        yield int(text)
