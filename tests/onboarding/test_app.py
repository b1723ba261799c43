"""Every way into onboarding, through the app as its functions run it."""

from __future__ import annotations

from typing import Any

import pytest

from shared import auth, events, ids
from shared.auth import PLATFORM, Grant, Role
from tests.harness.gateway import Answer, send
from tests.harness.hours import hours_later
from tests.harness.rights import lose
from tests.onboarding.scene import (
    ADMIN,
    APPLICANT,
    AUDITOR,
    COMMUNITY,
    JPEG,
    OFFICER,
    OTHER,
    PDF,
    Onboarding,
    Person,
    code,
    first_days,
    said,
    uploaded,
    wanted,
)


def ok(answer: Answer, status: int = 200) -> Any:
    assert answer.status == status, answer.text
    return answer.json


def a_file(at: Onboarding, who: Person = APPLICANT, body: bytes = PDF, key: str = "file") -> str:
    """A file that was posted and examined."""
    asked = {"content_type": "application/pdf", "size_bytes": 900}
    form = ok(at.call(who, "POST", "/qualifications", asked, Idempotency_Key=f"{key}-0001"), 201)
    at.client("s3").put_object(Bucket=at.bucket, Key=form["fields"]["key"], Body=body)
    assert at.deliver("take_qualification", uploaded(form["fields"]["key"])) == []
    return str(form["qualification_id"])


def applied(at: Onboarding, who: Person = APPLICANT, number: int = 0) -> dict[str, Any]:
    body = wanted([a_file(at, who)], number)
    found: dict[str, Any] = ok(
        at.call(who, "POST", "/applications", body, Idempotency_Key=f"apply-{number:04}"), 201
    )
    return found


def review(
    at: Onboarding, one: dict[str, Any], path: str, who: Person = OFFICER, **facts: Any
) -> Answer:
    body = {**facts, "version": one["version"]}
    return at.call(who, "POST", f"/reviews/{one['application_id']}/{path}", body)


def own(at: Onboarding, one: dict[str, Any], path: str, **facts: Any) -> Answer:
    body = {**facts, "version": one["version"]}
    return at.call(APPLICANT, "POST", f"/applications/{one['application_id']}/{path}", body)


def test_a_company_applies_is_reviewed_and_approved(onboarding: Onboarding) -> None:
    one = applied(onboarding)
    assert (one["state"], one["state_zh"]) == ("submitted", "待审核")
    one = ok(review(onboarding, one, "claim"))
    assert (one["state"], one["reviewer_id"]) == ("in_review", OFFICER.person_id)
    one = ok(review(onboarding, one, "approval"))
    assert (one["state"], one["state_en"]) == ("approved", "approved")
    seen = ok(onboarding.call(APPLICANT, "GET", f"/applications/{one['application_id']}"))
    assert [entry["action"] for entry in seen["timeline"]] == ["submit", "claim", "approve"]
    assert seen["company_id"] == ids.derived_platform_id("co", one["application_id"])


def test_nobody_applies_by_who_acts_for_them_and_nobody_reviews_so(onboarding: Onboarding) -> None:
    """Two persons who are one: the reviewer acts for the applicant, or the applicant for them."""
    body = wanted([a_file(onboarding)])
    by_officer = auth.to_context(APPLICANT.person_id, (), OFFICER.person_id)
    app, key = onboarding.module.app, {"Idempotency-Key": "apply-0001"}
    asked = send(app, "POST", "/applications", body=body, headers=key, authorizer=by_officer)
    assert asked.status == 404
    one = applied(onboarding)
    as_officer = auth.to_context(OFFICER.person_id, OFFICER.grants, APPLICANT.person_id)
    url, step = f"/reviews/{one['application_id']}/claim", {"version": one["version"]}
    assert send(app, "POST", url, body=step, authorizer=as_officer).status == 404
    one = ok(review(onboarding, one, "claim"))
    one = ok(review(onboarding, one, "refusal", reason="缺少资质"))
    again = {**said([a_file(onboarding)]), "version": one["version"]}
    url = f"/applications/{one['application_id']}/resubmission"
    assert send(app, "POST", url, body=again, authorizer=by_officer).status == 404
    assert ok(onboarding.call(APPLICANT, "POST", url, again))["state"] == "submitted"


def test_the_approval_tells_the_others_what_they_need(onboarding: Onboarding) -> None:
    one = applied(onboarding)
    one = ok(review(onboarding, ok(review(onboarding, one, "claim")), "approval"))
    item = next(i for i in onboarding.items() if i["sk"]["S"] == "application" and "event" in i)
    event = events.decode(item["event"]["S"])
    assert (event.type, event.community_id, event.actor_id) == (
        *("CompanyApproved", PLATFORM, OFFICER.person_id),
    )
    assert {name: event.data[name] for name in ("application_id", "person_id", "name")} == {
        "application_id": one["application_id"],
        "person_id": APPLICANT.person_id,
        "name": one["name"],
    }
    assert event.data["company_id"] == ids.derived_platform_id("co", one["application_id"])
    assert event.data["credit_code"] == one["credit_code"]


