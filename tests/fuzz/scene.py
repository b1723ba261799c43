"""The estate that is fuzzed: people of the roles that routes ask for, and things to name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import cycle
from typing import Any

from local.client import post_file, wait_until
from local.estate import registers
from local.platform import Platform
from local.sandboxes import Sandboxes
from shared import clock, ids
from shared.auth import Role
from tests.fuzz import scene_firms, scene_people
from tests.fuzz.attack import NOBODY, Attack
from tests.fuzz.cast import Cast, Resident
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


def play(
    platform: Platform, people: People, sandboxes: Sandboxes, document: dict[str, Any]
) -> Attack:
    """An estate on the platform in which every route of the document has something to do."""
    estate = found_estate(people, "fuzz")
    assert import_register(estate, building("1栋", 2))["state"] == "committed"
    dispatcher = employ(people, estate, "fuzz-dispatcher", "dispatcher", "小王")
    worker = employ(people, estate, "fuzz-worker", "technician", "刘师傅")
    residents = [house(people, estate, f"fuzz-{room}", room) for room in _ROOMS]
    technicians = f"/repairs/technicians?community_id={estate.community_id}"
    wait_until(lambda: ok(dispatcher.call("GET", technicians))["items"], "the technician")
    cast = Cast(platform, sandboxes, people, estate, _known(estate, worker))
    _fill(cast.known, estate, residents, dispatcher, worker)
    officer = cast.appointed("fuzz-officer", Role.MARKET_OFFICER, "罗招商")
    callers = [
        cast.sends(role, someone)
        for role, someone in (
            (Role.PLATFORM_ADMIN, people.admin()),
            (Role.PLATFORM_ADMIN, cast.appointed("fuzz-second", Role.PLATFORM_ADMIN, "罗平台")),
            (Role.COMPANY_ADMIN, people.named("fuzz-chief")),
            (Role.COMMUNITY_MANAGER, estate.manager),
            (Role.DISPATCHER, dispatcher),
            (Role.TECHNICIAN, worker),
            (
                Role.SECURITY_AUDITOR,
                cast.appointed("fuzz-auditor", Role.SECURITY_AUDITOR, "罗审计"),
            ),
            (Role.OWNER_SERVICE, cast.appointed("fuzz-service", Role.OWNER_SERVICE, "罗客服")),
            *((Role.OWNER, resident) for resident in residents),
            ("nobody", people.named("fuzz-stranger")),
        )
    ]
    scene_firms.fill(cast, officer, cast.sends(Role.MARKET_OFFICER, officer))
    own = scene_people.fill(cast, callers[-1])
    _households(cast, own, residents[0])
    return Attack(platform.base_url, document, [*callers, NOBODY], cast.known, cast.askers)


def _households(cast: Cast, own: Resident, owner: Someone) -> None:
    """Claims that wait, and people who live with an owner."""
    estate = cast.estate
    rooms = [room_id(estate, room) for room in _ROOMS]
    for operations, room in zip(("withdraw_claim", "get_claim decide_claim"), rooms, strict=True):
        claims = [
            own.call("POST", f"/community/rooms/{room}/claims", {"relation": relation}, 201)
            for relation in ("family_member", "tenant")
        ]
        cast.means(operations, "claim_id", *(claim["claim_id"] for claim in claims))
    cast.asks("get_claim withdraw_claim", cast.sends_too(own.username, own.person_id))
    leaving, staying, coming = (ids.person_id("fuzz-home", name) for name in "abc")
    for person_id in (leaving, staying):
        member = {"person_id": person_id, "relation": "family_member"}
        ok(owner.call("POST", f"/community/rooms/{rooms[0]}/members", member), 201)
    of_home = {"room_id": rooms[0], "relation": "family_member"}
    cast.gives("switch_rights", lambda: {**of_home, "person_id": staying})
    cast.gives("unbind_resident", lambda: {**of_home, "person_id": leaving})
    cast.gives("add_member", lambda: {**of_home, "person_id": coming, "until": None})
    cast.gives("bind_resident", lambda: {**of_home, "person_id": coming, "until": None})
    cast.means("list_grants", "scope", estate.community_id, estate.company_id)
    officer = {
        "person_id": ids.person_id("fuzz", "officer"),
        "role": Role.PROPERTY_OFFICER,
        "scope": estate.company_id,
        "mandate": {"document_no": "AJ-2026-017", "until": "2027-12-31"},
    }
    butler = {"role": Role.BUTLER, "mandate": None, "scope": estate.community_id}
    granted: cycle[dict[str, Any]] = cycle((officer, butler))
    cast.gives("grant_role", lambda: next(granted))


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
        },
        {
            (operation, field): [clock.to_text(now - timedelta(hours=ago)) for ago in hours]
            for operation in ("list_activities", "check_log")
            for field, hours in (("since", (1, 40)), ("until", (0,)))
        },
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
