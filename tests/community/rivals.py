"""What can come at the same moment in `community`: founding, rights, residents, the register."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from chalicelib.community import authorizer
from shared import aws, clock, events, ids
from shared.auth import PLATFORM, SIGNED_IN, Caller, Grant, Role
from tests.community.register.register_files import csv_of
from tests.community.register.scene import notification, rows_of
from tests.harness.interleavings import Rivals
from tests.harness.issuer import CLIENT, Issuer, new_key
from tests.harness.recorder import Recorder, Trigger
from tests.harness.rights import hold

_ADMIN = Caller("per_" + "z" * 26, (Grant(Role.PLATFORM_ADMIN, PLATFORM),), SIGNED_IN)
_BUTLER = "per_" + "b" * 26
_ADDRESS = "南京市雨花台区清河路18号"
_CREDIT_CODE = "91320114MA1MABCD0K"


def scenes(recorder: Recorder) -> Iterator[Rivals]:
    """From the founding of a company to the day on which people come and go."""
    hold(_ADMIN.person_id, *_ADMIN.grants)
    founded = recorder.request(_ADMIN, "POST", "/companies", _company("安居"), 201, key="company-1")
    company_id = str(founded["company_id"])
    yield from _founding(recorder, company_id)
    wanted = _community(company_id, "清河家园")
    made = recorder.request(_ADMIN, "POST", "/communities", wanted, 201, key="community-1")
    community_id = str(made["community_id"])
    manager = _held("m", Role.COMMUNITY_MANAGER, community_id)
    yield from _register(recorder, manager, community_id)
    yield _people(manager, community_id)
    url = f"/rooms/{ids.room_id(community_id, '1', '1', '101')}/residents"
    recorder.request(manager, "POST", url, _BOUND, 201)
    recorder.request(manager, "POST", "/grants", _given(community_id), 201)
    yield _people(manager, community_id)
    yield _counts(manager, community_id)


def _held(letter: str, role: Role, scope: str) -> Caller:
    grant = Grant(role, scope)
    person = Caller("per_" + letter * 26, (grant,), SIGNED_IN)
    hold(person.person_id, grant)
    return person


def _company(name: str) -> dict[str, Any]:
    return {"name": name, "credit_code": _CREDIT_CODE}


def _community(company_id: str, name: str) -> dict[str, Any]:
    return {"company_id": company_id, "name": name, "address": _ADDRESS}


def _founding(recorder: Recorder, company_id: str) -> Iterator[Rivals]:
    """Companies and communities come, and somebody of the company signs in."""
    issuer = Issuer(new_key())
    known = {
        "issuer": issuer.address,
        "jwks_uri": issuer.jwks_uri,
        "audience": [CLIENT],
        "token_use": "access",
    }
    os.environ["ISSUERS"] = json.dumps([known])
    authorizer._verifier.cache_clear()
    chief = ids.person_id(issuer.address, str(issuer.claims()["sub"]))
    given = {"person_id": chief, "role": "company_admin", "scope": company_id, "name": "陈总"}
    taken = {**{key: given[key] for key in ("person_id", "role", "scope")}, "reason": "离职"}
    signed_in = {"authorizationToken": f"Bearer {issuer.token()}", "methodArn": "arn:aws:x/GET/me"}
    member = _held("c", Role.COMPANY_ADMIN, company_id)

    def rivals(of: Recorder) -> list[Trigger]:
        return [
            of.asking(_ADMIN, "POST", "/companies", _company("安居"), key="company-1"),
            of.asking(_ADMIN, "POST", "/companies", _company("乐业"), key="company-2"),
            of.asking(
                _ADMIN, "POST", "/communities", _community(company_id, "清河"), key="community-1"
            ),
            of.asking(
                _ADMIN, "POST", "/communities", _community(company_id, "梅园"), key="community-2"
            ),
            of.asking(_ADMIN, "POST", "/grants", given),
            of.asking(_ADMIN, "POST", "/revocations", taken),
            of.asking(_ADMIN, "GET", "/companies"),
            of.asking(_ADMIN, "GET", f"/communities?company_id={company_id}"),
            of.asking(_ADMIN, "GET", f"/grants?scope={company_id}"),
            of.asking(member, "GET", "/me"),
            of.starting("authorize", signed_in),
        ]

    try:
        yield rivals
        recorder.request(_ADMIN, "POST", "/grants", given, 201)
        yield rivals
    finally:
        issuer.stop()
        authorizer._verifier.cache_clear()
        del os.environ["ISSUERS"]


def _register(recorder: Recorder, manager: Caller, community_id: str) -> Iterator[Rivals]:
    """A register is read, committed, read again and corrected."""
    url = f"/communities/{community_id}/imports"
    opened = [
        recorder.request(manager, "POST", url, {"file_name": "台账.csv"}, 201, key=f"import-{n}")
        for n in (1, 2)
    ]
    for found, area in zip(opened, (8_943, 9_000), strict=True):
        body = csv_of(*rows_of("1", {"101": area}))
        key = found["upload"]["fields"]["key"]
        aws.client("s3").put_object(Bucket=aws.setting("BUCKET"), Key=key, Body=body)
    yield _imports(manager, community_id, opened)
    for found in opened:
        recorder.start("read_register", _queued(notification(found["upload"]["fields"]["key"])))
    yield _imports(manager, community_id, opened)
    import_id = opened[0]["import_id"]
    version = recorder.request(manager, "GET", f"/imports/{import_id}")["version"]
    seen = {"version": version}
    recorder.request(manager, "POST", f"/imports/{import_id}/commit", seen, 202)
    yield _imports(manager, community_id, opened)
    for task in _tasks(import_id):
        recorder.start("commit_building", task)
    yield _imports(manager, community_id, opened)


def _imports(manager: Caller, community_id: str, opened: list[dict[str, Any]]) -> Rivals:
    """Everything that may happen to a building's rooms and to the two imports of them."""
    url = f"/communities/{community_id}"
    room = f"/rooms/{ids.room_id(community_id, '1', '1', '101')}"
    import_id = opened[0]["import_id"]

    def rivals(of: Recorder) -> list[Trigger]:
        tasks = _tasks(import_id)
        results = [{"building": task["building"], "outcome": "committed"} for task in tasks]
        ended = {"import_id": import_id, "results": results}
        wanted = {"file_name": "台账.csv"}
        return [
            of.asking(manager, "POST", f"{url}/imports", wanted, key="import-1"),
            of.asking(manager, "POST", f"{url}/imports", wanted, key="import-3"),
            *(
                of.starting(
                    "read_register", _queued(notification(found["upload"]["fields"]["key"]))
                )
                for found in opened
            ),
            *(
                of.asking(manager, "POST", f"/imports/{found['import_id']}/commit", {"version": 2})
                for found in opened
            ),
            *(of.starting("commit_building", task) for task in tasks),
            *([of.starting("finish_import", ended)] if tasks else []),
            of.asking(manager, "PATCH", room, {"version": 2, "use": "shop"}),
            of.asking(manager, "POST", f"{room}/residents", _BOUND),
            of.asking(manager, "GET", room),
            of.asking(manager, "GET", f"{url}/imports"),
            of.asking(manager, "GET", f"/imports/{import_id}"),
            of.asking(manager, "GET", f"/imports/{import_id}/rows"),
            of.asking(manager, "GET", f"/imports/{import_id}/findings"),
            of.asking(manager, "GET", f"{url}/buildings"),
            of.asking(manager, "GET", f"{url}/buildings/1/rooms"),
            of.asking(manager, "GET", f"{url}/statistics"),
            of.asking(manager, "POST", f"{url}/exports", {"format": "csv"}),
        ]

    return rivals


