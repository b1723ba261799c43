"""What the log keeps: rows that nothing changes, their seals, and that somebody looked.

Access patterns
---------------
1. a new activity                     Transact  pk = platform#log#{yyyy-mm}, sk = {hour}#{id}#{n},
                                                a row for each whom it concerns, and
                                                pk = platform#heard#{id}, sk = heard
2. the rows of an hour                Query     the same, sk begins with {hour}#, consistent
3. the first hour of a month's rows   Query     the same, one item
4. what a person did, or met          Query     by_person, newest first
5. the same, in one community         Query     by_person_here, newest first
6. what happened to a thing           Query     by_subject, newest first
7. what happened in a place           Query     by_place, newest first
8. an hour's seal                     Put       pk = platform#seals#all, sk = {hour}
9. the first, the last, some seals    Query     the same, consistent
10. that somebody searched            Put       pk = {place}#search#{id}, sk = search
11. that the log was found broken     Put       pk = platform#broken#{id}, sk = broken

A write is always a new item: nothing here updates or deletes.  An activity has a row for each
person whom it concerns, as an index finds an item by one key; all of them are sealed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.audit import seals
from chalicelib.audit.model import Activity, Search
from chalicelib.audit.seals import Line, Seal
from shared import clock, events
from shared.events import REMEMBERED_FOR
from shared.outbox import EMPTY, hour_of
from shared.table import Collided, Page, Record, Refused, Transaction, page

_SEALS = "platform#seals#all"
_ALL = AllProjection()


class _ByPerson(GlobalSecondaryIndex["_RowItem"]):  # type: ignore[no-untyped-call]  # untyped upstream
    class Meta:
        index_name = "by_person"
        projection = _ALL

    person_key = UnicodeAttribute(hash_key=True)
    at = UnicodeAttribute(range_key=True)


class _ByPersonHere(GlobalSecondaryIndex["_RowItem"]):  # type: ignore[no-untyped-call]  # untyped upstream
    class Meta:
        index_name = "by_person_here"
        projection = _ALL

    person_here_key = UnicodeAttribute(hash_key=True)
    at = UnicodeAttribute(range_key=True)


class _BySubject(GlobalSecondaryIndex["_RowItem"]):  # type: ignore[no-untyped-call]  # untyped upstream
    class Meta:
        index_name = "by_subject"
        projection = _ALL

    subject_key = UnicodeAttribute(hash_key=True)
    at = UnicodeAttribute(range_key=True)


class _ByPlace(GlobalSecondaryIndex["_RowItem"]):  # type: ignore[no-untyped-call]  # untyped upstream
    class Meta:
        index_name = "by_place"
        projection = _ALL

    place_key = UnicodeAttribute(hash_key=True)
    at = UnicodeAttribute(range_key=True)


class _RowItem(Record):
    id = UnicodeAttribute()
    type = UnicodeAttribute()
    source = UnicodeAttribute()
    at = UnicodeAttribute()
    received_at = UnicodeAttribute()
    community_id = UnicodeAttribute()
    subject_id = UnicodeAttribute()
    subject_version = NumberAttribute()
    actor_id = UnicodeAttribute()
    for_id = UnicodeAttribute()
    data = UnicodeAttribute()

    person_key = UnicodeAttribute(null=True)
    person_here_key = UnicodeAttribute(null=True)
    subject_key = UnicodeAttribute(null=True)
    place_key = UnicodeAttribute(null=True)
    by_person = _ByPerson()
    by_person_here = _ByPersonHere()
    by_subject = _BySubject()
    by_place = _ByPlace()


class _HeardItem(Record):
    expires_at = TTLAttribute()


class _SealItem(Record):
    before = UnicodeAttribute()
    rows = NumberAttribute()
    digest = UnicodeAttribute()


class _SearchItem(Record):
    expires_at = TTLAttribute()


class _BrokenItem(Record):
    pass


def add_activity(activity: Activity, people: Sequence[str]) -> None:
    """Keep an activity in the hour of its receipt; one that is known already stays as it is.

    Raises
    ------
    Collided
        Another delivery of the same event was being written; this one must come again.
    """
    expires_at = activity.received_at + REMEMBERED_FOR
    try:
        with Transaction() as transaction:
            heard = _HeardItem(f"platform#heard#{activity.id}", "heard", expires_at=expires_at)
            transaction.put(heard)
            for number, person_id in enumerate(people or ("",)):
                transaction.put(_to_row(activity, number, person_id))
    except Collided:
        raise
    except Refused:
        # What stands in the way is its own mark: it was kept when it came before.
        return


def list_activities(search: Search, limit: int, cursor: str | None) -> Page[Activity]:
    """What is looked for, newest first."""
    index: Any
    if search.subject_id:
        index, key = _RowItem.by_subject, _subject_key(search.subject_id)
    elif search.person_id and search.place:
        index, key = _RowItem.by_person_here, _here_key(search.place, search.person_id)
    elif search.person_id:
        index, key = _RowItem.by_person, _person_key(search.person_id)
    else:
        index, key = _RowItem.by_place, _place_key(search.place)
    found = page(
        _RowItem,
        key,
        limit=limit,
        cursor=cursor,
        index=index,
        range_condition=_between(search.since, search.until),
        newest_first=True,
    )
    return Page(tuple(_to_activity(item) for item in found.items), found.next_cursor)


def list_lines(hour: str) -> list[Line]:
    """Every row of an hour as it is now: the end of its key, and the hash of all it holds."""
    found: list[Line] = []
    start: Any = None
    while True:
        answer = _RowItem._get_connection().query(
            _log_key(hour),
            range_key_condition=_RowItem.sk.startswith(f"{hour}#"),
            consistent_read=True,
            exclusive_start_key=start,
        )
        found += [Line(item["sk"]["S"], seals.hash_of(item)) for item in answer["Items"]]
        start = answer.get("LastEvaluatedKey")
        if start is None:
            return found


def first_hour(now: datetime) -> str | None:
    """The first hour of this month and the one before that has a row."""
    this_month = hour_of(now)
    last_month = hour_of(now.replace(day=1) - timedelta(days=1))
    for hour in (last_month, this_month):
        first = page(_RowItem, _log_key(hour), limit=1, cursor=None, consistent=True)
        if first.items:
            return first.items[0].sk.partition("#")[0]
    return None


def add_seal(seal: Seal) -> None:
    """Keep an hour's seal; one that is there already stays.

    Raises
    ------
    Refused
        What is there is another seal.
    """
    item = _SealItem(_SEALS, seal.hour, before=seal.before, rows=seal.rows, digest=seal.digest)
    try:
        item.put()
    except Refused as refused:
        if refused.stored is None or _to_seal(_SealItem.from_raw_data(refused.stored)) != seal:
            raise


def last_seal() -> Seal | None:
    """The seal of the newest hour that has one."""
    found = page(_SealItem, _SEALS, limit=1, cursor=None, newest_first=True, consistent=True)
    return _to_seal(found.items[0]) if found.items else None


def first_sealed() -> str | None:
    """The oldest hour that has a seal."""
    found = page(_SealItem, _SEALS, limit=1, cursor=None, consistent=True)
    return found.items[0].sk if found.items else None


def get_seals(first: str, last: str) -> Mapping[str, Seal]:
    """The seals of at most 100 hours, by their hours."""
    within = _SealItem.sk.between(first, last)
    found = page(_SealItem, _SEALS, limit=100, cursor=None, range_condition=within, consistent=True)
    return {item.sk: _to_seal(item) for item in found.items}


def add_search(event: events.Event) -> None:
    """Keep that an auditor searched; a search that is known is one."""
    item = _SearchItem(
        f"{event.community_id}#search#{event.subject_id}",
        "search",
        expires_at=event.at + REMEMBERED_FOR,
    )
    _add(item, event)


def add_broken(event: events.Event) -> None:
    """Keep that the log was found broken; the same finding is one."""
    _add(_BrokenItem(f"platform#broken#{event.subject_id}", "broken"), event)


def _add(item: Record, event: events.Event) -> None:
    item.announce(EMPTY, event)
    try:
        item.put()
    except Refused:
        # Its id is made of what it says: what stands there says the same.
        return


def _between(since: datetime | None, until: datetime | None) -> Any:
    at = _RowItem.at
    if since and until:
        return at.between(clock.to_text(since), clock.to_text(until))
    if since:
        return at >= clock.to_text(since)
    return at <= clock.to_text(until) if until else None


def _log_key(hour: str) -> str:
    return f"platform#log#{hour[:7]}"


def _person_key(person_id: str) -> str:
    return f"platform#person#{person_id}"


def _here_key(place: str, person_id: str) -> str:
    return f"{place}#person#{person_id}"


def _subject_key(subject_id: str) -> str:
    return f"platform#subject#{subject_id}"


def _place_key(place: str) -> str:
    return f"{place}#place#all"


def _to_row(activity: Activity, number: int, person_id: str) -> _RowItem:
    hour = hour_of(activity.received_at)
    return _RowItem(
        _log_key(hour),
        f"{hour}#{activity.id}#{number}",
        id=activity.id,
        type=activity.type,
        source=activity.source,
        at=clock.to_text(activity.at),
        received_at=clock.to_text(activity.received_at),
        community_id=activity.community_id,
        subject_id=activity.subject_id,
        subject_version=activity.subject_version,
        actor_id=activity.actor_id,
        for_id=activity.for_id,
        data=json.dumps(activity.data, ensure_ascii=False, separators=(",", ":")),
        person_key=_person_key(person_id) if person_id else None,
        person_here_key=_here_key(activity.community_id, person_id) if person_id else None,
        # A thing and a place list an activity once.
        subject_key=None if number else _subject_key(activity.subject_id),
        place_key=None if number else _place_key(activity.community_id),
    )


def _to_activity(item: _RowItem) -> Activity:
    hour = hour_of(clock.from_text(item.received_at))
    in_place = item.pk == _log_key(hour) and item.sk.startswith(f"{hour}#{item.id}#")
    return Activity(
        id=item.id,
        type=item.type,
        source=item.source,
        at=clock.from_text(item.at),
        received_at=clock.from_text(item.received_at),
        community_id=item.community_id,
        subject_id=item.subject_id,
        subject_version=int(item.subject_version),
        actor_id=item.actor_id,
        for_id=item.for_id,
        data=json.loads(item.data),
        stray=not in_place,
    )


def _to_seal(item: _SealItem) -> Seal:
    return Seal(hour=item.sk, before=item.before, rows=int(item.rows), digest=item.digest)
