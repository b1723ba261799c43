"""What is done with settings: shown, and changed as a whole."""

from __future__ import annotations

from datetime import datetime

from chalicelib.identity.settings import rules, shapes, store
from chalicelib.identity.settings.rules import Settings
from shared import events, ids
from shared.auth import Caller

SOURCE = "identity"


def show_settings(caller: Caller) -> Settings:
    """What the caller chose."""
    return store.get_settings(caller.own())


def change_settings(caller: Caller, wanted: shapes.ChangeSettings, now: datetime) -> Settings:
    """Choose anew; the same once more changes nothing."""
    before = store.get_settings(caller.own())
    after = rules.change(before, wanted.language, wanted.opt_outs(), wanted.quiet(), wanted.version)
    if after is before:
        return before
    return store.save_settings(after, before, _announcement(after, now))


def _announcement(settings: Settings, now: datetime) -> events.Event:
    """All that was chosen, so that whoever sends messages needs to ask for nothing."""
    quiet = settings.quiet_hours
    return events.happened(
        "SettingsChanged",
        SOURCE,
        ids.derived_platform_id("set", settings.person_id),
        settings.version,
        at=now,
        community_id="platform",
        actor_id=settings.person_id,
        data={
            "person_id": settings.person_id,
            "language": settings.language.value,
            "opted_out": sorted(f"{one.topic}:{one.channel}" for one in settings.opted_out),
            "quiet_hours": f"{quiet.begins:%H:%M}-{quiet.ends:%H:%M}" if quiet else "",
        },
    )
