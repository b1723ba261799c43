"""What is kept of people: an item each, with the envelope, and beside it the key that opens it.

Access patterns
---------------
1. a person                        Get         pk = platform#person#{person}, sk = person
2. a person with their key         BatchGet    the same, and sk = key
3. several people with their keys  BatchGet    the same
4. whose a login is                Get         pk = platform#login#{hash}, sk = login
   all of one person               BatchGet    the same
5. who joined in a month           Query       by_month, platform#joined#{yyyy-mm}, newest first
6. who has a name                  Query       by_name, platform#name#{hash}
7. a change of them                Transact    1, 4, the key, what hangs on them, and the grants'
                                               rows of standing, all or nothing
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from chalicelib.identity import records
from chalicelib.identity.persons.rules import (
    Held,
    Login,
    Merging,
    Origin,
    Person,
    PersonState,
    Summary,
)
from chalicelib.identity.sessions import store as sessions
from shared import clock, events, grants, ids
from shared.auth import PLATFORM, Grant
from shared.errors import Conflict
from shared.quotas import Quota, refuse_spent, spend
from shared.table import Collided, Page, Record, Refused, Transaction, page

_PERSON, _KEY, _LOGIN = "person", "key", "login"
_ATTEMPTS = 3
T = TypeVar("T")
_FOUND_MAX = 20
"""People of one name that a search shows."""


class _ByMonth(GlobalSecondaryIndex["_Row"]):  # type: ignore[no-untyped-call]  # untyped upstream
    class Meta:
        index_name = "by_month"
        projection = IncludeProjection(["state", "origin"])

    month_key = UnicodeAttribute(hash_key=True)
    joined_at = UTCDateTimeAttribute(range_key=True)


class _ByName(GlobalSecondaryIndex["_Row"]):  # type: ignore[no-untyped-call]  # untyped upstream
    class Meta:
        index_name = "by_name"
        projection = IncludeProjection(["state", "origin"])

    name_key = UnicodeAttribute(hash_key=True)
    joined_at = UTCDateTimeAttribute(range_key=True)


class _Row(records.Item):
    """A person, or the key of one: both are read in one call."""

    state = UnicodeAttribute(null=True)
    origin = UnicodeAttribute(null=True)
    joined_at = UTCDateTimeAttribute(null=True)
    month_key = UnicodeAttribute(null=True)
    name_key = UnicodeAttribute(null=True)
    logins = UnicodeAttribute(null=True)
    acting = UnicodeAttribute(null=True)
    offered = UnicodeAttribute(null=True)
    wards = UnicodeAttribute(null=True)
    merging = UnicodeAttribute(null=True)
    into_id = UnicodeAttribute(null=True)
    envelope = BinaryAttribute(null=True, legacy_encoding=False)
    wrapped = BinaryAttribute(null=True, legacy_encoding=False)
    by_month = _ByMonth()
    by_name = _ByName()


class _LoginRow(records.Item):
    kind = UnicodeAttribute()
    person_id = UnicodeAttribute()


def get_person(person_id: str) -> Person | None:
    """A person, the envelope closed."""
    item = _Row.find(_person_key(person_id), _PERSON)
    return _to_person(item) if item else None


def get_with_key(person_id: str) -> tuple[Person | None, bytes]:
    """A person and the wrapped key of their envelope, in one call; no key of whoever is erased."""
    found = get_with_keys([person_id])
    return found.get(person_id, (None, b""))


def get_with_keys(person_ids: Iterable[str]) -> dict[str, tuple[Person, bytes]]:
    """People and their wrapped keys, in one call for up to fifty of them."""
    wanted = sorted(set(person_ids))
    keys = [(_person_key(one), kind) for one in wanted for kind in (_PERSON, _KEY)]
    rows = {
        (item.pk, item.sk): item
        for item in (_Row.batch_get(keys, consistent_read=True) if keys else ())
    }
    found = {}
    for one in wanted:
        person, key = (rows.get((_person_key(one), kind)) for kind in (_PERSON, _KEY))
        if person is not None:
            found[one] = (_to_person(person), key.wrapped if key else b"")
    return found


def get_login(kind: str, blind: str) -> Held | None:
    """Whose a login is, or None: nobody's."""
    item = _LoginRow.find(f"platform#login#{blind}", _LOGIN)
    if item is None or item.kind != kind:
        return None
    return _to_held(item)


