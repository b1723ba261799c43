"""A company applies at the public door, is approved, and is at home on the platform (OB-01)."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.onboarding.credit_code import check_character
from local.client import post_file, wait_until
from shared import clock
from tests.harness.estate import ok
from tests.harness.people import People, Someone

_LICENCE = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


@pytest.fixture(scope="module")
def officer(people: People) -> Someone:
    """A market officer whom the platform appointed."""
    officer = people.named("onboarding-market")
    given = {
        "person_id": officer.person_id,
        "role": "market_officer",
        "scope": "platform",
        "name": "周专员",
    }
    ok(people.admin().call("POST", "/community/grants", given), 201)
    return people.again(officer)


def _applied(applicant: Someone, number: int) -> dict[str, Any]:
    asked = {"content_type": "application/pdf", "size_bytes": len(_LICENCE)}
    place = ok(applicant.call("POST", "/onboarding/qualifications", asked), 201)
    post_file(place, "licence.pdf", _LICENCE)
    body = f"91320114MA1{number:04}HX"
    wanted = {
        "kind": "property_company",
        "name": "望溪物业",
        "credit_code": body + check_character(body),
        "qualification_ids": [place["qualification_id"]],
    }
    found: dict[str, Any] = ok(applicant.call("POST", "/onboarding/applications", wanted), 201)
    return found


def _approved(officer: Someone, application: dict[str, Any]) -> dict[str, Any]:
    url = f"/onboarding/reviews/{application['application_id']}"

    def examined() -> bool:
        (file,) = ok(officer.call("GET", url))["qualifications"]
        return bool(file["state"] == "accepted")

    wait_until(examined, "the licence examined")
    claimed = ok(officer.call("POST", f"{url}/claim", {"version": application["version"]}))
    found: dict[str, Any] = ok(
        officer.call("POST", f"{url}/approval", {"version": claimed["version"]})
    )
    return found


def _administrator(people: People, applicant: Someone) -> Someone:
    """The applicant, once the news of the approval has come to `community`."""

    def administers() -> Someone | None:
        again = people.again(applicant)
        grants = ok(again.call("GET", "/community/me"))["grants"]
        return again if any(one["role"] == "company_admin" for one in grants) else None

    return wait_until(administers, "the applicant administers the company")


def test_an_approved_applicant_administers_the_company_and_is_led_on(
    people: People, officer: Someone
) -> None:
    applicant = people.named("onboarding-applicant")
    application = _applied(applicant, 1)
    url = f"/onboarding/applications/{application['application_id']}"
    assert officer.call("GET", url).status == 404
    _approved(officer, application)
    chief = _administrator(people, applicant)
    shown = ok(chief.call("GET", url))
    assert [step["done"] for step in shown["guidance"]] == [False] * 4
    opened = {
        "company_id": shown["company_id"],
        "name": "望溪家园",
        "address": "南京市雨花台区望溪路9号",
    }
    ok(chief.call("POST", "/community/communities", opened), 201)

    def heard() -> bool:
        guidance = ok(chief.call("GET", url))["guidance"]
        return [step["step"] for step in guidance if step["done"]] == ["community"]

    wait_until(heard, "the community is among what is done")


def test_a_firm_lets_an_officer_host_it_by_a_mandate(people: People, officer: Someone) -> None:
    applicant = people.named("onboarding-firm")
    application = _approved(officer, _applied(applicant, 2))
    chief = _administrator(people, applicant)
    url = f"/onboarding/applications/{application['application_id']}"
    company_id = ok(chief.call("GET", url))["company_id"]
    opened = {"company_id": company_id, "name": "听荷家园", "address": "南京市雨花台区听荷路1号"}
    community = ok(chief.call("POST", "/community/communities", opened), 201)
    host = people.named("onboarding-host")
    register = f"/community/communities/{community['community_id']}/buildings"
    assert host.call("GET", register).status == 404
    mandate = {"document_no": "WX-2026-001", "until": clock.estate_date(clock.now()).isoformat()}
    given = {
        "person_id": host.person_id,
        "role": "property_officer",
        "scope": company_id,
        "name": "吴专员",
    }
    refused = chief.call("POST", "/community/grants", given)
    assert refused.json["errors"][0]["code"] == "mandate_missing"
    ok(chief.call("POST", "/community/grants", {**given, "mandate": mandate}), 201)
    assert people.again(host).call("GET", register).status == 200
