"""The estate that `make run` shows: who is there when the platform comes up for the first time."""

from __future__ import annotations

from local.deploy import Report
from local.people import Person
from local.platform import Platform


def seed(platform: Platform, report: Report) -> list[Person]:
    """Make the sample people through the platform's own doors.

    Returns
    -------
    list
        The people a developer can be; the first is the platform admin.
    """
    report("the platform admin")
    subject, password = platform.pool.add("admin")
    platform.appoint(subject)
    return [Person("平台管理员", "platform_admin", "platform", "admin", password)]
