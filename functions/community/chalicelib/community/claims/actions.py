"""What is done with claims: load, decide, save."""

from __future__ import annotations

from datetime import datetime

from chalicelib.community import permissions, standing
from chalicelib.community.claims import owners, rules, shapes, store
from chalicelib.community.claims.rules import Action, Claim, Claimant, State
from chalicelib.community.holdings import changing
from chalicelib.community.holdings.store import get_holding
from chalicelib.community.households.rules import bound
from chalicelib.community.people import contacts
from chalicelib.community.register import store as register_store
from chalicelib.community.rules import begin, check_scope
from shared import events, ids
from shared.auth import Caller, Grant, Level, Role, level_of
from shared.errors import Conflict, NotFound, invalid
from shared.table import Page

_AREAS = (Level.COMMUNITY, Level.BUILDING, Level.UNIT)


def claim_room(caller: Caller, room_id: str, wanted: shapes.ClaimRoom, now: datetime) -> Claim:
    """Claim a room: bound at once if the register says so, otherwise staff decide (RA-31).

    A claim that waits is answered with itself.  What the answer depends on, beside the register's
    word for its own phone, is only whether there is such a room.
    """
    person_id, role = caller.own(), Role(wanted.relation)
    scope = ids.room_scope(room_id)
    claimant = store.get_claimant(person_id)
    waiting = claimant.waiting(scope, role)
    if waiting is not None:
        return _claim_of(waiting)
    found = register_store.get_room(scope)
    if found is None:
        raise NotFound
    claim = Claim(
        id=ids.new_id("clm", scope.split("/")[0], now),
        scope=scope,
        person_id=person_id,
        role=role,
        state=State.PENDING,
        claimed_at=now,
        by=person_id,
        at=now,
    )
    # The limits come first: who has reached one learns nothing of the register.
    after = rules.claimed(claimant, claim)
    contact = contacts.get_contact(person_id)
    if role is Role.OWNER and owners.are_among(contact, found[1].owners):
        claim = rules.known(claim)
        after = rules.settled(after, claim)
    if _save(claim, after):
        return claim
    waiting = store.get_claimant(person_id).waiting(scope, role)
    if waiting is None:
        raise Conflict("stale_version")
    return _claim_of(waiting)


def get_claim(caller: Caller, claim_id: str) -> Claim:
    """One of the caller's own claims."""
    person_id = caller.own()
    claim = _claim_of(claim_id)
    if claim.person_id != person_id:
        raise NotFound
    return claim


def list_claims(caller: Caller, scope: str, limit: int, cursor: str | None) -> Page[Claim]:
    """A page of the claims that wait in a community or a part of it."""
    if level_of(check_scope(scope, "query:scope")) not in _AREAS:
        raise invalid("query:scope", "not_a_scope")
    caller.require(scope)
    return store.list_waiting(scope, limit, cursor)


def decide_claim(caller: Caller, claim_id: str, wanted: shapes.DecideClaim, now: datetime) -> Claim:
    """Confirm a claim and bind the claimant, or refuse it, by a right that still stands."""
    caller.reach(ids.community_of(claim_id, "clm"))
    claim = _claim_of(claim_id)
    caller.require(claim.scope)
    if caller.person_id == claim.person_id:
        raise NotFound
    action = Action.CONFIRM if wanted.confirm else Action.REFUSE
    basis = standing.basis(caller.grants, permissions.DECIDE_CLAIM.roles, claim.scope)
    return _take(claim, action, caller.person_id, now, wanted.reason, basis)


def withdraw_claim(caller: Caller, claim_id: str, now: datetime) -> Claim:
    """Take one's own claim back."""
    claim = get_claim(caller, claim_id)
    return _take(claim, Action.WITHDRAW, caller.person_id, now)


def withdraw_all(person_id: str, now: datetime) -> None:
    """Take back whatever somebody still claims, who is nobody any more."""
    for claim_id in store.get_claimant(person_id).open.values():
        claim = _claim_of(claim_id)
        _take(claim, Action.WITHDRAW, person_id, now)


def _take(
    claim: Claim,
    action: Action,
    by: str,
    now: datetime,
    reason: str = "",
    basis: tuple[Grant, ...] = (),
) -> Claim:
    after = rules.step(claim, action, by, now, reason)
    if after is None:
        return claim
    if not _save(after, rules.settled(store.get_claimant(claim.person_id), claim), basis):
        raise Conflict("stale_version")
    return after


def _save(claim: Claim, claimant: Claimant, basis: tuple[Grant, ...] = ()) -> bool:
    """Store a claim with what it becomes; False where somebody was faster."""
    told = events.happened(
        rules.TOLD_AS[claim.state],
        changing.SOURCE,
        claim.id,
        (claim.version or 0) + 1,
        at=claim.at,
        community_id=claim.scope.split("/")[0],
        actor_id=claim.by,
        data={"person_id": claim.person_id, "role": claim.role.value, "scope": claim.scope},
    )
    binding, company_id = None, ""
    if claim.state is State.CONFIRMED:
        wanted = bound(claim.person_id, claim.role, claim.scope, None, claim.by, claim.at)
        previous = get_holding(claim.person_id, claim.role, claim.scope)
        if previous is None or not previous.holds(claim.at):
            binding, company_id = begin(previous, wanted), changing.room_for_more(wanted)
    change = (binding, changing.announcement(binding)) if binding else None
    return store.save_claim(claim, claimant, told, basis, change, company_id)


def _claim_of(claim_id: str) -> Claim:
    claim = store.get_claim(claim_id)
    if claim is None:
        raise NotFound
    return claim
