"""People on the running platform: acted for, looked at, frozen, merged and erased."""

from __future__ import annotations

import time
from typing import Any

import pytest

from local.client import Client
from local.platform import Platform
from local.sandboxes import Sandboxes
from tests.harness.estate import Estate, building, found_estate, import_register, ok, room_id
from tests.harness.people import People

_MINUTE = 65
"""How long the gateway keeps what the authorizer said, and a little more."""


class Resident:
    """Somebody who signs in by their phone."""

    def __init__(self, platform: Platform, sandboxes: Sandboxes, phone: str) -> None:
        self.phone, self._url = phone, platform.base_url
        nobody = Client(self._url)
        ok(nobody.ask("POST", "/identity/codes", {"phone": phone}), 202)
        proof = {"phone": phone, "code": sandboxes.messages.code(phone), "device": "iPhone 17"}
        held = nobody.ask("POST", "/identity/sessions/sms", proof, f"sign-in-{phone}")
        self.held = ok(held, 201)
        self.person_id: str = self.held["person_id"]

    def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        """One request in their name."""
        return Client(self._url, self.held["access_token"]).ask(
            method, f"/identity{path}", body, key
        )

    def refresh(self) -> int:
        """Whether they may go on."""
        body = {"refresh_token": self.held["refresh_token"]}
        return Client(self._url).ask("POST", "/identity/sessions/refresh", body).status


@pytest.fixture(scope="module")
def estate(people: People) -> Estate:
    made = found_estate(people, "of-people")
    assert import_register(made, building("1栋", 1))["state"] == "committed"
    return made


def test_a_grandmother_is_acted_for_by_her_daughter(
    platform: Platform, sandboxes: Sandboxes
) -> None:
    daughter = Resident(platform, sandboxes, "13912340001")
    told = {"name": "欧阳青竹", "kind": "elderly"}
    taken = ok(daughter.call("POST", "/dependents", told, "grandmother-1"), 201)
    acting = {"person_id": taken["person_id"]}
    token = ok(daughter.call("POST", "/sessions/acting", acting), 201)["access_token"]
    her = Client(platform.base_url, token)
    assert ok(her.ask("GET", "/identity/me"))["name"] == "欧***"


def test_a_clerk_sees_a_phone_of_their_estate_and_no_other(
    platform: Platform, sandboxes: Sandboxes, people: People, estate: Estate
) -> None:
    owner, other = (Resident(platform, sandboxes, f"1391234000{n}") for n in (2, 3))
    bound = {"person_id": owner.person_id, "relation": "owner"}
    path = f"/community/rooms/{room_id(estate, '1-1-101')}/residents"
    ok(estate.manager.call("POST", path, bound), 201)
    look = {"fields": ["phone"], "reason": "repair"}
    url = f"/identity/persons/{owner.person_id}/disclosures"
    shown = ok(estate.manager.call("POST", url, look, "look-0001"), 201)
    assert shown["phone"] == owner.phone
    url = f"/identity/persons/{other.person_id}/disclosures"
    assert estate.manager.call("POST", url, look, "look-0002").status == 404


def test_a_frozen_person_is_refused_until_they_are_let_go(
    platform: Platform, sandboxes: Sandboxes, people: People
) -> None:
    resident = Resident(platform, sandboxes, "13912340004")
    (found,) = ok(
        people.admin().call("POST", "/identity/persons/search", {"phone": resident.phone})
    )["found"]
    assert found["person_id"] == resident.person_id
    url = f"/identity/persons/{resident.person_id}"
    ok(people.admin().call("POST", f"{url}/freeze", {"reason": "fraud"}))
    assert resident.refresh() == 409
    time.sleep(_MINUTE)
    assert resident.call("GET", "/me").status == 401
    ok(people.admin().call("POST", f"{url}/unfreeze", {"reason": "mistake"}))
    assert ok(people.admin().call("GET", url))["state"] == "active"


def test_a_person_takes_everything_with_them_and_is_erased(
    platform: Platform, sandboxes: Sandboxes, people: People
) -> None:
    resident = Resident(platform, sandboxes, "13912340005")
    told = {"name": "欧阳青竹", "plates": ["京A12345"]}
    assert ok(resident.call("PATCH", "/me", told))["name"] == "欧***"
    export = ok(resident.call("POST", "/me/exports", None, "export-0001"), 201)
    assert export["details"]["phone"] == resident.phone
    assert ok(resident.call("POST", "/me/erasure"))["state"] == "erased"
    assert resident.refresh() == 409
    sought = {"phone": resident.phone}
    found = people.admin().call("POST", "/identity/persons/search", sought)
    assert ok(found)["found"] == []
    table = platform.outputs["identity"]["Table"]
    dynamodb = platform.emulator.session().client("dynamodb")
    stored = str(dynamodb.scan(TableName=table)["Items"])
    assert "欧阳青竹" not in stored
    assert resident.phone not in stored
