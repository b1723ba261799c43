"""Officers: given by the platform, or by a firm with a mandate that ends by itself (D8, OB-04)."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.community.people import actions as people
from chalicelib.community.permissions import EDIT_ROOM, GRANT_ROLE, IMPORT_REGISTER
from local.apps import load_app
from shared import auth, clock, events, grants
from shared.auth import PLATFORM, Caller, Grant, Role
from shared.errors import NotFound
from tests.community.story import ADMIN
from tests.conftest import Cloud
from tests.harness.gateway import Answer, send
from tests.harness.hours import hours_later
from tests.harness.rights import hold

COMPANY, OTHER = "co_" + "0" * 26, "co_" + "1" * 26
CHIEF, OFFICER, CLERK = ("per_" + letter * 26 for letter in "cfk")
A_DAY = 24.0


@pytest.fixture(autouse=True)
def table(moto_cloud: Cloud) -> str:
    name = moto_cloud.table("community")
    hold(ADMIN.person_id, *ADMIN.grants)
    hold(CHIEF, *(Grant(Role.COMPANY_ADMIN, company) for company in (COMPANY, OTHER)))
    return name


def given(company: str = COMPANY, **changes: Any) -> Answer:
    wanted = {
        "person_id": OFFICER,
        "role": "property_officer",
        "scope": company,
        "name": "周专员",
        "mandate": {"document_no": "AJ-2026-017", "until": day(1)},
        **changes,
    }
    body = {name: value for name, value in wanted.items() if value is not None}
    chief = (Grant(Role.COMPANY_ADMIN, COMPANY), Grant(Role.COMPANY_ADMIN, OTHER))
    app = load_app("community").app
    return send(app, "POST", "/grants", body=body, person_id=CHIEF, grants=chief)


def day(ahead: int) -> str:
    with hours_later(A_DAY * ahead):
        return clock.estate_date(clock.now()).isoformat()


def codes(answer: Answer) -> list[tuple[str, str]]:
    assert answer.status == 400, answer.text
    return [(one["path"], one["code"]) for one in answer.json["errors"]]


def test_a_firm_gives_a_mandate_and_sees_its_number_and_its_last_day() -> None:
    answer = given()
    assert answer.status == 201, answer.text
    assert answer.json["mandate"] == {"document_no": "AJ-2026-017", "until": day(1)}
    assert grants.grants_of(OFFICER) == (Grant(Role.PROPERTY_OFFICER, COMPANY),)


def test_an_officer_without_a_mandate_is_none_and_nobody_else_has_one() -> None:
    assert codes(given(mandate=None)) == [("mandate", "mandate_missing")]
    assert codes(given(role="finance_clerk")) == [("mandate", "mandate_of_officers_only")]
    over = {"document_no": "AJ-1", "until": day(-1)}
    assert codes(given(mandate=over)) == [("mandate.until", "until_in_the_past")]
    for_ever = {"document_no": "AJ-1", "until": "2099-12-31"}
    assert codes(given(mandate=for_ever)) == [("mandate.until", "mandate_too_long")]


def test_a_mandate_ends_by_itself_when_its_last_day_is_over() -> None:
    given(mandate={"document_no": "AJ-1", "until": day(0)})
    assert grants.grants_of(OFFICER) != ()
    with hours_later(A_DAY):
        assert grants.grants_of(OFFICER) == ()
        # And what the gateway still knows of it for a minute moves nothing that stays.
        with (
            pytest.raises(NotFound),
            grants.relying_on(OFFICER, [Grant(Role.PROPERTY_OFFICER, COMPANY)]),
        ):
            pass


def test_a_mandate_that_is_given_again_takes_its_new_number_and_day() -> None:
    given()
    again = given(mandate={"document_no": "AJ-2026-018", "until": day(30)})
    assert again.json["mandate"]["document_no"] == "AJ-2026-018"
    with hours_later(A_DAY * 20):
        assert grants.grants_of(OFFICER) == (Grant(Role.PROPERTY_OFFICER, COMPANY),)


def test_an_officer_acts_for_one_firm() -> None:
    given()
    refused = given(OTHER)
    assert (refused.status, refused.json["code"]) == (409, "officer_of_another_firm")
    assert grants.grants_of(OFFICER) == (Grant(Role.PROPERTY_OFFICER, COMPANY),)


def test_two_firms_at_one_moment_do_not_both_get_the_officer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given()
    monkeypatch.setattr(grants, "held_by", lambda person_id: ())
    assert (given(OTHER).status, given(OTHER).json["code"]) == (409, "stale_version")


def test_what_an_officer_does_is_told_in_the_name_of_the_firm() -> None:
    hosted = (Grant(Role.PROPERTY_OFFICER, COMPANY), Grant(Role.PROPERTY_OFFICER, "com_7k2m9x4a"))
    officer = Caller(OFFICER, hosted, EDIT_ROOM)
    assert told_by(officer).for_id == COMPANY
    assert told_by(officer).actor_id == OFFICER
    # Whoever may do it by a role of their own does it in their own name.
    both = Caller(OFFICER, (*hosted, Grant(Role.COMMUNITY_MANAGER, "com_7k2m9x4a")), EDIT_ROOM)
    assert told_by(both).for_id == ""
    elsewhere = (Grant(Role.COMMUNITY_MANAGER, "com_8m3n0y5b"), Grant(Role.COMPANY_ADMIN, OTHER))
    assert told_by(Caller(OFFICER, (*elsewhere, *hosted), IMPORT_REGISTER)).for_id == COMPANY


def told_by(caller: Caller) -> events.Event:
    with auth.calling(caller):
        return events.happened(
            "RoomEdited",
            "community",
            "room_7k2m9x4a_3-1-502",
            2,
            at=clock.now(),
            community_id="com_7k2m9x4a",
            actor_id=caller.person_id,
        )


def test_an_officer_gives_nobody_a_role() -> None:
    """The firm's staff are appointed by the firm."""
    assert Role.PROPERTY_OFFICER not in GRANT_ROLE.roles


