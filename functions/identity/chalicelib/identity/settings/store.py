"""What is kept of people's choices.

Access patterns
---------------
1. one person's settings     Get       pk = platform#person#{person}, sk = settings
2. a change of them          Transact  the same, on its version, while the person is active:
                                       pk = platform#person#{person}, sk = person
3. their end                 Transact  the same

They stand in the person's partition, so that they go with the person.
"""

from __future__ import annotations

import datetime

from pynamodb.attributes import UnicodeAttribute

from chalicelib.identity import records
from chalicelib.identity.settings.rules import (
    Channel,
    Language,
    OptOut,
    QuietHours,
    Settings,
    Topic,
)
from shared import events
from shared.errors import Conflict, NotFound
from shared.table import Refused, Transaction, Unmet


class _SettingsItem(records.Item):
    language = UnicodeAttribute()
    opted_out = UnicodeAttribute()
    quiet_hours = UnicodeAttribute(null=True)


class _PersonItem(records.Item):
    state = UnicodeAttribute()


def get_settings(person_id: str) -> Settings:
    """A person's settings, or what holds for who never chose."""
    item = _SettingsItem.find(*_key(person_id))
    return _to_settings(item) if item else Settings(person_id)


def save_settings(settings: Settings, before: Settings, event: events.Event) -> Settings:
    """Store what was made of `before`; what is stored now, if it was this already.

    Raises
    ------
    NotFound
        The person is not active: who was erased leaves nothing behind.
    Conflict
        `stale_version`: another change came in between.
    """
    quiet = settings.quiet_hours
    item = _SettingsItem(
        *_key(settings.person_id),
        language=settings.language.value,
        opted_out=" ".join(sorted(f"{one.topic}:{one.channel}" for one in settings.opted_out)),
        quiet_hours=f"{quiet.begins:%H:%M}-{quiet.ends:%H:%M}" if quiet else None,
        version=before.version or None,
    )
    item.announce(before.outbox, event)
    try:
        with Transaction() as transaction:
            pk, _ = _key(settings.person_id)
            transaction.require(_PersonItem, pk, "person", _PersonItem.state == "active")
            transaction.put(item)
    except Unmet as unmet:
        raise NotFound from unmet
    except Refused as refused:
        if refused.stored is None:
            raise Conflict("stale_version") from refused
        stored = _to_settings(_SettingsItem.from_raw_data(refused.stored))
        if stored != settings:
            raise Conflict("stale_version") from refused
    return settings


def drop_settings(transaction: Transaction, settings: Settings) -> None:
    """Forget a person's settings, as they were read, in the transaction that erases them."""
    pk, sk = _key(settings.person_id)
    if settings.version:
        transaction.delete(_SettingsItem(pk, sk, version=settings.version))
    else:
        transaction.require(_SettingsItem, pk, sk, _SettingsItem.pk.does_not_exist())


def _key(person_id: str) -> tuple[str, str]:
    return f"platform#person#{person_id}", "settings"


def _to_settings(item: _SettingsItem) -> Settings:
    pairs = (one.split(":") for one in item.opted_out.split())
    begins, _, ends = (item.quiet_hours or "").partition("-")
    quiet = (
        QuietHours(datetime.time.fromisoformat(begins), datetime.time.fromisoformat(ends))
        if begins
        else None
    )
    return Settings(
        person_id=item.pk.rpartition("#")[2],
        language=Language(item.language),
        opted_out=frozenset(OptOut(Topic(topic), Channel(channel)) for topic, channel in pairs),
        quiet_hours=quiet,
        version=item.version,
        outbox=item.outbox,
    )
