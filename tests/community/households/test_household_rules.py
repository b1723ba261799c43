"""Who may live in a room and do what there: every case by plain values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.community import rules as holding_rules
from chalicelib.community.households import rules
from chalicelib.community.households.rules import Household
from chalicelib.community.lasting import last_day
from chalicelib.community.rules import Change, Holding, Standing, Step
from shared.auth import RESIDENTS, Right, Role
from shared.errors import Invalid, NotFound

NOW = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
ROOM = "com_7k2m9x4a/3/1/502"
ANN, BEN, CAT = ("per_" + letter * 26 for letter in "abc")


def bound(role: Role = Role.TENANT, until: date | None = None, person: str = ANN) -> Holding:
    return rules.bound(person, role, ROOM, until, BEN, NOW)


@pytest.mark.parametrize(
    ("role", "off"),
    [(Role.OWNER, set()), (Role.FAMILY_MEMBER, {Right.VOTE}), (Role.TENANT, {Right.VOTE})],
)
def test_a_binding_begins_with_the_rights_of_its_role(role: Role, off: set[Right]) -> None:
    assert bound(role).off == off


def test_a_tenancy_holds_through_its_last_day_in_the_estate_and_no_longer() -> None:
    let = bound(until=date(2026, 11, 22))
    midnight = datetime(2026, 11, 22, 16, tzinfo=UTC)
    assert let.until == midnight
    assert last_day(let.until) == date(2026, 11, 22)
    assert let.holds(midnight - timedelta(milliseconds=1))
    assert not let.holds(midnight)


@pytest.mark.parametrize(
    ("role", "until", "code"),
    [
        (Role.OWNER, date(2027, 1, 1), "until_for_tenants_only"),
        (Role.FAMILY_MEMBER, date(2027, 1, 1), "until_for_tenants_only"),
        (Role.TENANT, date(2026, 11, 21), "until_in_the_past"),
        (Role.TENANT, date(2047, 1, 1), "lease_too_long"),
    ],
)
def test_a_last_day_that_cannot_be_is_refused(role: Role, until: date, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        bound(role, until)
    assert [(f.path, f.code) for f in refused.value.findings] == [("until", code)]


def test_a_lease_that_is_given_again_takes_its_new_end_and_keeps_what_is_off() -> None:
    let = replace(bound(until=date(2026, 12, 31)), off=frozenset(Right), version=3)
    longer = bound(until=date(2027, 12, 31))
    change = holding_rules.begin(let, longer)
    assert change == Change(replace(longer, off=frozenset(Right), version=3), Step.CHANGES)
    assert holding_rules.begin(change.holding, longer) is None


ALL = frozenset(Right)


@pytest.mark.parametrize("role", sorted(RESIDENTS - {Role.OWNER}))
def test_an_owner_leaves_exactly_the_rights_that_are_named(role: Role) -> None:
    kept = replace(bound(role), version=1)
    change = rules.switch(kept, [Right.OPEN], CAT, NOW)
    assert change is not None
    assert (change.step, change.holding.off) == (Step.CHANGES, ALL - {Right.OPEN})
    assert (change.holding.by, change.holding.version) == (CAT, 1)
    assert rules.switch(change.holding, [Right.OPEN], BEN, NOW) is None


def test_what_an_owner_switches_is_theirs_though_the_platform_made_the_binding() -> None:
    merged = replace(bound(), by_platform=True)
    change = rules.switch(merged, [Right.OPEN], CAT, NOW)
    assert change is not None
    assert (merged.shown_by, change.holding.shown_by) == ("platform", CAT)


def test_a_tenant_never_votes_and_a_family_member_may() -> None:
    with pytest.raises(Invalid) as refused:
        rules.switch(bound(), ALL, BEN, NOW)
    assert [(f.path, f.code) for f in refused.value.findings] == [("vote", "not_for_this_relation")]
    change = rules.switch(bound(Role.FAMILY_MEMBER), ALL, BEN, NOW)
    assert change is not None
    assert change.holding.off == frozenset()


@pytest.mark.parametrize(
    "gone",
    [replace(bound(), standing=Standing.ENDED), bound(until=date(2026, 11, 22))],
    ids=["ended", "run out"],
)
def test_who_lives_there_no_longer_is_switched_nothing(gone: Holding) -> None:
    with pytest.raises(NotFound):
        rules.switch(gone, [], BEN, NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("residents", "leaving", "too"),
    [
        ({f"{ANN}#owner", f"{BEN}#family_member", f"{CAT}#tenant"}, Role.OWNER, [BEN]),
        ({f"{ANN}#owner", f"{CAT}#owner", f"{BEN}#family_member"}, Role.OWNER, []),
        ({f"{ANN}#tenant", f"{BEN}#family_member"}, Role.TENANT, []),
        ({f"{ANN}#owner"}, Role.OWNER, []),
    ],
)
def test_the_family_leaves_with_the_last_owner_and_a_lease_stays(
    residents: set[str], leaving: Role, too: list[str]
) -> None:
    household = Household(ROOM, frozenset(residents))
    found = rules.who_leaves_too(household, bound(leaving))
    assert found == [(person, Role.FAMILY_MEMBER) for person in too]


def test_a_household_after_changes_is_who_lives_there_then() -> None:
    household = Household(ROOM, frozenset({f"{ANN}#owner"}), 4)
    begun = Change(bound(person=BEN), Step.BEGINS)
    after = household.after([begun, Change(bound(Role.OWNER), Step.ENDS)])
    assert after == Household(ROOM, frozenset({f"{BEN}#tenant"}), 4)
