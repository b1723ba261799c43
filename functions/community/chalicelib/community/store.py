"""What `community` keeps of the estate; register, holdings and claims have stores of their own.

Access patterns
---------------
1. companies, a page                 Query  pk = platform#companies#all
2. one company                       Get    pk = platform#companies#all, sk = {company}
3. a company's communities, a page   Query  pk = {company}#communities#all
4. one community                     Get    pk = {community}#community#{community}
5. several communities               BatchGet of 4
6. a community's counts              Get    pk = {community}#counts#all
7. an event already counted          Put    pk = {community}#counted#{event}, expires
8. a company and its administrator   Transact  2, and a holding (`holdings.store`)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pynamodb.attributes import (
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from chalicelib.community.holdings import store as holdings
from chalicelib.community.rules import (
    Change,
    Community,
    Company,
    Counts,
)
from shared import events, grants
from shared.auth import (
    MAX_COMMUNITIES,
)
from shared.errors import Conflict
from shared.outbox import EMPTY
from shared.table import Page, Record, Refused, Transaction, page


class _Company(Record):
    name = UnicodeAttribute()
    credit_code = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()


class _Community(Record):
    company_id = UnicodeAttribute()
    name = UnicodeAttribute()
    address = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()


class _Counts(Record):
    repairs_reported = NumberAttribute(default=0)
    repairs_finished = NumberAttribute(default=0)
    repairs_withdrawn = NumberAttribute(default=0)
    repairs_rated = NumberAttribute(default=0)


class _Counted(Record):
    expires_at = TTLAttribute()


_COMPANIES = "platform#companies#all"


def save_company(company: Company, announcing: events.Event | None = None) -> Company:
    """Store a new company; the one that is stored under its id now, if that came before.

    Parameters
    ----------
    announcing
        None for one that was approved: its approval has told of it.
    """
    item = _company_item(company)
    item.announce(EMPTY, announcing)
    try:
        item.put()
    except Refused as refused:
        if refused.stored is None:
            raise
        return _to_company(_Company.from_raw_data(refused.stored))
    return company


def take_on_company(company: Company, chief: Change, announcing: events.Event) -> None:
    """Store a new company and who administers it, together; told twice changes nothing.

    Raises
    ------
    Refused
        Something else was being written just then; this must come again.
    """
    try:
        with Transaction() as transaction:
            transaction.put(_company_item(company))
            holdings.add_changes(transaction, [(chief, announcing)], company.id)
    except Refused as refused:
        if refused.stored is None:
            raise
        if refused.stored["sk"]["S"] != company.id:
            # Somebody gave the applicant the role just before: only the company is missing.
            save_company(company)


def get_company(company_id: str) -> Company | None:
    """One company."""
    item = _Company.find(_COMPANIES, company_id)
    return _to_company(item) if item else None


def list_companies(limit: int, cursor: str | None) -> Page[Company]:
    """A page of companies, in the order of their ids."""
    found = page(_Company, _COMPANIES, limit=limit, cursor=cursor)
    return Page(tuple(_to_company(item) for item in found.items), found.next_cursor)


def save_community(community: Community, announcing: events.Event) -> Community | None:
    """Store a new community and let the company's grants reach it, together.

    The one that is stored under its id now, if that came before; None where another of the
    company came at the same moment.

    Raises
    ------
    Conflict
        `too_many_communities`: the company has as many as it may have.
    """
    attributes: dict[str, Any] = {
        "company_id": community.company_id,
        "name": community.name,
        "address": community.address,
        "created_at": community.created_at,
    }
    item = _Community(_community_key(community.id), "community", **attributes)
    item.announce(EMPTY, announcing)
    try:
        with Transaction() as transaction:
            transaction.put(item)
            transaction.put(_Community(_members_key(community), community.id, **attributes))
            grants.add_community(transaction, community.company_id, community.id)
    except Refused as refused:
        if grants.company_is_full(refused):
            raise Conflict("too_many_communities", limit=MAX_COMMUNITIES) from refused
        if refused.stored is None:
            return None
        return _to_community(_Community.from_raw_data(refused.stored))
    return community


def get_community(community_id: str) -> Community | None:
    """One community."""
    item = _Community.find(_community_key(community_id), "community")
    return _to_community(item) if item else None


def get_communities(community_ids: Sequence[str]) -> dict[str, Community]:
    """Several communities by id, in one call; those that are not there are left out."""
    keys = [(_community_key(community_id), "community") for community_id in community_ids]
    found = [_to_community(item) for item in _Community.batch_get(keys)] if keys else []
    return {community.id: community for community in found}


def list_communities(company_id: str, limit: int, cursor: str | None) -> Page[Community]:
    """A page of a company's communities, in the order of their ids."""
    found = page(_Community, f"{company_id}#communities#all", limit=limit, cursor=cursor)
    items = tuple(_to_community(item, item.sk) for item in found.items)
    return Page(items, found.next_cursor)


def save_count(community_id: str, name: str, event: events.Event, now: datetime) -> bool:
    """Raise a count by one for an event; False where the event was counted before.

    Raises
    ------
    Refused
        Another event was raising a count just then; this one must come again.
    """
    mark = _Counted(
        f"{community_id}#counted#{event.id}", "mark", expires_at=now + events.REMEMBERED_FOR
    )
    counts = _Counts(f"{community_id}#counts#all", "counts")
    try:
        with Transaction() as transaction:
            transaction.put(mark)
            transaction.update(counts, [getattr(_Counts, name).add(1)])
    except Refused as refusal:
        # Only the mark itself says that the event was counted; a collision leaves nothing.
        if refusal.stored is None:
            raise
        return False
    return True


def get_counts(community_id: str) -> Counts:
    """A community's counts so far."""
    item = _Counts.find(f"{community_id}#counts#all", "counts", consistent=False)
    if item is None:
        return Counts()
    return Counts(
        repairs_reported=int(item.repairs_reported),
        repairs_finished=int(item.repairs_finished),
        repairs_withdrawn=int(item.repairs_withdrawn),
        repairs_rated=int(item.repairs_rated),
    )


def _company_item(company: Company) -> _Company:
    return _Company(
        _COMPANIES,
        company.id,
        name=company.name,
        credit_code=company.credit_code,
        created_at=company.created_at,
    )


def _community_key(community_id: str) -> str:
    return f"{community_id}#community#{community_id}"


def _members_key(community: Community) -> str:
    return f"{community.company_id}#communities#all"


def _to_company(item: _Company) -> Company:
    return Company(
        id=item.sk,
        name=item.name,
        credit_code=item.credit_code,
        created_at=item.created_at,
        version=item.version,
    )


def _to_community(item: _Community, community_id: str | None = None) -> Community:
    return Community(
        id=community_id or item.pk.rpartition("#")[2],
        company_id=item.company_id,
        name=item.name,
        address=item.address,
        created_at=item.created_at,
        version=item.version,
    )
