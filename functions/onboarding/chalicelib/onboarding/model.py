"""What onboarding speaks of: an application (入驻申请), its states and the steps between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chalicelib.onboarding.trail import Entry
from shared import ids
from shared.outbox import EMPTY, Outbox


class Kind(StrEnum):
    """Who applies."""

    PROPERTY_COMPANY = "property_company"


class State(StrEnum):
    """Where an application stands."""

    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """A step in an application's life."""

    SUBMIT = "submit"
    CLAIM = "claim"
    APPROVE = "approve"
    REFUSE = "refuse"
    RESUBMIT = "resubmit"
    WITHDRAW = "withdraw"


@dataclass(frozen=True)
class Summary:
    """What lists show of an application.

    `submitted_at` is since when it waits for a decision, `ended_at` when it ceased to wait.
    """

    id: str
    kind: Kind
    name: str
    credit_code: str
    state: State
    applicant_id: str
    applied_at: datetime
    submitted_at: datetime
    version: int
    reviewer_id: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Application(Summary):
    """One company's way onto the platform, from its application to the decision."""

    qualification_ids: tuple[str, ...]
    introduction: str = ""
    timeline: tuple[Entry, ...] = ()
    outbox: Outbox = field(default=EMPTY, compare=False, repr=False)

    @property
    def company_id(self) -> str:
        """The company that its approval makes: told twice it is the same."""
        return ids.derived_platform_id("co", self.id)
