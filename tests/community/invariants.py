"""What must hold of everything that `community` keeps, read from its tables alone (R2, N1, T1).

Two tables: its own, and the grants table, of which it owns every write.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta, timezone

from tests.community import household_invariants
from tests.harness.oracles import (
    Item,
    Plain,
    announced,
    crossing,
    event_of,
    instant,
    partition,
    plain,
    told,
    untold,
    where,
)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_RESIDENTS = {"owner", "family_member", "tenant"}
_MAX_GRANTS, _MAX_COMMUNITIES, _MAX_EXPORTS = 50, 200, 20
_ESTATE_TIME = timezone(timedelta(hours=8))
# State → its version and the event that its last change announced.
_IMPORTS = {
    "awaiting_file": (1, None),
    "ready": (2, None),
    "refused": (2, None),
    "committing": (3, "RegisterImportCommitted"),
    "committed": (4, "RegisterImportFinished"),
    "partly_committed": (4, "RegisterImportFinished"),
}
_COMMITTED = {"committed", "unchanged"}
_Kinds = Mapping[str, list[Plain]]


def broken(items: Iterable[Item], now: datetime) -> list[str]:
    """What is wrong with the items of the tables, a sentence for each fault; none if all is well.

    Parameters
    ----------
    items
        Every item of the capability's table and of the grants table, as DynamoDB keeps them.  A
        right that a test put into the grants table by itself, and that is not the platform's,
        has no holding that explains it and is told of.
    now
        The instant at which they stand so: nothing in them may be of a later one.
    """
    known = [plain(item) for item in items]
    kinds: dict[str, list[Plain]] = {}
    for item in known:
        kinds.setdefault(partition(item)[1], []).append(item)
    return [
        *crossing(known),
        *announced(known, now),
        *_communities(kinds),
        *_holdings(kinds),
        *household_invariants.broken(kinds),
        *(said for building in _buildings(kinds) for said in building.faults()),
        *_listed_buildings(kinds),
        *(said for found in kinds.get("imports", []) for said in _import(found, kinds)),
        *_opened(kinds),
        *_exports(kinds),
        *_counts(kinds),
    ]


def _communities(kinds: _Kinds) -> Iterator[str]:
    """A community stands alone, in its company's list and in what the company's grants reach."""
    facts = ("company_id", "name", "address", "created_at")
    single = {item["pk"].rpartition("#")[2]: item for item in kinds.get("community", [])}
    listed = {item["sk"]: item for item in kinds.get("communities", [])}
    for community_id in sorted(single.keys() | listed.keys()):
        both = [
            {name: found[name] for name in facts}
            for found in (single.get(community_id), listed.get(community_id))
            if found is not None
        ]
        if len(both) != 2 or both[0] != both[1]:
            yield f"T1: {community_id} does not stand by itself as its company lists it"
    companies = {item["sk"] for item in kinds.get("companies", [])}
    for company in kinds.get("companies", []):
        # Of one that was approved, its approval tells, and the role of its administrator.
        if "event" in company:
            yield from told(company, "CompanyRegistered", company["sk"])
    reached = {partition(item)[2]: set(item["communities"]) for item in kinds.get("company", [])}
    for company_id in sorted(companies | reached.keys()):
        of_company = {
            one for one, item in listed.items() if partition(item)[0] == item["company_id"]
        } & {one for one, item in single.items() if item["company_id"] == company_id}
        if reached.get(company_id, set()) != of_company:
            yield f"T1: what the grants on {company_id} reach is not what it lists"
        if len(of_company) > _MAX_COMMUNITIES:
            yield f"D8: {company_id} has {len(of_company)} communities"
    for community_id, item in listed.items():
        if item["company_id"] not in companies:
            yield f"T1: {community_id} belongs to {item['company_id']}, which is no company"


def _holdings(kinds: _Kinds) -> Iterator[str]:
    """A right stands exactly while a holding explains it, and was told when it last changed."""
    explained = {}
    for holding in (*kinds.get("grants", []), *kinds.get("residents", [])):
        right = (holding["person_id"], holding["role"], holding["scope"])
        explained[right] = holding["standing"] == "active"
        yield from _holding(holding)
    stored = {
        (partition(item)[2], item["role"], item["scope"]): item
        for item in kinds.get("person", [])
        if "role" in item
    }
    held: dict[str, int] = {}
    for right, item in stored.items():
        person_id, role, scope = right
        held[person_id] = held.get(person_id, 0) + 1
        kept = "firm" if role == "property_officer" else scope
        if item["sk"] != f"{kept}#{role}":
            yield f"D8: {where(item)} is about {role} on {scope}"
        # Somebody must be the first, before anybody is there who could write it down.
        if not explained.get(right, scope == "platform"):
            yield f"D8: {person_id} still has {role} on {scope}, and no holding says so"
    for right, active in explained.items():
        if active and right not in stored:
            yield f"D8: {' '.join(right)} is said to hold, and is no right"
    for person_id, count in held.items():
        if count > _MAX_GRANTS:
            yield f"D8: {person_id} has {count} rights"


def _holding(holding: Plain) -> Iterator[str]:
    owner, kind, room = partition(holding)
    person_id, role, scope = holding["person_id"], holding["role"], holding["scope"]
    resident = role in _RESIDENTS
    sk = f"{person_id}#{role}" if resident else f"{person_id}#{role}#{scope}"
    if (kind == "residents") != resident or holding["sk"] != sk:
        yield f"D8: {where(holding)} is about {role} of {person_id} on {scope}"
    if scope.split("/")[0] != owner:
        yield f"T1: {where(holding)} is about {scope}"
    if resident and scope != f"{owner}/" + room.replace("-", "/"):
        yield f"T1: {where(holding)} is about the room {scope}"
    active = holding["standing"] == "active"
    # Given, taken, given again: every change of a staff role turns it round.
    if not resident and active != (holding["version"] % 2 == 1):
        yield f"R2: {where(holding)} is {holding['standing']} at version {holding['version']}"
    begun, ended = (
        ("ResidentBound", "ResidentUnbound") if resident else ("StaffGranted", "StaffRevoked")
    )
    changed = resident and active and "event" in holding
    if changed and event_of(holding)["type"] == "ResidentChanged":
        begun = "ResidentChanged"
    yield from told(holding, begun if active else ended, _grant_id(person_id, role, scope))


def _grant_id(*facts: str) -> str:
    value = int.from_bytes(hashlib.sha256("\0".join(facts).encode()).digest()[:16], "big")
    return "gra_" + "".join(_ALPHABET[value >> 5 * place & 31] for place in reversed(range(26)))


class _Building:
    """A building with its rooms."""

    def __init__(self, pk: str, kinds: _Kinds) -> None:
        self.owner, _, self.name = pk.split("#", 2)
        of_building = [item for item in kinds["building"] if item["pk"] == pk]
        self.own = next((item for item in of_building if item["sk"] == "building"), None)
        self.rooms = [item for item in of_building if item["sk"].startswith("room#")]

    def faults(self) -> Iterator[str]:
        """What is wrong with it."""
        if self.own is None:
            yield f"R2: {self.owner} has rooms of {self.name}, which is no building"
            return
        own, phase, taken = self.own, self.own["phase"], self.own["import_id"]
        by_it = [room for room in self.rooms if taken and room.get("staged_by") == taken]
        counting = [r for r in self.rooms if "body" in r or (phase == "folding" and r in by_it)]
        if phase == "free" and by_it:
            yield f"R2: {where(own)} is free of {taken}, and {len(by_it)} rooms are staged by it"
        if phase != "free" and not taken:
            yield f"R2: {where(own)} is {phase} and nobody has taken it"
        if taken and (own["edition"] == taken) != (phase != "staging"):
            yield f"R2: {where(own)} is {phase} of {taken}, and shows {own['edition']}"
        if len(counting) != own["rooms"]:
            yield f"R2: {where(own)} has {own['rooms']} rooms, {len(counting)} count"
        if phase == "folding":
            yield from told(own, "BuildingRegistered", f"{self.owner}/{self.name}")
        else:
            yield from untold(own)
        for room in self.rooms:
            yield from self._room(room)

    def _room(self, room: Plain) -> Iterator[str]:
        assert self.own is not None  # faults goes on for a building that is there
        if room["version"] > self.own["version"]:
            yield f"R2: {where(room)} changed, and its building did not notice"
        if ("staged" in room) != ("staged_by" in room):
            yield f"R2: {where(room)} is staged in part"
        for body in (room.get("body"), room.get("staged")):
            said = json.loads(body) if body else None
            if said and (said["building"], _sort_key(said)) != (self.name, room["sk"]):
                about = "-".join(said[part] for part in ("building", "unit", "number"))
                yield f"T1: {where(room)} is about {about}"
        if "event" in room:
            unit, number = (part[2:] for part in room["sk"].split("#")[1:])
            short = self.owner.removeprefix("com_")
            yield from told(room, "RoomCorrected", f"room_{short}_{self.name}-{unit}-{number}")


def _sort_key(said: Plain) -> str:
    return "#".join(["room", *(f"{len(said[p]):02}{said[p]}" for p in ("unit", "number"))])


def _buildings(kinds: _Kinds) -> list[_Building]:
    return [_Building(pk, kinds) for pk in sorted({i["pk"] for i in kinds.get("building", [])})]


def _listed_buildings(kinds: _Kinds) -> Iterator[str]:
    """The list of buildings counts the rooms that each has."""
    listed = {(partition(row)[0], row["sk"]): row["rooms"] for row in kinds.get("buildings", [])}
    own = {
        (partition(item)[0], partition(item)[2]): item["rooms"]
        for item in kinds.get("building", [])
        if item["sk"] == "building" and item["rooms"]
    }
    for key in sorted(listed.keys() | own.keys()):
        if listed.get(key) != own.get(key):
            yield f"R2: {'/'.join(key)} is listed with {listed.get(key)} rooms, has {own.get(key)}"


def _import(found: Plain, kinds: _Kinds) -> Iterator[str]:
    """Nothing of an import stays half done once it is finished."""
    version, event = _IMPORTS[found["state"]]
    if found["version"] != version:
        yield f"R2: {where(found)} is {found['state']} at version {found['version']}"
    if event is None:
        yield from untold(found)
    else:
        yield from told(found, event, found["sk"])
    if bool(found["dry_run_id"]) == (found["state"] in ("awaiting_file", "refused")):
        yield f"R2: {where(found)} is {found['state']} by the dry run {found['dry_run_id']}"
    plans = {plan["building"]: plan["outcome"] for plan in json.loads(found["buildings"])}
    if bool(found["refusal"]) != (found["state"] == "refused"):
        yield f"R2: {where(found)} is {found['state']} and has the refusal {found['refusal']}"
    if not found["state"].endswith("committed"):
        return
    if event_of(found)["data"] != {"state": found["state"]}:
        yield f"N1: {where(found)} is {found['state']} and does not tell so"
    whole = set(plans.values()) <= _COMMITTED
    if whole != (found["state"] == "committed") or "pending" in plans.values():
        yield f"R2: {where(found)} is {found['state']} with {sorted(set(plans.values()))}"
    for building in _buildings(kinds):
        own = building.own
        if own is None or building.owner != partition(found)[0] or own["import_id"] != found["sk"]:
            continue
        if own["phase"] == "staging" or plans.get(building.name) != "committed":
            outcome = plans.get(building.name, "not its own")
            yield f"R2: {where(found)} is finished, and {where(own)} is {own['phase']}, {outcome}"


def _opened(kinds: _Kinds) -> Iterator[str]:
    """Every import was opened by one request."""
    imports = [(partition(item)[0], item["sk"]) for item in kinds.get("imports", [])]
    opened = [(partition(item)[0], item["import_id"]) for item in kinds.get("opened", [])]
    if sorted(imports) != sorted(opened):
        yield f"R2: the imports {imports} were opened by requests for {opened}"


def _exports(kinds: _Kinds) -> Iterator[str]:
    """Every export was told of, and counted to whom it was given, no more than may be on a day."""
    made: dict[tuple[str, str], int] = {}
    for export in kinds.get("export", []):
        owner, _, export_id = partition(export)
        yield from told(export, "RegisterExported", export_id)
        if export["version"] != 1 or not export_id.startswith(f"exp_{owner[4:]}_"):
            yield f"R2: {where(export)} is of another community, or was written twice"
        if event_of(export)["data"] != {"format": export["format"], "rooms": export["rooms"]}:
            yield f"N4: {where(export)} tells {sorted(event_of(export)['data'])}"
        day = instant(export["at"]).astimezone(_ESTATE_TIME).date()
        by = (export["by"], f"exports#{day}")
        made[by] = made.get(by, 0) + 1
    counted = {
        (partition(quota)[2], quota["sk"]): quota["used"]
        for quota in kinds.get("quotas", [])
        if quota["sk"].startswith("exports#")
    }
    if made != counted:
        yield f"D2: there are the exports {made}, and {counted} are counted"
    for (person_id, day), count in counted.items():
        if count > _MAX_EXPORTS:
            yield f"D2: {person_id} has made {count} {day}"


def _counts(kinds: _Kinds) -> Iterator[str]:
    """As many repairs are counted as there are events that were counted (PJ-01)."""
    marks: dict[str, int] = {}
    for mark in kinds.get("counted", []):
        owner = partition(mark)[0]
        marks[owner] = marks.get(owner, 0) + 1
    counts = {
        partition(item)[0]: sum(n for name, n in item.items() if name.startswith("repairs_"))
        for item in kinds.get("counts", [])
    }
    for owner in sorted(marks.keys() | counts.keys()):
        if marks.get(owner, 0) != counts.get(owner, 0):
            yield f"N1: {owner} counts {counts.get(owner, 0)} of {marks.get(owner, 0)} events"
