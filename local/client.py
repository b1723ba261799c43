"""A client of the platform's public door, as a phone or a browser is one: HTTP, JSON, a token."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import urllib3

_TIMEOUT_SECONDS = 30.0
_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 90.0
T = TypeVar("T")
_POOL = urllib3.PoolManager(maxsize=8, timeout=_TIMEOUT_SECONDS, retries=False)


@dataclass(frozen=True)
class Answer:
    """What the platform answered; `json` is the decoded body."""

    status: int
    json: Any


class Unexpected(Exception):
    """The platform answered something else than a sample run expects."""


@dataclass(frozen=True)
class Client:
    """Somebody's requests, in their name.

    Parameters
    ----------
    token
        Their access token; without one the platform sees a stranger.
    language
        In which refusals are worded.
    """

    base_url: str
    token: str | None = None
    language: str = "zh-CN"

    def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> Answer:
        """One request, whatever the answer; every POST has an idempotency key, new if not given."""
        headers = {"Accept-Language": self.language, "Content-Type": "application/json"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if method == "POST":
            headers["Idempotency-Key"] = key or secrets.token_hex(16)
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            found = _POOL.request(method, self.base_url + path, body=sent, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise Unexpected(f"{method} {path}: nothing answers ({error})") from error
        return Answer(found.status, json.loads(found.data) if found.data else None)

    def get(self, path: str) -> Any:
        """What stands at `path`.

        Raises
        ------
        Unexpected
            Any answer but 200.
        """
        return self._expect("GET", path, self.ask("GET", path))

    def post(self, path: str, body: object, key: str | None = None) -> Any:
        """What came of a request to do something.

        Raises
        ------
        Unexpected
            Any answer but 200, 201, 202 or 204.
        """
        return self._expect("POST", path, self.ask("POST", path, body, key))

    def patch(self, path: str, body: object) -> Any:
        """What a thing is after a change.

        Raises
        ------
        Unexpected
            It was refused.
        """
        return self._expect("PATCH", path, self.ask("PATCH", path, body))

    @staticmethod
    def _expect(method: str, path: str, answer: Answer) -> Any:
        if answer.status not in (200, 201, 202, 204):
            said = json.dumps(answer.json, ensure_ascii=False)
            raise Unexpected(f"{method} {path} answered {answer.status}: {said[:500]}")
        return answer.json


def post_file(form: Mapping[str, Any], name: str, body: bytes) -> None:
    """Send a file with the form that an answer gave, as a browser would.

    Raises
    ------
    Unexpected
        The store refused it.
    """
    fields = {**form["fields"], "file": (name, body)}
    answered = _POOL.request("POST", form["url"], fields=fields)
    if answered.status not in (200, 201, 204):
        said = answered.data[:300].decode(errors="replace")
        raise Unexpected(f"the upload of {name} was answered {answered.status}: {said}")


def fetch(link: str) -> bytes:
    """The file behind a link that an answer gave.

    Raises
    ------
    Unexpected
        It is not there.
    """
    answered = _POOL.request("GET", link)
    if answered.status != 200:
        raise Unexpected(f"a link to a file was answered {answered.status}")
    return answered.data


def wait_until(look: Callable[[], T | None], what: str) -> T:
    """What `look` finds as soon as it finds something true.

    Raises
    ------
    Unexpected
        It found nothing for a minute and a half; the message names `what` was waited for.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(_POLL_SECONDS)
    raise Unexpected(f"waited {_PATIENCE_SECONDS:.0f} s in vain for {what}")
