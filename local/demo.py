"""A day in the community, played against the platform that runs now and told as it happens.

python -m local.demo
"""

from __future__ import annotations

import sys
import time

from rich.console import Console

from local.client import Unexpected
from local.day import play
from local.people import SignInError
from local.stage import NothingRuns, running
from local.teller import Teller


def main() -> None:
    """Play one day; what cannot be is one sentence."""
    console = Console(highlight=False)
    started = time.monotonic()
    try:
        play(running(), Teller(console))
    except (NothingRuns, SignInError, Unexpected) as error:
        console.print(f"[red]{error}[/]", soft_wrap=True)
        sys.exit(1)
    console.print(f"\n[dim]{time.monotonic() - started:.0f} s; play it again: `make demo`[/]")


if __name__ == "__main__":
    main()
