"""What may be granted to whom, and how holdings and counts change: every case, as tables."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.community import rules
from chalicelib.community.holdings import changing
from chalicelib.community.rules import Change, Holding, Standing, Step
from shared import events
from shared.auth import RESIDENTS, STAFF, Grant, Level, Role, level_of
from shared.errors import Conflict, Invalid, NotFound
from shared.outbox import EMPTY

NOW = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
GIVER, TAKER = "per_" + "0" * 26, "per_" + "1" * 26
SCOPES = {
    Level.PLATFORM: "platform",
    Level.COMPANY: "co_" + "0" * 26,
    Level.COMMUNITY: "com_7k2m9x4a",
    Level.BUILDING: "com_7k2m9x4a/3",
    Level.UNIT: "com_7k2m9x4a/3/1",
    Level.ROOM: "com_7k2m9x4a/3/1/502",
}
_BY_A_MANAGER = "company_admin community_manager"
# Who may give which role where, spelt out a second time: D8 as a table.
GIVEN_BY = {
    ("platform_admin", "platform"): "platform_admin",
    ("security_auditor", "platform"): "platform_admin",
    ("security_auditor", "company"): "platform_admin",
    ("company_admin", "company"): "platform_admin company_admin",
    ("community_manager", "community"): "company_admin",
    ("finance_clerk", "company"): "company_admin",
    ("finance_clerk", "community"): "company_admin",
    ("finance_approver", "company"): "company_admin",
    ("finance_approver", "community"): "company_admin",
    ("cashier", "community"): _BY_A_MANAGER,
    ("dispatcher", "community"): _BY_A_MANAGER,
    ("butler", "community"): _BY_A_MANAGER,
    ("butler", "building"): _BY_A_MANAGER,
    ("butler", "unit"): _BY_A_MANAGER,
    ("technician", "community"): _BY_A_MANAGER,
    ("patrol", "community"): _BY_A_MANAGER,
    ("storekeeper", "community"): _BY_A_MANAGER,
    ("buyer", "community"): _BY_A_MANAGER,
    ("gate_guard", "community"): _BY_A_MANAGER,
    ("market_officer", "platform"): "platform_admin",
    ("goods_officer", "platform"): "platform_admin",
    ("order_officer", "platform"): "platform_admin",
    ("promotion_officer", "platform"): "platform_admin",
    ("owner_service", "platform"): "platform_admin",
    ("property_officer", "company"): "company_admin",
}


def holding(role: Role = Role.BUTLER, scope: str = "com_7k2m9x4a", **values: object) -> Holding:
    known = Holding(TAKER, role, scope, "小周", Standing.ACTIVE, GIVER, NOW)
    return replace(known, **values)  # type: ignore[arg-type]  # the tests' own names


def test_the_scopes_of_the_table_are_of_their_levels() -> None:
    assert {level: level_of(scope) for level, scope in SCOPES.items()} == {x: x for x in Level}


@pytest.mark.parametrize("role", Role)
def test_a_role_is_given_by_exactly_whom_and_where_the_table_says(role: Role) -> None:
    given = set()
    for giver, (level, scope) in itertools.product(Role, SCOPES.items()):
        try:
            rules.check_grant(GIVER, {giver}, TAKER, Grant(role, scope))
        except Invalid as refusal:
            (finding,) = refusal.findings
            on_this_scope = (role.value, level.value) in GIVEN_BY
            path, code = (
                ("role", "role_not_yours_to_give")
                if on_this_scope
                else ("scope", "role_not_on_this_scope")
            )
            assert (finding.path, finding.code) == (path, code)
            assert dict(finding.params) == {"role": role.value}
        else:
            given.add((giver.value, level.value))
    assert given == {
        (giver, level)
        for (given_role, level), givers in GIVEN_BY.items()
        if given_role == role
        for giver in givers.split()
    }


def test_every_staff_role_can_be_given_and_no_residents_role_can() -> None:
    assert {role for role, _ in GIVEN_BY} == set(STAFF)
    assert set(rules.GRANTABLE) == set(STAFF)
    assert not set(rules.GRANTABLE) & RESIDENTS


@pytest.mark.parametrize(
    "scope",
    [*(scope for level, scope in SCOPES.items() if level is not Level.ROOM), "com_7k2m9x4a/A座/甲"],
)
def test_a_scope_of_staff_is_taken_as_it_stands(scope: str) -> None:
    assert rules.check_scope(scope) == scope


@pytest.mark.parametrize(
    "scope",
    [
        "",
        "everything",
        "Platform",
        "platform/1",
        "co_1",
        "co_" + "0" * 27,
        "co_" + "0" * 26 + "/3",
        "com_7k2m9x4",
        "com_7K2M9X4A",
        "com_7k2m9x4a/",
        "com_7k2m9x4a//1",
        "com_7k2m9x4a/3/1/502",
        "com_7k2m9x4a/3/1/502/1",
        "com_7k2m9x4a/ 3",
        "com_7k2m9x4a/3\n",
        "com_7k2m9x4a/3-1",
        "com_7k2m9x4a/3#1",
        "com_7k2m9x4a/" + "3" * 21,
        # The authorizer's answer separates grants by these: nobody may write himself one.
        "com_7k2m9x4a/3,platform",
        "com_7k2m9x4a/3;platform_admin:platform",
        "com_7k2m9x4a/3:1",
    ],
)
def test_anything_else_is_no_scope(scope: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_scope(scope, "query:scope")
    (finding,) = refused.value.findings
    assert (finding.path, finding.code) == ("query:scope", "not_a_scope")


def test_nobody_gives_without_a_role_on_the_scope() -> None:
    with pytest.raises(Invalid):
        rules.check_grant(GIVER, set(), TAKER, holding().grant)


def test_one_right_role_among_others_is_enough() -> None:
    rules.check_grant(GIVER, {Role.PATROL, Role.COMMUNITY_MANAGER}, TAKER, holding().grant)


def test_nobody_gives_a_role_to_themselves() -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_grant(TAKER, {Role.COMMUNITY_MANAGER}, TAKER, holding().grant)
    (finding,) = refused.value.findings
    assert (finding.path, finding.code) == ("person_id", "not_to_yourself")


@pytest.mark.parametrize(("role", "level"), list(itertools.product(Role, Level)))
def test_a_binding_is_a_residents_role_on_a_room_and_nothing_else(role: Role, level: Level) -> None:
    wanted = holding(role, SCOPES[level])
    if role in RESIDENTS and level is Level.ROOM:
        rules.check_binding(GIVER, wanted)
        return
    with pytest.raises(Invalid) as refused:
        rules.check_binding(GIVER, wanted)
    assert refused.value.findings[0].path == "relation"


def test_nobody_binds_themselves() -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_binding(TAKER, holding(Role.OWNER, SCOPES[Level.ROOM]))
    assert refused.value.findings[0].code == "not_to_yourself"


def test_a_first_grant_begins_without_a_version() -> None:
    assert rules.begin(None, holding()) == Change(holding(version=None), Step.BEGINS)


def test_a_grant_that_holds_already_is_not_stored_again() -> None:
    assert rules.begin(holding(version=1), holding(name="小吴")) is None


def test_an_ended_grant_begins_again_over_the_stored_one() -> None:
    ended = holding(standing=Standing.ENDED, reason="离职", version=2)
    again = holding(at=NOW + timedelta(days=1))
    assert rules.begin(ended, again) == Change(replace(again, version=2), Step.BEGINS)


def test_an_end_says_who_when_and_why_and_keeps_all_but_the_name() -> None:
    later = NOW + timedelta(hours=1)
    begun = changing.announcement(Change(holding(), Step.BEGINS))
    before = holding(version=1, outbox=EMPTY.announcing(events.encode(begun)))
    ended = replace(before, standing=Standing.ENDED, by=TAKER, at=later, reason="离职", name="")
    change = rules.end(before, TAKER, later, "离职")
    assert change == Change(ended, Step.ENDS)
    # Neither what it told nor what it tells says the name again.
    told = [*change.holding.outbox.texts, events.encode(changing.announcement(change))]
    assert [json.loads(text)["data"]["name"] for text in told] == ["", ""]


def test_an_ended_grant_does_not_end_twice() -> None:
    assert rules.end(holding(standing=Standing.ENDED), TAKER, NOW, "again") is None


@pytest.mark.parametrize(("held", "of_company"), [(0, 0), (48, 29), (49, 0)])
def test_below_the_limits_there_is_room_for_one_more(held: int, of_company: int) -> None:
    rules.check_room_for_more(held, of_company)


@pytest.mark.parametrize(
    ("held", "of_company", "limit"), [(50, 0, "50"), (51, 30, "50"), (30, 30, "30"), (49, 31, "30")]
)
def test_at_a_limit_there_is_no_room(held: int, of_company: int, limit: str) -> None:
    with pytest.raises(Conflict) as refused:
        rules.check_room_for_more(held, of_company)
    assert (refused.value.code, refused.value.params) == ("too_many_grants", {"limit": limit})


@pytest.mark.parametrize(
    ("event_type", "name"),
    [
        ("RepairReported", "repairs_reported"),
        ("RepairFinished", "repairs_finished"),
        ("RepairWithdrawn", "repairs_withdrawn"),
        ("RepairRated", "repairs_rated"),
        ("RepairAssigned", None),
        ("", None),
    ],
)
def test_an_event_raises_its_own_count_or_none(event_type: str, name: str | None) -> None:
    assert rules.count(event_type) == name
    assert name is None or hasattr(rules.Counts(), name)


CHIEF, MANAGER, BUTLER = Role.COMPANY_ADMIN, Role.COMMUNITY_MANAGER, Role.BUTLER
BY_COMPANY = Grant(CHIEF, "co_" + "0" * 26)
BY_ANOTHER = Grant(CHIEF, "co_" + "1" * 26)
SPREAD = Grant(CHIEF, "com_7k2m9x4a")


@pytest.mark.parametrize(
    ("held", "scope", "expected"),
    [
        ([Grant(MANAGER, "com_7k2m9x4a")], "com_7k2m9x4a/3", [Grant(MANAGER, "com_7k2m9x4a")]),
        ([Grant(BUTLER, "com_7k2m9x4a/3")], "com_7k2m9x4a/3/1/502",
         [Grant(BUTLER, "com_7k2m9x4a/3")]),
        ([BY_COMPANY, SPREAD], BY_COMPANY.scope, [BY_COMPANY]),
        ([BY_ANOTHER, BY_COMPANY, SPREAD], BY_COMPANY.scope, [BY_COMPANY]),
        ([BY_COMPANY, SPREAD], "com_7k2m9x4a/3", [BY_COMPANY]),
        ([BY_COMPANY, BY_ANOTHER, SPREAD], "com_7k2m9x4a", [BY_COMPANY, BY_ANOTHER]),
        ([BY_COMPANY, SPREAD, Grant(MANAGER, "com_7k2m9x4a")], "com_7k2m9x4a",
         [Grant(MANAGER, "com_7k2m9x4a")]),
    ],
)  # fmt: skip
def test_a_right_rests_on_the_grants_that_are_stored(
    held: list[Grant], scope: str, expected: list[Grant]
) -> None:
    assert rules.basis(held, frozenset({CHIEF, MANAGER, BUTLER}), scope) == tuple(expected)


@pytest.mark.parametrize(
    "held", [[], [BY_COMPANY], [Grant(BUTLER, "com_7k2m9x4a")], [Grant(MANAGER, "com_00000000")]]
)
def test_no_right_rests_on_nothing(held: list[Grant]) -> None:
    with pytest.raises(NotFound):
        rules.basis(held, frozenset({CHIEF, MANAGER}), "com_7k2m9x4a")
