"""A chain of facts shows every change."""

from __future__ import annotations

from shared import chain

_FACTS = {"action": "report", "note": "漏水", "photo_ids": ["a"], "rating": None}


def test_the_order_of_names_changes_nothing() -> None:
    assert chain.link("x", _FACTS) == chain.link("x", dict(reversed(_FACTS.items())))


def test_any_changed_fact_and_any_other_beginning_gives_another_link() -> None:
    links = [chain.link("x", _FACTS), chain.link("y", _FACTS)]
    links += [chain.link("x", {**_FACTS, name: "other"}) for name in _FACTS]
    assert len(set(links)) == len(links)


def test_a_link_is_what_older_trails_were_sealed_with() -> None:
    """A trail that was written before must verify for ever."""
    sealed = "559fcd811a62a9cd91155661b1647ab329fd5eb7f8e29d6fd71e89b4bb841ee7"
    assert chain.link("rep_1", {"action": "report", "note": "漏水"}) == sealed
