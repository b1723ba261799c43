"""Households, claims and people in plain Python, beside the rest of `community`."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from tests.community.model import MAY, RESIDENTS, RIGHTS, Model
from tests.harness.machines import Person, refuse

EIGHT_HOURS = timedelta(hours=8)
STEPS = {"confirm": "confirmed", "refuse": "refused", "withdraw": "withdrawn"}


class Homes(Model):
    """Who lives where, who claims what, and whose phone the register knows."""

    def __init__(self, admin: Person) -> None:
        super().__init__(admin)
        self.claims: dict[str, dict[str, Any]] = {}
        self.today: Counter[tuple[str, Any]] = Counter()
        self.phones: dict[str, str] = {}

    def shown(self, kept: dict[str, Any], now: datetime) -> dict[str, Any]:
        """A holding as it is shown, but for its version."""
        told = {name: value for name, value in kept.items() if name != "version"}
        if kept["role"] in RESIDENTS:
            key = (kept["person_id"], kept["role"], kept["scope"])
            last = kept["until"] and (kept["until"] + EIGHT_HOURS - timedelta(days=1)).date()
            told["until"] = last and last.isoformat()
            told["standing"] = "active" if self.holds(key, now) else "ended"
            told["rights"] = {right: right in kept["rights"] for right in RIGHTS}
        else:
            told["mandate"] = None
        return told

    def lives(self, scope: str, role: str) -> list[tuple[str, str, str]]:
        """The bindings of a role to a room that have not ended."""
        known = self.holdings.items()
        return [k for k, v in known if k[1:] == (role, scope) and v["standing"] == "active"]

    def add(self, who: Person, said: dict[str, Any], now: datetime) -> dict[str, Any]:
        """Add somebody to one's own home."""
        refuse(not who.may({"owner"}, said["scope"]))
        refuse(said["until"] and now >= said["until"], "until_in_the_past")
        refuse(who.person_id == said["person_id"], "not_to_yourself")
        return self._begin(who, {"owner"}, said, now)

    def switch(self, who: Person, said: dict[str, Any], now: datetime) -> dict[str, Any]:
        """Leave somebody exactly these rights."""
        key = (said["person_id"], said["role"], said["scope"])
        refuse(not who.may({"owner"}, said["scope"]) or key not in self.holdings)
        known = self.holdings[key]
        refuse(not self.holds(key, now))
        refuse(said["role"] == "tenant" and "vote" in said["rights"], "not_for_this_relation")
        if known["rights"] != said["rights"]:
            self._still(who, {"owner"}, said["scope"])
            known.update(rights=said["rights"], by=who.person_id, at=now)
            known["version"] += 1
        return known

    def unbind(self, who: Person, said: dict[str, Any], now: datetime) -> dict[str, Any]:
        """End a binding: staff any, everyone their own, owners those of family and tenants."""
        key = (said["person_id"], said["role"], said["scope"])
        refuse(not who.may(MAY["bind"] | RESIDENTS, said["scope"]) or key not in self.holdings)
        own = who.person_id == said["person_id"] and not who.may(MAY["bind"], said["scope"])
        enders = MAY["bind"]
        if not own and not who.may(enders, said["scope"]):
            enders = {"owner"}
            refuse(not who.may(enders, said["scope"]) or said["role"] == "owner")
        if self.holdings[key]["standing"] == "active":
            if not own:
                self._still(who, enders, said["scope"])
            elif not self.holds(key, now):
                # What has lapsed lets nobody in; another right of theirs there does.
                others = [one for one in who.grants if (one.role, one.scope) != key[1:]]
                refuse(not any(one.role in RESIDENTS and one.scope == key[2] for one in others))
            self.leave(key, who.person_id, said["reason"], now)
        return self.holdings[key]

    def leave(self, key: tuple[str, str, str], by: str, reason: str, now: datetime) -> None:
        """End a binding, and with the last owner's the family's."""
        last = key[1] == "owner" and self.lives(key[2], "owner") == [key]
        for one in [key, *(self.lives(key[2], "family_member") if last else [])]:
            self.end(one, by, reason, now)

    def claim(
        self, who: Person, scope: str, role: str, key: str, owner: str, now: datetime
    ) -> dict[str, Any]:
        """Claim a room, whose owner in the register has a phone."""
        request = f"{who.person_id} {scope} {role}"
        if f"{request} {key}" in self.claims:
            return self.claims[f"{request} {key}"]
        own = [c for c in self.claims.values() if c["person_id"] == who.person_id]
        waiting = [c for c in own if c["state"] == "pending"]
        for one in waiting:
            if (one["scope"], one["role"]) == (scope, role):
                return one
        refuse(len(waiting) >= 5, "too_many_open_claims")
        counted = filter(None, (who.person_id, self.phones.get(who.person_id)))
        days = [(each, (now + EIGHT_HOURS).date()) for each in counted]
        refuse(any(self.today[day] >= 5 for day in days), "too_many_claims")
        self.today.update(days)
        made = {"person_id": who.person_id, "scope": scope, "role": role, "state": "pending",
                "by": who.person_id, "at": now, "reason": "", "version": 1}  # fmt: skip
        if role == "owner" and self.room(scope) and self.phones.get(who.person_id) == owner:
            made["state"] = "confirmed"
            self._bound(made, now)
        self.claims[f"{request} {key}"] = made
        return made

    def decide(
        self, who: Person, one: dict[str, Any], action: str, reason: str, now: datetime
    ) -> dict[str, Any]:
        """Confirm, refuse or take back a claim."""
        refuse(action == "withdraw" and who.person_id != one["person_id"])
        if action != "withdraw":
            refuse(not who.may(MAY["bind"], one["scope"]) or who.person_id == one["person_id"])
        if one["state"] == STEPS[action] and one["by"] == who.person_id and one["version"] == 2:
            return one
        refuse(one["state"] != "pending", "not_in_this_state")
        refuse(action == "confirm" and self.room(one["scope"]) is None, "room_not_registered")
        if action != "withdraw":
            self._still(who, MAY["bind"], one["scope"])
        one.update(state=STEPS[action], by=who.person_id, at=now, reason=reason, version=2)
        if action == "confirm":
            self._bound(one, now)
        return one

    def _bound(self, one: dict[str, Any], now: datetime) -> None:
        key = (one["person_id"], one["role"], one["scope"])
        if key not in self.holdings or not self.holds(key, now):
            known = self.holdings.get(key, {"version": 0})
            said = dict(zip(("person_id", "role", "scope"), key, strict=True))
            self.rights.setdefault(key[0], set()).add(key[1:])
            rights = RIGHTS - ({"vote"} if key[1] != "owner" else set())
            if known.get("standing") == "active":
                rights = known["rights"]
            self.holdings[key] = {**said, "rights": rights, "until": None, "by": one["by"],
                "at": now, "reason": "", "standing": "active",
                "version": known["version"] + 1}  # fmt: skip

    def gone(self, person_id: str, into: str | None, by: str, now: datetime) -> None:
        """Somebody is another person, or nobody any more."""
        self.phones.pop(person_id, None)
        for one in self.claims.values():
            if one["person_id"] == person_id and one["state"] == "pending":
                one.update(state="withdrawn", by=person_id, at=now, reason="", version=2)
        for role, scope in sorted(self.rights.get(person_id, ()), key=lambda r: (r[1], r[0])):
            key, new = (person_id, role, scope), (into or "", role, scope)
            if key not in self.holdings or self.holdings[key]["standing"] == "ended":
                continue
            kept, held = dict(self.holdings[key]), self.holds(key, now)
            own = scope == "platform" or (by == person_id and not into)
            shown = by if own else "platform"
            if into:
                self.end(key, shown, "merged", now)
            elif role in RESIDENTS:
                self.leave(key, shown, "erased", now)
            else:
                self.end(key, shown, "erased", now)
            if into and held and (new not in self.holdings or not self.holds(new, now)):
                known = self.holdings.get(new, {"version": 0})
                self.rights.setdefault(into, set()).add((role, scope))
                self.holdings[new] = {**kept, "person_id": into, "by": shown, "at": now,
                    "reason": "", "version": known["version"] + 1}  # fmt: skip
