"""What settings accept and answer."""

from __future__ import annotations

import datetime
from typing import Annotated

from msgspec import Meta

from chalicelib.identity.settings import rules
from chalicelib.identity.settings.rules import Channel, Language, Topic
from shared.requests import Shape

_MAX_OPT_OUTS = len(Topic) * len(Channel)
Version = Annotated[
    int,
    Meta(
        ge=0, description="The version that the caller has seen; 0 before the first.", examples=[1]
    ),
]
Clock = Annotated[
    str,
    Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)", examples=["22:30"]),
]
_Language = Annotated[Language, Meta(examples=[Language.CHINESE])]
_Topic = Annotated[Topic, Meta(examples=[Topic.OFFERS])]
_Channel = Annotated[Channel, Meta(examples=[Channel.SMS])]


class OptOut(Shape):
    """Not to be told of this in this way (免打扰)."""

    topic: _Topic
    channel: _Channel


class QuietHours(Shape):
    """From when to when nothing is to ring (勿扰时段), in Asia/Shanghai; past midnight too."""

    begins_at: Clock
    ends_at: Clock


class ChangeSettings(Shape):
    """All settings as they shall be (设置)."""

    language: _Language
    version: Version
    opted_out: Annotated[tuple[OptOut, ...], Meta(max_length=_MAX_OPT_OUTS)] = ()
    quiet_hours: QuietHours | None = None

    def opt_outs(self) -> tuple[rules.OptOut, ...]:
        """The opt-outs as the rules take them."""
        return tuple(rules.OptOut(one.topic, one.channel) for one in self.opted_out)

    def quiet(self) -> rules.QuietHours | None:
        """The quiet hours as the rules take them."""
        if self.quiet_hours is None:
            return None
        given = self.quiet_hours
        return rules.QuietHours(
            datetime.time.fromisoformat(given.begins_at), datetime.time.fromisoformat(given.ends_at)
        )


class Settings(Shape):
    """The settings as they are."""

    language: _Language
    opted_out: tuple[OptOut, ...]
    quiet_hours: QuietHours | None
    version: Version


def settings(found: rules.Settings) -> Settings:
    """The settings as the API shows them."""
    quiet = found.quiet_hours
    chosen = sorted(found.opted_out, key=lambda one: (one.topic, one.channel))
    return Settings(
        language=found.language,
        opted_out=tuple(OptOut(topic=one.topic, channel=one.channel) for one in chosen),
        quiet_hours=QuietHours(begins_at=f"{quiet.begins:%H:%M}", ends_at=f"{quiet.ends:%H:%M}")
        if quiet
        else None,
        version=found.version,
    )
