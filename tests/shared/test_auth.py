"""Who may do what: a grant holds on its scope and below it, and nowhere else (D8)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import auth
from shared.auth import Caller, Grant, Level, Right, Role
from shared.errors import NotFound, Unauthenticated

COMPANY = "co_01kb3wmpt8c2v5f0d9h1j4n6q7"
COMMUNITY = "com_7k2m9x4a"
OTHER = "com_zzzzzzzz"
ROOM = f"{COMMUNITY}/3/1/502"
ASSIGN = auth.permission("assign", Role.DISPATCHER, Role.COMMUNITY_MANAGER, about="Assign.")


def caller(*grants: Grant) -> Caller:
    return Caller("per_1", grants, ASSIGN)


@pytest.mark.parametrize(
    ("scope", "level"),
    [
        (auth.PLATFORM, Level.PLATFORM),
        (COMPANY, Level.COMPANY),
        (COMMUNITY, Level.COMMUNITY),
        (f"{COMMUNITY}/3", Level.BUILDING),
        (f"{COMMUNITY}/3/1", Level.UNIT),
        (ROOM, Level.ROOM),
    ],
)
def test_a_scope_shows_its_level(scope: str, level: Level) -> None:
    assert auth.level_of(scope) is level


SCOPES = [auth.PLATFORM, COMPANY, COMMUNITY, f"{COMMUNITY}/3", f"{COMMUNITY}/3/1", ROOM]


@pytest.mark.parametrize("wide", SCOPES)
@pytest.mark.parametrize("narrow", SCOPES)
def test_a_scope_covers_itself_and_what_is_below(wide: str, narrow: str) -> None:
    # A company is no path: the authorizer hands its communities on as grants of their own.
    below = wide != COMPANY != narrow and SCOPES.index(wide) < SCOPES.index(narrow)
    expected = wide in (narrow, auth.PLATFORM) or below
    assert auth.covers(wide, narrow) is expected


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (COMMUNITY, OTHER),
        (f"{COMMUNITY}/3", f"{COMMUNITY}/30"),
        (f"{COMMUNITY}/3", f"{COMMUNITY}/31/1"),
        (f"{COMMUNITY}/3/1", f"{COMMUNITY}/3/2/101"),
        (ROOM, f"{ROOM}1"),
        ("com_7k2m9x4", COMMUNITY),
        (ROOM, COMMUNITY),
        (COMMUNITY, ""),
        (COMMUNITY, auth.PLATFORM),
        ("", COMMUNITY),
    ],
)
def test_a_neighbour_with_a_like_name_is_not_covered(wide: str, narrow: str) -> None:
    assert not auth.covers(wide, narrow)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("scope", SCOPES)
def test_a_permission_holds_for_its_roles_on_their_scopes_only(role: Role, scope: str) -> None:
    asking = caller(Grant(role, scope))
    has_role = role in (Role.DISPATCHER, Role.COMMUNITY_MANAGER)
    assert asking.may(ROOM) is (has_role and scope != COMPANY)
    assert not asking.may(OTHER) or (has_role and scope == auth.PLATFORM)


def test_without_a_grant_nothing_is_allowed() -> None:
    assert not caller().may(ROOM)
    assert not caller().may("")


def test_the_right_role_elsewhere_and_another_role_here_do_not_add_up() -> None:
    asking = caller(Grant(Role.DISPATCHER, OTHER), Grant(Role.TECHNICIAN, COMMUNITY))
    with pytest.raises(NotFound):
        asking.require(ROOM)


def test_asking_for_a_scope_counts_as_having_checked() -> None:
    asking = caller(Grant(Role.DISPATCHER, COMMUNITY))
    assert not asking.checked
    asking.require(ROOM)
    assert asking.checked


@pytest.mark.parametrize(
    ("scopes", "reach"),
    [
        ([COMMUNITY], [COMMUNITY]),
        ([auth.PLATFORM], [auth.PLATFORM]),
        ([f"{COMMUNITY}/3", f"{OTHER}/3"], [f"{COMMUNITY}/3"]),
        ([f"{COMMUNITY}/3", f"{COMMUNITY}/4"], [f"{COMMUNITY}/3", f"{COMMUNITY}/4"]),
        ([ROOM, OTHER], [ROOM]),
    ],
)
def test_a_list_is_cut_to_the_scopes_that_meet_the_community(
    scopes: list[str], reach: list[str]
) -> None:
    asking = caller(*[Grant(Role.DISPATCHER, scope) for scope in scopes])
    assert asking.reach(COMMUNITY) == tuple(reach)
    assert asking.checked


@pytest.mark.parametrize("grants", [(), (Grant(Role.DISPATCHER, OTHER),),
                                    (Grant(Role.TECHNICIAN, COMMUNITY),)])  # fmt: skip
def test_a_community_out_of_reach_does_not_exist(grants: tuple[Grant, ...]) -> None:
    with pytest.raises(NotFound):
        caller(*grants).reach(COMMUNITY)


def test_an_action_about_oneself_has_checked_by_asking_who_one_is() -> None:
    asking = caller()
    assert asking.own() == "per_1"
    assert asking.checked


def test_what_is_done_in_person_is_done_by_nobody_else() -> None:
    asking = caller()
    assert asking.in_person() == "per_1"
    assert asking.checked
    acted_for = Caller("per_1", (), ASSIGN, acting_id="per_2")
    with pytest.raises(NotFound):
        acted_for.in_person()
    assert not acted_for.checked


def test_roles_on_a_scope_are_all_roles_that_cover_it() -> None:
    asking = caller(Grant(Role.OWNER, ROOM), Grant(Role.BUTLER, f"{COMMUNITY}/3"),
                    Grant(Role.CASHIER, OTHER))  # fmt: skip
    assert asking.roles_on(ROOM) == {Role.OWNER, Role.BUTLER}
    assert asking.roles_on(COMMUNITY) == frozenset()


def test_a_permission_takes_roles_and_groups_of_roles() -> None:
    made = auth.permission("view", Role.BUTLER, auth.RESIDENTS, about="View.")
    assert made.roles == {Role.BUTLER, Role.OWNER, Role.FAMILY_MEMBER, Role.TENANT}


def test_staff_and_residents_are_everyone_and_share_nobody() -> None:
    assert set(Role) == auth.STAFF | auth.RESIDENTS
    assert not auth.STAFF & auth.RESIDENTS


GRANTS = st.lists(
    st.builds(
        Grant,
        st.sampled_from(Role),
        st.sampled_from([*SCOPES, OTHER, f"{COMMUNITY}/甲/0"]),
        st.frozensets(st.sampled_from(auth.Right)),
    ),
    max_size=auth.MAX_GRANTS,
    unique=True,
)


@given(GRANTS)
def test_grants_survive_the_gateways_context(grants: list[Grant]) -> None:
    context = auth.to_context("per_1", grants)
    assert all(isinstance(value, str) for value in context.values())
    handed_on = auth.from_context(context, ASSIGN)
    assert set(handed_on.grants) == set(grants)
    assert handed_on.person_id == "per_1"
    assert handed_on.acting_id == ""
    assert not handed_on.checked


def test_who_acts_for_another_survives_the_gateways_context() -> None:
    handed_on = auth.from_context(auth.to_context("per_1", (), "per_2"), ASSIGN)
    assert (handed_on.person_id, handed_on.acting_id) == ("per_1", "per_2")
    assert handed_on.session_id == ""


def test_the_session_of_a_token_survives_the_gateways_context() -> None:
    handed_on = auth.from_context(auth.to_context("per_1", (), session_id="ses_1"), ASSIGN)
    assert (handed_on.person_id, handed_on.acting_id, handed_on.session_id) == (
        "per_1",
        "",
        "ses_1",
    )


def test_whoever_acts_for_another_is_no_staff_in_their_name() -> None:
    held = [Grant(role, ROOM) for role in Role]
    acting = auth.from_context(auth.to_context("per_1", held, "per_2"), ASSIGN)
    assert {grant.role for grant in acting.grants} == auth.RESIDENTS
    assert acting.scopes == ()
    assert acting.roles_on(ROOM) == auth.RESIDENTS


def test_a_right_that_is_off_is_lacking_on_that_grant_alone() -> None:
    off = frozenset({Right.PAY, Right.VOTE})
    let, own = Grant(Role.TENANT, f"{COMMUNITY}/1/1/101", off), Grant(Role.OWNER, SCOPES[-1])
    told = auth.to_context("per_1", (let, own))
    for right in Right:
        wanted = auth.permission("do", auth.RESIDENTS, about="Do.", right=right)
        on = [own.scope] if right in off else [own.scope, let.scope]
        assert sorted(auth.from_context(told, wanted).scopes) == sorted(on)
    # What is no right of the home cannot be switched.
    wanted = auth.permission("report", auth.RESIDENTS, about="Report.")
    assert set(auth.from_context(told, wanted).scopes) == {own.scope, let.scope}


def test_fifty_homes_with_their_rights_fit_the_gateways_context() -> None:
    offs = [frozenset(list(Right)[: n % 5]) for n in range(auth.MAX_GRANTS)]
    homes = [Grant(Role.FAMILY_MEMBER, f"{COMMUNITY}/{'9' * 20}/{n}/1001", off)
             for n, off in enumerate(offs)]  # fmt: skip
    assert len(str(auth.to_context("per_1", homes)).encode()) <= 4_096


def test_a_company_role_on_all_its_communities_fits_the_gateways_context() -> None:
    grants = [Grant(Role.COMPANY_ADMIN, COMPANY)]
    grants += [Grant(Role.COMPANY_ADMIN, f"com_{n:08d}") for n in range(auth.MAX_COMMUNITIES)]
    context = auth.to_context("per_1", grants)
    # AWS holds an authorizer's whole answer to 8 KB; half of it is a safe distance.
    assert len(str(context).encode()) <= 4_096
    assert set(auth.from_context(context, ASSIGN).grants) == set(grants)


@pytest.mark.parametrize("context", [{}, {"person_id": ""}, {"grants": "butler:com_7k2m9x4a"}])
def test_without_the_authorizers_word_nobody_is_calling(context: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        auth.from_context(context, ASSIGN)


def test_a_role_that_this_release_does_not_know_gives_nothing_and_takes_nothing() -> None:
    context = {"person_id": "per_1", "grants": f"emperor:platform;dispatcher:{COMMUNITY}"}
    asking = auth.from_context(context, ASSIGN)
    assert asking.grants == (Grant(Role.DISPATCHER, COMMUNITY),)
    assert not asking.may("platform")


def test_what_no_request_asked_for_may_write() -> None:
    auth.assert_checked()


def test_a_public_route_may_write_without_a_check() -> None:
    with auth.calling(Caller("", (), auth.PUBLIC)):
        auth.assert_checked()


def test_a_caller_must_be_checked_before_a_write_and_stays_so() -> None:
    asking = caller(Grant(Role.DISPATCHER, COMMUNITY))
    with auth.calling(asking):
        with pytest.raises(AssertionError, match="under assign never checked its caller"):
            auth.assert_checked()
        asking.may(ROOM)
        auth.assert_checked()
    auth.assert_checked()
