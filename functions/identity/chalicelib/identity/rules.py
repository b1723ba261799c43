"""The life of a signing key: published, signing, retiring, gone; without a gap for any token."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

ACCESS_LIFE = timedelta(minutes=15)
"""How long an access token is good."""
PUBLISHED_BEFORE = timedelta(minutes=20)
"""How long a key is published before it signs: longer than any cache of the key document.

The authorizer keeps the document for 10 minutes, whatever stands between for 5.
"""
SIGNS_FOR = timedelta(days=90)
RETIRES_FOR = timedelta(hours=1)
"""How long a key is published after it signed: a token's life, and what may still sign with it."""


class State(StrEnum):
    """What a key is for just now."""

    NEXT = "next"
    SIGNING = "signing"
    RETIRING = "retiring"


class Step(StrEnum):
    """What is to be done with the keys next."""

    MAKE = "make"
    SIGN = "sign"
    DROP = "drop"


@dataclass(frozen=True)
class Key:
    """A signing key.

    Attributes
    ----------
    kid
        What tokens call it: the thumbprint of its public half (RFC 7638).
    kms_id
        What KMS calls it.
    n, e
        Modulus and exponent as a key document writes them (RFC 7518 §6.3.1).
    since
        When it came into its state.
    """

    kid: str
    kms_id: str
    n: str
    e: str
    state: State
    since: datetime


@dataclass(frozen=True)
class Ring:
    """All keys that are published, and the version of the record that holds them."""

    keys: tuple[Key, ...] = ()
    version: int | None = None

    def in_state(self, state: State) -> Key | None:
        """The key in a state; there is never more than one that is next or signing."""
        return next((key for key in self.keys if key.state is state), None)


def next_step(ring: Ring, now: datetime) -> Step | None:
    """What is due, or None.

    A key that retired long enough is dropped before anything is made, so that there are never more
    than three.
    """
    if due_to_drop(ring, now):
        return Step.DROP
    signing, following = ring.in_state(State.SIGNING), ring.in_state(State.NEXT)
    if signing is None:
        return Step.MAKE
    if following is not None:
        return Step.SIGN if now - following.since >= PUBLISHED_BEFORE else None
    retiring = ring.in_state(State.RETIRING)
    return Step.MAKE if retiring is None and now - signing.since >= SIGNS_FOR else None


def due_to_drop(ring: Ring, now: datetime) -> Key | None:
    """A key whose last token has expired everywhere."""
    retiring = ring.in_state(State.RETIRING)
    return retiring if retiring and now - retiring.since >= RETIRES_FOR else None


def with_key(ring: Ring, made: Key) -> Ring:
    """The ring with a new key: next in line, or signing at once where nothing was ever signed."""
    first = ring.in_state(State.SIGNING) is None
    key = replace(made, state=State.SIGNING if first else State.NEXT)
    return replace(ring, keys=(*ring.keys, key))


def with_the_next_signing(ring: Ring, now: datetime) -> Ring:
    """The ring in which the next key signs and the one before retires."""
    following = {State.NEXT: State.SIGNING, State.SIGNING: State.RETIRING}
    keys = (
        replace(key, state=following[key.state], since=now) if key.state in following else key
        for key in ring.keys
    )
    return replace(ring, keys=tuple(keys))


def without_key(ring: Ring, dropped: Key) -> Ring:
    """The ring without a key."""
    return replace(ring, keys=tuple(key for key in ring.keys if key != dropped))
