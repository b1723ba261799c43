"""What the emulator's own Python runs: MiniStack, ended with the program that started it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

_LOOK_EVERY_SECONDS = 0.5


def end_with_parent(parent: int) -> None:
    """End this process in order when `parent` is gone, however it went."""
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    watch = threading.Thread(target=end_with_parent, args=(int(sys.argv.pop(1)),), daemon=True)
    watch.start()
    from ministack.app import main

    main()
