"""Two workers at once, in an order that a test decides: each AWS call waits for its turn."""

from __future__ import annotations

from collections.abc import Callable
from threading import Semaphore, Thread, current_thread
from typing import Generic, TypeVar

T = TypeVar("T")


class Worker(Thread, Generic[T]):
    """A piece of work that stops before each of its calls until it is let on.

    Attributes
    ----------
    calls
        How many calls it made, or stands before.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        super().__init__(daemon=True)
        self.calls = 0
        self._work = work
        self._arrived = Semaphore(0)
        self._let_on = Semaphore(0)
        self._over = False
        self._result: list[T] = []
        self.start()

    def run(self) -> None:
        """Do the work; whatever it raises is its thread's own, and leaves it without a result."""
        try:
            self._result.append(self._work())
        finally:
            self._over = True
            self._arrived.release()

    def advance(self, calls: int) -> None:
        """Let it make so many calls, or fewer if it ends before."""
        for _ in range(calls):
            self._arrived.acquire()
            if self._over:
                self._arrived.release()
                return
            self._let_on.release()
        # It has made the last of them when it stands before the next.
        self._arrived.acquire()
        self._arrived.release()

    def finish(self) -> T:
        """Let it come to its end; what it made."""
        while not self._over:
            self.advance(1)
        self.join()
        return self._result[0]

    def wait(self) -> None:
        """Stand before a call until it is let on."""
        self.calls += 1
        self._arrived.release()
        self._let_on.acquire()


def take_turns(operation: str) -> None:
    """Hold the calls of workers; those of the test itself go through."""
    worker = current_thread()
    if isinstance(worker, Worker):
        worker.wait()
