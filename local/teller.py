"""How a story is told on a terminal: the time in the estate, Chinese first, English after it."""

from __future__ import annotations

from datetime import datetime

from rich.console import Console
from rich.text import Text

from shared import clock


def time_of(moment: str) -> str:
    """The time of day in the estate, of an instant as an answer has it."""
    return f"{datetime.fromisoformat(moment).astimezone(clock.ESTATE_ZONE):%H:%M:%S}"


class Teller:
    """Prints a story as it happens.

    Parameters
    ----------
    console
        Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def chapter(self, zh: str, en: str) -> None:
        """A new part of the day."""
        self._console.print()
        self._console.print(Text.assemble((zh, "bold"), ("  "), (en, "dim")))

    def say(self, zh: str, en: str) -> None:
        """What has just happened."""
        now = time_of(clock.to_text(clock.now()))
        self._console.print(Text.assemble((f"{now} ", "cyan"), zh), soft_wrap=True)
        self._console.print(Text(f"         {en}", "dim"), soft_wrap=True)

    def detail(self, text: str) -> None:
        """A line of facts below what was said."""
        self._console.print(Text(f"         · {text}"), soft_wrap=True)
