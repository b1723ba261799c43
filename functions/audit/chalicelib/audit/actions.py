"""What the log does: it takes events in, seals hours, lets auditors search, and checks itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta

from chalicelib.audit import rules, seals, store
from chalicelib.audit.model import Activity, Search
from chalicelib.audit.seals import Finding, Report, Seal, Sealed
from shared import clock, events, files, ids
from shared.auth import PLATFORM, Caller
from shared.errors import invalid
from shared.outbox import hour_of
from shared.table import Page

SOURCE = "audit"
MAX_SEALED = 100
"""Hours that one run seals; a log that was not sealed for a month has caught up in eight hours."""
MAX_CHECKED = 48
"""Hours that one request checks."""
MAX_FINDINGS = 100
CHECKED_BACK = timedelta(days=3)
"""How far back each day's check looks: three checks see an hour before it rests."""


class SpoiltFile(Exception):
    """Where an hour's file belongs there stands something that is none."""


def record_activity(event: events.Event, now: datetime) -> None:
    """Keep what an event tells (UM-03), once however often it comes."""
    activity = Activity(
        id=event.id,
        type=event.type,
        source=event.source,
        at=event.at,
        received_at=now,
        community_id=event.community_id,
        subject_id=event.subject_id,
        subject_version=event.version,
        actor_id=event.actor_id,
        for_id=event.for_id,
        data=rules.kept_data(event.data),
    )
    store.add_activity(activity, rules.people(activity))


def list_activities(
    caller: Caller, search: Search, limit: int, cursor: str | None, now: datetime
) -> Page[Activity]:
    """A page of what an auditor looks for; that they looked is kept before they are answered.

    The same search by the same auditor is one activity an hour, its further pages included.
    """
    rules.check_search(search)
    scope = rules.scope_of(search)
    caller.require(scope)
    found = store.list_activities(search, limit, cursor)
    store.add_search(_searched(caller, search, scope, now))
    return found


def seal_hours(now: datetime) -> Sealed:
    """Seal every hour that is over and has no seal, the oldest first; repeated, nothing changes.

    The first hour of all is that of the oldest row, or the last one that is over.

    Raises
    ------
    SpoiltFile
        A file stands in the way that is none of ours.
    Refused
        A seal stands in the way that is not the file's.
    """
    newest = seals.newest_over(now)
    last = store.last_seal()
    hour = seals.after(last.hour) if last else (store.first_hour(now) or newest)
    before = last.digest if last else ""
    done: list[Seal] = []
    while hour <= newest and len(done) < MAX_SEALED:
        text = seals.write(hour, before, store.list_lines(hour))
        # The file that was written first counts, whatever the rows say by now.
        kept = seals.read(files.write_once(seals.file_name(hour), text, seals.CONTENT_TYPE))
        if kept is None:
            raise SpoiltFile(hour)
        store.add_seal(kept[0])
        done.append(kept[0])
        hour, before = seals.after(hour), kept[0].digest
    return Sealed(
        first=done[0].hour if done else None,
        last=done[-1].hour if done else None,
        hours=len(done),
        rows=sum(seal.rows for seal in done),
        finished=hour > newest,
    )


def check_log(caller: Caller, since: datetime, until: datetime, now: datetime) -> Report:
    """Compare the rows of some hours with their seals, for an auditor of the platform.

    Raises
    ------
    Invalid
        `ends_before_it_begins`, or `too_long_a_time` for more than 48 hours.
    """
    caller.require(PLATFORM)
    if until < since:
        raise invalid("until", "ends_before_it_begins")
    if until - since > timedelta(hours=MAX_CHECKED):
        raise invalid("until", "too_long_a_time", hours=MAX_CHECKED)
    return _check(hour_of(since), hour_of(until), now, caller.person_id)


def check_days(now: datetime) -> Report:
    """Compare the rows of the last days with their seals, as it is done each day."""
    return _check(hour_of(now - CHECKED_BACK), hour_of(now), now, PLATFORM)


def _searched(caller: Caller, search: Search, scope: str, now: datetime) -> events.Event:
    said = {name: value for name, value in asdict(search).items() if value}
    for name in ("since", "until"):
        if name in said:
            said[name] = clock.to_text(said[name])
    facts = (caller.person_id, hour_of(now), *(f"{name}={said[name]}" for name in sorted(said)))
    in_community = scope.startswith("com_")
    return events.happened(
        "ActivitySearched",
        SOURCE,
        ids.derived_id("sea", scope, *facts)
        if in_community
        else ids.derived_platform_id("sea", *facts),
        1,
        at=now,
        community_id=scope,
        actor_id=caller.person_id,
        data=said,
    )


def _check(first: str, last: str, now: datetime, actor_id: str) -> Report:
    begun = min(filter(None, (_first_file(), store.first_sealed())), default=None)
    last = min(last, seals.newest_due(now))
    if begun is None or last < begun or last < first:
        return Report(None, None, 0, 0, (), more=False)
    first = max(first, begun)
    known = store.get_seals(seals.after(first, -1), last)
    before = "" if first == begun else _digest(seals.after(first, -1), known)
    found: list[Finding] = []
    hour, hours, rows = first, 0, 0
    while hour <= last:
        lines = store.list_lines(hour)
        text = files.read(seals.file_name(hour), seals.MAX_BYTES)
        found += seals.compare(hour, lines, known.get(hour), text, before)
        before = seals.digest_of(text, known.get(hour))
        hour, hours, rows = seals.after(hour), hours + 1, rows + len(lines)
    report = Report(
        first, last, hours, rows, tuple(found[:MAX_FINDINGS]), more=len(found) > MAX_FINDINGS
    )
    if found:
        store.add_broken(_broken(report, actor_id, now))
    return report


def _first_file() -> str | None:
    names = files.names(seals.PREFIX, limit=1)
    return seals.hour_in(names[0]) if names else None


def _digest(hour: str, known: Mapping[str, Seal]) -> str | None:
    text = files.read(seals.file_name(hour), seals.MAX_BYTES)
    return seals.digest_of(text, known.get(hour))


def _broken(report: Report, actor_id: str, now: datetime) -> events.Event:
    """What is told of a broken log; what is found again is the same event."""
    facts = [f"{one.kind} {one.hour} {one.row}" for one in report.findings]
    return events.happened(
        "ActivityLogBroken",
        SOURCE,
        ids.derived_platform_id("brk", *facts),
        1,
        at=now,
        community_id=PLATFORM,
        actor_id=actor_id,
        data={
            "findings": len(facts),
            "kinds": sorted({one.kind.value for one in report.findings}),
            "hours": sorted({one.hour for one in report.findings}),
        },
    )
