"""Canaries (A8): personal values that stand nowhere else, and the one search that finds them again.

Stories plant them wherever a person's details go in.  A canary counts as found however a text
spells it: as it is, escaped as JSON or Python escape it (once or nested), percent-encoded, or
anywhere inside base64.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from functools import cache
from urllib.parse import quote

OWNER_NAME, OWNER_PHONE, OWNER_ID = "鸢尾青禾", "17090420817", "110101199003070417"
STAFF_NAME = "鹤望兰师傅"
NEIGHBOUR_NAME, NEIGHBOUR_PHONE, NEIGHBOUR_MAIL = "梧桐雨眠", "16620931744", "wutong@ym.example"
"""Of somebody whom a free text speaks of."""
CANARIES = {
    "an owner's name": OWNER_NAME,
    "an owner's phone": OWNER_PHONE,
    "an owner's identity number": OWNER_ID,
    "a staff member's name": STAFF_NAME,
    "a name out of a free text": NEIGHBOUR_NAME,
    "a phone out of a free text": NEIGHBOUR_PHONE,
    "an e-mail address out of a free text": NEIGHBOUR_MAIL,
}
ALL = " ".join(CANARIES.values())
_BACKSLASHES = re.compile(r"\\+")


def said(about: str) -> str:
    """A free text as people write it: about something, and full of somebody's details."""
    return f"{about}，找{NEIGHBOUR_NAME} {NEIGHBOUR_PHONE} {NEIGHBOUR_MAIL}"


def found(text: str | bytes) -> list[str]:
    """Which canaries a text holds, in any spelling: what they are, never their values."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    # What is escaped twice has twice the backslashes.
    plain = _BACKSLASHES.sub(r"\\", text).casefold()
    return [what for what, value in CANARIES.items() if any(s in plain for s in _spellings(value))]


@cache
def _spellings(value: str) -> frozenset[str]:
    return frozenset(spelling.casefold() for spelling in _spelled(value))


def _spelled(value: str) -> Iterator[str]:
    yield value
    yield json.dumps(value)[1:-1]
    yield repr(value.encode())[2:-1]
    yield quote(value)
    for encoded in (value.encode(), json.dumps(value)[1:-1].encode(), value.encode("utf-16-le")):
        for before in range(3):
            # Three places of a value in its triple of bytes; the ends mix with its neighbours.
            whole = base64.b64encode(b"\0" * before + encoded).decode().rstrip("=")
            spare = 1 if (before + len(encoded)) % 3 else 0
            inner = whole[(0, 2, 3)[before] : len(whole) - spare or None]
            yield inner
            yield inner.replace("+", "-").replace("/", "_")
