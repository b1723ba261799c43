"""Who plays in the estate that is fuzzed, and how each of them comes by a token again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from local.client import Client
from local.platform import Platform
from local.sandboxes import Sandboxes
from tests.fuzz.attack import Person
from tests.fuzz.fresh import Fresh
from tests.fuzz.known import Known
from tests.harness.estate import Estate, ok
from tests.harness.people import People, Someone

TOKEN_SECONDS = 600
"""A token of our own issuer is good for 15 minutes, and a run may take longer."""
_FIRST_PHONE = 19900000000


@dataclass(frozen=True)
class Resident:
    """Somebody who came from the mini-program, with what they are called."""

    username: str
    person_id: str
    name: str
    phone: str
    client: Client

    def call(self, method: str, path: str, body: object = None, status: int = 200) -> Any:
        """The answer to a request in their name, which must have the status."""
        return ok(self.client.ask(method, path, body), status)


@dataclass
class Cast:
    """The people of the scene, and what is known of them.

    Attributes
    ----------
    askers
        As an attack takes them.
    """

    platform: Platform
    sandboxes: Sandboxes
    people: People
    estate: Estate
    known: Known
    askers: dict[str, Sequence[Person]] = field(default_factory=dict)
    _phones: count[int] = field(default_factory=lambda: count(_FIRST_PHONE))

    def phone(self) -> str:
        """A phone that nobody has."""
        return str(next(self._phones))

    def resident(self, username: str, name: str) -> Resident:
        """A new resident of our own issuer."""
        phone, accounts = self.phone(), self.platform.accounts
        person_id = accounts.arrive(username, name, phone)
        client = Client(self.platform.base_url, accounts.token(username))
        return Resident(username, person_id, name, phone, client)

    def invited(self, name: str) -> tuple[str, str]:
        """The phone and the id of somebody whom the manager has just invited."""
        phone = self.phone()
        wanted = {"name": name, "phone": phone, "scope": self.estate.community_id}
        made = ok(self.estate.manager.call("POST", "/identity/invitations", wanted), 201)
        return phone, str(made["person_id"])

    def appointed(self, username: str, role: str, name: str) -> Someone:
        """Somebody whom the platform gives a role of its own."""
        person = self.people.named(username)
        wanted = {"person_id": person.person_id, "role": role, "scope": "platform", "name": name}
        ok(self.people.admin().call("POST", "/community/grants", wanted), 201)
        return self.people.again(person)

    def sends(self, role: str, someone: Someone) -> Person:
        """Somebody as who sends requests; nothing is done to them."""
        self.known.spared.add(someone.person_id)
        again = self.people.again
        return Person(role, Fresh(lambda: str(again(someone).client.token), TOKEN_SECONDS))

    def sends_too(
        self, username: str, person_id: str, credentials: tuple[str, str] | None = None
    ) -> Person:
        """The same of somebody of our own issuer."""
        self.known.spared.add(person_id)
        sign_in = self.platform.accounts.token
        return Person("nobody", Fresh(lambda: sign_in(username, credentials), TOKEN_SECONDS))

    def newcomer(self, username: str, seconds: float) -> Person:
        """Somebody who comes from the mini-program, and somebody else after some seconds."""
        numbers, sign_in = count(), self.platform.accounts.token
        return Person("nobody", Fresh(lambda: sign_in(f"{username}-{next(numbers)}"), seconds))

    def asks(self, operations: str, *people: Person) -> None:
        """Let these people ask some operations, mostly the first of them."""
        for operation in operations.split():
            self.askers[operation] = people

    def means(self, operations: str, field: str, *values: str) -> None:
        """Let a field of some operations take these values mostly."""
        for operation in operations.split():
            self.known.meant[operation, field] = list(values)

    def gives(
        self, operation: str, make: Callable[[], dict[str, Any]], seconds: float = 0.0
    ) -> None:
        """Let an operation take what is made for it, anew after some seconds."""
        self.known.facts[operation] = Fresh(make, seconds)
