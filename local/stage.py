"""The platform that runs now, as `build/local.json` describes it, and people to play on it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from localstack_client.session import Session

from local.client import Client
from local.emulator import ROOT_KEY, ROOT_SECRET
from local.estate.invent import SURNAMES, Human, Inventor
from local.people import Person, UserPool
from local.token import LOCAL_JSON
from shared import ids


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
        self._issuer: str = described["issuer"]
        address = str(described["emulator_url"])
        self._pool = UserPool(
            Session(
                aws_access_key_id=ROOT_KEY,
                aws_secret_access_key=ROOT_SECRET,
                region_name=described["region"],
                localstack_host=address.removeprefix("http://"),
            ),
            address,
            self._issuer.rpartition("/")[2],
            described["client_id"],
            self._issuer,
        )
        # Everyone who signs up is somebody new, however often the day is played.
        self._inventor = Inventor(Random(secrets.token_bytes(16)))  # nosec B311  # names
        self._passwords = {person.username: person.password for person in self.people}

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

    def sign_up(self, name: str, word: str) -> Player:
        """A new account; nobody has given it any right yet."""
        username = f"{word}-{secrets.token_hex(4)}"
        subject, self._passwords[username] = self._pool.add(username)
        person_id = ids.person_id(self._issuer, subject)
        return Player(name, username, person_id, self._client(username))

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
        return Client(self.base_url, self._pool.token(username, self._passwords[username]))


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
