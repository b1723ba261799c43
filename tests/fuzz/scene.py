"""The estate that is fuzzed: people of the roles that routes ask for, and things to name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from local.client import post_file, wait_until
from local.estate import registers
from local.platform import Platform
from shared import clock, ids
from shared.auth import PLATFORM, Role
from tests.fuzz.attack import Attack, Person
from tests.fuzz.known import Known
from tests.harness.estate import (
    Estate,
    building,
    employ,
    found_estate,
    house,
    import_register,
    ok,
    room_id,
    workbook,
)
from tests.harness.people import People, Someone
from tests.repairs import pictures

_ROOMS = ("1-1-101", "1-1-102")
_NEWCOMERS = 2
"""People who get and lose roles while the fuzzing goes on; those who send requests keep theirs."""


def play(platform: Platform, people: People, document: dict[str, Any]) -> Attack:
    """An estate on the platform in which every route of the document has something to do."""
    estate = found_estate(people, "fuzz")
    assert import_register(estate, building("1栋", 2))["state"] == "committed"
    dispatcher = employ(people, estate, "fuzz-dispatcher", "dispatcher", "小王")
    worker = employ(people, estate, "fuzz-worker", "technician", "刘师傅")
    residents = [house(people, estate, f"fuzz-{room}", room) for room in _ROOMS]
    technicians = f"/repairs/technicians?community_id={estate.community_id}"
    wait_until(lambda: ok(dispatcher.call("GET", technicians))["items"], "the technician")
    known = _known(estate, worker)
    _fill(known, estate, residents, dispatcher, worker)
    roles = [
        ("platform_admin", people.admin()),
        ("company_admin", people.again(people.named("fuzz-chief"))),
        ("community_manager", estate.manager),
        ("dispatcher", dispatcher),
        ("technician", worker),
        ("security_auditor", _auditor(people)),
        *(("owner", resident) for resident in residents),
        ("nobody", people.named("fuzz-stranger")),
    ]
    callers = [Person(role, someone.client.token) for role, someone in roles]
    return Attack(platform.base_url, document, [*callers, Person("nobody", None)], known)


def _auditor(people: People) -> Someone:
    someone = people.named("fuzz-auditor")
    wanted = {
        "person_id": someone.person_id,
        "role": Role.SECURITY_AUDITOR,
        "scope": PLATFORM,
        "name": "罗审计",
    }
    ok(people.admin().call("POST", "/community/grants", wanted), 201)
    return people.again(someone)


def _known(estate: Estate, worker: Someone) -> Known:
    community, now = estate.community_id, clock.now()
    return Known(
        {
            "community_id": [community],
            "company_id": [estate.company_id],
            "room_id": [room_id(estate, room) for room in _ROOMS],
            "building": ["1"],
            "scope": [community, f"{community}/1"],
            "role": [Role.BUTLER],
            "person_id": [ids.person_id("fuzz", str(n)) for n in range(_NEWCOMERS)],
            "worker_id": [worker.person_id],
            "since": [clock.to_text(now - timedelta(hours=hours)) for hours in (1, 40)],
            "until": [clock.to_text(now)],
        }
    )


def _fill(
    known: Known,
    estate: Estate,
    residents: Sequence[Someone],
    dispatcher: Someone,
    worker: Someone,
) -> None:
    """Have everything done that there must be before a request can do more."""
    known.keep(_photo(residents[0], estate))
    photo = _photo(worker, estate)
    known.keep(photo)
    known.meant["finish_repair", "photo_ids"] = [photo["photo_id"]]
    for resident, room in zip(residents, _ROOMS, strict=True):
        known.keep(_report(resident, estate, room, "water"))
    way: tuple[tuple[Someone, str, dict[str, Any]], ...] = (
        (dispatcher, "assignment", {"worker_id": worker.person_id}),
        (worker, "acceptance", {}),
        (worker, "start", {}),
        (worker, "completion", {"photo_ids": [photo["photo_id"]]}),
    )
    waiting = ("assign_repair withdraw_repair", "accept_repair return_repair", "start_repair",
               "finish_repair", "rate_repair")  # fmt: skip
    categories = ("electric", "wall", "door_window", "public_area", "other")
    for steps, (operations, category) in enumerate(zip(waiting, categories, strict=True)):
        ticket = _report(residents[0], estate, _ROOMS[0], category)
        for person, verb, facts in way[:steps]:
            path = f"/repairs/tickets/{ticket['ticket_id']}/{verb}"
            ticket = ok(person.call("POST", path, {"version": ticket["version"], **facts}))
        known.keep(ticket)
        for operation in operations.split():
            known.meant[operation, "ticket_id"] = [ticket["ticket_id"]]
    imported = _dry_run(estate)
    known.keep(imported)
    for operation in ("list_import_rows", "list_import_findings", "commit_import"):
        known.meant[operation, "import_id"] = [imported["import_id"]]
    for room in _ROOMS:
        known.keep(ok(estate.manager.call("GET", f"/community/rooms/{room_id(estate, room)}")))
    for person_id in known.values["person_id"]:
        for scope in known.values["scope"]:
            grant = {"person_id": person_id, "role": Role.BUTLER, "scope": scope, "name": "小周"}
            ok(estate.manager.call("POST", "/community/grants", grant), 201)


def _report(resident: Someone, estate: Estate, room: str, category: str) -> Any:
    report = {
        "room_id": room_id(estate, room),
        "place": "own",
        "kind": "normal",
        "category": category,
        "description": "厨房水管漏水，地上有水",
    }
    return ok(resident.call("POST", "/repairs/tickets", report), 201)


def _photo(person: Someone, estate: Estate) -> Any:
    body = pictures.jpeg()
    wanted = {
        "community_id": estate.community_id,
        "content_type": "image/jpeg",
        "size_bytes": len(body),
    }
    form = ok(person.call("POST", "/repairs/photos", wanted), 201)
    post_file(form, "photo.jpg", body)
    return form


def _dry_run(estate: Estate) -> Any:
    """A second register file, read and not yet committed."""
    manager = estate.manager.client
    file = workbook(building("1栋", 3))
    path = registers.upload(manager, estate.community_id, "台账.xlsx", file)
    return registers.wait_for_dry_run(manager, path)
