"""Limits against abuse: how often a person may report, and ask for places for photos (D2)."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from chalicelib.repairs.model import Ticket
from shared import clock
from shared.quotas import Quota

REPORTS_PER_DAY = 10
SAME_REPORTS_PER_DAY = 2
UPLOADS_PER_HOUR = 30


def report_quotas(ticket: Ticket) -> tuple[Quota, ...]:
    """10 reports, and 2 identical ones, per estate day and person (D2)."""
    day = clock.estate_date(ticket.reported_at).isoformat()
    said = "\0".join([ticket.room_id, ticket.category, ticket.description])
    same = hashlib.sha256(said.encode()).hexdigest()[:16]
    ends_at = ticket.reported_at + timedelta(days=2)
    person = ticket.reporter_id
    return (
        Quota(person, f"reports#{day}", REPORTS_PER_DAY, "too_many_reports", ends_at),
        Quota(person, f"reports#{day}#{same}", SAME_REPORTS_PER_DAY, "same_report_again", ends_at),
    )


def upload_quota(uploader_id: str, now: datetime) -> Quota:
    """30 places for photos an hour and person."""
    hour = clock.to_text(now)[:13]
    ends_at = now + timedelta(hours=2)
    return Quota(uploader_id, f"uploads#{hour}", UPLOADS_PER_HOUR, "too_many_uploads", ends_at)