def test_a_refused_company_puts_it_right_and_comes_back(onboarding: Onboarding) -> None:
    one = ok(review(onboarding, applied(onboarding), "claim"))
    one = ok(review(onboarding, one, "refusal", reason="营业执照已过期"))
    assert one["ended_at"] is not None
    again = said(one["qualification_ids"], 7, name="安居物业服务")
    one = ok(own(onboarding, one, "resubmission", **again))
    assert (one["state"], one["name"], one["credit_code"]) == ("submitted", "安居物业服务", code(7))
    assert (one["reviewer_id"], one["ended_at"]) == (None, None)


def test_a_slip_in_the_credit_code_is_told_at_once(onboarding: Onboarding) -> None:
    slip = code(0)[:-1] + "X"
    body = wanted([a_file(onboarding)], credit_code=slip)
    answer = onboarding.call(APPLICANT, "POST", "/applications", body, Idempotency_Key="apply-0000")
    assert [(e["path"], e["code"]) for e in answer.json["errors"]] == [
        ("credit_code", "wrong_check_character")
    ]


def test_a_credit_code_has_one_open_application(onboarding: Onboarding) -> None:
    one = applied(onboarding)
    body = wanted([a_file(onboarding, OTHER)])
    answer = onboarding.call(OTHER, "POST", "/applications", body, Idempotency_Key="apply-0000")
    assert (answer.status, answer.json["code"]) == (409, "credit_code_taken")
    one = ok(review(onboarding, one, "claim"))
    one = ok(review(onboarding, one, "refusal", reason="资料不全"))
    # Who was refused keeps nobody from applying, and must then find another way.
    ok(onboarding.call(OTHER, "POST", "/applications", body, Idempotency_Key="apply-0000"), 201)
    again = own(onboarding, one, "resubmission", **said(one["qualification_ids"]))
    assert (again.status, again.json["code"]) == (409, "credit_code_taken")


def test_an_approved_company_keeps_its_credit_code(onboarding: Onboarding) -> None:
    one = ok(review(onboarding, applied(onboarding), "claim"))
    ok(review(onboarding, one, "approval"))
    body = wanted([a_file(onboarding, OTHER)])
    answer = onboarding.call(OTHER, "POST", "/applications", body, Idempotency_Key="apply-0000")
    assert (answer.status, answer.json["code"]) == (409, "credit_code_taken")


def test_nobody_reviews_their_own_application(onboarding: Onboarding) -> None:
    one = applied(onboarding, OFFICER)
    answer = review(onboarding, one, "claim")
    assert (answer.status, answer.json["code"]) == (409, "own_application")
    assert ok(review(onboarding, one, "claim", ADMIN))["reviewer_id"] == ADMIN.person_id


def test_whoever_took_it_on_decides_until_another_takes_it_over(onboarding: Onboarding) -> None:
    one = ok(review(onboarding, applied(onboarding), "claim"))
    answer = review(onboarding, one, "approval", ADMIN)
    assert (answer.status, answer.json["code"]) == (409, "not_your_review")
    one = ok(review(onboarding, one, "claim", ADMIN))
    assert ok(review(onboarding, one, "approval", ADMIN))["state"] == "approved"


def test_an_auditor_sees_and_decides_nothing(onboarding: Onboarding) -> None:
    one = applied(onboarding)
    assert ok(onboarding.call(AUDITOR, "GET", "/reviews"))["items"] != []
    assert review(onboarding, one, "claim", AUDITOR).status == 404


def test_a_dismissed_reviewer_approves_nothing(onboarding: Onboarding) -> None:
    one = ok(review(onboarding, applied(onboarding), "claim"))
    lose(OFFICER.person_id, *OFFICER.grants)
    before = onboarding.items()
    assert review(onboarding, one, "approval").status == 404
    assert onboarding.items() == before


def test_a_step_taken_twice_is_one_step(onboarding: Onboarding) -> None:
    one = applied(onboarding)
    first = ok(review(onboarding, one, "claim"))
    before = onboarding.items()
    assert ok(review(onboarding, one, "claim")) == first
    assert onboarding.items() == before


def test_anothers_application_is_not_there(onboarding: Onboarding) -> None:
    one = applied(onboarding)
    url = f"/applications/{one['application_id']}"
    absent = onboarding.call(OTHER, "GET", f"/applications/app_{'0' * 26}")
    assert onboarding.call(OTHER, "GET", url) == absent
    body = {"reason": "暂不入驻", "version": 1}
    assert onboarding.call(OTHER, "POST", f"{url}/withdrawal", body) == absent


