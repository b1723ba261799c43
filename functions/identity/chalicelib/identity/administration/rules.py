"""Why something is done to somebody's account, and who may see whose details."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

from shared.auth import PLATFORM, Grant, Role, covers
from shared.errors import NotFound

DISCLOSURES_A_DAY = 30


class Cause(StrEnum):
    """Why somebody is frozen, let go on, or erased."""

    FRAUD = "fraud"
    HARASSMENT = "harassment"
    STOLEN = "stolen"
    OFFICIAL = "official"
    OWN_WISH = "own_wish"
    MISTAKE = "mistake"


class Purpose(StrEnum):
    """Why somebody's details are looked at."""

    EMERGENCY = "emergency"
    FEES = "fees"
    REPAIR = "repair"
    COMPLAINT = "complaint"
    OFFICIAL = "official"


class Field(StrEnum):
    """What may be looked at."""

    NAME = "name"
    PHONE = "phone"
    ID_NUMBER = "id_number"
    PLATES = "plates"


OF_THE_PLATFORM = frozenset({Field.NAME, Field.ID_NUMBER, Field.PLATES})
"""What staff of a firm do not see: they could give anybody a right in their own scope first.

They know a phone to invite it by, and learn nothing by looking; names they have in the register.
"""


def check_reach(
    held: Iterable[Grant],
    roles: frozenset[Role],
    scopes: Iterable[str],
    fields: Collection[Field],
) -> None:
    """Let somebody see details only of those who have a right within their own scope.

    Raises
    ------
    NotFound
        Whoever has no right here, has none over them.
    """
    own = [grant.scope for grant in held if grant.role in roles]
    if PLATFORM not in own and OF_THE_PLATFORM.intersection(fields):
        raise NotFound
    if not any(covers(wide, scope) for scope in scopes for wide in own):
        raise NotFound