_BOUND = {"person_id": _BUTLER, "relation": "owner"}


def _given(community_id: str) -> dict[str, str]:
    return {"person_id": _BUTLER, "role": "butler", "scope": community_id, "name": "小周"}


def _people(manager: Caller, community_id: str) -> Rivals:
    """Somebody becomes staff and resident, and is neither any more; who appoints them, neither."""
    room = f"/rooms/{ids.room_id(community_id, '1', '1', '101')}"
    given = _given(community_id)
    taken = {"person_id": _BUTLER, "role": "butler", "scope": community_id, "reason": "离职"}
    dismissed = {**taken, "person_id": manager.person_id, "role": "community_manager"}
    return lambda of: [
        of.asking(manager, "POST", "/grants", given),
        of.asking(manager, "POST", "/grants", {**given, "role": "dispatcher"}),
        of.asking(manager, "POST", "/revocations", taken),
        of.asking(_ADMIN, "POST", "/revocations", dismissed),
        of.asking(manager, "POST", f"{room}/residents", _BOUND),
        of.asking(manager, "POST", f"{room}/departures", {**_BOUND, "reason": "已过户"}),
        of.asking(manager, "GET", f"/grants?scope={community_id}"),
        of.asking(manager, "GET", f"{room}/residents"),
    ]


def _counts(manager: Caller, community_id: str) -> Rivals:
    """Two repairs are told of, one of them twice, while the counts are looked at."""

    def told(of: Recorder, digit: str) -> Trigger:
        ticket_id = f"rep_{community_id.removeprefix('com_')}_{digit * 26}"
        event = events.happened(
            "RepairReported",
            "repairs",
            ticket_id,
            1,
            at=clock.now(),
            community_id=community_id,
            actor_id=manager.person_id,
        )
        body = json.dumps({"detail": json.loads(events.encode(event))})
        return of.starting("count_repairs", _queued(body))

    url = f"/communities/{community_id}/statistics"
    return lambda of: [told(of, "0"), told(of, "1"), of.asking(manager, "GET", url)]


def _queued(body: str) -> dict[str, Any]:
    return {"Records": [{"messageId": "m0", "eventSource": "aws:sqs", "body": body}]}


def _tasks(import_id: str) -> list[dict[str, Any]]:
    """What the state machine was given when the import was committed."""
    stored = aws.client("dynamodb").scan(TableName=aws.setting("TABLE"))["Items"]
    told = [events.decode(item["event"]["S"]) for item in stored if "event" in item]
    found = [one for one in told if one.subject_id == import_id and "tasks" in one.data]
    return list(found[0].data["tasks"]) if found else []
