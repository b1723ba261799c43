"""What does not last: tokens, codes and whatever else is good once or for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Fresh(Generic[T]):
    """What is made when somebody first asks for it, and anew when it has become too old.

    Attributes
    ----------
    make
        Makes it.
    seconds
        How old it may become; 0 makes it anew for everybody who asks.
    """

    make: Callable[[], T]
    seconds: float = 0.0
    _made: tuple[float, T] | None = None

    def __call__(self) -> T:
        """The one that is good now."""
        now = time.monotonic()
        if self._made is None or now - self._made[0] >= self.seconds:
            self._made = now, self.make()
        return self._made[1]
