"""What `community` does with the estate and its staff: load, decide, save.

The house register, households and claims have actions of their own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.community import rules, shapes, standing, store
from chalicelib.community.holdings import changing
from chalicelib.community.holdings import store as holdings
from chalicelib.community.lasting import end_of
from chalicelib.community.mandates import check_mandate, check_one_firm
from chalicelib.community.register import store as register_store
from chalicelib.community.rules import (
    Change,
    Community,
    Company,
    Counts,
    Holding,
    Standing,
    Step,
)
from shared import events, grants, ids
from shared.auth import MAX_GRANTS, PLATFORM, Caller, Grant, Level, Role, level_of
from shared.errors import Conflict, NotFound, invalid
from shared.table import Page


def register_company(
    caller: Caller, wanted: shapes.RegisterCompany, key: str, now: datetime
) -> Company:
    """Take a company on; the same key gives the same company."""
    caller.require(PLATFORM)
    company = Company(
        id=ids.derived_platform_id("co", caller.person_id, key),
        name=wanted.name,
        credit_code=wanted.credit_code,
        created_at=now,
    )
    stored = store.save_company(company, _taken_on(company, caller.person_id))
    if (stored.name, stored.credit_code) != (company.name, company.credit_code):
        raise Conflict("idempotency_key_reused")
    return stored


def take_on_company(event: events.Event, approved: shapes.CompanyApproved) -> None:
    """Take on a company that was approved, its applicant as administrator, in one write (UM-07)."""
    company = Company(approved.company_id, approved.name, approved.credit_code, event.at)
    chief = Holding(
        person_id=approved.person_id,
        role=Role.COMPANY_ADMIN,
        scope=company.id,
        # What the applicant is called at work, nobody has said yet.
        name=company.name,
        standing=Standing.ACTIVE,
        by=event.actor_id,
        at=event.at,
        by_platform=True,
    )
    change = Change(chief, Step.BEGINS)
    store.take_on_company(company, change, changing.announcement(change))


def list_companies(caller: Caller, limit: int, cursor: str | None) -> Page[Company]:
    """A page of companies."""
    caller.require(PLATFORM)
    return store.list_companies(limit, cursor)


def register_community(
    caller: Caller, wanted: shapes.RegisterCommunity, key: str, now: datetime
) -> Community:
    """Open a community of a company; the same key gives the same community."""
    caller.require(wanted.company_id)
    community = Community(
        id=ids.derived_community_id(caller.person_id, key),
        company_id=wanted.company_id,
        name=wanted.name,
        address=wanted.address,
        created_at=now,
    )
    if store.get_company(wanted.company_id) is None:
        raise invalid("company_id", "not_a_company")
    stored = store.save_community(community, _opened(community, caller.person_id))
    if stored is None:
        # Another community of the company was being opened at the same moment.
        raise Conflict("stale_version")
    same = ("company_id", "name", "address")
    if any(getattr(stored, n) != getattr(community, n) for n in same):
        raise Conflict("idempotency_key_reused")
    return stored


def list_communities(
    caller: Caller, company_id: str, limit: int, cursor: str | None
) -> Page[Community]:
    """A page of a company's communities."""
    caller.require(ids.check_platform_id(company_id, "co"))
    return store.list_communities(company_id, limit, cursor)


def get_community(caller: Caller, community_id: str) -> Community:
    """One community, for whoever has a role anywhere in it."""
    caller.reach(ids.community_of(community_id, "com"))
    community = store.get_community(community_id)
    if community is None:
        raise NotFound
    return community