def get_logins(person: Person) -> list[Held]:
    """All that a person signs in by, as it is stored, in one call; none is no call."""
    keys = [_login_key(login) for login in person.logins]
    return (
        [_to_held(item) for item in _LoginRow.batch_get(keys, consistent_read=True)] if keys else []
    )


def list_joined(month: str, limit: int, cursor: str | None) -> Page[Summary]:
    """Who joined in a month (`2026-11`, in the estate's zone), newest first."""
    found = page(
        _Row, f"platform#joined#{month}", limit=limit, cursor=cursor, index=_Row.by_month,
        newest_first=True,
    )  # fmt: skip
    return Page(tuple(_to_summary(item) for item in found.items), found.next_cursor)


def find_named(name_key: str) -> tuple[Summary, ...]:
    """The newest people of a name, by its keyed hash; at most twenty."""
    found = page(
        _Row, _name_key(name_key), limit=_FOUND_MAX, cursor=None, index=_Row.by_name,
        newest_first=True,
    )  # fmt: skip
    return tuple(_to_summary(item) for item in found.items)


def add_person(
    person: Person,
    wrapped_key: bytes,
    event: events.Event,
    logins: Mapping[Held, events.Event | None],
) -> bool:
    """Store a new person with their key and what they sign in by; False if that is taken."""
    try:
        with Transaction() as transaction:
            made = Writing(transaction)
            made.person(person, event)
            made.key(person.id, wrapped_key)
            for held, bound in logins.items():
                made.login(held, bound)
    except Refused:
        return False
    return True


class Writing:
    """What one transaction changes of people; all of it happens or none."""

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.quotas: list[Quota] = []

    def person(self, person: Person, event: events.Event | None = None) -> None:
        """Store a person, if nobody else changed them since they were read."""
        item = _to_row(person)
        item.announce(person.outbox, event)
        self.transaction.put(item)

    def key(self, person_id: str, wrapped: bytes) -> None:
        """Store a new person's key."""
        self.transaction.put(_Row(_person_key(person_id), _KEY, wrapped=wrapped))

    def drop_key(self, person_id: str) -> None:
        """Destroy a person's key: what it sealed is nobody's from now on."""
        self.transaction.delete_blind(_Row(_person_key(person_id), _KEY))

    def login(self, held: Held, event: events.Event | None = None) -> None:
        """Store whose a login is; nobody else may have it, or have taken it meanwhile."""
        item = _LoginRow(
            *_login_key(held.login), version=held.version, kind=held.login.kind,
            person_id=held.person_id,
        )  # fmt: skip
        item.announce(held.outbox, event)
        self.transaction.put(item)

    def drop_login(self, held: Held) -> None:
        """Let nobody sign in by this any more, if it is as it was read."""
        row = _LoginRow(*_login_key(held.login), version=held.version)
        self.transaction.delete(row)

    def freeze(self, person_id: str) -> None:
        """Let a person do nothing, on no device, from the next minute on."""
        grants.freeze(self.transaction, person_id)
        self.end_sessions(person_id)

    def unfreeze(self, person_id: str) -> None:
        """Give a frozen person back what is theirs."""
        grants.unfreeze(self.transaction, person_id)

    def end_sessions(self, person_id: str) -> None:
        """Sign a person out everywhere."""
        sessions.end_all(self.transaction, person_id)

    def add_mandate(self, person_id: str, acting_id: str) -> None:
        """Let one act for another."""
        grants.add_mandate(self.transaction, person_id, acting_id)

    def remove_mandate(self, person_id: str, acting_id: str) -> None:
        """Let one act for another no more."""
        grants.remove_mandate(self.transaction, person_id, acting_id)

    def spend(self, quota: Quota) -> None:
        """Let it count against a quota."""
        self.quotas.append(quota)
        spend(self.transaction, PLATFORM, [quota])

    def put(self, record: Record) -> None:
        """Store what another idea keeps of them."""
        self.transaction.put(record)


