"""The platform that runs now, as `build/local.json` describes it, and people to play on it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from random import SystemRandom
from typing import Any

from local.client import Client, wait_until
from local.estate.invent import SURNAMES, Human, Inventor
from local.people import Person
from local.token import LOCAL_JSON, accounts


class NothingRuns(Exception):
    """There is no running platform, or none with the sample estate; the message is a sentence."""


@dataclass(frozen=True)
class Player:
    """Somebody who has signed in: what they are called, their id, and their requests."""

    name: str
    username: str
    person_id: str
    client: Client


class Stage:
    """Signs people in and up on a running platform.

    Parameters
    ----------
    described
        What `build/local.json` holds.
    """

    def __init__(self, described: dict[str, Any]) -> None:
        self.people = [Person(**person) for person in described["people"]]
        self.base_url: str = described["base_url"]
        self.accounts = accounts(described)
        # Everyone who signs up is somebody new, however often the day is played.
        self._inventor = Inventor(SystemRandom())
        self._credentials = {one.username: one.credentials for one in self.people}

    def first(self, role: str, scope: str = "") -> Player:
        """The first of the sample people with a role, on a scope or inside it.

        Raises
        ------
        NothingRuns
            The estate has nobody like that.
        """
        return self._find(role, lambda person: person.scope.startswith(scope))

    def resident_outside(self, community_id: str) -> Player:
        """An owner with no home in this community."""
        return self._find("owner", lambda person: community_id not in person.scope)

    def human(self, family: str = "") -> Human:
        """Somebody invented; of a family, if it is one that `invent` knows."""
        known = any(family == surname for surname, _, _ in SURNAMES)
        return self._inventor.human(family if known else None)

    def sign_up(self, human: Human) -> Player:
        """A resident who comes from the mini-program; nobody has given them any right yet."""
        username = f"resident-{secrets.token_hex(4)}"
        person_id = self.accounts.arrive(username, human.name.text, human.phone)
        return Player(human.name.text, username, person_id, self._client(username))

    def take_on(self, human: Human, role: str, scope: str, manager: Player) -> Player:
        """Somebody whom a manager invites and gives a role, and who accepts."""
        name, username = human.name.text, f"{role}-{secrets.token_hex(4)}"
        invited = {"name": name, "phone": human.phone, "scope": scope}
        person_id = manager.client.post("/identity/invitations", invited)["person_id"]
        self._credentials[username] = self.accounts.enrol(username, human.phone)
        granted = {"person_id": person_id, "role": role, "scope": scope, "name": name}
        manager.client.post("/community/grants", granted)
        return Player(name, username, person_id, self._client(username))

    def enrol(self, player: Player, phone: str) -> Player:
        """Somebody who came as a resident, once the invitation on their phone is accepted."""
        wait_until(lambda: self.accounts.invitation(phone), f"an invitation of {player.username}")
        self._credentials[player.username] = self.accounts.enrol(player.username, phone)
        return self.again(player)

    def again(self, player: Player) -> Player:
        """The same person with a new token, which knows what they were given since."""
        client = self._client(player.username)
        return Player(player.name, player.username, player.person_id, client)

    def _find(self, role: str, fits: Callable[[Person], bool]) -> Player:
        for person in self.people:
            if person.role == role and fits(person):
                client = self._client(person.username)
                person_id = client.get("/community/me")["person_id"]
                return Player(person.name, person.username, person_id, client)
        raise NothingRuns(
            f"the estate has no such {role}: seed it anew by `make clean` and `make run`"
        )

    def _client(self, username: str) -> Client:
        token = self.accounts.token(username, self._credentials.get(username))
        return Client(self.base_url, token)


def running() -> Stage:
    """The platform that `make run` brought up.

    Raises
    ------
    NothingRuns
        It does not run now.
    local.people.SignInError
        It is written down, and does not answer.
    """
    if not LOCAL_JSON.exists():
        raise NothingRuns("the platform is not running here: start it with `make run`")
    return Stage(json.loads(LOCAL_JSON.read_text()))
