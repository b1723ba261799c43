"""What the issuer keeps: the ring of its signing keys, one record that every request may read.

Access patterns
---------------
1. the key ring           Get  pk = platform#keys#signing, sk = ring
2. a step of one of them  Put  the same, on its version

What people, their sessions and their codes keep stands with the ideas that keep it.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from pynamodb.attributes import UnicodeAttribute

from chalicelib.identity import records
from chalicelib.identity.rules import Key, Ring, State
from shared.table import Refused

_RING = ("platform#keys#signing", "ring")


class _RingItem(records.Item):
    keys = UnicodeAttribute()


class _Written(msgspec.Struct):
    """A key as the record holds it."""

    kid: str
    kms_id: str
    n: str
    e: str
    state: State
    since: datetime


def get_ring() -> Ring:
    """The signing keys; none before the first was made."""
    item = _RingItem.find(*_RING)
    if item is None:
        return Ring()
    written = msgspec.json.decode(item.keys, type=tuple[_Written, ...])
    return Ring(tuple(Key(**msgspec.structs.asdict(one)) for one in written), item.version)


def save_ring(ring: Ring) -> bool:
    """Store what a step made of the ring that was read; False if another run was faster."""
    written = [
        _Written(key.kid, key.kms_id, key.n, key.e, key.state, key.since) for key in ring.keys
    ]
    item = _RingItem(*_RING, version=ring.version, keys=msgspec.json.encode(written).decode())
    try:
        item.put()
    except Refused:
        return False
    return True
