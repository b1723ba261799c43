"""Limits against abuse: how often a stranger may apply, and ask for places for files."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared import clock
from shared.quotas import Quota

APPLICATIONS_PER_DAY = 5
UPLOADS_PER_DAY = 30
"""What is taken stays, whether anybody applies with it or not."""


def application_quota(applicant_id: str, now: datetime) -> Quota:
    """5 new applications per estate day and person."""
    day = clock.estate_date(now).isoformat()
    window, ends_at = f"applications#{day}", now + timedelta(days=2)
    return Quota(applicant_id, window, APPLICATIONS_PER_DAY, "too_many_applications", ends_at)


def upload_quota(uploader_id: str, now: datetime) -> Quota:
    """30 places for files per estate day and person."""
    window, ends_at = f"uploads#{clock.estate_date(now)}", now + timedelta(days=2)
    return Quota(uploader_id, window, UPLOADS_PER_DAY, "too_many_uploads", ends_at)