def grant_role(caller: Caller, wanted: shapes.GrantRole, now: datetime) -> Holding:
    """Give a role that is the giver's to give as it is stored; twice changes nothing (UM-02)."""
    mandate = wanted.mandate.mandate() if wanted.mandate else None
    holding = Holding(
        person_id=wanted.person_id,
        role=wanted.role,
        scope=wanted.scope,
        name=wanted.name,
        standing=Standing.ACTIVE,
        by=caller.person_id,
        at=now,
        until=end_of(mandate.until) if mandate else None,
        mandate=mandate.document_no if mandate else "",
    )
    caller.require(rules.check_scope(wanted.scope))
    rules.check_grant(
        caller.person_id, caller.roles_on(wanted.scope), holding.person_id, holding.grant
    )
    check_mandate(wanted.role, mandate, now)
    if mandate is not None:
        held = grants.held_by(wanted.person_id)
        check_one_firm(holding.grant, held, now)
        changing.end_lapsed(holding, held)
    granters = rules.check_grantable(wanted.role, wanted.scope).granters
    basis = standing.basis(caller.grants, granters, wanted.scope)
    return changing.begin(replace(holding, by_platform=standing.is_platforms(basis)), basis)


def revoke_role(caller: Caller, wanted: shapes.RevokeRole, now: datetime) -> Holding:
    """Take away a role that is the taker's to give, or lay down one's own (UM-02)."""
    caller.require(rules.check_scope(wanted.scope))
    granters = rules.check_grantable(wanted.role, wanted.scope).granters
    role = Grant(wanted.role, wanted.scope)
    own = rules.may_lay_down(caller.person_id, wanted.person_id, wanted.role)
    if not own:
        rules.check_grant(caller.person_id, caller.roles_on(role.scope), wanted.person_id, role)
    holding = changing.holding_of(wanted.person_id, wanted.role, wanted.scope)
    # The write takes one's own grant away, and cannot rely on it as well.
    basis = () if own else standing.basis(caller.grants, granters, wanted.scope)
    by_platform = standing.is_platforms(basis)
    ended = rules.end(holding, caller.person_id, now, wanted.reason, by_platform=by_platform)
    return holding if ended is None else changing.save([ended], basis)


def list_grants(caller: Caller, scope: str, limit: int, cursor: str | None) -> Page[Holding]:
    """A page of the grants on a platform, a company or a community."""
    level = level_of(rules.check_scope(scope, "query:scope"))
    if level not in (Level.PLATFORM, Level.COMPANY, Level.COMMUNITY):
        raise invalid("query:scope", "not_a_scope")
    caller.require(scope)
    return holdings.list_grants(scope, limit, cursor)


def show_me(caller: Caller) -> tuple[str, tuple[Grant, ...], dict[str, str]]:
    """The caller, their grants and the names of the communities these are in."""
    person_id = caller.own()
    community_ids = {g.scope.split("/")[0] for g in caller.grants if g.scope.startswith("com_")}
    communities = store.get_communities(sorted(community_ids)[:MAX_GRANTS])
    return person_id, caller.grants, {c.id: c.name for c in communities.values()}


def show_statistics(caller: Caller, community_id: str) -> shapes.Statistics:
    """A community's counts: what the register holds and what the repairs' events added up to."""
    caller.require(ids.community_of(community_id, "com"))
    counts: Counts = store.get_counts(community_id)
    buildings = register_store.list_buildings(community_id)
    return shapes.Statistics(
        community_id=community_id,
        buildings=len(buildings),
        rooms=sum(building.rooms for building in buildings),
        repairs_reported=counts.repairs_reported,
        repairs_finished=counts.repairs_finished,
        repairs_withdrawn=counts.repairs_withdrawn,
        repairs_rated=counts.repairs_rated,
    )


def count_repairs(event: events.Event, now: datetime) -> None:
    """Raise the count that a repair's event names, once for each event id."""
    name = rules.count(event.type)
    if name is not None:
        store.save_count(event.community_id, name, event, now)


def _taken_on(company: Company, by: str) -> events.Event:
    return events.happened(
        "CompanyRegistered",
        changing.SOURCE,
        company.id,
        1,
        at=company.created_at,
        community_id=PLATFORM,
        actor_id=by,
    )


def _opened(community: Community, by: str) -> events.Event:
    return events.happened(
        "CommunityOpened",
        changing.SOURCE,
        community.id,
        1,
        at=community.created_at,
        community_id=community.id,
        actor_id=by,
        data={"company_id": community.company_id},
    )
