"""A company that was approved is taken on with its administrator, in one write (UM-07)."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from chalicelib.community import store
from local.apps import load_app
from shared import events, grants
from shared.auth import Grant, Role
from tests.community.story import approved
from tests.conftest import Cloud

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
