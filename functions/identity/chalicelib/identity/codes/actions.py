"""Sending codes, and what is proven with them: signing in, and a phone of one's own."""

from __future__ import annotations

import hmac
from datetime import datetime

from chalicelib.identity.codes import proving, rules, store
from chalicelib.identity.providers import text_messages
from shared import ids, vault
from shared.errors import Conflict

_ATTEMPTS = 3
_MINUTES = str(int(rules.GOOD_FOR.total_seconds()) // 60)


def send_code(phone: str, address: str, now: datetime) -> None:
    """Send a code to a phone, if it may get one now; the answer does not tell.

    Raises
    ------
    Limited
        `too_many_codes`: too many from this address, or altogether.
    Conflict
        `provider_unreachable`: the message could not be sent.  `busy`: others asked for this phone
        at the same time.
    """
    blind = vault.blind("phone", phone)
    source = ids.letters(hmac.digest(vault.derived_key("sources"), address.encode(), "sha256"))
    for _ in range(_ATTEMPTS):
        before = store.get_challenge(blind)
        if not rules.may_send(before, now):
            return
        challenge = rules.next_challenge(before, blind, ids.ulid(now), now)
        if store.add_challenge(challenge, source, now):
            code = proving.code_of(blind, challenge.salt)
            text_messages.send("code", phone, (code, _MINUTES), now)
            return
    raise Conflict("busy")
