"""What the log decides: what it keeps of an event, whom that concerns, who may search for what."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from chalicelib.audit.model import Activity, Search
from shared import ids
from shared.auth import PLATFORM
from shared.errors import NotFound, invalid

MAX_DATA_BYTES = 16 * 1024
"""Of an event's data; more is kept as its size and its digest, by which it can still be proved."""
MAX_PEOPLE = 8
"""Whom one activity concerns, at most; it has a row for each, and events name three so far."""
WITHHELD = frozenset({"name", "phone"})
"""What events may say and rows may not: names must be erasable (PIPL 47), and rows are not.

Nor a phone's keyed hash, by which whoever was erased and came back would be the same again.
"""


def kept_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the log keeps of an event's data.

    Returns
    -------
    dict
        All but what is withheld; where that is more than 16 KB, its `bytes` and its `sha256`, of
        the JSON text with sorted names.
    """
    kept = {name: value for name, value in data.items() if name not in WITHHELD}
    text = json.dumps(kept, ensure_ascii=False, sort_keys=True).encode()
    if len(text) <= MAX_DATA_BYTES:
        return kept
    return {"bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}


def people(activity: Activity) -> tuple[str, ...]:
    """Whom an activity concerns: who did it, in whose name, to whom, and whom its data name.

    Returns
    -------
    tuple of str
        Ids of persons, each once, at most eight; the first has the row that things and places list.
    """
    named = (activity.actor_id, activity.for_id, activity.subject_id, *activity.data.values())
    found = [one for one in named if isinstance(one, str) and ids.is_person_id(one)]
    return tuple(dict.fromkeys(found))[:MAX_PEOPLE]


def scope_of(search: Search) -> str:
    """The scope on which an auditor needs the right for a search.

    A thing's is the community that its id names, or the company that it is.  A person belongs to
    no community, so who looks for one everywhere must be an auditor of the platform.

    Raises
    ------
    NotFound
        The place is none.
    """
    if search.subject_id:
        return _place_of(search.subject_id.partition("/")[0])
    if search.place and _place_of(search.place) != search.place:
        raise NotFound
    return search.place or PLATFORM


def _place_of(any_id: str) -> str:
    """The community or the company that an id belongs to; what is of none is the platform's."""
    kind = any_id.partition("_")[0]
    try:
        if kind == "co":
            return ids.check_platform_id(any_id, kind)
        return ids.community_of(any_id, kind)
    except NotFound:
        return PLATFORM


def check_search(search: Search) -> None:
    """Refuse a search that names nothing, or two things, or a time that ends before it begins.

    Raises
    ------
    Invalid
        `one_search` or `ends_before_it_begins`.
    """
    named = [search.person_id, search.subject_id]
    if all(named) or not any((*named, search.place)) or (search.subject_id and search.place):
        raise invalid("query", "one_search")
    if search.since and search.until and search.until < search.since:
        raise invalid("query:until", "ends_before_it_begins")
