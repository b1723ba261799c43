"""Everything that can be asked of `community`, asked once: for permissions, budgets, the contract.

Each list comes to hold as many things as the story is told with, and is asked for whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from shared import aws, clock, events, ids
from shared.auth import PLATFORM, SIGNED_IN, Caller, Grant, Role
from tests.community import household_story
from tests.community.register.register_files import Value, csv_of
from tests.community.register.scene import notification, rows_of
from tests.harness import canaries
from tests.harness.front_door import trusted_issuer
from tests.harness.hours import hours_later, schedule
from tests.harness.recorder import Recorder
from tests.harness.rights import hold

_ALL = "limit=100"
_SUBJECT = "8f1c0b52-7a8e-4a42-9d36-0f6f1f1f2a11"
_ELSEWHERE = "com_8m3n0y5b"
_ADDRESS = "南京市雨花台区清河路18号"
_OWNED: dict[str, Value] = {
    "业主姓名": canaries.OWNER_NAME,
    "证件号码": canaries.OWNER_ID,
    "联系电话": canaries.OWNER_PHONE,
    "备注": canaries.said("钥匙在物业"),
}


def _person(letter: str, *grants: Grant) -> Caller:
    return Caller("per_" + letter * 26, grants, SIGNED_IN)


ADMIN = _person("z", Grant(Role.PLATFORM_ADMIN, PLATFORM))


def tell(recorder: Recorder, count: int) -> None:
    """Tell it with `count` (at most ten) companies, communities, people, imports and buildings."""
    hold(ADMIN.person_id, *ADMIN.grants)
    company_id, community_ids = _founded(recorder, count)
    community_id = community_ids[0]
    manager = _person("m", *(Grant(Role.COMMUNITY_MANAGER, one) for one in community_ids))
    hold(manager.person_id, *manager.grants)
    recorder.request(manager, "GET", "/me")
    _staff_comes_and_goes(recorder, manager, community_id, count)
    import_id = _dry_runs(recorder, manager, community_id, count)
    _committed(recorder, manager, import_id)
    _looked_at(recorder, manager, community_id, count)
    _residents_come_and_go(recorder, manager, community_id, count)
    household_story.tell(recorder, manager, community_id, count)
    _counted(recorder, manager, community_id)
    _delivered(recorder, "take_on_company", approved(recorder, 1)[0])
    _told(recorder)
    _swept(recorder)
    _let_in(recorder, company_id)


def _founded(recorder: Recorder, count: int) -> tuple[str, list[str]]:
    """A company with all the communities, and the other companies."""
    companies = [
        recorder.request(
            ADMIN,
            "POST",
            "/companies",
            {"name": f"安居物业{number}", "credit_code": "91320114MA1MABCD0K"},
            201,
            key=f"company-{number}",
        )
        for number in range(count)
    ]
    recorder.request(ADMIN, "GET", f"/companies?{_ALL}")
    company_id: str = companies[0]["company_id"]
    # The same key again is answered with what it made.
    again = {"name": "安居物业0", "credit_code": "91320114MA1MABCD0K"}
    recorder.request(ADMIN, "POST", "/companies", again, 201, key="company-0")
    wanted = [{"company_id": company_id, "name": f"清河家园{n}", "address": _ADDRESS}
              for n in range(count)]  # fmt: skip
    communities = [
        recorder.request(ADMIN, "POST", "/communities", body, 201, key=f"community-{number}")
        for number, body in enumerate(wanted)
    ]
    recorder.request(ADMIN, "POST", "/communities", wanted[0], 201, key="community-0")
    recorder.request(ADMIN, "GET", f"/communities?company_id={company_id}&{_ALL}")
    recorder.request(ADMIN, "GET", f"/communities/{communities[0]['community_id']}")
    return company_id, [community["community_id"] for community in communities]


def _staff_comes_and_goes(
    recorder: Recorder, manager: Caller, community_id: str, count: int
) -> None:
    for number in range(count):
        given = {
            "person_id": f"per_{number:026}",
            "role": "butler",
            "scope": community_id,
            "name": canaries.STAFF_NAME,
        }
        recorder.request(manager, "POST", "/grants", given, 201)
    recorder.request(manager, "GET", f"/grants?scope={community_id}&{_ALL}")
    taken = {**given, "reason": canaries.said("离职")}
    del taken["name"]
    recorder.request(manager, "POST", "/revocations", taken)


def _dry_runs(recorder: Recorder, manager: Caller, community_id: str, count: int) -> str:
    """An import to be committed, one whose file is long and one whose was gone; others wait."""
    imports = f"/communities/{community_id}/imports"
    wanted = {"file_name": f"{canaries.said('房产台账')}.csv"}
    opened = [
        recorder.request(manager, "POST", imports, wanted, 201, key=f"import-{number}")
        for number in range(count + 2)
    ]
    recorder.request(manager, "POST", imports, wanted, 201, key="import-0")
    recorder.request(manager, "GET", f"{imports}?{_ALL}")
    rows = rows_of("1", _floors(1), 楼层="不清楚", **_OWNED)
    # A phone on many rooms would be an agent's, and claim none.
    upper = {number: area for number, area in _floors(count).items() if number != "101"}
    rows += rows_of("1", upper, 楼层="不清楚", **(_OWNED | {"联系电话": None}))
    for number in range(2, count + 1):
        rows += rows_of(str(number), {"101": 8_943})
    # It is not committed, as moto copies the table for each room of a transaction.
    long = rows_of("1", _floors(count**2), **(_OWNED | {"楼层": canaries.OWNER_ID}))
    for form, body in zip(opened[:3], (csv_of(*rows), csv_of(*long), None), strict=True):
        key = form["upload"]["fields"]["key"]
        if body is not None:
            aws.client("s3").put_object(Bucket=aws.setting("BUCKET"), Key=key, Body=body)
        _delivered(recorder, "read_register", notification(key))
    for form in opened[:2]:
        recorder.request(manager, "GET", f"/imports/{form['import_id']}/rows?{_ALL}")
        recorder.request(manager, "GET", f"/imports/{form['import_id']}/findings?{_ALL}")
    import_id: str = opened[0]["import_id"]
    return import_id


def _floors(count: int) -> dict[str, int]:
    return {f"{floor}01": 8_943 for floor in range(1, count + 1)}


def _delivered(recorder: Recorder, function: str, body: str) -> None:
    message = {"messageId": "m0", "eventSource": "aws:sqs", "body": body}
    assert recorder.start(function, {"Records": [message]}) == {"batchItemFailures": []}


def _committed(recorder: Recorder, manager: Caller, import_id: str) -> None:
    """Committed, carried out as the state machine does it, and written down."""
    found = recorder.request(manager, "GET", f"/imports/{import_id}")
    url, seen = f"/imports/{import_id}/commit", {"version": found["version"]}
    recorder.request(manager, "POST", url, seen, 202)
    tasks = _event_of(import_id).data["tasks"]
    results = [recorder.start("commit_building", task) for task in tasks]
    assert {result["outcome"] for result in results} == {"committed"}
    recorder.start("finish_import", {"import_id": import_id, "results": results})


def _event_of(subject_id: str) -> events.Event:
    told = [events.decode(item["event"]["S"]) for item in _changed()]
    return next(event for event in told if event.subject_id == subject_id)


def _changed() -> list[dict[str, Any]]:
    stored = aws.client("dynamodb").scan(TableName=aws.setting("TABLE"))["Items"]
    return [item for item in stored if "event" in item]


def _looked_at(recorder: Recorder, manager: Caller, community_id: str, count: int) -> None:
    """The register is read, corrected and given out."""
    recorder.request(manager, "GET", f"/communities/{community_id}/buildings")
    for number in range(1, count + 1):
        url = f"/communities/{community_id}/buildings/{number}/rooms?{_ALL}"
        recorder.request(manager, "GET", url)
    room_id = ids.room_id(community_id, "1", "1", "101")
    room = recorder.request(manager, "GET", f"/rooms/{room_id}")
    change = {"version": room["version"], "use": "shop", "note": canaries.said("已实测")}
    recorder.request(manager, "PATCH", f"/rooms/{room_id}", change)
    url = f"/communities/{community_id}/exports"
    recorder.request(manager, "POST", url, {"format": "csv"}, 201, key="export-0001")


def _residents_come_and_go(
    recorder: Recorder, manager: Caller, community_id: str, count: int
) -> None:
    url = f"/rooms/{ids.room_id(community_id, '1', '1', '101')}"
    for number in range(count):
        bound = {"person_id": f"per_{number:026}", "relation": "tenant"}
        recorder.request(manager, "POST", f"{url}/residents", bound, 201)
    recorder.request(manager, "GET", f"{url}/residents?{_ALL}")
    recorder.request(
        manager, "POST", f"{url}/departures", {**bound, "reason": canaries.said("搬走")}
    )


def _counted(recorder: Recorder, manager: Caller, community_id: str) -> None:
    (body,) = _heard_repairs(community_id, 1)
    _delivered(recorder, "count_repairs", body)
    recorder.request(manager, "GET", f"/communities/{community_id}/statistics")


def _heard_repairs(community_id: str, count: int) -> list[str]:
    """What repairs tells of so many reports."""
    told = [
        events.happened(
            "RepairReported",
            "repairs",
            f"rep_{community_id.removeprefix('com_')}_{number:026}",
            1,
            at=clock.now(),
            community_id=community_id,
            actor_id=ADMIN.person_id,
        )
        for number in range(count)
    ]
    return [json.dumps({"detail": json.loads(events.encode(event))}) for event in told]


def approved(_: Recorder | None, count: int, person_id: str = "") -> list[str]:
    """What onboarding tells of so many companies that it let in."""
    told = [
        events.happened(
            "CompanyApproved",
            "onboarding",
            f"app_{number:026}",
            3,
            at=clock.now(),
            community_id=PLATFORM,
            actor_id=ADMIN.person_id,
            data={
                "company_id": f"co_{number:026}",
                "person_id": person_id or f"per_{number:026}",
                "name": "乐业物业",
                "credit_code": "91320114MA1MABCD0C",
            },
        )
        for number in range(count)
    ]
    return [json.dumps({"detail": json.loads(events.encode(event))}) for event in told]


def _posted_registers(recorder: Recorder, count: int) -> list[str]:
    """What the bucket tells of so many register files of one community."""
    manager = _person("m", Grant(Role.COMMUNITY_MANAGER, _ELSEWHERE))
    bodies = []
    for number in range(count):
        url, wanted = f"/communities/{_ELSEWHERE}/imports", {"file_name": "房产台账.csv"}
        form = recorder.request(manager, "POST", url, wanted, 201, key=f"posted-{number}")
        key = form["upload"]["fields"]["key"]
        file = csv_of(*rows_of(str(number + 1), {"101": 8_943}))
        aws.client("s3").put_object(Bucket=aws.setting("BUCKET"), Key=key, Body=file)
        bodies.append(notification(key))
    return bodies


def _told(recorder: Recorder) -> None:
    """The stream brings a change, and the relay takes it to the bus."""
    (item, *_) = _changed()
    record = {"eventName": "MODIFY", "dynamodb": {"NewImage": item}}
    recorder.start("relay_events", {"Records": [record]})


def _swept(recorder: Recorder) -> None:
    """The sweeper tells again what was announced, when no stream can bring it any more."""
    with hours_later(28):
        recorder.start("sweep_events", schedule("sweep_events"))


def _let_in(recorder: Recorder, company_id: str) -> None:
    """Somebody with a role on a company and a genuine token."""
    with trusted_issuer() as issuer:
        given = {
            "person_id": ids.person_id(issuer.address, _SUBJECT),
            "role": "company_admin",
            "scope": company_id,
            "name": canaries.STAFF_NAME,
        }
        recorder.request(ADMIN, "POST", "/grants", given, 201)
        event = {"authorizationToken": f"Bearer {issuer.token()}", "methodArn": "arn:aws:x/GET/me"}
        assert recorder.start("authorize", event)["context"]


WAITING: Mapping[str, Callable[[Recorder, int], list[str]]] = {
    "count_repairs": lambda _, count: _heard_repairs(_ELSEWHERE, count),
    "follow_people": household_story.waiting,
    "read_register": _posted_registers,
    "take_on_company": approved,
}
"""Queue's function → so many messages that wait for it, each with an effect of its own."""
