"""What the house register keeps of its imports.

Access patterns
---------------
1. imports of a community, a page   Query  pk = {community}#imports#all, newest first
2. one import                       Get    the same partition, sk = {import}
3. the import a request opened      Put    pk = {community}#opened#{request}, refused; then 2
4. an import still on its way in    ConditionCheck of 2, in the transaction that relies on it
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import msgspec
from pynamodb.attributes import UnicodeAttribute, UTCDateTimeAttribute

from chalicelib.community.register.rules import BuildingPlan, Import, ImportState, Totals
from shared import events, grants
from shared.auth import Grant
from shared.table import Page, Record, Refused, Transaction, Unmet, page


class _Import(Record):
    file_name = UnicodeAttribute()
    created_by = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    upload_until = UTCDateTimeAttribute()
    state = UnicodeAttribute()
    refusal = UnicodeAttribute()
    refusal_params = UnicodeAttribute()
    dry_run_id = UnicodeAttribute(default="")
    totals = UnicodeAttribute()
    buildings = UnicodeAttribute()


class _Opened(Record):
    import_id = UnicodeAttribute()


class Ended(Exception):
    """An import is not on its way in any more."""


def open_import(found: Import, request: str) -> Import | None:
    """Store a new import and which request opened it; the one it opened, if it came before.

    None where the same request is being answered at this very moment.
    """
    item = _Opened(_opened_key(found.community_id, request), "import", import_id=found.id)
    try:
        with Transaction() as transaction:
            transaction.put(item)
            transaction.put(_import_item(found, None))
    except Refused as refused:
        if refused.stored is None:
            return None
        opened = _Opened.from_raw_data(refused.stored)
        return get_import(found.community_id, opened.import_id)
    return replace(found, version=1)


def save_import(found: Import, announcing: events.Event | None = None) -> Import | None:
    """Store an import's change; None where it changed first."""
    try:
        _import_item(found, announcing).put()
    except Refused:
        return None
    return replace(found, version=(found.version or 0) + 1)


def commit_import(found: Import, announcing: events.Event, basis: Sequence[Grant]) -> Import | None:
    """Store that an import is on its way in; None where it changed first.

    Parameters
    ----------
    basis
        The grants that the actor must still have at the moment of the write.

    Raises
    ------
    NotFound
        One of these was taken away since the authorizer saw it; nothing is stored.
    """
    try:
        with grants.relying_on(announcing.actor_id, basis) as transaction:
            transaction.put(_import_item(found, announcing))
    except Refused:
        return None
    return replace(found, version=(found.version or 0) + 1)


@contextmanager
def while_committing(community_id: str, import_id: str) -> Iterator[Transaction]:
    """A transaction that happens only while an import is on its way in.

    Raises
    ------
    Ended
        It is finished: whoever carries it out once more comes too late.
    Refused
        As any transaction: another of its conditions was not met.
    """
    try:
        with Transaction() as transaction:
            still = _Import.state == ImportState.COMMITTING.value
            transaction.require(_Import, _imports_key(community_id), import_id, still)
            yield transaction
    except Unmet as unmet:
        raise Ended from unmet


def get_import(community_id: str, import_id: str) -> Import | None:
    """One import."""
    item = _Import.find(_imports_key(community_id), import_id)
    return _to_import(community_id, item) if item else None


def list_imports(community_id: str, limit: int, cursor: str | None) -> Page[Import]:
    """A community's imports, newest first."""
    found = page(_Import, _imports_key(community_id), limit=limit, cursor=cursor, newest_first=True)
    items = tuple(_to_import(community_id, item) for item in found.items)
    return Page(items, found.next_cursor)


def _imports_key(community_id: str) -> str:
    return f"{community_id}#imports#all"


def _opened_key(community_id: str, request: str) -> str:
    return f"{community_id}#opened#{request}"


def _import_item(found: Import, announcing: events.Event | None) -> _Import:
    item = _Import(
        _imports_key(found.community_id),
        found.id,
        file_name=found.file_name,
        created_by=found.created_by,
        created_at=found.created_at,
        upload_until=found.expires_at,
        state=found.state.value,
        refusal=found.refusal,
        refusal_params=msgspec.json.encode(found.refusal_params).decode(),
        dry_run_id=found.dry_run_id,
        totals=msgspec.json.encode(found.totals).decode(),
        buildings=msgspec.json.encode(found.buildings).decode(),
        version=found.version,
    )
    item.announce(found.outbox, announcing)
    return item


def _to_import(community_id: str, item: _Import) -> Import:
    return Import(
        id=item.sk,
        community_id=community_id,
        file_name=item.file_name,
        created_by=item.created_by,
        created_at=item.created_at,
        expires_at=item.upload_until,
        state=ImportState(item.state),
        refusal=item.refusal,
        refusal_params=msgspec.json.decode(item.refusal_params, type=tuple[tuple[str, str], ...]),
        dry_run_id=item.dry_run_id,
        totals=msgspec.json.decode(item.totals, type=Totals),
        buildings=msgspec.json.decode(item.buildings, type=tuple[BuildingPlan, ...]),
        version=item.version,
        outbox=item.outbox,
    )
