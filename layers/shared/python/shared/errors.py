"""What can go wrong, in one family; the way in turns each member into a problem document.

- LinliError
  - Invalid            400  the request is malformed; `findings` say what and where
  - Unauthenticated    401  nobody we know is calling
  - NotFound           404  it does not exist, or the caller may not know that it does
  - Conflict           409  it exists, but not in a state (or version) that allows this
  - TooLarge           413  more bytes than the route takes
  - UnsupportedMedia   415  a body that is not JSON
  - Limited            429  allowed, but too often

Every member carries a stable `code` and the values its message needs; the texts stand in `i18n`
and in each capability's `texts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """One thing wrong with a request: where it stands and why it is refused.

    `path` is the field (`room_id`, `photos[2]`), `header:Name` or `query:name`; `code` names the
    text and `params` are the values the text needs.
    """

    path: str
    code: str
    params: tuple[tuple[str, str], ...] = ()


class LinliError(Exception):
    """A refusal with a stable code that a client can act on."""

    status: ClassVar[int] = 500

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params: dict[str, str] = {name: str(value) for name, value in params.items()}


class Invalid(LinliError):
    """The request cannot be understood; nothing was stored."""

    status = 400

    def __init__(self, findings: Sequence[Finding], code: str = "invalid_request") -> None:
        super().__init__(code)
        self.findings = tuple(findings)


class Unauthenticated(LinliError):
    """No valid caller."""

    status = 401

    def __init__(self) -> None:
        super().__init__("unauthenticated")


class NotFound(LinliError):
    """The thing is absent, or forbidden to this caller: both look the same."""

    status = 404

    def __init__(self) -> None:
        super().__init__("not_found")


class Conflict(LinliError):
    """The thing is in a state or a version that does not allow the request."""

    status = 409


class TooLarge(LinliError):
    """The body is larger than the route takes."""

    status = 413

    def __init__(self, limit_bytes: int) -> None:
        super().__init__("body_too_large", limit_bytes=limit_bytes)


class UnsupportedMedia(LinliError):
    """The body is not of the content type the route takes."""

    status = 415

    def __init__(self) -> None:
        super().__init__("unsupported_media_type")


class Limited(LinliError):
    """Allowed in itself, but this caller has reached the limit."""

    status = 429


def invalid(path: str, code: str, **params: str | int) -> Invalid:
    """The refusal of a request for one finding at `path`."""
    return Invalid([Finding(path, code, tuple((k, str(v)) for k, v in params.items()))])
