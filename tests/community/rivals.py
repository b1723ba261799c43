"""What can come at the same moment in `community`: founding, rights, residents, the register."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from shared import aws, clock, events, ids
from shared.auth import PLATFORM, SIGNED_IN, Caller, Grant, Role
from tests.community import household_rivals
from tests.community.register.register_files import csv_of
from tests.community.register.scene import notification, rows_of
from tests.community.story import approved
from tests.harness import canaries
from tests.harness.front_door import trusted_issuer
from tests.harness.interleavings import Rivals
from tests.harness.issuer import Issuer
from tests.harness.recorder import Recorder, Trigger
from tests.harness.rights import hold

_READERS_OF_ONE_IMPORT = ("get_import", "list_import_findings", "list_import_rows")
_WHO_LIVES_WHERE = (
    *("add_member", "bind_resident", "claim_room", "decide_claim", "follow_people"),
    *("list_homes", "switch_rights", "unbind_resident", "withdraw_claim"),
)
APART = {
    "sweep_events": "it reads every item in one consistent call, and changes none of them",
    "list_users": "it reads a page of an index in one call, and changes nothing",
    **dict.fromkeys(
        (f"{reader} × request_import" for reader in _READERS_OF_ONE_IMPORT),
        "an import that is being opened has an id that nobody knows yet",
    ),
    "commit_building × read_register": (
        "a dry run made in the middle of a commit names a version that has passed, whichever it "
        "is, and is stale when it is committed"
    ),
    "grant_role × register_community": "in a community that is being opened nobody has a role yet",
    "decide_claim × switch_rights": "what is claimed is held by nobody, what is switched is held",
    "revoke_role × switch_rights": "a role at work and a right at home are two rows",
    "authorize × follow_people": (
        "the holdings of who is merged or erased go one by one: whoever signs in between has some "
        "of them, and none that was not theirs"
    ),
    "register_company × take_on_company": "each company has a row of its own",
    **dict.fromkeys(
        (
            " × ".join(sorted((view, "take_on_company")))
            for view in (
                *("add_member", "bind_resident", "claim_room", "commit_import", "decide_claim"),
                *("edit_room", "export_register", "follow_people", "list_homes", "switch_rights"),
                "unbind_resident",
            )
        ),
        "a company that is just coming has no community in which its administrator could do it",
    ),
    "commit_building × commit_import": "a building is committed after its import was",
    "commit_building × request_import": "an import that is being opened has nothing to commit",
    **dict.fromkeys(
        (
            " × ".join(sorted((lives, relies)))
            for lives in _WHO_LIVES_WHERE
            for relies in ("commit_import", "edit_room", "export_register")
            if (lives, relies) != ("claim_room", "edit_room")
        ),
        "a right to live in a room is never the one that they rely on",
    ),
    **dict.fromkeys(
        (" × ".join(sorted((lives, "register_community"))) for lives in _WHO_LIVES_WHERE),
        "a community that is being opened has no room yet",
    ),
}
"""What need not be brought together, with anything or with another, and why."""

_ADMIN = Caller("per_" + "z" * 26, (Grant(Role.PLATFORM_ADMIN, PLATFORM),), SIGNED_IN)
_ADDRESS = "南京市雨花台区清河路18号"
_CREDIT_CODE = "91320114MA1MABCD0K"


def scenes(recorder: Recorder) -> Iterator[Rivals]:
    """From the founding of a company to the day on which people come and go."""
    with trusted_issuer() as issuer:
        yield from _estate(recorder, issuer)


def _estate(recorder: Recorder, issuer: Issuer) -> Iterator[Rivals]:
    somebody = ids.person_id(issuer.address, str(issuer.claims()["sub"]))
    signed_in = {"authorizationToken": f"Bearer {issuer.token()}", "methodArn": "arn:aws:x/GET/me"}
    hold(_ADMIN.person_id, *_ADMIN.grants)
    founded = recorder.request(_ADMIN, "POST", "/companies", _company("安居"), 201, key="company-1")
    company_id = str(founded["company_id"])
    chief = _held("c", Role.COMPANY_ADMIN, company_id)
    founding = _founding(chief, company_id, somebody, signed_in)
    yield founding
    yield _taking_on(somebody, signed_in)
    given = _given(somebody, "company_admin", company_id)
    recorder.request(_ADMIN, "POST", "/grants", given, 201)
    yield founding
    wanted = _community(company_id, "清河")
    made = recorder.request(_ADMIN, "POST", "/communities", wanted, 201, key="community-1")
    community_id = str(made["community_id"])
    manager = Caller("per_" + "m" * 26, (Grant(Role.COMMUNITY_MANAGER, community_id),), SIGNED_IN)
    # As the authorizer tells it: whoever has a role in a company has it in its communities.
    inherited = Grant(Role.COMPANY_ADMIN, community_id)
    chief = Caller(chief.person_id, (*chief.grants, inherited), SIGNED_IN)
    own = (manager.person_id, "community_manager", community_id)
    recorder.request(chief, "POST", "/grants", _given(*own), 201)
    yield lambda of: [
        of.asking(_ADMIN, "POST", "/communities", wanted, key="community-1"),
        of.asking(manager, "GET", f"/communities/{community_id}"),
        of.asking(manager, "GET", "/me"),
    ]
    yield from _register(recorder, chief, manager, community_id)
    yield from household_rivals.scenes(
        recorder, chief, manager, community_id, (somebody, signed_in)
    )
    people = _people(chief, manager, community_id, somebody, signed_in)
    yield people
    url = f"/rooms/{ids.room_id(community_id, '1', '1', '101')}/residents"
    bound = {"person_id": somebody, "relation": "owner"}
    recorder.request(manager, "POST", url, bound, 201)
    recorder.request(manager, "POST", "/grants", _given(somebody, "butler", community_id), 201)
    yield people
    lives = {"person_id": manager.person_id, "relation": "owner"}
    recorder.request(chief, "POST", url, lives, 201)
    recorder.request(chief, "POST", "/revocations", _taken(*own))
    yield people
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


def _given(person_id: str, role: str, scope: str) -> dict[str, str]:
    return {"person_id": person_id, "role": role, "scope": scope, "name": "陈总"}


def _taken(person_id: str, role: str, scope: str) -> dict[str, str]:
    return {"person_id": person_id, "role": role, "scope": scope, "reason": "离职"}


def _founding(chief: Caller, company_id: str, somebody: str, signed_in: dict[str, str]) -> Rivals:
    """Companies and communities come, and somebody of the company signs in."""
    own = (somebody, "company_admin", company_id)
    return lambda of: [
        of.asking(_ADMIN, "POST", "/companies", _company("安居"), key="company-1"),
        of.asking(_ADMIN, "POST", "/companies", _company("乐业"), key="company-2"),
        *(
            of.asking(
                _ADMIN, "POST", "/communities", _community(company_id, name), key=f"community-{n}"
            )
            for n, name in enumerate(("清河", "梅园"), 1)
        ),
        of.asking(_ADMIN, "POST", "/grants", _given(*own)),
        of.asking(_ADMIN, "POST", "/revocations", _taken(*own)),
        of.asking(_ADMIN, "GET", "/companies"),
        of.asking(_ADMIN, "GET", f"/communities?company_id={company_id}"),
        of.asking(_ADMIN, "GET", f"/grants?scope={company_id}"),
        of.asking(chief, "GET", "/me"),
        of.starting("authorize", signed_in),
    ]


def _taking_on(somebody: str, signed_in: dict[str, str]) -> Rivals:
    """A company is taken on, twice, while its administrator is appointed by hand as well."""
    company_id = f"co_{0:026}"
    own = (somebody, "company_admin", company_id)
    return lambda of: [
        *(of.starting("take_on_company", _queued(approved(of, 1, somebody)[0])) for _ in "ab"),
        of.asking(_ADMIN, "POST", "/communities", _community(company_id, "桂花"), key="early-one"),
        of.asking(_ADMIN, "POST", "/grants", _given(*own)),
        of.asking(_ADMIN, "POST", "/revocations", _taken(*own)),
        of.asking(_ADMIN, "GET", "/companies"),
        of.asking(_ADMIN, "GET", f"/grants?scope={company_id}"),
        of.starting("authorize", signed_in),
    ]


def _register(
    recorder: Recorder, chief: Caller, manager: Caller, community_id: str
) -> Iterator[Rivals]:
    """A register is read, committed, read again and corrected, by one who may be dismissed."""
    waits = Caller("per_" + "c" * 26, (), SIGNED_IN)
    url = f"/rooms/{ids.room_id(community_id, '1', '1', '101')}/claims"
    wanted = {"relation": "tenant"}
    claim = recorder.request(waits, "POST", url, wanted, 201, key="claim-early")["claim_id"]
    url = f"/communities/{community_id}/imports"
    opened = [
        recorder.request(manager, "POST", url, {"file_name": "台账.csv"}, 201, key=f"import-{n}")
        for n in (1, 2, 3)
    ]
    for found, area in zip(opened, (8_943, 9_000, 9_100), strict=True):
        owned = {"业主姓名": canaries.OWNER_NAME, "联系电话": canaries.OWNER_PHONE}
        body = csv_of(*rows_of("1", {"101": area}, **owned))
        key = found["upload"]["fields"]["key"]
        aws.client("s3").put_object(Bucket=aws.setting("BUCKET"), Key=key, Body=body)
    yield _imports(chief, manager, community_id, opened, claim)
    for found in opened[:2]:
        recorder.start("read_register", _queued(notification(found["upload"]["fields"]["key"])))
    yield _imports(chief, manager, community_id, opened, claim)
    own = (manager.person_id, "community_manager", community_id)
    recorder.request(chief, "POST", "/revocations", _taken(*own))
    yield _imports(chief, manager, community_id, opened, claim)
    recorder.request(chief, "POST", "/grants", _given(*own), 201)
    import_id = opened[0]["import_id"]
    version = recorder.request(manager, "GET", f"/imports/{import_id}")["version"]
    seen = {"version": version}
    recorder.request(manager, "POST", f"/imports/{import_id}/commit", seen, 202)
    yield _imports(chief, manager, community_id, opened, claim)
    for task in _tasks(import_id):
        recorder.start("commit_building", task)
    yield _imports(chief, manager, community_id, opened, claim)


def _imports(
    chief: Caller, manager: Caller, community_id: str, opened: list[dict[str, Any]], claim: str
) -> Rivals:
    """Everything that may happen to a building's rooms and to the imports of them."""
    url = f"/communities/{community_id}"
    room = f"/rooms/{ids.room_id(community_id, '1', '1', '101')}"
    import_id = opened[0]["import_id"]
    bound = {"person_id": "per_" + "b" * 26, "relation": "owner"}
    stranger = Caller("per_" + "b" * 26, (), SIGNED_IN)
    confirmed = {"confirm": True, "reason": "已核对"}
    own = (manager.person_id, "community_manager", community_id)

    def rivals(of: Recorder) -> list[Trigger]:
        tasks = _tasks(import_id)
        results = [{"building": task["building"], "outcome": "committed"} for task in tasks]
        ended = {"import_id": import_id, "results": results}
        wanted = {"file_name": "台账.csv"}
        return [
            of.asking(manager, "POST", f"{url}/imports", wanted, key="import-1"),
            of.asking(manager, "POST", f"{url}/imports", wanted, key="import-4"),
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
            of.asking(manager, "POST", f"{room}/residents", bound),
            of.asking(manager, "POST", f"/claims/{claim}/decision", confirmed),
            of.asking(stranger, "POST", f"{room}/claims", {"relation": "owner"}, key="claim-0001"),
            of.asking(chief, "POST", "/grants", _given(*own)),
            of.asking(chief, "POST", "/revocations", _taken(*own)),
            of.asking(manager, "GET", room),
            of.asking(manager, "GET", f"{url}/imports"),
            of.asking(manager, "GET", f"/imports/{import_id}"),
            of.asking(manager, "GET", f"/imports/{import_id}/rows"),
            of.asking(manager, "GET", f"/imports/{import_id}/findings"),
            of.asking(manager, "GET", f"{url}/buildings"),
            of.asking(manager, "GET", f"{url}/buildings/1/rooms"),
            of.asking(manager, "GET", f"{url}/statistics"),
            of.asking(manager, "POST", f"{url}/exports", {"format": "csv"}, key="export-1"),
        ]

    return rivals


