"""What is done with claims: load, decide, save."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from chalicelib.community import permissions, standing
from chalicelib.community.claims import owners, rules, shapes, store
from chalicelib.community.claims.rules import Action, Claim, Claimant, State
from chalicelib.community.holdings import changing
from chalicelib.community.holdings.store import Full, get_holding
from chalicelib.community.households.rules import MAX_RESIDENTS, bound
from chalicelib.community.people import contacts
from chalicelib.community.people.contacts import Contact
from chalicelib.community.register import store as register_store
from chalicelib.community.rules import begin, check_scope
from shared import clock, events, ids
from shared.auth import Caller, Grant, Level, Role, level_of
from shared.errors import Conflict, NotFound, invalid
from shared.quotas import Quota
from shared.table import Page

_AREAS = (Level.COMMUNITY, Level.BUILDING, Level.UNIT)


def claim_room(
    caller: Caller, room_id: str, wanted: shapes.ClaimRoom, key: str, now: datetime
) -> Claim:
    """Claim a room: bound at once if the register says so, otherwise staff decide (RA-31).

    The same key, or another while the claim waits, is answered with the same claim.  Of a room
    that the register does not have a claim waits as well: whether there is one, only an owner
    learns, whom the register knows, and staff.
    """
    person_id, role = caller.own(), Role(wanted.relation)
    scope = ids.room_scope(room_id)
    claim_id = ids.derived_id("clm", scope.split("/")[0], person_id, scope, role, key)
    made = store.get_claim(claim_id)
    if made is not None:
        return made
    claimant = store.get_claimant(person_id)
    waiting = claimant.waiting(scope, role)
    if waiting is not None:
        return _still_waiting(waiting)
    found = register_store.get_room(scope)
    claim = Claim(
        id=claim_id,
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
    quotas = _quotas(contact, now)
    if role is Role.OWNER and found and owners.are_among(contact, found[1].owners):
        claim = rules.known(claim)
        stored = _bind(claim, rules.settled(after, claim), (), quotas)
    else:
        stored = _save(claim, after, (), quotas)
    if stored:
        return claim
    # Somebody was faster: the same request, or another of the same person.
    made = store.get_claim(claim_id)
    if made is not None:
        return made
    return _still_waiting(store.get_claimant(person_id).waiting(scope, role))


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
    basis = standing.basis(caller.grants, permissions.DECIDE_CLAIM.roles, claim.scope)
    action = Action.CONFIRM if wanted.confirm else Action.REFUSE
    after = rules.step(claim, action, caller.person_id, now, wanted.reason)
    if after is None:
        return claim
    if wanted.confirm and not register_store.room_exists(claim.scope):
        raise Conflict("room_not_registered")
    claimant = rules.settled(store.get_claimant(claim.person_id), claim)
    store_it = _bind if wanted.confirm else _save
    if not store_it(after, claimant, basis):
        raise Conflict("stale_version")
    return after


def withdraw_claim(caller: Caller, claim_id: str, now: datetime) -> Claim:
    """Take one's own claim back."""
    claim = get_claim(caller, claim_id)
    return _withdraw(claim, now)


def withdraw_all(person_id: str, now: datetime) -> None:
    """Take back whatever somebody still claims, who is nobody any more."""
    for claim_id in store.get_claimant(person_id).open.values():
        _withdraw(_claim_of(claim_id), now)


def _withdraw(claim: Claim, now: datetime) -> Claim:
    after = rules.step(claim, Action.WITHDRAW, claim.person_id, now)
    if after is None:
        return claim
    if not _save(after, rules.settled(store.get_claimant(claim.person_id), claim), ()):
        raise Conflict("stale_version")
    return after


def _quotas(contact: Contact, now: datetime) -> tuple[Quota, ...]:
    """What counts the claims of a phone, whoever has signed up with it meanwhile."""
    if not contact.phone:
        return ()
    window, ends_at = f"claims#{clock.estate_date(now)}", now + timedelta(days=2)
    return (Quota(contact.phone, window, rules.MAX_A_DAY, "too_many_claims", ends_at),)


def _bind(
    claim: Claim, claimant: Claimant, basis: tuple[Grant, ...], quotas: Sequence[Quota] = ()
) -> bool:
    """Store a confirmed claim with the binding that it becomes; False where somebody was faster.

    Raises
    ------
    Conflict
        `too_many_grants` or `too_many_residents`.
    """
    previous = get_holding(claim.person_id, claim.role, claim.scope)
    if previous is not None and previous.holds(claim.at):
        return _save(claim, claimant, basis, quotas)
    wanted = bound(claim.person_id, claim.role, claim.scope, None, claim.by, claim.at)
    change = begin(previous, wanted)
    assert change is not None  # what does not hold begins
    binding, company_id = (change, changing.announcement(change)), changing.room_for_more(wanted)
    try:
        return store.save_claim(claim, claimant, _told(claim), basis, quotas, binding, company_id)
    except Full as full:
        raise Conflict("too_many_residents", limit=MAX_RESIDENTS) from full


def _save(
    claim: Claim, claimant: Claimant, basis: tuple[Grant, ...], quotas: Sequence[Quota] = ()
) -> bool:
    return store.save_claim(claim, claimant, _told(claim), basis, quotas)


def _told(claim: Claim) -> events.Event:
    return events.happened(
        rules.TOLD_AS[claim.state],
        changing.SOURCE,
        claim.id,
        (claim.version or 0) + 1,
        at=claim.at,
        community_id=claim.scope.split("/")[0],
        actor_id=claim.by,
        data={"person_id": claim.person_id, "role": claim.role.value, "scope": claim.scope},
    )


def _still_waiting(claim_id: str | None) -> Claim:
    claim = store.get_claim(claim_id) if claim_id else None
    if claim is None or claim.state is not State.PENDING:
        # It was settled a moment ago; whoever asks again claims anew.
        raise Conflict("stale_version")
    return claim


def _claim_of(claim_id: str) -> Claim:
    claim = store.get_claim(claim_id)
    if claim is None:
        raise NotFound
    return claim
