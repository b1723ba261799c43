"""What can come at the same moment in onboarding: every step of an application in each state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared import aws, ids
from tests.harness.interleavings import Rivals
from tests.harness.recorder import Recorder, Trigger
from tests.harness.rights import hold
from tests.onboarding.scene import (
    ADMIN,
    APPLICANT,
    COMMUNITY,
    OFFICER,
    OTHER,
    PDF,
    Person,
    first_days,
    said,
    uploaded,
    wanted,
)

APART = {
    "sweep_events": "it reads every item in one consistent call, and changes none of them",
}
"""What need not be brought together, with anything or with another, and why."""

_PLACE = {"content_type": "application/pdf", "size_bytes": len(PDF)}


def scenes(recorder: Recorder) -> Iterator[Rivals]:
    """Bring an application from its file to its approval, by way of a refusal."""
    for reviewer in (OFFICER, ADMIN):
        hold(reviewer.person_id, *reviewer.grants)
    file, key = _posted(recorder, APPLICANT)
    theirs, _ = _posted(recorder, OTHER)
    yield lambda of: [
        of.asking(APPLICANT, "POST", "/qualifications", _PLACE, key="file-0000"),
        of.asking(APPLICANT, "POST", "/qualifications", _PLACE, key="file-0001"),
        *_applying(of, file, theirs),
        of.starting("take_qualification", _queued(uploaded(key))),
    ]
    body = wanted([file])
    application = recorder.request(APPLICANT, "POST", "/applications", body, 201, key="apply-00")
    yield _steps(application, (file, key), theirs)
    for path, facts in (
        ("claim", {}),
        ("refusal", {"reason": "营业执照已过期"}),
        ("resubmission", said([file], introduction="已更换执照")),
        ("claim", {}),
        ("approval", {}),
    ):
        who, things = (
            (APPLICANT, "applications") if path == "resubmission" else (OFFICER, "reviews")
        )
        url = f"/{things}/{application['application_id']}/{path}"
        seen = {**facts, "version": application["version"]}
        application = recorder.request(who, "POST", url, seen)
        yield _steps(application, (file, key), theirs)
    yield _progress(application)


def _posted(recorder: Recorder, who: Person) -> tuple[str, str]:
    form = recorder.request(who, "POST", "/qualifications", _PLACE, 201, key="file-0000")
    key = form["fields"]["key"]
    aws.client("s3").put_object(Bucket=aws.setting("BUCKET"), Key=key, Body=PDF)
    return str(form["qualification_id"]), key


def _applying(of: Recorder, file: str, theirs: str) -> list[Trigger]:
    """The same application, another company's, and another person's with the same code."""
    return [
        of.asking(APPLICANT, "POST", "/applications", wanted([file]), key="apply-00"),
        of.asking(APPLICANT, "POST", "/applications", wanted([file], 1), key="apply-01"),
        of.asking(OTHER, "POST", "/applications", wanted([theirs]), key="apply-00"),
    ]


def _steps(application: dict[str, Any], posted: tuple[str, str], theirs: str) -> Rivals:
    """Every step that anybody may try on the application as it is now, and what comes again.

    Its file was posted and waits to be examined.
    """
    file, key = posted
    own = f"/applications/{application['application_id']}"
    review = f"/reviews/{application['application_id']}"
    version = {"version": application["version"]}
    reason = {**version, "reason": "资料不全"}

    return lambda of: [
        of.asking(OFFICER, "POST", f"{review}/claim", version),
        of.asking(ADMIN, "POST", f"{review}/claim", version),
        of.asking(OFFICER, "POST", f"{review}/approval", version),
        of.asking(OFFICER, "POST", f"{review}/refusal", reason),
        of.asking(APPLICANT, "POST", f"{own}/resubmission", {**said([file]), **version}),
        of.asking(APPLICANT, "POST", f"{own}/withdrawal", reason),
        of.asking(APPLICANT, "GET", own),
        of.asking(OFFICER, "GET", review),
        of.asking(APPLICANT, "POST", "/qualifications", _PLACE, key="file-0000"),
        of.starting("take_qualification", _queued(uploaded(key))),
        *_applying(of, file, theirs),
    ]


def _progress(application: dict[str, Any]) -> Rivals:
    """The company's first days are told of, twice, while somebody looks."""
    company_id = ids.derived_platform_id("co", application["application_id"])
    told = first_days(APPLICANT.person_id, company_id, COMMUNITY)
    return lambda of: [
        *(of.starting("follow_progress", _queued(body)) for body in told),
        of.asking(APPLICANT, "GET", f"/applications/{application['application_id']}"),
        of.asking(OFFICER, "GET", f"/reviews/{application['application_id']}"),
    ]


def _queued(body: str) -> dict[str, Any]:
    return {"Records": [{"messageId": "m0", "eventSource": "aws:sqs", "body": body}]}
