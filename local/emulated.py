"""What the emulator's own Python runs: MiniStack, ended with the program that started it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from typing import Any

_LOOK_EVERY_SECONDS = 0.5
_EVERYWHERE = "0.0.0.0"  # nosec B104  # what is looked for, not where anything listens


def end_with_parent(parent: int) -> None:
    """End this process in order when `parent` is gone, however it went."""
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def listen_only_at(host: str) -> None:
    """Let no listener take every interface: MiniStack's MQTT knows nothing of `BIND_HOST`."""
    create = asyncio.BaseEventLoop.create_server

    async def create_server(self: Any, *given: Any, **options: Any) -> asyncio.Server:
        if options.get("host") == _EVERYWHERE:
            options["host"] = host
        return await create(self, *given, **options)

    # MiniStack offers no setting for it, and every listener of its own is made here.
    asyncio.BaseEventLoop.create_server = create_server  # type: ignore[method-assign]  # as said


if __name__ == "__main__":
    listen_only_at(os.environ["BIND_HOST"])
    watch = threading.Thread(target=end_with_parent, args=(int(sys.argv.pop(1)),), daemon=True)
    watch.start()
    from ministack.app import main

    main()
