"""What `community` does, on moto and on the emulator."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.community import actions, permissions, shapes
from chalicelib.community.holdings import store as holdings
from chalicelib.community.households import actions as households
from chalicelib.community.households import shapes as household_shapes
from chalicelib.community.rules import Change, Holding, Standing, Step
from shared import aws, events, grants, ids
from shared.auth import (
    MAX_COMMUNITIES,
    PLATFORM,
    RESIDENTS,
    Caller,
    Grant,
    Permission,
    Role,
    from_context,
    to_context,
)
from shared.errors import Conflict, Invalid, NotFound
from shared.ids import person_id
from tests.conftest import Cloud
from tests.harness.calls import heard
from tests.harness.rights import hold, lose
from tests.harness.turns import Worker, take_turns

NOW = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
ADMIN = person_id("test", "admin")
CHIEF = person_id("test", "chief")
WORKER = person_id("test", "worker")


@pytest.fixture
def table(cloud: Cloud) -> str:
    name = cloud.table("community")
    hold(ADMIN, Grant(Role.PLATFORM_ADMIN, PLATFORM))
    return name


def admin(allows: Permission) -> Caller:
    return Caller(ADMIN, (Grant(Role.PLATFORM_ADMIN, PLATFORM),), allows)


def a_community(key: str = "key-00000001") -> tuple[str, str]:
    company = actions.register_company(
        admin(permissions.REGISTER_COMPANY),
        shapes.RegisterCompany(name="安居物业", credit_code="91320114MA1MABCD0K"),
        key,
        NOW,
    )
    community = actions.register_community(
        admin(permissions.REGISTER_COMMUNITY),
        shapes.RegisterCommunity(
            company_id=company.id, name="清河家园", address="南京市雨花台区清河路18号"
        ),
        key,
        NOW,
    )
    return company.id, community.id


def grant(company_id: str, person: str = CHIEF) -> shapes.GrantRole:
    return shapes.GrantRole(
        person_id=person, role=Role.COMPANY_ADMIN, scope=company_id, name="陈总"
    )


def test_the_same_key_takes_a_company_on_once(table: str) -> None:
    assert a_community() == a_community()
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        actions.register_company(
            admin(permissions.REGISTER_COMPANY),
            shapes.RegisterCompany(name="另一家", credit_code="91320114MA1MABCD0K"),
            "key-00000001",
            NOW,
        )


def test_a_company_that_is_taken_on_is_told_once_by_its_id_alone(table: str) -> None:
    with heard() as calls:
        company_id, _ = a_community()
        a_community()
    told = [event for event in calls.events if event.type == "CompanyRegistered"]
    assert [(one.subject_id, one.version, one.data) for one in told] == [(company_id, 1, {})]
    assert (told[0].community_id, told[0].actor_id) == (PLATFORM, ADMIN)


def test_a_grant_on_a_company_reaches_its_communities(table: str) -> None:
    company_id, community_id = a_community()
    actions.grant_role(admin(permissions.GRANT_ROLE), grant(company_id), NOW)
    assert grants.grants_of(CHIEF) == (
        Grant(Role.COMPANY_ADMIN, company_id),
        Grant(Role.COMPANY_ADMIN, community_id),
    )


def test_a_company_has_two_hundred_communities_and_no_more(table: str) -> None:
    company_id, community_id = a_community()
    others = {f"com_{number:08d}" for number in range(MAX_COMMUNITIES - 1)}
    aws.client("dynamodb").put_item(
        TableName=aws.setting("GRANTS_TABLE"),
        Item={
            "pk": {"S": f"platform#company#{company_id}"},
            "sk": {"S": "communities"},
            "communities": {"SS": [community_id, *sorted(others)]},
        },
    )
    wanted = shapes.RegisterCommunity(company_id=company_id, name="望溪", address="南京市望溪路2号")
    with pytest.raises(Conflict, match="too_many_communities"):
        actions.register_community(
            admin(permissions.REGISTER_COMMUNITY), wanted, "key-00000002", NOW
        )
    listed = actions.list_communities(admin(permissions.LIST_COMMUNITIES), company_id, 100, None)
    assert [community.id for community in listed.items] == [community_id]
    assert a_community() == (company_id, community_id)


def manager(community_id: str, allows: Permission = permissions.GRANT_ROLE) -> Caller:
    return Caller(CHIEF, (Grant(Role.COMMUNITY_MANAGER, community_id),), allows)


def butler(scope: str, name: str = "小周") -> shapes.GrantRole:
    return shapes.GrantRole(person_id=WORKER, role=Role.BUTLER, scope=scope, name=name)


def no_longer(scope: str, role: Role = Role.BUTLER) -> shapes.RevokeRole:
    return shapes.RevokeRole(person_id=WORKER, role=role, scope=scope, reason="离职")


COMMUNITY = "com_7k2m9x4a"


@pytest.mark.parametrize(
    "tail", ["/3,platform", "/3;platform_admin:platform", "/3:1", "/3\n", "/", "/三 栋"]
)
def test_no_grant_smuggles_another_into_the_authorizers_answer(table: str, tail: str) -> None:
    with pytest.raises(Invalid) as refused:
        actions.grant_role(manager(COMMUNITY), butler(COMMUNITY + tail), NOW)
    assert [finding.path for finding in refused.value.findings] == ["scope"]
    assert grants.grants_of(WORKER) == ()


@pytest.mark.parametrize("scope", [COMMUNITY, f"{COMMUNITY}/3", f"{COMMUNITY}/3/1"])
def test_what_was_granted_is_exactly_what_the_authorizer_hands_on(table: str, scope: str) -> None:
    hold(CHIEF, *manager(COMMUNITY).grants)
    actions.grant_role(manager(COMMUNITY), butler(scope), NOW)
    context = to_context(WORKER, grants.grants_of(WORKER))
    assert from_context(context, permissions.BIND_RESIDENT).grants == (Grant(Role.BUTLER, scope),)


@pytest.mark.parametrize("role", sorted(RESIDENTS))
def test_a_residents_role_is_neither_granted_nor_revoked_as_staff(table: str, role: Role) -> None:
    wanted = shapes.GrantRole(person_id=WORKER, role=role, scope=COMMUNITY, name="小周")
    with pytest.raises(Invalid) as refused:
        actions.grant_role(manager(COMMUNITY), wanted, NOW)
    with pytest.raises(Invalid) as refused_again:
        actions.revoke_role(manager(COMMUNITY), no_longer(COMMUNITY, role), NOW)
    codes = {f.code for r in (refused, refused_again) for f in r.value.findings}
    assert codes == {"role_not_on_this_scope"}


def test_a_right_that_was_taken_away_gives_none(table: str) -> None:
    hold(CHIEF, *manager(COMMUNITY).grants)
    actions.grant_role(manager(COMMUNITY), butler(f"{COMMUNITY}/3"), NOW)
    lose(CHIEF, *manager(COMMUNITY).grants)
    before = aws.client("dynamodb").scan(TableName=table)["Items"]
    with pytest.raises(NotFound):
        actions.grant_role(manager(COMMUNITY), butler(f"{COMMUNITY}/4"), NOW)
    assert grants.grants_of(WORKER) == (Grant(Role.BUTLER, f"{COMMUNITY}/3"),)
    assert aws.client("dynamodb").scan(TableName=table)["Items"] == before


def test_a_role_on_a_company_gives_in_its_communities_until_it_is_taken_away(table: str) -> None:
    company_id, community_id = a_community()
    own = Grant(Role.COMPANY_ADMIN, company_id)
    hold(CHIEF, own)
    chief = Caller(CHIEF, grants.grants_of(CHIEF), permissions.GRANT_ROLE)
    actions.grant_role(chief, butler(community_id), NOW)
    lose(CHIEF, own)
    with pytest.raises(NotFound):
        actions.grant_role(chief, butler(f"{community_id}/3"), NOW)
    assert grants.grants_of(WORKER) == (Grant(Role.BUTLER, community_id),)


def test_another_company_cannot_keep_somebody_from_their_own_communities(table: str) -> None:
    company_id, community_id = a_community()
    own = Grant(Role.COMPANY_ADMIN, company_id)
    elsewhere = Grant(Role.COMPANY_ADMIN, a_community("key-00000002")[0])
    hold(CHIEF, own, elsewhere)
    chief = Caller(CHIEF, grants.grants_of(CHIEF), permissions.GRANT_ROLE)
    lose(CHIEF, elsewhere)
    actions.grant_role(chief, butler(community_id), NOW)
    hold(CHIEF, elsewhere)
    lose(CHIEF, own)
    with pytest.raises(NotFound):
        actions.grant_role(chief, butler(f"{community_id}/3"), NOW)
    assert grants.grants_of(WORKER) == (Grant(Role.BUTLER, community_id),)


def test_a_right_that_was_taken_away_takes_none(table: str) -> None:
    hold(CHIEF, *manager(COMMUNITY).grants)
    actions.grant_role(manager(COMMUNITY), butler(COMMUNITY), NOW)
    lose(CHIEF, *manager(COMMUNITY).grants)
    before = aws.client("dynamodb").scan(TableName=table)["Items"]
    with pytest.raises(NotFound):
        actions.revoke_role(manager(COMMUNITY), no_longer(COMMUNITY), NOW)
    assert grants.grants_of(WORKER) == (Grant(Role.BUTLER, COMMUNITY),)
    assert aws.client("dynamodb").scan(TableName=table)["Items"] == before


@pytest.mark.parametrize("dismissed_after", range(3))
def test_a_revocation_counts_only_if_it_is_written_before_its_givers_dismissal(
    table: str, dismissed_after: int
) -> None:
    """The manager revokes in two calls, and is dismissed before, between or after them."""
    hold(CHIEF, *manager(COMMUNITY).grants)
    actions.grant_role(manager(COMMUNITY), butler(COMMUNITY), NOW)
    with heard() as calls:
        calls.before = take_turns
        revoking = Worker(lambda: revoked(manager(COMMUNITY)))
        revoking.advance(dismissed_after)
        lose(CHIEF, *manager(COMMUNITY).grants)
        counted = revoking.finish()
    assert counted is (dismissed_after == 2)
    assert grants.grants_of(WORKER) == (() if counted else (Grant(Role.BUTLER, COMMUNITY),))
    assert [event.type for event in calls.events] == ["StaffRevoked"] * counted


def revoked(by: Caller) -> bool:
    try:
        return actions.revoke_role(by, no_longer(COMMUNITY), NOW).standing is Standing.ENDED
    except NotFound:
        return False


@pytest.mark.parametrize("turns", list(itertools.product(range(3), repeat=2)))
def test_two_who_revoke_the_same_role_both_learn_that_it_has_ended(
    table: str, turns: tuple[int, int]
) -> None:
    hold(CHIEF, *manager(COMMUNITY).grants)
    actions.grant_role(manager(COMMUNITY), butler(COMMUNITY), NOW)
    with heard() as calls:
        calls.before = take_turns
        one, two = (Worker(lambda: revoked(manager(COMMUNITY))) for _ in range(2))
        one.advance(turns[0])
        two.advance(turns[1])
        assert (one.finish(), two.finish()) == (True, True)
    assert [event.type for event in calls.events] == ["StaffRevoked"]
    assert grants.grants_of(WORKER) == ()


def test_whoever_was_given_a_role_lays_it_down_and_a_second_time_changes_nothing(
    table: str,
) -> None:
    """One transaction may not hold both a right that is required and its removal."""
    company_id, _ = a_community()
    actions.grant_role(admin(permissions.GRANT_ROLE), grant(company_id), NOW)
    chief = Caller(CHIEF, grants.grants_of(CHIEF), permissions.END_GRANT)
    own = shapes.RevokeRole(
        person_id=CHIEF, role=Role.COMPANY_ADMIN, scope=company_id, reason="离职"
    )
    ended = actions.revoke_role(chief, own, NOW)
    assert (ended.standing, ended.by, ended.reason) == (Standing.ENDED, CHIEF, "离职")
    assert grants.grants_of(CHIEF) == ()
    assert actions.revoke_role(chief, own, NOW + timedelta(seconds=9)).at == NOW


def test_a_platform_admin_needs_another_one_to_go(table: str) -> None:
    own = shapes.RevokeRole(
        person_id=ADMIN, role=Role.PLATFORM_ADMIN, scope=PLATFORM, reason="离职"
    )
    with pytest.raises(Invalid) as refused:
        actions.revoke_role(admin(permissions.END_GRANT), own, NOW)
    assert [finding.code for finding in refused.value.findings] == ["not_to_yourself"]
    assert grants.grants_of(ADMIN) == admin(permissions.END_GRANT).grants


def test_who_may_not_take_a_role_away_learns_nothing_of_it(table: str) -> None:
    """A butler may lay their own down, and is told the same of what there is and what is not."""
    hold(CHIEF, *manager(COMMUNITY).grants)
    actions.grant_role(manager(COMMUNITY), butler(COMMUNITY), NOW)
    colleague = Caller(ADMIN, (Grant(Role.BUTLER, COMMUNITY),), permissions.END_GRANT)
    told = []
    for role in (Role.BUTLER, Role.DISPATCHER):
        with pytest.raises(Invalid) as refused:
            actions.revoke_role(colleague, no_longer(COMMUNITY, role), NOW)
        told.append([(finding.path, finding.code) for finding in refused.value.findings])
    assert told == [[("role", "role_not_yours_to_give")]] * 2
    assert grants.grants_of(WORKER) == (Grant(Role.BUTLER, COMMUNITY),)


def test_a_manager_who_lives_here_may_end_their_own_binding(table: str) -> None:
    room_id = ids.room_id(COMMUNITY, "3", "1", "502")
    hold(CHIEF, *manager(COMMUNITY).grants)
    lived = Holding(CHIEF, Role.OWNER, ids.room_scope(room_id), "", Standing.ACTIVE, ADMIN, NOW)
    bound = events.happened(
        "ResidentBound", "community", "gra_1", 1, at=NOW, community_id=COMMUNITY, actor_id=ADMIN
    )
    assert holdings.save_changes([(Change(lived, Step.BEGINS), bound)], ())
    caller = manager(COMMUNITY, permissions.END_BINDING)
    wanted = household_shapes.UnbindResident(person_id=CHIEF, relation="owner", reason="搬走")
    ended = households.unbind_resident(caller, room_id, wanted, NOW)
    assert ended.standing is Standing.ENDED
    assert grants.grants_of(CHIEF) == manager(COMMUNITY).grants


@pytest.mark.parametrize(("after", "other"), [(-1, False), (0, False), (0, True)])
def test_a_lease_that_lapsed_lets_its_tenant_end_nothing_but_by_another_right(
    table: str, after: int, other: bool
) -> None:
    """The gateway may remember the right for a minute after the lease has run out."""
    room_id = ids.room_id(COMMUNITY, "3", "1", "502")
    lapses = NOW + timedelta(days=30)
    room = ids.room_scope(room_id)
    lived = Holding(WORKER, Role.TENANT, room, "", Standing.ACTIVE, ADMIN, NOW, until=lapses)
    bound = events.happened(
        "ResidentBound", "community", "gra_1", 1, at=NOW, community_id=COMMUNITY, actor_id=ADMIN
    )
    assert holdings.save_changes([(Change(lived, Step.BEGINS), bound)], ())
    remembered = (lived.grant, *((Grant(Role.FAMILY_MEMBER, room),) if other else ()))
    caller = Caller(WORKER, remembered, permissions.END_BINDING)
    wanted = household_shapes.UnbindResident(person_id=WORKER, relation="tenant", reason="搬走")
    now = lapses + timedelta(seconds=after)
    if after < 0 or other:
        assert households.unbind_resident(caller, room_id, wanted, now).reason == "搬走"
    else:
        with pytest.raises(NotFound):
            households.unbind_resident(caller, room_id, wanted, now)


def test_whoever_comes_second_learns_what_stands_though_their_own_right_has_gone(
    table: str,
) -> None:
    hold(CHIEF, *manager(COMMUNITY).grants)
    given = actions.grant_role(manager(COMMUNITY), butler(COMMUNITY), NOW)
    lose(CHIEF, *manager(COMMUNITY).grants)
    assert actions.grant_role(manager(COMMUNITY), butler(COMMUNITY, "小吴"), NOW).name == given.name
