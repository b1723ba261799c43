"""Refresh tokens: whose session, which turn, and a proof that we wrote it (RFC 9700 §4.14.2).

Nothing of a refresh token is stored; its proof is keyed by a key of the platform (shared.vault).
"""

from __future__ import annotations

import base64
import hmac
import re

from chalicelib.identity.sessions.rules import Session
from shared import clock, ids, vault

_FORM = re.compile(
    rf"lr1\.([{ids.ALPHABET}]{{26}})\.([{ids.ALPHABET}]{{26}})\.([0-9]{{1,9}})\.([A-Za-z0-9_-]{{43}})"
)


def refresh_token(person_id: str, session: Session) -> str:
    """The refresh token of a session that counts now."""
    person, name = person_id.removeprefix("per_"), session.id.removeprefix("ses_")
    proof = _proof(person_id, session, session.counter)
    return f"lr1.{person}.{name}.{session.counter}.{proof}"


def claimed(token: str) -> tuple[str, str, int, str] | None:
    """The person, session, turn and proof that a token claims; None if it is no refresh token."""
    match = _FORM.fullmatch(token)
    if match is None:
        return None
    person, session, counter, proof = match.groups()
    return f"per_{person}", f"ses_{session}", int(counter), proof


def is_proven(person_id: str, session: Session, counter: int, proof: str) -> bool:
    """Whether we wrote the refresh token of this session and turn."""
    return hmac.compare_digest(_proof(person_id, session, counter), proof)


def _proof(person_id: str, session: Session, counter: int) -> str:
    # The instant it was opened tells apart two sessions that are called the same.
    facts = f"{person_id}|{session.id}|{clock.to_text(session.opened_at)}|{counter}"
    proof = hmac.digest(vault.derived_key("refresh"), facts.encode(), "sha256")
    return base64.urlsafe_b64encode(proof).decode().rstrip("=")