def test_the_platform_appoints_its_own_officers() -> None:
    app = load_app("community").app
    for role in ("market_officer", "owner_service", "order_officer"):
        wanted = {"person_id": OFFICER, "role": role, "scope": PLATFORM, "name": "周专员"}
        answer = send(
            app, "POST", "/grants", body=wanted, person_id=ADMIN.person_id, grants=ADMIN.grants
        )
        assert answer.status == 201, answer.text
    assert {grant.scope for grant in grants.grants_of(OFFICER)} == {PLATFORM}


def test_an_officer_who_is_merged_into_one_of_another_firm_is_no_officer_of_two() -> None:
    twin = "per_" + "g" * 26
    given()
    given(OTHER, person_id=twin)
    merged = events.Event(
        "per_1:2",
        "PersonsMerged",
        "identity",
        clock.now(),
        PLATFORM,
        OFFICER,
        2,
        ADMIN.person_id,
        {"person_id": OFFICER, "into_id": twin},
    )
    for _ in range(2):
        people.follow_people(merged, clock.now())
        assert grants.grants_of(OFFICER) == ()
        assert grants.grants_of(twin) == (Grant(Role.PROPERTY_OFFICER, OTHER),)


def test_a_mandate_whose_last_day_is_over_keeps_nobody_from_another_firm() -> None:
    given(mandate={"document_no": "AJ-1", "until": day(0)})
    with hours_later(A_DAY):
        answer = given(OTHER, mandate={"document_no": "AJ-2", "until": day(5)})
        assert answer.status == 201, answer.text
        assert grants.grants_of(OFFICER) == (Grant(Role.PROPERTY_OFFICER, OTHER),)
        (over,) = held_at(COMPANY)
        assert (over["standing"], over["reason"], over["by"]) == ("ended", "lapsed", CHIEF)
        # And whoever ends what was over already takes nothing from the other firm.
        assert revoked(CHIEF, COMPANY).status == 200
        assert grants.grants_of(OFFICER) == (Grant(Role.PROPERTY_OFFICER, OTHER),)


def test_an_officer_lays_their_mandate_down_and_may_act_for_another_firm() -> None:
    given()
    answer = revoked(OFFICER, COMPANY)
    assert (answer.status, answer.json["standing"], answer.json["by"]) == (200, "ended", OFFICER)
    assert grants.grants_of(OFFICER) == ()
    assert revoked(OFFICER, COMPANY).json == answer.json
    assert given(OTHER).status == 201


def test_an_officer_takes_nothing_from_anybody_else() -> None:
    given()
    clerk = given(name="王芳", role="finance_clerk", mandate=None, person_id=CLERK)
    assert clerk.status == 201
    refused = revoked(OFFICER, COMPANY, person_id=CLERK, role="finance_clerk")
    assert codes(refused) == [("role", "role_not_yours_to_give")]
    # Whether there is such a role at all, whoever could not take it away does not learn.
    assert codes(revoked(OFFICER, COMPANY, person_id=CLERK)) == codes(refused)
    assert revoked(OFFICER, OTHER).status == 404
    assert grants.grants_of(CLERK) != ()


def test_nobody_lays_a_mandate_down_for_the_officer_they_act_for() -> None:
    given()
    assert revoked(OFFICER, COMPANY, acting_id=CLERK).status == 404
    assert grants.grants_of(OFFICER) == (Grant(Role.PROPERTY_OFFICER, COMPANY),)


def revoked(by: str, company: str, acting_id: str = "", **changes: str) -> Answer:
    own = Grant(Role.COMPANY_ADMIN if by == CHIEF else Role.PROPERTY_OFFICER, COMPANY)
    wanted = {"person_id": OFFICER, "role": "property_officer", "scope": company, "reason": "辞任"}
    context = auth.to_context(by, (own,), acting_id)
    app = load_app("community").app
    return send(app, "POST", "/revocations", body={**wanted, **changes}, authorizer=context)


def held_at(company: str) -> list[dict[str, Any]]:
    app = load_app("community").app
    own = (Grant(Role.COMPANY_ADMIN, company),)
    found: list[dict[str, Any]] = send(
        app, "GET", f"/grants?scope={company}", person_id=CHIEF, grants=own
    ).json["items"]
    return found


def test_an_officer_is_merged_into_one_whose_mandate_of_another_firm_is_over() -> None:
    twin = "per_" + "g" * 26
    given(OTHER, person_id=twin, mandate={"document_no": "AJ-1", "until": day(0)})
    given(mandate={"document_no": "AJ-2", "until": day(9)})
    with hours_later(A_DAY):
        into = {"person_id": OFFICER, "into_id": twin}
        merged = events.happened(
            "PersonsMerged", "identity", OFFICER, 2, at=clock.now(), community_id=PLATFORM,
            actor_id=ADMIN.person_id, data=into,
        )  # fmt: skip
        for _ in range(2):
            people.follow_people(merged, clock.now())
            assert grants.grants_of(twin) == (Grant(Role.PROPERTY_OFFICER, COMPANY),)
