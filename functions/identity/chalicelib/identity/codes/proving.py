"""Proving that somebody holds a phone: the code that was sent to it, presented once."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from chalicelib.identity import sources
from chalicelib.identity.codes import rules, store
from chalicelib.identity.codes.rules import Verdict
from shared import vault
from shared.errors import Conflict

_ATTEMPTS = 3


def code_of(phone: str, salt: str) -> str:
    """The code that was sent to a phone, by its keyed hash, with this salt."""
    key = vault.derived_key("codes")
    return rules.digits(hmac.digest(key, f"{phone}|{salt}".encode(), "sha256"))


def prove_phone(phone: str, code: str, request: str, address: str, now: datetime) -> str:
    """Use up the code that was sent to a phone; what it was used with, for whoever relies on it.

    Parameters
    ----------
    phone
        Its keyed hash.
    request
        What tells this request from others, its Idempotency-Key with its caller: for a minute the
        same request gets the same answer.

    Returns
    -------
    str
        What only this use of this code gives.

    Raises
    ------
    Conflict
        `code_refused`: there is none, it is another, it was used, it is too old, or it was tried
        too often; never which.  `busy`: others tried at the same time.
    Limited
        `too_many_attempts`: too many codes were tried from this address.
    """
    source = sources.source_of(address)
    digest = hashlib.sha256(request.encode()).hexdigest()
    for _ in range(_ATTEMPTS):
        before = store.get_challenge(phone)
        if before is None:
            break
        is_right = hmac.compare_digest(code_of(phone, before.salt), code)
        after, verdict = rules.presented(before, is_right, digest, source, now)
        if verdict is Verdict.REPEATED:
            return f"{after.salt}|{digest}"
        if after is before:
            break
        # What was guessed is told when it is counted, so that nobody guesses many at once.
        if store.save_challenge(after, source, now):
            if verdict is Verdict.RIGHT:
                return f"{after.salt}|{digest}"
            raise Conflict("code_refused")
    else:
        raise Conflict("busy")
    # It counts as well: else the last refusal would tell a phone that awaits a code from others.
    store.count_try(source, now)
    raise Conflict("code_refused")
