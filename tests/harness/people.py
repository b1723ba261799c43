"""People who call the platform as a phone or a browser would: over HTTP, with a token."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from typing import Any

import urllib3

from local.platform import Platform

_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Answer:
    """What the platform answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


def call(
    base_url: str,
    method: str,
    path: str,
    *,
    token: str | None = None,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """One request; a body is sent as JSON, every POST with an idempotency key of its own."""
    sent = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    answered = urllib3.request(
        method,
        base_url + path,
        body=None if body is None else json.dumps(body).encode(),
        headers=sent | (headers or {}),
        timeout=_TIMEOUT_SECONDS,
        retries=False,
        redirect=False,
    )
    return Answer(answered.status, dict(answered.headers), answered.data)


@dataclass(frozen=True)
class Someone:
    """A person with an account, their id on the platform, and their token."""

    base_url: str
    username: str
    person_id: str
    token: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request in this person's name."""
        return call(
            self.base_url, method, path, token=self.token, body=body, headers=headers or None
        )


class People:
    """Accounts on the platform, made when they are first named."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._known: dict[str, Someone] = {}
        self._passwords: dict[str, str] = {}

    def named(self, username: str) -> Someone:
        """The person with this user name; without any grant until someone gives them one."""
        if username not in self._known:
            self._known[username] = self._make(username, admin=False)
        return self._known[username]

    def admin(self) -> Someone:
        """The platform admin."""
        if "admin" not in self._known:
            self._known["admin"] = self._make("admin", admin=True)
        return self._known["admin"]

    def again(self, person: Someone) -> Someone:
        """The same person with a new token: rights given since then are felt at once.

        The gateway keeps what the authorizer said of a token for a minute.
        """
        token = self._platform.pool.token(person.username, self._passwords[person.username])
        return replace(person, token=token)

    def _make(self, username: str, *, admin: bool) -> Someone:
        pool = self._platform.pool
        subject, password = pool.add(username)
        self._passwords[username] = password
        if admin:
            self._platform.appoint(subject)
        return Someone(
            self._platform.base_url,
            username,
            self._platform.person_id(subject),
            pool.token(username, password),
        )