def test_a_person_applies_five_times_a_day(onboarding: Onboarding) -> None:
    for number in range(5):
        applied(onboarding, number=number)
    body = wanted([a_file(onboarding)], 9)
    answer = onboarding.call(APPLICANT, "POST", "/applications", body, Idempotency_Key="apply-0009")
    assert (answer.status, answer.json["code"]) == (429, "too_many_applications")
    with hours_later(25):
        answer = onboarding.call(
            APPLICANT, "POST", "/applications", body, Idempotency_Key="apply-0009"
        )
    assert answer.status == 201


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (PDF, "accepted"),
        (JPEG, "accepted"),
        (PDF[:-8], "refused"),
        (b"MZ\x90\x00" + PDF, "refused"),
        (b"<script>alert(1)</script>", "refused"),
        (JPEG + b"<script>", "refused"),
    ],
)
def test_a_file_is_what_its_bytes_say(onboarding: Onboarding, body: bytes, state: str) -> None:
    file = a_file(onboarding, body=body)
    kept = [key for key in onboarding.stored_files() if file in key]
    assert bool(kept) == (state == "accepted")
    assert not any(key.startswith("quarantine/") for key in onboarding.stored_files())


def test_a_file_that_was_refused_or_is_anothers_cannot_be_shown(onboarding: Onboarding) -> None:
    bad, theirs = a_file(onboarding, body=b"<script>"), a_file(onboarding, OTHER)
    for file, expected in ((bad, "qualification_refused"), (theirs, "no_such_qualification")):
        answer = onboarding.call(
            APPLICANT, "POST", "/applications", wanted([file]), Idempotency_Key="apply-0000"
        )
        assert [(e["path"], e["code"]) for e in answer.json["errors"]] == [
            ("qualification_ids[0]", expected)
        ]


def test_a_file_is_saved_and_never_shown_in_a_page(onboarding: Onboarding) -> None:
    one = applied(onboarding)
    (file,) = ok(onboarding.call(OFFICER, "GET", f"/reviews/{one['application_id']}"))[
        "qualifications"
    ]
    assert (file["state"], file["content_type"]) == ("accepted", "application/pdf")
    assert "response-content-disposition=attachment" in file["url"]


def test_an_approved_company_is_led_step_by_step(onboarding: Onboarding) -> None:
    one = applied(onboarding)
    url = f"/applications/{one['application_id']}"
    assert ok(onboarding.call(APPLICANT, "GET", url))["guidance"] == []
    ok(review(onboarding, ok(review(onboarding, one, "claim")), "approval"))
    company_id = ids.derived_platform_id("co", one["application_id"])
    told = first_days(APPLICANT.person_id, company_id, COMMUNITY)
    done = []
    # In any order: what belongs together meets when it is read.
    for body in (told[3], told[2], told[1], told[0]):
        assert onboarding.deliver("follow_progress", body, body) == []
        steps = ok(onboarding.call(APPLICANT, "GET", url))["guidance"]
        done.append([step["step"] for step in steps if step["done"]])
    assert done == [
        *([], []),
        ["community", "register", "staff"],
        ["account", "community", "register", "staff"],
    ]
    assert all(step["next_zh"] and step["next_en"] for step in steps)


def test_reviewers_find_what_waits_and_what_ended_in_a_month(onboarding: Onboarding) -> None:
    first, second = applied(onboarding), applied(onboarding, number=1)
    listed = ok(onboarding.call(OFFICER, "GET", "/reviews"))["items"]
    ids_listed = [one["application_id"] for one in listed]
    assert ids_listed == [first["application_id"], second["application_id"]]
    ok(own(onboarding, first, "withdrawal", reason="暂不入驻"))
    closed = ok(onboarding.call(OFFICER, "GET", "/reviews?state=closed"))["items"]
    assert [one["application_id"] for one in closed] == [first["application_id"]]
    mine = ok(onboarding.call(APPLICANT, "GET", "/my-applications"))["items"]
    assert [one["state"] for one in mine] == ["submitted", "withdrawn"]
    answer = onboarding.call(OFFICER, "GET", "/reviews?month=2026-11")
    assert answer.json["errors"][0]["code"] == "no_month_for_open"


def test_a_role_on_a_company_reviews_nothing(onboarding: Onboarding) -> None:
    one = applied(onboarding)
    chief = Person("per_" + "c" * 26, (Grant(Role.SECURITY_AUDITOR, "co_" + "h" * 26),))
    url = f"/reviews/{one['application_id']}"
    assert onboarding.call(chief, "GET", url).status == 404
    assert onboarding.call(chief, "GET", "/reviews").status == 404


def test_the_whole_way_on_both_stand_ins(onboarding_on: Onboarding) -> None:
    one = ok(review(onboarding_on, applied(onboarding_on), "claim"))
    one = ok(review(onboarding_on, one, "refusal", reason="资料不全"))
    one = ok(own(onboarding_on, one, "resubmission", **said(one["qualification_ids"])))
    body = wanted([a_file(onboarding_on, OTHER)])
    taken = onboarding_on.call(OTHER, "POST", "/applications", body, Idempotency_Key="apply-0000")
    assert taken.json["code"] == "credit_code_taken"
    one = ok(review(onboarding_on, ok(review(onboarding_on, one, "claim")), "approval"))
    assert one["state"] == "approved"
