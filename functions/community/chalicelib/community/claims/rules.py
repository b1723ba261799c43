"""Who may claim what, how often, and what becomes of a claim.

Pure: values in, values out, or a refusal from `shared.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from shared import clock
from shared.auth import Role
from shared.errors import Conflict, Limited
from shared.outbox import EMPTY, Outbox

MAX_OPEN = 5
"""Claims of one person that wait at a time."""
MAX_A_DAY = 5
"""Claims that one person, or one phone, makes on one day of the estate: nobody tries names against
a phone, not even as somebody who was erased and signs up anew."""


class State(StrEnum):
    """What became of a claim."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """What can be done with a claim."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


TRANSITIONS: Mapping[tuple[State, Action], State] = {
    (State.PENDING, Action.CONFIRM): State.CONFIRMED,
    (State.PENDING, Action.REFUSE): State.REFUSED,
    (State.PENDING, Action.WITHDRAW): State.WITHDRAWN,
}
TOLD_AS: Mapping[State, str] = {
    State.PENDING: "RoomClaimed",
    State.CONFIRMED: "ClaimConfirmed",
    State.REFUSED: "ClaimRefused",
    State.WITHDRAWN: "ClaimWithdrawn",
}


@dataclass(frozen=True)
class Claim:
    """Somebody's word that they live in a room; `by`, `at` and `reason` are of its last step."""

    id: str
    scope: str
    person_id: str
    role: Role
    state: State
    claimed_at: datetime
    by: str
    at: datetime
    reason: str = ""
    version: int | None = None
    outbox: Outbox = field(default=EMPTY, compare=False, repr=False)


@dataclass(frozen=True)
class Claimant:
    """What somebody has claimed of late: what still waits, and how often today.

    `open` gives the claims that wait by room and role: `{scope}#{role}` → id.
    """

    person_id: str
    open: Mapping[str, str] = field(default_factory=dict)
    day: date | None = None
    today: int = 0
    version: int | None = None

    def waiting(self, scope: str, role: Role) -> str | None:
        """The claim of this very room and role that waits already."""
        return self.open.get(f"{scope}#{role}")


def claimed(claimant: Claimant, claim: Claim) -> Claimant:
    """The claimant once a claim is made.

    Raises
    ------
    Conflict
        `too_many_open_claims`.
    Limited
        `too_many_claims` on this day.
    """
    if len(claimant.open) >= MAX_OPEN:
        raise Conflict("too_many_open_claims", limit=MAX_OPEN)
    day = clock.estate_date(claim.claimed_at)
    today = claimant.today if claimant.day == day else 0
    if today >= MAX_A_DAY:
        raise Limited("too_many_claims", limit=MAX_A_DAY)
    waiting = dict(claimant.open)
    if claim.state is State.PENDING:
        waiting[f"{claim.scope}#{claim.role}"] = claim.id
    return replace(claimant, open=waiting, day=day, today=today + 1)


def known(claim: Claim) -> Claim:
    """The claim of somebody whom the register knows: confirmed as it is made."""
    return replace(claim, state=State.CONFIRMED)


def settled(claimant: Claimant, claim: Claim) -> Claimant:
    """The claimant once a claim waits no longer."""
    waiting = {key: id for key, id in claimant.open.items() if id != claim.id}
    return replace(claimant, open=waiting)


def step(claim: Claim, action: Action, by: str, at: datetime, reason: str = "") -> Claim | None:
    """The claim after an action, or None where it is just what the same person did before.

    Raises
    ------
    Conflict
        `not_in_this_state`: it was decided otherwise, or by somebody else.
    """
    state = TRANSITIONS.get((claim.state, action))
    if state is None:
        if (claim.state, action) in _DONE and claim.by == by:
            return None
        raise Conflict("not_in_this_state", state=claim.state)
    return replace(claim, state=state, by=by, at=at, reason=reason)


_DONE = frozenset((state, action) for (_, action), state in TRANSITIONS.items())