def _people(
    chief: Caller,
    manager: Caller,
    community_id: str,
    somebody: str,
    signed_in: dict[str, str],
) -> Rivals:
    """Somebody becomes staff and resident, and is neither any more; who appoints them, neither."""
    url = f"/communities/{community_id}"
    room = f"/rooms/{ids.room_id(community_id, '1', '1', '101')}"
    bound = {"person_id": somebody, "relation": "owner"}
    own = (manager.person_id, "community_manager", community_id)
    lives = {"person_id": manager.person_id, "relation": "owner"}
    return lambda of: [
        of.asking(manager, "POST", "/grants", _given(somebody, "butler", community_id)),
        of.asking(manager, "POST", "/grants", _given(somebody, "dispatcher", community_id)),
        of.asking(manager, "POST", "/revocations", _taken(somebody, "butler", community_id)),
        of.asking(chief, "POST", "/grants", _given(*own)),
        of.asking(chief, "POST", "/grants", _given(manager.person_id, "butler", community_id)),
        of.asking(chief, "POST", "/revocations", _taken(*own)),
        of.asking(manager, "POST", f"{room}/residents", bound),
        of.asking(manager, "POST", f"{room}/departures", {**bound, "reason": "已过户"}),
        of.asking(chief, "POST", f"{room}/residents", lives),
        of.asking(chief, "POST", f"{room}/departures", {**lives, "reason": "已过户"}),
        of.asking(manager, "PATCH", room, {"version": 2, "use": "office"}),
        of.asking(manager, "POST", f"{url}/exports", {"format": "csv"}, key="export-1"),
        of.asking(manager, "POST", f"{url}/exports", {"format": "csv"}, key="export-2"),
        of.asking(manager, "GET", f"/grants?scope={community_id}"),
        of.asking(manager, "GET", f"{room}/residents"),
        of.starting("authorize", signed_in),
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
