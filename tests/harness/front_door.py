"""The gateway as it lets people in: it asks the real authorizer, and answers 401 for it.

The tokens are of two issuers, one that the platform trusts and one that it does not.  Whoever a
good token names has the grants that are stored for them, looked up by the authorizer function and
handed on in its own words.  What the gateway keeps for a minute is kept here for the whole run.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.community import authorizer
from local.apps import load_app
from shared import ids
from shared.auth import Grant
from tests.harness.issuer import CLIENT, Issuer, new_key
from tests.harness.rights import hold, lose

_ARN = "arn:aws:execute-api:cn-north-1:123456789012:a1b2c3d4e5/api/GET/me"
Context = Mapping[str, str]


@contextmanager
def trusted_issuer() -> Iterator[Issuer]:
    """An issuer whose tokens the authorizer takes, for as long as the context lasts."""
    issuer = Issuer(new_key())
    known = {
        "issuer": issuer.address,
        "jwks_uri": issuer.jwks_uri,
        "audience": [CLIENT],
        "token_use": "access",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ISSUERS", json.dumps([known]))
        authorizer._verifier.cache_clear()
        try:
            yield issuer
        finally:
            issuer.stop()
            authorizer._verifier.cache_clear()


@dataclass
class FrontDoor:
    """Lets people in by their tokens."""

    trusted: Issuer
    stranger: Issuer
    verifier: authorizer.Verifier
    _kept: dict[str, Context] = field(default_factory=dict)

    def person_id(self, subject: str) -> str:
        """The person that the trusted issuer calls by this subject."""
        return ids.person_id(self.trusted.address, subject)

    def let_in(self, token: str | None) -> Context | None:
        """What the authorizer hands on of a token's bearer; None where the gateway answers 401.

        Without a token the gateway does not even ask.
        """
        if token is None:
            return None
        event = {"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": _ARN}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(authorizer, "_verifier", lambda: self.verifier)
            try:
                answer = load_app("community").authorize(event, None)
            except Exception as error:
                if str(error) != "Unauthorized":
                    raise
                return None
        (statement,) = answer["policyDocument"]["Statement"]
        assert statement["Effect"] == "Allow", statement
        context: Context = answer["context"]
        return context

    def somebody(self, *held: Grant) -> tuple[str, Context]:
        """A subject with exactly these grants, and what the authorizer hands on of them."""
        return self._known("holds", held)

    def dismissed(self, *lost: Grant) -> tuple[str, Context]:
        """A subject who had these grants, and what the authorizer hands on of them now."""
        return self._known("held", lost)

    def _known(self, how: str, grants: tuple[Grant, ...]) -> tuple[str, Context]:
        told = ";".join([how, *sorted(f"{grant.role}:{grant.scope}" for grant in grants)])
        subject = hashlib.sha256(told.encode()).hexdigest()
        if subject not in self._kept:
            hold(self.person_id(subject), *grants)
            if how == "held":
                lose(self.person_id(subject), *grants)
            context = self.let_in(self.trusted.token(sub=subject))
            assert context is not None, "a good token is let in"
            self._kept[subject] = context
        return subject, self._kept[subject]


Credential = Callable[[FrontDoor, str], str | None]
"""What somebody shows at the door, who would like to be taken for this subject."""


def nothing(door: FrontDoor, subject: str) -> str | None:
    """No token at all."""
    return None


def expired(door: FrontDoor, subject: str) -> str:
    """A genuine token of yesterday."""
    now = int(time.time())
    return door.trusted.token(sub=subject, iat=now - 90_000, exp=now - 86_400)


def of_a_stranger(door: FrontDoor, subject: str) -> str:
    """A token that another issuer signed and owns up to."""
    return door.stranger.token(sub=subject)


def for_others(door: FrontDoor, subject: str) -> str:
    """A genuine token for another client of the same issuer."""
    return door.trusted.token(sub=subject, client_id="7h3w8z5b2n")


def of_a_machine(door: FrontDoor, subject: str) -> str:
    """What an issuer gives a machine for its own client's secret: no person stands in it."""
    return door.trusted.token(sub="gate-0007", client_id="gate-0007", scope="devices/telemetry")


@contextmanager
def opened() -> Iterator[FrontDoor]:
    """A front door with issuers of its own, for as long as the context lasts."""
    trusted, stranger = Issuer(new_key()), Issuer(new_key())
    known: dict[str, Any] = {
        "issuer": trusted.address,
        "jwks_uri": trusted.jwks_uri,
        "audience": [CLIENT],
        "token_use": "access",
    }
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ISSUERS", json.dumps([known]))
            verifier = authorizer._verifier.__wrapped__()
        yield FrontDoor(trusted, stranger, verifier)
    finally:
        trusted.stop()
        stranger.stop()
