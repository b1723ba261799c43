"""A company that was approved is taken on with its administrator, in one write (UM-07)."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from chalicelib.community import actions, permissions, shapes, store
from local.apps import load_app
from shared import clock, events, grants
from shared.auth import PLATFORM, Caller, Grant, Role
from tests.community.story import approved
from tests.conftest import Cloud
from tests.harness.rights import hold

COMPANY, APPLICANT = "co_" + "0" * 26, "per_" + "0" * 26


@pytest.fixture(autouse=True)
def table(moto_cloud: Cloud) -> str:
    return moto_cloud.table("community")


def told(*bodies: str) -> Any:
    records = [
        {"messageId": str(place), "eventSource": "aws:sqs", "body": body}
        for place, body in enumerate(bodies)
    ]
    return load_app("community").take_on_company({"Records": records}, None)


def items(moto_cloud: Cloud) -> list[Any]:
    found = moto_cloud.client("dynamodb").scan(TableName=os.environ["TABLE"])["Items"]
    return sorted(found, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def test_the_applicant_administers_the_company_as_soon_as_it_is_there() -> None:
    assert told(*approved(None, 1)) == {"batchItemFailures": []}
    company = store.get_company(COMPANY)
    assert company is not None
    assert (company.name, company.credit_code) == ("乐业物业", "91320114MA1MABCD0C")
    assert grants.grants_of(APPLICANT) == (Grant(Role.COMPANY_ADMIN, COMPANY),)


def test_a_firm_learns_no_ids_of_the_platforms_own_people() -> None:
    """Whoever has an id can give its bearer a right, and then look at their phone."""
    (body,) = approved(None, 1)
    told(body)
    reviewer = json.loads(body)["detail"]["actor_id"]
    chief = Caller(APPLICANT, grants.grants_of(APPLICANT), permissions.LIST_GRANTS)
    (shown,) = shapes.holding_page(actions.list_grants(chief, COMPANY, 20, None)).items
    assert (shown.person_id, shown.by) == (APPLICANT, "platform")
    admin = Caller(reviewer, (Grant(Role.PLATFORM_ADMIN, PLATFORM),), permissions.END_GRANT)
    hold(reviewer, *admin.grants)
    gone = shapes.RevokeRole(
        person_id=APPLICANT, role=Role.COMPANY_ADMIN, scope=COMPANY, reason="离职"
    )
    ended = actions.revoke_role(admin, gone, clock.now())
    # The log knows who it was.
    assert (shapes.holding(ended).by, ended.by) == ("platform", reviewer)


def test_what_is_told_twice_changes_nothing(moto_cloud: Cloud) -> None:
    (body,) = approved(None, 1)
    told(body)
    before = items(moto_cloud)
    assert told(body, body) == {"batchItemFailures": []}
    assert items(moto_cloud) == before


def test_the_grant_is_announced_in_the_name_of_who_approved(moto_cloud: Cloud) -> None:
    (body,) = approved(None, 1)
    told(body)
    (event,) = (events.decode(i["event"]["S"]) for i in items(moto_cloud) if "event" in i)
    assert (event.type, event.subject_id[:4], event.version) == ("StaffGranted", "gra_", 1)
    assert event.actor_id == json.loads(body)["detail"]["actor_id"]
    assert (event.data["person_id"], event.data["role"]) == (APPLICANT, "company_admin")


def test_an_approval_that_lacks_something_comes_again() -> None:
    (body,) = approved(None, 1)
    message = json.loads(body)
    del message["detail"]["data"]["company_id"]
    assert told(json.dumps(message)) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
