"""People who call the platform as a phone or a browser would: over HTTP, with a token."""

from __future__ import annotations

from dataclasses import dataclass, replace

from local.client import Answer, Client
from local.platform import Platform


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
        return replace(person, client=self._client(person.username))

    def _make(self, username: str, *, admin: bool) -> Someone:
        subject, self._passwords[username] = self._platform.pool.add(username)
        if admin:
            self._platform.appoint(subject)
        return Someone(username, self._platform.person_id(subject), self._client(username))

    def _client(self, username: str) -> Client:
        token = self._platform.pool.token(username, self._passwords[username])
        return Client(self._platform.base_url, token)
