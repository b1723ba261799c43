"""What a request carries, decoded and checked before any action sees it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from msgspec import Meta

from shared import i18n, ids
from shared.auth import Caller
from shared.errors import Finding, Invalid, TooLarge, UnsupportedMedia, invalid

MAX_BODY_BYTES = 64 * 1024
MAX_LIMIT = 100
"""Items of one page of a list."""
MAX_CURSOR_CHARS = 1_000

IDEMPOTENCY_KEY = r"[A-Za-z0-9_-]{8,64}"
"""The pattern of an `Idempotency-Key`, whole."""
_KEY = re.compile(IDEMPOTENCY_KEY)
_AT = re.compile(r" - at `(?:key in )?\$\.?(.*?)`$")
# A name that a stranger chose may hold anything, line breaks and backticks too, or nothing.
_FIELD = re.compile(r"Object (missing required|contains unknown) field `(.*)`", re.DOTALL)
_TYPE = re.compile(r"Expected `([^`]*)`, got `[^`]*`")
_BOUND = re.compile(
    r"Expected `(?P<kind>str|array|int)`(?P<length> of length)? (?P<side>[<>]=) (?P<limit>-?\d+)"
)
# What msgspec bounds, whether by its length, and on which side → the code with our own words.
_BOUNDS = {
    ("str", True, ">="): "too_short",
    ("str", True, "<="): "too_long",
    ("array", True, ">="): "too_few",
    ("array", True, "<="): "too_many",
    ("int", False, ">="): "too_small",
    ("int", False, "<="): "too_great",
}

B = TypeVar("B")
Q = TypeVar("Q", bound=msgspec.Struct)

PERSONAL: Final = {"personal": True}
"""Marks a text that may tell of a person (`Meta(extra=PERSONAL)`): no log or event may hold it."""
IMPERSONAL: Final = {"personal": False}
"""Marks a text that tells of nobody, though its form would let it."""

# The ids and texts that every capability speaks of; the examples stand in the OpenAPI document.
Id = Annotated[str, Meta(min_length=4, max_length=120, extra=IMPERSONAL)]
CommunityId = Annotated[Id, Meta(examples=["com_7k2m9x4a"])]
RoomId = Annotated[Id, Meta(examples=["room_7k2m9x4a_3-1-502"])]
PersonId = Annotated[
    str,
    Meta(
        pattern=rf"^per_[{ids.ALPHABET}]{{26}}$(?!\n)",
        examples=["per_4q8s1n6v0x3z7b2d5g9j4m8p1r"],
    ),
]
# A time zone makes it a `date-time` (RFC 3339) in the document.
Instant = Annotated[datetime, Meta(tz=True)]
Limit = Annotated[int, Meta(ge=1, le=MAX_LIMIT, examples=[20])]
Cursor = Annotated[
    str,
    Meta(
        max_length=MAX_CURSOR_CHARS,
        examples=["eyJwayI6eyJTIjoiY29tXzdrMm05eDRhIn19"],
        extra=IMPERSONAL,
    ),
]
Link = Annotated[
    str,
    Meta(examples=["https://linli-prod.s3.cn-north-1.amazonaws.com.cn/file?X-Amz-Expires=300"]),
]
FormFields = Annotated[
    dict[str, str],
    Meta(examples=[{"key": "quarantine/com_7k2m9x4a/file", "x-amz-algorithm": "AWS4-HMAC-SHA256"}]),
]


class Shape(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A request, a response or a part of one; a field that it does not name is refused.

    A pattern ends in `$(?!\\n)`: msgspec searches with `re`, whose `$` lets a line feed follow.
    """


class NoQuery(Shape):
    """A route that takes no query parameter."""


class PageQuery(Shape):
    """The query of a list: how many items, and the cursor that the page before gave."""

    limit: Limit = 20
    cursor: Cursor | None = None


class Call(msgspec.Struct, Generic[B, Q], frozen=True):
    """One request: who calls, with which body and query, at what instant, from which address."""

    caller: Caller
    body: B
    query: Q
    now: datetime
    headers: Mapping[str, str]
    address: str = ""

    @property
    def language(self) -> str:
        """The language that the caller reads."""
        return i18n.choose(self.headers.get("accept-language"))

    @property
    def key(self) -> str:
        """The caller's `Idempotency-Key`: the same key makes the same thing, once.

        Raises
        ------
        Invalid
            It is missing or not 8 to 64 letters, digits, underscores or hyphens.
        """
        key = self.headers.get("idempotency-key")
        if key is None:
            raise invalid("header:Idempotency-Key", "missing_header")
        if not _KEY.fullmatch(key):
            raise invalid("header:Idempotency-Key", "bad_idempotency_key")
        return key


def decode_body(raw: bytes, content_type: str, shape: type[B]) -> B:
    """The body as `shape`.

    Raises
    ------
    TooLarge, UnsupportedMedia, Invalid
        Its size, its content type, or what it holds, with the path of the field.
    """
    if len(raw) > MAX_BODY_BYTES:
        raise TooLarge(MAX_BODY_BYTES)
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMedia
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        raise Invalid([finding(str(error))]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid("body", "malformed_json", reason=str(error)) from None


def decode_query(parameters: Mapping[str, list[str]], shape: type[Q]) -> Q:
    """The query string as `shape`; a repeated or unknown parameter is refused.

    Raises
    ------
    Invalid
        What does not fit, as `query:name`.
    """
    for name, values in parameters.items():
        if len(values) != 1:
            raise invalid(f"query:{name}"[:80], "given_twice")
    single = {name: values[0] for name, values in parameters.items()}
    try:
        query = msgspec.convert(single, type=shape, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid([finding(str(error), "query:")]) from None
    for name, value in msgspec.structs.asdict(query).items():
        if value is None and name in single:
            # msgspec takes the word "null" for nothing given, and a filter would not filter.
            raise invalid(f"query:{name}", "wrong_form")
    return query


class Misfit(ValueError):
    """What came from inside the platform is not of its shape."""


def converted(value: object, shape: type[B]) -> B:
    """What a queue or a state machine hands on, as `shape`.

    Raises
    ------
    Misfit
        The path and the code of what does not fit; never the value, since this stands in a log.
    """
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        wrong = finding(str(error))
        raise Misfit(f"{shape.__name__}.{wrong.path}: {wrong.code}") from None


def finding(message: str, prefix: str = "") -> Finding:
    """What msgspec's message says, as a path, a stable code and its parameters."""
    at = _AT.search(message)
    path = at.group(1) if at else ""
    reason = message[: at.start()] if at else message
    field = _FIELD.fullmatch(reason)
    if field:
        where = ".".join(filter(None, (path, field.group(2))))
        code = "missing_field" if field.group(1) == "missing required" else "unknown_field"
        return Finding(prefix + where[:80] or "body", code)
    wrong = _TYPE.match(reason)
    if wrong:
        return Finding(prefix + path or "body", "wrong_type", (("expected", wrong.group(1)),))
    where = prefix + path or "body"
    bound = _BOUND.fullmatch(reason)
    if bound:
        code = _BOUNDS[bound["kind"], bound["length"] is not None, bound["side"]]
        return Finding(where, code, (("limit", bound["limit"]),))
    if " matching regex " in reason:
        return Finding(where, "wrong_form")
    if reason.startswith("Invalid enum value"):
        return Finding(where, "wrong_choice")
    return Finding(where, "wrong_value", (("reason", reason[:200]),))
