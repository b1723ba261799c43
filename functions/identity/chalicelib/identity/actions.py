"""What the issuer does by itself: it shows its keys, and takes each through its life."""

from __future__ import annotations

from datetime import datetime

from chalicelib.identity import rules, signing, store, tokens
from chalicelib.identity.rules import Ring, Step

_STEPS_MAX = 4
"""More than can be due at one moment."""


def show_keys() -> Ring:
    """The keys that a token may be signed with."""
    return store.get_ring()


def show_issuer() -> str:
    """The issuer's address, which stands in every token."""
    return tokens.issuer()


def rotate_keys(now: datetime) -> list[Step]:
    """Take the signing keys as far as they are due; what was done.

    Every step is one conditional write, and what is done at KMS for it may be done twice: a key
    that was made and not written down signs nothing, one that is forgotten twice is forgotten.
    """
    done: list[Step] = []
    for _ in range(_STEPS_MAX):
        ring = store.get_ring()
        step = rules.next_step(ring, now)
        if step is None:
            break
        if store.save_ring(_taken(ring, step, now)):
            done.append(step)
    return done


def _taken(ring: Ring, step: Step, now: datetime) -> Ring:
    match step:
        case Step.MAKE:
            return rules.with_key(ring, signing.make_key(now))
        case Step.SIGN:
            return rules.with_the_next_signing(ring, now)
        case Step.DROP:
            dropped = rules.due_to_drop(ring, now)
            assert dropped is not None, "the step says that one is due"
            signing.drop_key(dropped.kms_id)
            return rules.without_key(ring, dropped)
