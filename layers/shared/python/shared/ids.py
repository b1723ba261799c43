"""Ids: a kind, the community the thing belongs to, and 26 characters.

- `com_7k2m9x4a` a community: eight characters
- `co_…` a thing of the whole platform: kind and 26 characters
- `imp_7k2m9x4a_01k…` a thing inside a community: kind, community, 26 characters
- `room_7k2m9x4a_3-1-502` a room: named by the house register, so importing twice meets itself
- `per_…` a person: chance alone, as neighbours see it and need not know who came when; derived
  from issuer and subject where another issuer speaks for them, so nothing has to be looked up

The community is legible in every id, so a request is authorised before anything is read.
The 26 characters are time and chance (`new_id`: they sort by time), or a digest of the request
that made the thing (`derived_id`: a retry meets what it made).  The alphabet is Crockford's base
32 in lower case; 48 bits of milliseconds, 80 bits of chance (the ULID layout).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import UTC, datetime, timedelta

from shared.errors import NotFound

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ULID = f"[{ALPHABET}]{{26}}"
_COMMUNITY = f"[{ALPHABET}]{{8}}"
_COMMUNITY_ID = re.compile(f"com_({_COMMUNITY})")
_INNER_ID = re.compile(f"([a-z]{{2,8}})_({_COMMUNITY})_({_ULID})")
_OUTER_ID = re.compile(f"([a-z]{{2,8}})_({_ULID})")
_ROOM_PART = r"[^-/#\s]{1,32}"
_ROOM_ID = re.compile(f"room_({_COMMUNITY})_({_ROOM_PART}-{_ROOM_PART}-{_ROOM_PART})")


def random_bytes(count: int) -> bytes:
    """`count` bytes of chance; the one source of it, so that a run can be replayed."""
    return secrets.token_bytes(count)


def _base32(value: int, length: int) -> str:
    digits = []
    for _ in range(length):
        value, rest = divmod(value, 32)
        digits.append(ALPHABET[rest])
    return "".join(reversed(digits))


def ulid(now: datetime) -> str:
    """26 characters that sort by `now` to the millisecond and never repeat."""
    milliseconds = (now - _EPOCH) // timedelta(milliseconds=1)
    return _base32(milliseconds << 80 | int.from_bytes(random_bytes(10), "big"), 26)


def new_id(kind: str, community_id: str, now: datetime) -> str:
    """A new id of `kind` inside a community."""
    return f"{kind}_{community_id.removeprefix('com_')}_{ulid(now)}"


def random_platform_id(kind: str) -> str:
    """A new id of `kind` outside any community, which tells nothing, not even when it was made."""
    return f"{kind}_{letters(random_bytes(16))}"


def derived_id(kind: str, community_id: str, *facts: str) -> str:
    """The id of `kind` that these facts always give: a retried request meets what it made.

    Parameters
    ----------
    facts
        The caller and the idempotency key, say; none may contain a zero character.
    """
    return f"{kind}_{community_id.removeprefix('com_')}_{_digest(facts, 26)}"


def derived_platform_id(kind: str, *facts: str) -> str:
    """The id of `kind` outside any community that these facts always give."""
    return f"{kind}_{_digest(facts, 26)}"


def derived_community_id(*facts: str) -> str:
    """The community's id that these facts always give."""
    return "com_" + _digest(facts, 8)


def _digest(facts: tuple[str, ...], length: int) -> str:
    return letters(hashlib.sha256("\0".join(facts).encode()).digest(), length)


def letters(digest: bytes, length: int = 26) -> str:
    """The first 128 bits of a digest, or fewer, in the ids' alphabet."""
    return _base32(int.from_bytes(digest[:16], "big"), length)


def person_id(issuer: str, subject: str) -> str:
    """The person that `issuer` calls `subject`."""
    return "per_" + _digest((f"{issuer}|{subject}",), 26)


def is_person_id(text: str) -> bool:
    """Whether `text` has the form of a person's id."""
    return text.startswith("per_") and _OUTER_ID.fullmatch(text) is not None


def room_id(community_id: str, building: str, unit: str, number: str) -> str:
    """The room's id from its normalised register key; `unit` is "0" where there are none."""
    return f"room_{community_id.removeprefix('com_')}_{building}-{unit}-{number}"


def community_of(any_id: str, kind: str) -> str:
    """The community that an id of `kind` belongs to.

    Raises
    ------
    NotFound
        `any_id` is not an id of `kind`; it cannot exist, and says no more than that.
    """
    if kind == "com":
        match = _COMMUNITY_ID.fullmatch(any_id)
        if match:
            return any_id
    elif kind == "room":
        match = _ROOM_ID.fullmatch(any_id)
        if match:
            return f"com_{match.group(1)}"
    else:
        match = _INNER_ID.fullmatch(any_id)
        if match and match.group(1) == kind:
            return f"com_{match.group(2)}"
    raise NotFound


def check_platform_id(any_id: str, kind: str) -> str:
    """`any_id` itself, if it is an id of `kind` outside any community; else NotFound."""
    match = _OUTER_ID.fullmatch(any_id)
    if match is None or match.group(1) != kind:
        raise NotFound
    return any_id


def room_parts(room: str) -> tuple[str, str, str, str]:
    """Community, building, unit and number of a room id; NotFound if it is none."""
    match = _ROOM_ID.fullmatch(room)
    if match is None:
        raise NotFound
    building, unit, number = match.group(2).split("-")
    return f"com_{match.group(1)}", building, unit, number


def room_scope(room: str) -> str:
    """The scope path of a room: `com_7k2m9x4a/3/1/502`."""
    return "/".join(room_parts(room))
