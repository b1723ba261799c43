"""What holds the product to AWS's rules where no stand-in would: the tests that the list names."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pynamodb.attributes import UnicodeAttribute

from local.places import INFRA, capabilities
from shared.table import Record
from tests import stories
from tests.conftest import Cloud

pytestmark = pytest.mark.family("F12")

MAX_ENVIRONMENT_BYTES = 4096
# What a stack fills in is longer than the words that ask for it: an ARN has some 120 characters.
_FILLED_IN_BYTES = 200
MAX_INPUT_BYTES = 262_144
# As the register's own rules say: MAX_BUILDINGS, and the longest key of a building.
MAX_BUILDINGS = 300
MAX_BUILDING_CHARS = 20
# A tenth of what AWS takes of one item, so that a story need not be as long as life.
MAX_CALL_BYTES = 40_000
MAX_ACTIONS = 50
MAX_DIGITS = 38


def error_names(state: Any) -> Iterator[str]:
    if isinstance(state, dict):
        yield from state.get("ErrorEquals", ())
        for part in state.values():
            yield from error_names(part)
    elif isinstance(state, list):
        for part in state:
            yield from error_names(part)


def test_no_machine_waits_for_an_error_of_ours() -> None:
    """Its name would not arrive on the emulator, so a journey could not show the way taken."""
    machines = [json.loads(path.read_text()) for path in INFRA.glob("*.asl.json")]
    found = {name for machine in machines for name in error_names(machine)}
    assert found
    assert {name for name in found if not name.startswith("States.")} == set()


def functions(packaged: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for template in packaged.values():
        for name, resource in template["Resources"].items():
            if resource["Type"] == "AWS::Serverless::Function":
                yield name, resource["Properties"]


def test_whoever_reads_a_stream_gives_up_into_a_queue(packaged: dict[str, Any]) -> None:
    sources = [
        event["Properties"]
        for _, function in functions(packaged)
        for event in function.get("Events", {}).values()
        if event["Type"] == "DynamoDB"
    ]
    assert len(sources) >= len(capabilities())
    assert all(0 < source["MaximumRetryAttempts"] <= 100 for source in sources)
    assert all(source["DestinationConfig"]["OnFailure"]["Destination"] for source in sources)


def test_every_environment_stays_within_its_limit(packaged: dict[str, Any]) -> None:
    sizes = {
        f"{capability}.{name}": size(variables(template.get("Globals", {}).get("Function", {})))
        + size(variables(function))
        for capability, template in packaged.items()
        for name, function in functions({capability: template})
    }
    assert sizes
    assert {name for name, taken in sizes.items() if taken > MAX_ENVIRONMENT_BYTES} == set()


def variables(properties: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = properties.get("Environment", {}).get("Variables", {})
    return found


def size(environment: dict[str, Any]) -> int:
    return sum(
        len(name) + (len(value) if isinstance(value, str) else _FILLED_IN_BYTES)
        for name, value in environment.items()
    )


def numbers(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if set(value) == {"N"}:
            yield value["N"]
        for part in value.values():
            yield from numbers(part)
    elif isinstance(value, list):
        for part in value:
            yield from numbers(part)


@pytest.mark.parametrize("capability", capabilities())
def test_no_call_to_the_table_comes_near_a_limit(capability: str) -> None:
    asked = [
        (operation, given)
        for run in stories.runs(capability, stories.MANY)
        for operation, given in run.asked
        if {"TableName", "TransactItems", "RequestItems"} & given.keys()
    ]
    assert asked
    assert max(len(json.dumps(given, default=str)) for _, given in asked) <= MAX_CALL_BYTES
    actions = [len(given.get("TransactItems", ())) for _, given in asked]
    assert max(actions) <= MAX_ACTIONS
    digits = [sum(map(str.isdigit, n)) for _, given in asked for n in numbers(given)]
    assert max(digits) <= MAX_DIGITS


class Big(Record):
    """A record as large as they come."""

    table_setting = "BIG_TABLE"
    body = UnicodeAttribute()


def test_a_batch_that_comes_in_parts_is_read_whole(moto_cloud: Cloud) -> None:
    """Of more than 16 MB a first answer brings a part; the records ask for the rest."""
    table = f"big-{uuid.uuid4().hex[:8]}"
    moto_cloud.setenv("BIG_TABLE", table)
    dynamodb = moto_cloud.client("dynamodb")
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    )
    keys = [("one", f"{n:02}") for n in range(44)]
    for pk, sk in keys:
        item = {"pk": {"S": pk}, "sk": {"S": sk}, "body": {"S": "x" * 400_000}}
        dynamodb.put_item(TableName=table, Item=item)
    asked: list[str] = []
    dynamodb.meta.events.register("before-call", lambda model, **_: asked.append(model.name))
    assert len(list(Big.batch_get(keys))) == len(keys)
    assert asked == ["BatchGetItem"] * 2


def test_the_longest_import_fits_an_input() -> None:
    """The event of a committed import is what starts the machine: a task for each building."""
    task = {
        "import_id": "imp_7k2m9x4a_01kb3wmpt8c2v5f0d9h1j4n6q7",
        "building": "楼" * MAX_BUILDING_CHARS,
        "base_version": 10**9,
        "actor_id": "per_01kb3wmpt8c2v5f0d9h1j4n6q7x8y9z0",
    }
    given = {"import_id": task["import_id"], "tasks": [task] * MAX_BUILDINGS}
    assert len(json.dumps(given, ensure_ascii=False).encode()) < MAX_INPUT_BYTES
