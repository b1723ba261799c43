"""Everything that can be asked of identity, asked once: for permissions, budgets and the contract.

Sessions, people and staff each tell their part; the people of one are not those of another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tests.harness.recorder import Recorder
from tests.identity import persons_story, sessions_story, staff_story
from tests.identity.scene import at_home

_PARTS = (sessions_story, persons_story, staff_story)


@contextmanager
def surroundings() -> Iterator[None]:
    """The providers; what uses up a code of theirs cannot be put back, so none is used up."""
    with at_home() as sandboxes:
        sandboxes.wechat.single_use = False
        yield


def tell(recorder: Recorder, count: int) -> None:
    """Tell it with `count` of everything, as far as there may be so many."""
    for part in _PARTS:
        part.tell(recorder, count)


WAITING: Mapping[str, Callable[[Recorder, int], list[str]]] = {
    "invite_administrator": staff_story.approvals
}
"""Queue's function → so many messages that wait for it, each with an effect of its own."""
