"""Where requests come from, as their keyed hash, and the quarter of an hour in which they count."""

from __future__ import annotations

import hmac
import ipaddress
from datetime import datetime

from shared import clock, ids, vault

_HOUSEHOLD_BITS = 64
"""Of an IPv6 address: the rest is the household's own, to change at will (RFC 6177, RFC 8981)."""


def source_of(address: str) -> str:
    """What an address is known by; all that one household may choose from are one source."""
    known = address
    if ":" in address:
        known = str(ipaddress.ip_network((address, _HOUSEHOLD_BITS), strict=False))
    return ids.letters(hmac.digest(vault.derived_key("sources"), known.encode(), "sha256"))


def quarter(now: datetime) -> str:
    """The quarter of an hour in which something counts: `2026-11-22T08:45`."""
    return f"{clock.to_text(now)[:13]}:{now.minute // 15 * 15:02}"
