"""Everything that can be asked of onboarding, asked once: permissions, budgets, the contract.

Each list comes to hold as many things as the story is told with, and is asked for whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared import aws, ids
from tests.harness import canaries
from tests.harness.hours import hours_later, schedule
from tests.harness.recorder import Recorder
from tests.harness.rights import hold
from tests.onboarding.scene import (
    ADMIN,
    APPLICANT,
    COMMUNITY,
    OFFICER,
    PDF,
    Person,
    first_days,
    said,
    uploaded,
    wanted,
)

_ALL = "limit=100"
_BY_ONE = 5
"""How many one person may apply for in a day."""


def tell(recorder: Recorder, count: int) -> None:
    """Tell it with `count` (at most ten) applications, files and communities."""
    for reviewer in (OFFICER, ADMIN):
        hold(reviewer.person_id, *reviewer.grants)
    files = [_file(recorder, APPLICANT) for _ in range(count)]
    body = wanted(files)
    application = recorder.request(APPLICANT, "POST", "/applications", body, 201, key="apply-000")
    # The same key again is answered with what it made.
    recorder.request(APPLICANT, "POST", "/applications", body, 201, key="apply-000")
    others = [_another(recorder, number) for number in range(1, count)]
    recorder.request(APPLICANT, "GET", f"/my-applications?{_ALL}")
    recorder.request(OFFICER, "GET", f"/reviews?{_ALL}")
    _review(recorder, OFFICER, application, "claim")
    refused = canaries.said("营业执照已过期")
    _review(recorder, OFFICER, application, "refusal", reason=refused)
    again = said(files, introduction=canaries.said("已更换执照"))
    _own(recorder, application, "resubmission", **again)
    _review(recorder, ADMIN, application, "claim")
    _review(recorder, OFFICER, application, "claim")
    _review(recorder, OFFICER, application, "approval")
    for other in others:
        _review(recorder, OFFICER, other, "claim")
        _review(recorder, OFFICER, other, "refusal", reason=refused)
        recorder.request(ADMIN, "GET", f"/reviews/{other['application_id']}")
    recorder.request(OFFICER, "GET", f"/reviews?state=closed&{_ALL}")
    _first_days(recorder, application, count)
    url = application["application_id"]
    recorder.request(APPLICANT, "GET", f"/applications/{url}")
    recorder.request(OFFICER, "GET", f"/reviews/{url}")
    _withdrawn(recorder)
    _file_comes_to_nothing(recorder)
    _told(recorder)
    _swept(recorder)


def _another(recorder: Recorder, number: int) -> dict[str, Any]:
    """An application of somebody else, as nobody may apply for ten companies in a day."""
    letter = "a" if number < _BY_ONE else "bcdefghjkl"[number - _BY_ONE]
    who = Person("per_" + letter * 26)
    body = wanted([_file(recorder, who)], number)
    found: dict[str, Any] = recorder.request(
        who, "POST", "/applications", body, 201, key=f"apply-{number:03}"
    )
    return found


def _review(
    recorder: Recorder, who: Person, application: dict[str, Any], path: str, **facts: Any
) -> None:
    url = f"/reviews/{application['application_id']}/{path}"
    seen = {**facts, "version": application["version"]}
    application.update(recorder.request(who, "POST", url, seen))


def _own(recorder: Recorder, application: dict[str, Any], path: str, **facts: Any) -> None:
    url = f"/applications/{application['application_id']}/{path}"
    seen = {**facts, "version": application["version"]}
    application.update(recorder.request(APPLICANT, "POST", url, seen))


def _delivered(recorder: Recorder, function: str, body: str) -> None:
    message = {"messageId": "m0", "eventSource": "aws:sqs", "body": body}
    assert recorder.start(function, {"Records": [message]}) == {"batchItemFailures": []}


def _file(recorder: Recorder, who: Person) -> str:
    """A file that was uploaded, and examined."""
    qualification_id, body = _posted(recorder, who)
    _delivered(recorder, "take_qualification", body)
    return qualification_id


def _posted(recorder: Recorder, who: Person) -> tuple[str, str]:
    """A file whose bytes lie in quarantine, and what the bucket tells of it."""
    form = _place(recorder, who)
    key = form["fields"]["key"]
    aws.client("s3").put_object(Bucket=aws.setting("BUCKET"), Key=key, Body=PDF)
    return form["qualification_id"], uploaded(key)


def _place(recorder: Recorder, who: Person) -> dict[str, Any]:
    body = {"content_type": "application/pdf", "size_bytes": len(PDF)}
    form: dict[str, Any] = recorder.request(
        who, "POST", "/qualifications", body, 201, key=f"file-{len(recorder.runs):04}"
    )
    return form


def _file_comes_to_nothing(recorder: Recorder) -> None:
    """Its bytes are gone when the second delivery of the same notification looks for them."""
    key = _place(recorder, APPLICANT)["fields"]["key"]
    _delivered(recorder, "take_qualification", uploaded(key))


def _first_days(recorder: Recorder, application: dict[str, Any], count: int) -> None:
    company_id = ids.derived_platform_id("co", application["application_id"])
    for number in range(count):
        community_id = f"{COMMUNITY[:-1]}{number}"
        for body in first_days(APPLICANT.person_id, company_id, community_id):
            _delivered(recorder, "follow_progress", body)


def _withdrawn(recorder: Recorder) -> None:
    body = wanted([_file(recorder, APPLICANT)], 99)
    with hours_later(25):
        # Whoever applied as often as they may today applies tomorrow.
        mine = recorder.request(APPLICANT, "POST", "/applications", body, 201, key="apply-099")
        _own(recorder, mine, "withdrawal", reason=canaries.said("暂不入驻"))
    recorder.request(APPLICANT, "GET", f"/applications/{mine['application_id']}")


def _told(recorder: Recorder) -> None:
    """The stream brings a change, and the relay takes it to the bus."""
    stored = aws.client("dynamodb").scan(TableName=aws.setting("TABLE"))["Items"]
    item = next(item for item in stored if "event" in item)
    record = {"eventName": "MODIFY", "dynamodb": {"NewImage": item}}
    recorder.start("relay_events", {"Records": [record]})


def _swept(recorder: Recorder) -> None:
    """The sweeper tells again what was announced, when no stream can bring it any more."""
    with hours_later(28):
        recorder.start("sweep_events", schedule("sweep_events"))


def _heard(_: Recorder, count: int) -> list[str]:
    company_id = ids.derived_platform_id("co", "elsewhere")
    return [
        first_days(APPLICANT.person_id, company_id, f"com_8m3n0y{number:02}")[1]
        for number in range(count)
    ]


WAITING: Mapping[str, Callable[[Recorder, int], list[str]]] = {
    "follow_progress": _heard,
    "take_qualification": lambda recorder, count: [
        _posted(recorder, APPLICANT)[1] for _ in range(count)
    ],
}
"""Queue's function → so many messages that wait for it, each with an effect of its own."""
