"""`community` in plain Python: what it answers and keeps, without an app, a table or a clock."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.auth import Grant, Role
from tests.harness.machines import Person, covers, refuse

MANAGERS = {"company_admin", "community_manager"}
ADMINS = {"platform_admin", "company_admin"}
RESIDENTS = {"owner", "family_member", "tenant"}
STAFF = {role.value for role in Role} - RESIDENTS
AREAS = {"community", "building", "unit"}
# Role → on what it is given, and by whom.
GRANTABLE = {
    "platform_admin": ({"platform"}, {"platform_admin"}),
    "security_auditor": ({"platform", "company"}, {"platform_admin"}),
    "company_admin": ({"company"}, ADMINS),
    "community_manager": ({"community"}, {"company_admin"}),
    "finance_clerk": ({"company", "community"}, {"company_admin"}),
    "butler": (AREAS, MANAGERS),
    "technician": ({"community"}, MANAGERS),
    "dispatcher": ({"community"}, MANAGERS),
}
MAY = {
    "register_company": {"platform_admin"},
    "list_companies": {"platform_admin", "security_auditor"},
    "register_community": ADMINS,
    "list_communities": ADMINS | {"security_auditor"},
    "get_community": STAFF | RESIDENTS,
    "grant": ADMINS | MANAGERS,
    "list_grants": ADMINS | MANAGERS | {"security_auditor"},
    "bind": MANAGERS | {"butler"},
    "list_residents": MANAGERS | {"butler", "security_auditor", "owner"},
    "statistics": ADMINS | MANAGERS | {"security_auditor"},
    "view": ADMINS | MANAGERS | {"security_auditor", "cashier", "dispatcher", "butler"},
    "change": MANAGERS,
}
RIGHTS = {"pay", "open", "order", "vote"}
COUNTED = {
    "RepairReported": "repairs_reported",
    "RepairFinished": "repairs_finished",
    "RepairWithdrawn": "repairs_withdrawn",
    "RepairRated": "repairs_rated",
}
SCOPE = re.compile("platform|co_.{26}|com_.{8}(/[0-9A-Z]{1,20}){0,2}")
MAX_GRANTS, WEEK = 50, timedelta(days=7)
Key = tuple[str, str]
"""Unit and number of a room."""


def level(scope: str) -> str:
    """What a scope is."""
    if scope == "platform" or scope.startswith("co_"):
        return "platform" if scope == "platform" else "company"
    return ("community", "building", "unit", "room")[scope.count("/")]


@dataclass
class Building:
    """A building; it changes as a whole."""

    version: int = 0
    import_id: str = ""
    rooms: dict[Key, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Import:
    """A file on its way in: what it says of each building, and what becomes of that."""

    id: str
    community_id: str
    file_name: str
    by: str
    at: datetime
    state: str = "awaiting_file"
    version: int = 1
    outcomes: dict[str, str] = field(default_factory=dict)
    totals: dict[str, Counter[str]] = field(default_factory=dict)
    based_on: dict[str, int] = field(default_factory=dict)
    changes: dict[str, dict[Key, int]] = field(default_factory=dict)


class Model:
    """Everything that is kept, of all companies and communities."""

    def __init__(self, admin: Person) -> None:
        self.companies: dict[Key, dict[str, Any]] = {}
        self.communities: dict[Key, dict[str, Any]] = {}
        self.rights: dict[str, set[Key]] = {admin.person_id: {("platform_admin", "platform")}}
        self.holdings: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.buildings: dict[Key, Building] = {}
        self.imports: dict[str, Import] = {}
        self.opened: dict[tuple[str, str, str], Import] = {}
        self.counts: Counter[Key] = Counter()
        self.events: set[str] = set()

    def register_company(self, who: Person, said: dict[str, Any], key: str, now: datetime) -> None:
        """Take a company on."""
        refuse(not who.may(MAY["register_company"], "platform"))
        _make(self.companies, (who.person_id, key), said, now)

    def register_community(
        self, who: Person, said: dict[str, Any], key: str, now: datetime
    ) -> None:
        """Open a community."""
        refuse(not who.may(MAY["register_community"], said["company_id"]))
        known = {company.get("company_id") for company in self.companies.values()}
        refuse(said["company_id"] not in known, "not_a_company")
        _make(self.communities, (who.person_id, key), said, now)

    def of_company(self, company_id: str) -> list[str]:
        """The communities of a company."""
        found = self.communities.values()
        return sorted(one["community_id"] for one in found if one["company_id"] == company_id)

    def community(self, who: Person, action: str, community_id: str) -> dict[str, Any]:
        """A community that somebody may see."""
        refuse(not who.reaches(MAY[action], community_id))
        known = {one["community_id"]: one for one in self.communities.values()}
        refuse(community_id not in known)
        return known[community_id]

    def held(self, person_id: str, now: datetime) -> list[Grant]:
        """What somebody has, a role on a company also on each of its communities."""
        stored = self.rights.get(person_id, set())
        own = {one for one in stored if self.holds((person_id, *one), now)}
        wider = {(role, one) for role, scope in own for one in self.of_company(scope)}
        return [Grant(Role(role), scope) for role, scope in sorted(own | wider)]

    def holds(self, key: tuple[str, str, str], now: datetime) -> bool:
        """Whether a holding is a right now; who was the first to be appointed has none."""
        kept = self.holdings.get(key, {"standing": "active"})
        return kept["standing"] == "active" and (not kept.get("until") or now < kept["until"])

    def grant(self, who: Person, said: dict[str, Any], now: datetime) -> dict[str, Any]:
        """Give a role."""
        self._giver(who, said, MAY["grant"])
        return self._begin(who, GRANTABLE[said["role"]][1], said, now)

    def revoke(self, who: Person, said: dict[str, Any], now: datetime) -> dict[str, Any]:
        """Take a role away, or lay down one's own; who may is asked before what there is."""
        own = who.person_id == said["person_id"] and said["role"] != "platform_admin"
        self._giver(who, said, STAFF, own)
        return self._end(who, set() if own else GRANTABLE[said["role"]][1], said, now)

    def bind(self, who: Person, said: dict[str, Any], now: datetime) -> dict[str, Any]:
        """Bind a resident to a room that there is."""
        refuse(not who.may(MAY["bind"], said["scope"]))
        refuse(self.room(said["scope"]) is None)
        refuse(who.person_id == said["person_id"], "not_to_yourself")
        return self._begin(who, MAY["bind"], said, now)

    def _giver(self, who: Person, said: dict[str, Any], may: set[str], own: bool = False) -> None:
        role, scope = said["role"], said["scope"]
        # With whom who may nothing anywhere, not even the form of a scope is discussed.
        refuse(not who.scopes(may))
        refuse(not SCOPE.fullmatch(scope), "not_a_scope")
        refuse(not who.may(may, scope))
        levels, givers = GRANTABLE.get(role, (set(), set()))
        refuse(level(scope) not in levels, "role_not_on_this_scope")
        refuse(not own and not who.may(givers, scope), "role_not_yours_to_give")
        refuse(not own and who.person_id == said["person_id"], "not_to_yourself")

    def _begin(
        self, who: Person, givers: set[str], said: dict[str, Any], now: datetime
    ) -> dict[str, Any]:
        person_id, role, scope = said["person_id"], said["role"], said["scope"]
        known = self.holdings.get((person_id, role, scope), {"standing": "ended", "version": 0})
        if known["standing"] == "active":
            if known.get("until") != said.get("until"):
                self._still(who, givers, scope)
                by = _shown(who, givers, scope)
                known.update(until=said["until"], by=by, at=now, reason="")
                known["version"] += 1
            return known
        own = self.rights.setdefault(person_id, set())
        refuse(len(own) >= MAX_GRANTS, "too_many_grants")
        self._still(who, givers, scope)
        own.add((role, scope))
        rights = RIGHTS - ({"vote"} if role != "owner" else set())
        kept = {
            **({"rights": rights} if role in RESIDENTS else {}),
            **said,
            "by": _shown(who, givers, scope),
            "at": now,
            "reason": "",
            "standing": "active",
        }
        self.holdings[person_id, role, scope] = {**kept, "version": known["version"] + 1}
        return self.holdings[person_id, role, scope]

    def _still(self, who: Person, roles: set[str], scope: str) -> None:
        # Whose right was taken away a moment ago changes nothing by it any more.
        refuse(not _basis(who, roles, scope) <= self.rights.get(who.person_id, set()))

    def _end(
        self, who: Person, takers: set[str], said: dict[str, Any], now: datetime
    ) -> dict[str, Any]:
        key = (said["person_id"], said["role"], said["scope"])
        refuse(key not in self.holdings)
        if self.holdings[key]["standing"] == "active":
            if takers:
                self._still(who, takers, said["scope"])
            by = _shown(who, takers, said["scope"]) if takers else who.person_id
            self.end(key, by, said["reason"], now)
        return self.holdings[key]

    def end(self, key: tuple[str, str, str], by: str, reason: str, now: datetime) -> None:
        """End what holds; a working name ends with it."""
        self.rights[key[0]].discard(key[1:])
        kept = self.holdings[key]
        kept.update(standing="ended", by=by, at=now, reason=reason, version=kept["version"] + 1)
        if "name" in kept:
            kept["name"] = ""

    def room(self, scope: str) -> dict[str, Any] | None:
        """A room, if the register knows it."""
        community_id, building, unit, number = scope.split("/")
        kept = self.buildings.get((community_id, building), Building())
        return kept.rooms.get((unit, number))

    def request_import(self, who: Person, community_id: str, key: str, made: Import) -> Import:
        """Open an import."""
        refuse(not who.may(MAY["change"], community_id))
        known = self.opened.setdefault((community_id, who.person_id, key), made)
        refuse(known.file_name != made.file_name, "idempotency_key_reused")
        return known

    def read(self, found: Import, said: dict[str, dict[Key, int]], bad: set[str]) -> None:
        """Work out what a file with these areas would do; a row of each `bad` building is none."""
        for name, areas in said.items():
            building = self.buildings.get((found.community_id, name), Building())
            changes = {
                key: area
                for key, area in areas.items()
                if building.rooms.get(key, {}) | {"area": area, "use": "residential"}
                != building.rooms.get(key)
            }
            new = len(changes.keys() - building.rooms.keys())
            found.totals[name] = Counter(
                new=new,
                changed=len(changes) - new,
                unchanged=len(areas) - len(changes),
                absent=len(building.rooms.keys() - areas.keys()),
            )
            found.based_on[name] = building.version
            found.outcomes[name] = (
                "blocked" if name in bad else "pending" if changes else "unchanged"
            )
            if found.outcomes[name] == "pending":
                found.changes[name] = changes
        found.state, found.version = "ready", 2

    def commit(self, who: Person, found: Import, seen: int, now: datetime) -> None:
        """Begin to apply what somebody saw."""
        self.imported(who, found)
        if found.version > 2 and seen < found.version:
            return
        refuse(seen != found.version, "stale_version")
        refuse(now - found.at > WEEK, "dry_run_expired")
        refuse(set(found.outcomes.values()) == {"blocked"}, "nothing_to_commit")
        refuse(found.state != "ready", "not_in_this_state")
        self._still(who, MAY["change"], found.community_id)
        found.state, found.version = "committing", 3

    def imported(self, who: Person, found: Import) -> None:
        """Look at an import."""
        refuse(not who.may(MAY["change"], found.community_id))

    def take(self, found: Import, name: str) -> str:
        """Bring an import into one building: all of it, or nothing."""
        building = self.buildings.setdefault((found.community_id, name), Building())
        if building.import_id == found.id:
            return "committed"
        if building.version != found.based_on[name]:
            return "stale"
        for key, area in found.changes[name].items():
            room = building.rooms.setdefault(key, {"version": 0})
            room.update(area=area, use="residential", version=room["version"] + 2)
        # Claimed, flipped, free again.
        building.import_id, building.version = found.id, building.version + 3
        return "committed"

    def finish(self, found: Import, results: dict[str, str]) -> None:
        """Write down what became of an import."""
        if found.version == 4:
            return
        for name, outcome in results.items():
            building = self.buildings.get((found.community_id, name), Building())
            there = building.import_id == found.id
            found.outcomes[name] = "committed" if outcome == "failed" and there else outcome
        whole = set(found.outcomes.values()) <= {"committed", "unchanged"}
        found.state, found.version = "committed" if whole else "partly_committed", 4

    def edit(self, who: Person, scope: str, seen: int, said: dict[str, Any]) -> None:
        """Correct a room by hand."""
        refuse(not who.may(MAY["change"], scope))
        room = self.room(scope)
        refuse(room is None)
        assert room is not None
        if room | said == room:
            return
        refuse(seen != room["version"], "stale_version")
        community_id, building = scope.split("/")[:2]
        self._still(who, MAY["change"], f"{community_id}/{building}")
        room.update(said, version=room["version"] + 1)
        self.buildings[community_id, building].version += 1

    def hear(self, event_id: str, type: str, community_id: str) -> None:
        """Count what repairs tell, each event once."""
        if type in COUNTED and event_id not in self.events:
            self.events.add(event_id)
            self.counts[community_id, COUNTED[type]] += 1


def _make(
    made: dict[Key, dict[str, Any]], request: Key, said: dict[str, Any], now: datetime
) -> None:
    """Make what a request asks for, once; its id is the app's to choose."""
    known = made.setdefault(request, {**said, "created_at": now})
    refuse(any(known[name] != said[name] for name in said), "idempotency_key_reused")


def _shown(who: Person, roles: set[str], scope: str) -> str:
    """Who did it, as it is shown: of the platform's own people, no firm learns which."""
    by_platform = scope != "platform" and (
        ("platform_admin", "platform") in _basis(who, roles, scope)
    )
    return "platform" if by_platform else who.person_id


def _basis(who: Person, givers: set[str], scope: str) -> set[Key]:
    """The rights that must still be stored for somebody to give one on `scope`."""
    able = [(grant.role.value, grant.scope) for grant in who.grants if grant.role in givers]
    covering = [(role, own) for role, own in able if covers(own, scope)]
    refuse(not covering)
    companies = {(role, own) for role, own in able if level(own) == "company"}
    for role, own in covering:
        # What stands for a community only because of its company is not stored for it.
        if level(own) != "community" or role not in {of for of, _ in companies}:
            return {(role, own)}
    return {(role, own) for role, own in companies if role == covering[0][0]}