def standing(person_id: str) -> Callable[[Transaction], None]:
    """What is written about somebody relies on: that they were not erased, nor merged away."""

    def require(transaction: Transaction) -> None:
        there = _Row.state.is_in(PersonState.ACTIVE.value, PersonState.FROZEN.value)
        transaction.require(_Row, _person_key(person_id), _PERSON, there)

    return require


def insisting(attempt: Callable[[], T]) -> T:
    """What an attempt comes to that looks again whenever it lost a race to another change.

    Raises
    ------
    Conflict
        `busy`: it lost three times.
    """
    for _ in range(_ATTEMPTS):
        try:
            return attempt()
        except Conflict as conflict:
            if conflict.code not in ("busy", "stale_version"):
                raise
    raise Conflict("busy")


@contextmanager
def writing(actor_id: str = "", basis: Sequence[Grant] = ()) -> Iterator[Writing]:
    """One transaction over people, while the actor still has the grants that it relies on.

    Raises
    ------
    NotFound
        One of the grants was taken away.
    Limited
        The code of a quota that is used up.
    Conflict
        `stale_version`: somebody else was faster.  `busy`: another transaction ran just then.
    """
    quotas: list[Quota] = []
    try:
        with grants.relying_on(actor_id, basis) as transaction:
            made = Writing(transaction)
            quotas = made.quotas
            yield made
    except Collided as collided:
        raise Conflict("busy") from collided
    except Refused as refused:
        if refused.stored is not None:
            refuse_spent(refused.stored, quotas)
        raise Conflict("stale_version") from refused


def _person_key(person_id: str) -> str:
    return f"platform#person#{ids.check_platform_id(person_id, 'per')}"


def _name_key(blind: str) -> str:
    return f"platform#name#{blind}"


def _login_key(login: Login) -> tuple[str, str]:
    return f"platform#login#{login.blind}", _LOGIN


def _to_held(item: _LoginRow) -> Held:
    login = Login(item.kind, item.pk.rpartition("#")[2])
    return Held(login, item.person_id, item.version, item.outbox)


def _to_row(person: Person) -> _Row:
    month = clock.estate_date(person.joined_at).isoformat()[:7]
    merging = person.merging
    return _Row(
        _person_key(person.id),
        _PERSON,
        version=person.version,
        state=person.state.value,
        origin=person.origin.value,
        joined_at=person.joined_at,
        month_key=f"platform#joined#{month}",
        name_key=_name_key(person.name_key) if person.name_key else None,
        logins=" ".join(f"{one.kind}:{one.blind}" for one in person.logins) or None,
        acting=" ".join(person.acting) or None,
        offered=" ".join(person.offered) or None,
        wards=" ".join(person.wards) or None,
        merging=json.dumps([merging.into_id, merging.asked_by, clock.to_text(merging.asked_at)])
        if merging
        else None,
        into_id=person.into_id or None,
        envelope=person.envelope or None,
    )


def _to_person(item: _Row) -> Person:
    logins = (one.partition(":") for one in (item.logins or "").split())
    return Person(
        id=item.pk.rpartition("#")[2],
        state=PersonState(item.state),
        origin=Origin(item.origin),
        joined_at=item.joined_at,
        logins=tuple(Login(kind, blind) for kind, _, blind in logins),
        acting=tuple((item.acting or "").split()),
        offered=tuple((item.offered or "").split()),
        wards=tuple((item.wards or "").split()),
        merging=_to_merging(item.merging) if item.merging else None,
        into_id=item.into_id or "",
        name_key=(item.name_key or "").rpartition("#")[2],
        envelope=item.envelope or b"",
        version=item.version,
        outbox=item.outbox,
    )


def _to_merging(text: str) -> Merging:
    into_id, asked_by, asked_at = json.loads(text)
    return Merging(into_id, asked_by, clock.from_text(asked_at))


def _to_summary(item: _Row) -> Summary:
    person_id = item.pk.rpartition("#")[2]
    return Summary(person_id, PersonState(item.state), Origin(item.origin), item.joined_at)
