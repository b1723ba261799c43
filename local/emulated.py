"""What the emulator's own Python runs: MiniStack, ended with the program that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Ask Linux for a SIGTERM when `parent` dies, however it dies."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the program that wanted this emulator is gone")


if __name__ == "__main__":
    end_with_parent(int(sys.argv.pop(1)))
    from ministack.app import main

    main()
