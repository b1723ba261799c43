"""What must hold of households, claims and contacts, read from the tables alone (R2, D8, T1)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from tests.harness.oracles import Plain, partition, told, where

_Kinds = Mapping[str, list[Plain]]
_MAX_RESIDENTS, _MAX_CLAIMS, _MAX_OF_COMPANY = 20, 5, 30
# State → the versions at which a claim may have it, and the event of its last step.
_CLAIMS = {
    "pending": ({1}, "RoomClaimed"),
    # By the register at once, or by staff later.
    "confirmed": ({1, 2}, "ClaimConfirmed"),
    "refused": ({2}, "ClaimRefused"),
    "withdrawn": ({2}, "ClaimWithdrawn"),
}
_BLIND = re.compile("[0-9a-hjkmnp-tv-z]{26}")


def broken(kinds: _Kinds) -> Iterator[str]:
    """What is wrong with them."""
    yield from _households(kinds)
    yield from _users(kinds)
    yield from _rights(kinds)
    yield from _shares(kinds)
    for claim in kinds.get("claim", []):
        yield from _claim(claim)
    yield from _claimants(kinds)
    for quota in kinds.get("quotas", []):
        if not quota["sk"].startswith("claims#"):
            continue
        if not _BLIND.fullmatch(partition(quota)[2]) or quota["used"] > _MAX_CLAIMS:
            yield f"D8: {where(quota)} counts {quota['used']} claims"
    for contact in kinds.get("contact", []):
        for name in ("phone", "name"):
            if name in contact and not _BLIND.fullmatch(contact[name]):
                yield f"N4: {where(contact)} keeps a {name} as it is"


def _households(kinds: _Kinds) -> Iterator[str]:
    """A household is exactly those whose bindings to the room are active."""
    lived_in: dict[tuple[str, str], set[str]] = {}
    for binding in kinds.get("residents", []):
        owner, _, room = partition(binding)
        if binding["standing"] == "active":
            lived_in.setdefault((owner, room), set()).add(binding["sk"])
    kept = {
        (partition(item)[0], partition(item)[2]): set(item.get("residents", ()))
        for item in kinds.get("household", [])
    }
    for home in sorted(lived_in.keys() | kept.keys()):
        if lived_in.get(home, set()) != kept.get(home, set()):
            yield f"R2: the household of {'/'.join(home)} is not who is bound to it"
        if len(kept.get(home, ())) > _MAX_RESIDENTS:
            yield f"D8: {len(kept[home])} people live in {'/'.join(home)}"


def _users(kinds: _Kinds) -> Iterator[str]:
    """A community's list of users has exactly the bindings that have not ended."""
    for holding in (*kinds.get("grants", []), *kinds.get("residents", [])):
        owner, kind, _ = partition(holding)
        shown = holding.get("users_key"), holding.get("users_place")
        wanted: tuple[str | None, str | None] = None, None
        if (kind, holding["standing"]) == ("residents", "active"):
            wanted = f"{owner}#users#all", f"{holding['scope']}#{holding['sk']}"
        if shown != wanted:
            yield f"R2: {where(holding)} is {holding['standing']}, and is listed as {shown}"


def _rights(kinds: _Kinds) -> Iterator[str]:
    """What is off and until when stands at the right as at the holding; tenants never vote."""
    stored = {
        (partition(item)[2], item["role"], item["scope"]): item
        for item in kinds.get("person", [])
        if "role" in item
    }
    for holding in (*kinds.get("grants", []), *kinds.get("residents", [])):
        held = stored.get((holding["person_id"], holding["role"], holding["scope"]), {})
        if holding["standing"] != "active":
            continue
        for name in ("off", "until"):
            if holding.get(name) != held.get(name):
                yield f"D8: {where(holding)} has another {name} than the right that it is"
        if holding["role"] == "tenant" and "vote" not in holding.get("off", "").split("-"):
            yield f"D8: {where(holding)} lets a tenant vote"
        if holding["role"] in ("owner", *_STAFFED) and "off" in holding:
            yield f"D8: {where(holding)} has lost {holding['off']}, which nobody may switch"


_STAFFED = ("butler", "community_manager", "company_admin", "technician", "dispatcher")


def _shares(kinds: _Kinds) -> Iterator[str]:
    """No company has given somebody more than its share, and each right says in whose name."""
    owned = {item["sk"]: item["company_id"] for item in kinds.get("communities", [])}
    given: dict[tuple[str, str], int] = {}
    for item in kinds.get("person", []):
        root = item.get("scope", "platform").split("/")[0]
        if root != "platform":
            company_id = owned.get(root, root)
            if item.get("company_id") != company_id:
                yield f"D8: {where(item)} is given by {item.get('company_id')}"
            share = (partition(item)[2], company_id)
            given[share] = given.get(share, 0) + 1
    for (person_id, company_id), count in given.items():
        if count > _MAX_OF_COMPANY:
            yield f"D8: {company_id} has given {person_id} {count} rights"


def _claim(claim: Plain) -> Iterator[str]:
    owner, _, claim_id = partition(claim)
    versions, event = _CLAIMS[claim["state"]]
    if claim["version"] not in versions:
        yield f"R2: {where(claim)} is {claim['state']} at version {claim['version']}"
    yield from told(claim, event, claim_id)
    scope = _scope(claim)
    if scope.split("/")[0] != owner or not claim_id.startswith(f"clm_{owner[4:]}_"):
        yield f"T1: {where(claim)} is about {scope}"
    place = f"{scope}#{claim_id}" if claim["state"] == "pending" else None
    if claim.get("waiting_place") != place or ("waiting_key" in claim) != (place is not None):
        yield f"R2: {where(claim)} is {claim['state']}, and waits at {claim.get('waiting_place')}"


def _scope(claim: Plain) -> str:
    community, room = claim["room_id"].removeprefix("room_").split("_", 1)
    return f"com_{community}/{room.replace('-', '/')}"


def _claimants(kinds: _Kinds) -> Iterator[str]:
    """Everybody's open claims are those that wait."""
    waiting: dict[str, dict[str, str]] = {}
    for claim in kinds.get("claim", []):
        if claim["state"] == "pending":
            place = f"{_scope(claim)}#{claim['role']}"
            waiting.setdefault(claim["person_id"], {})[place] = partition(claim)[2]
    known = {partition(item)[2]: item for item in kinds.get("claimant", [])}
    for person_id in sorted(waiting.keys() | known.keys()):
        item = known.get(person_id, {"open": "{}", "today": 0})
        if json.loads(item["open"]) != waiting.get(person_id, {}):
            yield f"R2: what {person_id} is said to claim is not what waits"
        if len(waiting.get(person_id, ())) > _MAX_CLAIMS or item["today"] > _MAX_CLAIMS:
            yield f"D8: {person_id} claims too much"
