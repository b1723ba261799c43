"""People who call the platform as a phone or a browser would: over HTTP, with a token."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from local.client import Answer, Client
from local.platform import Platform
from tests.harness.user_pool import UserPool

_ADMIN, _PHONE = "admin", "15400000000"
_GOOD_SECONDS = 600
"""A token of ours lives for 15 minutes, and a run on a busy machine longer."""


@dataclass(frozen=True)
class Someone:
    """A person with an account, their id on the platform, and their requests."""

    username: str
    person_id: str
    client: Client

    def call(self, method: str, path: str, body: object = None, key: str | None = None) -> Answer:
        """One request in this person's name."""
        return self.client.ask(method, path, body, key)


class People:
    """Accounts on the platform, made when they are first named.

    The admin signs in at the platform's own issuer; everybody else's account is an outside
    issuer's, which the platform trusts by configuration.
    """

    def __init__(self, platform: Platform, pool: UserPool) -> None:
        self._platform = platform
        self._pool = pool
        self._known: dict[str, Someone] = {}
        self._passwords: dict[str, str] = {}
        self._admin: tuple[str, str] | None = None
        self._signed_in = 0.0

    def named(self, username: str) -> Someone:
        """The person with this user name; without any grant until someone gives them one."""
        if username not in self._known:
            person_id, self._passwords[username] = self._pool.add(username)
            self._known[username] = Someone(username, person_id, self._client(username))
        return self._known[username]

    def admin(self) -> Someone:
        """The platform admin, with a token that is good for some minutes yet."""
        if _ADMIN not in self._known:
            person_id = self._platform.appoint("平台管理员", _PHONE)
            self._admin = self._platform.accounts.enrol(_ADMIN, _PHONE)
            self._known[_ADMIN] = Someone(_ADMIN, person_id, self._client(_ADMIN))
            self._signed_in = time.monotonic()
        if time.monotonic() - self._signed_in > _GOOD_SECONDS:
            self._known[_ADMIN] = self.again(self._known[_ADMIN])
            self._signed_in = time.monotonic()
        return self._known[_ADMIN]

    def again(self, person: Someone) -> Someone:
        """The same person with a new token: rights given since then are felt at once.

        The gateway keeps what the authorizer said of a token for a minute.
        """
        return replace(person, client=self._client(person.username))

    def _client(self, username: str) -> Client:
        if username == _ADMIN:
            token = self._platform.accounts.token(username, self._admin)
        else:
            token = self._pool.token(username, self._passwords[username])
        return Client(self._platform.base_url, token)
