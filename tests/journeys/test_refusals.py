"""Every route of the platform, asked over HTTP by those who have no right to it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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


def routes(estate: Estate, *, of_roles: bool = False) -> list[tuple[str, str]]:
    """Each route that asks for a caller, as this community's people would call it.

    Parameters
    ----------
    of_roles
        Only those that ask for a role, and are not about the caller alone.
    """
    community = estate.community_id.removeprefix("com_")
    named = {
        "community_id": estate.community_id,
        "building": "1",
        "room_id": f"room_{community}_1-1-101",
        "import_id": f"imp_{community}_{_NOBODYS}",
        "ticket_id": f"rep_{community}_{_NOBODYS}",
        "claim_id": f"clm_{community}_{_NOBODYS}",
        "person_id": f"per_{_NOBODYS}",
        "session_id": f"ses_{_NOBODYS}",
        "feedback_id": f"fee_{_NOBODYS}",
        "application_id": f"app_{_NOBODYS}",
    }
    found = []
    for path, operations in merged()["paths"].items():
        for method, operation in operations.items():
            asked = operation["security"] and ("roles" in operation["x-permission"] or not of_roles)
            if asked:
                found.append((method.upper(), re.sub(r"{(\w+)}", lambda m: named[m[1]], path)))
    return found


def refused(estate: Estate, method: str, path: str, token: str | None) -> None:
    answer = Client(estate.manager.client.base_url, token).ask(method, path, {})
    assert (answer.status, answer.json["code"]) == (401, "unauthenticated"), (method, path)


def test_without_a_good_token_every_route_answers_401(estate: Estate, issuer: Issuer) -> None:
    asked = routes(estate)
    assert len(asked) >= 35

    def refuse(route: tuple[str, str]) -> None:
        refused(estate, *route, None)
        refused(estate, *route, issuer.token(exp=int(time.time()) - 60))

    # Each waits for the authorizer, which takes no time of ours.
    with ThreadPoolExecutor(4) as beside:
        list(beside.map(refuse, asked))


def test_no_api_takes_a_token_that_is_not_for_it(estate: Estate, issuer: Issuer) -> None:
    """One route speaks for its API: all of them ask the one authorizer."""
    good = Client(estate.manager.client.base_url, issuer.token())
    assert good.ask("GET", "/community/me").status == 200
    bad = (
        "nonsense",
        issuer.token(nbf=int(time.time()) + 600),
        issuer.token(client_id="another"),
        issuer.token(token_use="id"),
        issuer.token(iss="https://issuer.example"),
    )
    for token in bad:
        refused(estate, "GET", "/community/me", token)
        refused(estate, "GET", "/repairs/my-tickets", token)


def test_another_communitys_resident_finds_nothing_anywhere(estate: Estate, people: People) -> None:
    elsewhere = found_estate(people, "refusals-elsewhere")
    assert import_register(elsewhere, building("1栋", 1))["state"] == "committed"
    other = house(people, elsewhere, "refusals-other", "1-1-101")
    # What a caller may always ask about themselves.
    own = {"/repairs/my-tickets"}
    answers: list[tuple[str, str, Any]] = [
        (method, path, other.call(method, path, {} if method != "GET" else None))
        for method, path in routes(estate, of_roles=True)
        if path not in own
    ]
    seen = [(method, path, a.status) for method, path, a in answers if a.status != 404]
    # Residents may send these somewhere, so an empty body is told what it lacks, whatever the id.
    assert {status for _, _, status in seen} == {400}
    assert {path.rpartition("/")[2] for _, path, _ in seen} == {
        *("photos", "tickets", "rating", "withdrawal", "departures", "members", "rights")
    }
