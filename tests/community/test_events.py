"""The samples under events/ run through the real handlers, in an estate where they mean something.

`tests/test_architecture.py` runs every one in an estate where nothing is known.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.community import authorizer
from chalicelib.community.register import imports, store
from chalicelib.community.register.rules import Building, Import, ImportState, Outcome
from local.apps import load_app
from shared import aws, events
from shared.auth import Grant, Role
from tests.community.register.register_files import csv_of
from tests.community.register.scene import CLERK, NOW, Register, a_register, rows_of
from tests.conftest import Cloud
from tests.harness.calls import heard
from tests.harness.gateway import send
from tests.harness.rights import hold

SAMPLES = Path(__file__).parents[2] / "events" / "community"
COMMUNITY = "com_7k2m9x4a"
IMPORT = "imp_7k2m9x4a_01jd0000000000000000000000"


@pytest.fixture
def register(moto_cloud: Cloud) -> Register:
    made = a_register(moto_cloud)
    made.community_id = COMMUNITY
    hold(
        "per_" + "b" * 26,
        Grant(Role.COMPANY_ADMIN, "co_01jd0000000000000000000000"),
        Grant(Role.BUTLER, f"{COMMUNITY}/3"),
        Grant(Role.COMMUNITY_MANAGER, COMMUNITY),
    )
    return made


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def run(name: str) -> Any:
    """The sample, taken by the function that it is named after."""
    return getattr(load_app("community"), name)(sample(name), None)


def request(name: str) -> Any:
    """The sample, taken by the API."""
    answer = load_app("community").app(sample(name), None)
    assert answer["statusCode"] < 300, answer["body"]
    return json.loads(answer["body"])


def an_import_awaits_its_file(register: Register) -> None:
    """The import that the samples name; building 3 has been written three times before."""
    building = Building(COMMUNITY, "3")
    for _ in range(3):
        saved = store.save_building(building)
        assert saved is not None
        building = saved
    assert imports.save_import(Import(IMPORT, COMMUNITY, "台账.csv", CLERK, NOW, NOW))
    key = json.loads(sample("read_register")["Records"][0]["body"])["Records"][0]["s3"]["object"]
    file = csv_of(*rows_of("3", {"501": 8_943, "502": 8_943}))
    aws.client("s3").put_object(Bucket=register.bucket, Key=key["key"], Body=file)


def test_the_samples_of_an_import_tell_one_story(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.clock.now", lambda: NOW)
    an_import_awaits_its_file(register)
    assert run("read_register") == {"batchItemFailures": []}
    assert register.imported(IMPORT).state is ImportState.READY
    assert request("commit_import")["state"] == "committing"
    with heard() as calls:
        assert run("commit_building") == {"building": "3", "outcome": "committed"}
    assert [(e.type, e.version) for e in calls.events] == [("BuildingRegistered", 5)]
    assert run("finish_import") == {"import_id": IMPORT, "state": "committed"}
    assert [p.outcome for p in register.imported(IMPORT).buildings] == [Outcome.COMMITTED]
    assert request("get_room")["room_id"] == "room_7k2m9x4a_3-1-502"
    assert request("bind_resident")["scope"] == "com_7k2m9x4a/3/1/502"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("read_register", {"batchItemFailures": []}),
        ("commit_building", {"building": "3", "outcome": "committed"}),
        ("finish_import", {"import_id": IMPORT, "state": "committed"}),
    ],
)
def test_a_message_or_a_task_that_comes_again_writes_nothing(
    name: str, answer: Any, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.clock.now", lambda: NOW)
    an_import_awaits_its_file(register)
    run("read_register")
    request("commit_import")
    run("commit_building")
    run("finish_import")
    with heard() as calls:
        assert run(name) == answer
    assert set(calls.counted) <= {"GetItem", "DeleteObject"}


def test_an_event_of_a_repair_is_counted_once_however_often_it_comes(register: Register) -> None:
    assert run("count_repairs") == run("count_repairs") == {"batchItemFailures": []}
    api = load_app("community").app
    shown = send(
        api,
        "GET",
        f"/communities/{COMMUNITY}/statistics",
        person_id=CLERK,
        grants=(Grant(Role.COMMUNITY_MANAGER, COMMUNITY),),
    )
    assert shown.json["repairs_reported"] == 1
    assert shown.json["repairs_finished"] == 0


def test_a_change_that_announces_reaches_the_bus_and_one_that_does_not_is_passed_over(
    register: Register, moto_cloud: Cloud
) -> None:
    moto_cloud.client("events").create_event_bus(Name="bus-of-samples")
    moto_cloud.setenv("BUS", "bus-of-samples")
    put: list[dict[str, Any]] = []

    def keep(params: dict[str, Any], **_: object) -> None:
        put.extend(params["Entries"])

    aws.client("events").meta.events.register("provide-client-params.events.PutEvents", keep)
    run("relay_events")
    (entry,) = put
    assert (entry["Source"], entry["DetailType"]) == ("linli.community", "BuildingRegistered")
    assert events.decode(entry["Detail"]).data == {
        "building": "3",
        "rooms": 60,
        "import_id": IMPORT,
    }


def test_requests_of_an_empty_estate_make_and_take_away(register: Register) -> None:
    company = request("register_company")
    assert request("register_company") == company
    assert request("grant_role")["standing"] == "active"
    assert request("revoke_role")["standing"] == "ended"
    assert request("show_me")["grants"][0]["role"] == "owner"


def test_the_authorizer_does_not_know_the_issuer_of_the_sample(
    moto_cloud: Cloud,
) -> None:
    moto_cloud.setenv("ISSUERS", "[]")
    authorizer._verifier.cache_clear()
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        run("authorize")
    authorizer._verifier.cache_clear()
