"""Every route of the platform, asked over HTTP by those who have no right to it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.client import Client
from local.emulator import Emulator
from local.openapi import merged
from local.platform import Platform
from tests.harness.estate import Estate, building, found_estate, house, import_register
from tests.harness.issuer import CLIENT, Issuer, new_key
from tests.harness.people import People

_AUTHORIZER = "linli-local-authorize"
_NOBODYS = "0" * 26


@pytest.fixture(scope="module")
def estate(people: People) -> Estate:
    made = found_estate(people, "refusals")
    assert import_register(made, building("1栋", 1))["state"] == "committed"
    return made


@pytest.fixture(scope="module")
def issuer(platform: Platform, emulator: Emulator) -> Iterator[Issuer]:
    """One more issuer, whose clock and key are ours, configured beside the stage's own."""
    functions = emulator.session().client("lambda")
    before = functions.get_function_configuration(FunctionName=_AUTHORIZER)["Environment"]
    made = Issuer(new_key())
    own = {
        "issuer": made.address,
        "jwks_uri": made.jwks_uri,
        "audience": [CLIENT],
        "token_use": "access",
    }
    issuers = json.dumps([*json.loads(before["Variables"]["ISSUERS"]), own])
    functions.update_function_configuration(
        FunctionName=_AUTHORIZER,
        Environment={"Variables": {**before["Variables"], "ISSUERS": issuers}},
    )
    yield made
    functions.update_function_configuration(FunctionName=_AUTHORIZER, Environment=before)
    made.stop()


def routes(estate: Estate) -> list[tuple[str, str]]:
    """Each route that asks for a caller, as this community's people would call it."""
    community = estate.community_id.removeprefix("com_")
    named = {
        "community_id": estate.community_id,
        "building": "1",
        "room_id": f"room_{community}_1-1-101",
        "import_id": f"imp_{community}_{_NOBODYS}",
        "ticket_id": f"rep_{community}_{_NOBODYS}",
    }
    found = []
    for path, operations in merged()["paths"].items():
        for method, operation in operations.items():
            if operation["security"]:
                found.append((method.upper(), re.sub(r"{(\w+)}", lambda m: named[m[1]], path)))
    return found


def test_without_a_good_token_every_route_answers_401(estate: Estate, issuer: Issuer) -> None:
    base_url = estate.manager.client.base_url
    assert Client(base_url, issuer.token()).ask("GET", "/community/me").status == 200
    bad = {
        "none": None,
        "nonsense": "nonsense",
        "expired": issuer.token(exp=int(time.time()) - 60),
        "not yet": issuer.token(nbf=int(time.time()) + 600),
        "for others": issuer.token(client_id="another"),
        "for signing in": issuer.token(token_use="id"),
        "by a stranger": issuer.token(iss="https://issuer.example"),
    }
    asked = routes(estate)
    assert len(asked) >= 35
    for method, path in asked:
        for why, token in bad.items():
            answer = Client(base_url, token).ask(method, path, {})
            assert answer.status == 401, (why, method, path, answer.json)
            assert answer.json["code"] == "unauthenticated"


def test_another_communitys_resident_finds_nothing_anywhere(estate: Estate, people: People) -> None:
    elsewhere = found_estate(people, "refusals-elsewhere")
    assert import_register(elsewhere, building("1栋", 1))["state"] == "committed"
    other = house(people, elsewhere, "refusals-other", "1-1-101")
    # What a caller may always ask about themselves, or may not be asked without a body.
    own = {"/community/me", "/repairs/my-tickets"}
    answers: list[tuple[str, str, Any]] = [
        (method, path, other.call(method, path, {} if method != "GET" else None))
        for method, path in routes(estate)
        if path not in own
    ]
    seen = [(method, path, a.status) for method, path, a in answers if a.status != 404]
    # Residents may send these somewhere, so an empty body is told what it lacks, whatever the id.
    assert {status for _, _, status in seen} == {400}
    assert {path.rpartition("/")[2] for _, path, _ in seen} == {
        *("photos", "tickets", "rating", "withdrawal")
    }
