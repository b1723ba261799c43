"""What repairs speak of: a ticket (工单), its states and kinds, and who may mend it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chalicelib.repairs.trail import Entry, Rating
from shared import ids
from shared.outbox import EMPTY, Outbox


class State(StrEnum):
    """Where a ticket stands; D2's others (arrived, quoted, paused …) come as rows of the table."""

    NEW = "new"
    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    WORKING = "working"
    DONE = "done"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """A step in a ticket's life."""

    REPORT = "report"
    ASSIGN = "assign"
    ACCEPT = "accept"
    RETURN = "return"
    START = "start"
    FINISH = "finish"
    RATE = "rate"
    WITHDRAW = "withdraw"


class Place(StrEnum):
    """Inside the reporter's own room, or a part that all share."""

    OWN = "own"
    PUBLIC = "public"


class Kind(StrEnum):
    """How urgent it is; the clocks hang on it."""

    EMERGENCY = "emergency"
    NORMAL = "normal"


class Category(StrEnum):
    """What is broken."""

    WATER = "water"
    ELECTRIC = "electric"
    DOOR_WINDOW = "door_window"
    LIFT = "lift"
    WALL = "wall"
    PUBLIC_AREA = "public_area"
    OTHER = "other"


@dataclass(frozen=True)
class Report:
    """What a resident says is broken."""

    room_id: str
    place: Place
    kind: Kind
    category: Category
    title: str
    description: str
    photo_ids: tuple[str, ...]


@dataclass(frozen=True)
class Technician:
    """A technician (维修工) by one grant, as the newest event of that grant tells it."""

    person_id: str
    name: str
    scope: str
    grant_id: str
    grant_version: int
    active: bool


@dataclass(frozen=True)
class Summary:
    """What lists show of a ticket."""

    id: str
    room_id: str
    place: Place
    kind: Kind
    category: Category
    title: str
    state: State
    reporter_id: str
    reported_at: datetime
    version: int
    assignee_id: str | None = None
    assignee_name: str | None = None
    due_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def community_id(self) -> str:
        """The community the ticket belongs to."""
        return ids.community_of(self.id, "rep")

    @property
    def scope(self) -> str:
        """The scope path of the room the report came from."""
        return ids.room_scope(self.room_id)


@dataclass(frozen=True, kw_only=True)
class Ticket(Summary):
    """One repair (工单), from the report to the rating."""

    description: str
    photo_ids: tuple[str, ...] = ()
    done_at: datetime | None = None
    rating: Rating | None = None
    timeline: tuple[Entry, ...] = ()
    outbox: Outbox = field(default=EMPTY, compare=False, repr=False)
