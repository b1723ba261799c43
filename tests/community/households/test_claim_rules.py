"""What becomes of a claim, and how many there may be: the whole table."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.community.claims import owners, rules
from chalicelib.community.claims.rules import Action, Claim, Claimant, State
from chalicelib.community.people.contacts import Contact
from chalicelib.community.register.model import Owner, Phone
from shared import vault
from shared.auth import Role
from shared.errors import Conflict, Limited
from tests.conftest import Cloud

NOW = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
ANN, STAFF = "per_" + "a" * 26, "per_" + "s" * 26
CLAIM = Claim(
    id="clm_7k2m9x4a_" + "0" * 26,
    scope="com_7k2m9x4a/3/1/502",
    person_id=ANN,
    role=Role.OWNER,
    state=State.PENDING,
    claimed_at=NOW,
    by=ANN,
    at=NOW,
    version=1,
)


@pytest.mark.parametrize(("state", "action"), list(itertools.product(State, Action)))
def test_a_claim_is_settled_once_by_one(state: State, action: Action) -> None:
    claim = replace(CLAIM, state=state, by=STAFF)
    ends = {"confirm": "confirmed", "refuse": "refused", "withdraw": "withdrawn"}
    if state is State.PENDING:
        after = rules.step(claim, action, STAFF, NOW, "已核对")
        assert after == replace(claim, state=State(ends[action]), reason="已核对")
    elif ends[action] == state:
        assert rules.step(claim, action, STAFF, NOW) is None
        with pytest.raises(Conflict, match="not_in_this_state"):
            rules.step(claim, action, ANN, NOW)
    else:
        with pytest.raises(Conflict, match="not_in_this_state"):
            rules.step(claim, action, STAFF, NOW)


def claims(count: int, state: State = State.PENDING) -> Claimant:
    claimant = Claimant(ANN)
    for number in range(count):
        scope = f"com_7k2m9x4a/3/1/{number}"
        claimant = rules.claimed(claimant, replace(CLAIM, scope=scope, state=state))
    return claimant


def test_five_claims_may_wait_and_a_sixth_may_not() -> None:
    with pytest.raises(Conflict, match="too_many_open_claims"):
        rules.claimed(claims(5), CLAIM)
    assert rules.settled(claims(1), replace(CLAIM, id="clm_other")).open == claims(1).open
    assert rules.settled(claims(1), CLAIM).open == {}


def test_five_claims_are_made_on_a_day_of_the_estate_and_more_on_the_next() -> None:
    tried = claims(5, State.CONFIRMED)
    late = replace(CLAIM, claimed_at=NOW.replace(hour=15, minute=59))
    with pytest.raises(Limited, match="too_many_claims"):
        rules.claimed(tried, late)
    next_day = replace(CLAIM, claimed_at=late.claimed_at + timedelta(minutes=1))
    assert rules.claimed(tried, next_day).today == 1


PHONE, NAME = "13900000001", "王芳"


@pytest.mark.parametrize(
    ("phone", "name", "owner", "known"),
    [
        (PHONE, NAME, Owner(NAME, None, (Phone(PHONE),), True), True),
        (PHONE, "王 芳", Owner(NAME, None, (Phone(PHONE),), True), True),
        (PHONE, "李芳", Owner(NAME, None, (Phone(PHONE),), True), False),
        ("13900000002", NAME, Owner(NAME, None, (Phone(PHONE),), True), False),
        (PHONE, NAME, Owner(NAME, None, (Phone(PHONE),), False), False),
        (PHONE, NAME, Owner(NAME), False),
        ("", "", Owner("", None, (Phone(""),), True), False),
    ],
    ids=["both", "spaces", "other name", "other phone", "not to claim", "no phone", "nothing"],
)
def test_the_register_knows_an_owner_by_phone_and_name_together(
    moto_cloud: Cloud, phone: str, name: str, owner: Owner, known: bool
) -> None:
    moto_cloud.table("community")
    told = Contact(
        vault.blind("phone", phone) if phone else "", vault.blind("name", name) if name else ""
    )
    other = Owner("张三", None, (Phone("13911111111"),), True)
    assert owners.are_among(told, [other, owner]) is known
