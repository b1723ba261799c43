"""How a story is told on a terminal: the time in the estate, Chinese first, English after it."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from shared import clock


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
        now = clock.now().astimezone(clock.ESTATE_ZONE)
        self._console.print(Text.assemble((f"{now:%H:%M:%S} ", "cyan"), zh), soft_wrap=True)
        self._console.print(Text(f"         {en}", "dim"), soft_wrap=True)

    def detail(self, text: str) -> None:
        """A line of facts below what was said."""
        self._console.print(Text(f"         · {text}"), soft_wrap=True)
