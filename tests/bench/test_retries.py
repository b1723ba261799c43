"""M20: what one call becomes on the wire while AWS fails, and that nothing multiplies it.

Every send is counted where botocore is about to make it, and answered 500 there, always or every
second time.  Only the SDK's own attempts may repeat a call: PynamoDB and our code add none, so a
queue's redelivery is the only other layer.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException

from local.botocore_data import SERVICES
from shared import aws
from shared.table import Transaction, page
from tests.conftest import Cloud
from tests.harness.families import Tally
from tests.shared.things import Thing

pytestmark = pytest.mark.family("M")

MAX_SENDS = 3
MESSAGES = 100
Fails = Callable[[], bool]
Call = Callable[[], object]


# What every kind of read takes for "nothing there".
_NOTHING = (
    b'{"Items": [], "Count": 0, "ScannedCount": 0, '
    b'"Responses": {"things": []}, "UnprocessedKeys": {}}'
)


class _Body(io.BytesIO):
    """A body as botocore reads it from the wire."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


class Wire:
    """Stands where requests leave, counts them, and answers that AWS failed or that all is well."""

    def __init__(self, fails: Fails) -> None:
        self.sent = 0
        self._fails = fails

    def answer(self, request: Any, **_: object) -> AWSResponse:
        self.sent += 1
        status = 500 if self._fails() else 200
        return AWSResponse(request.url, status, {}, _Body(_NOTHING))

    def listen(self, client: Any) -> None:
        client.meta.events.register_first("before-send", self.answer)


def sends(wire: Wire, call: Call) -> tuple[int, bool]:
    """How often one call was sent, and whether it came to good in the end."""
    before = wire.sent
    try:
        call()
    except (ClientError, PynamoDBException):
        return wire.sent - before, False
    return wire.sent - before, True


@pytest.fixture(autouse=True)
def _nobody_waits(moto_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore waits up to two seconds between its attempts."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))
    monkeypatch.setenv("THINGS_TABLE", "things")


def _transact() -> None:
    with Transaction() as transaction:
        transaction.put(Thing("p", "s"))


# One call of each service that functions have a client for, and each way that the layer calls.
PLAIN: dict[str, tuple[str, str, dict[str, Any]]] = {
    "dynamodb": ("dynamodb", "get_item", {"TableName": "t", "Key": {"pk": {"S": "p"}}}),
    "events": ("events", "put_events", {"Entries": [{"Source": "s"}]}),
    "kms": ("kms", "decrypt", {"CiphertextBlob": b"k"}),
    "s3": ("s3", "get_object", {"Bucket": "bucket", "Key": "key"}),
    "sqs": ("sqs", "send_message", {"QueueUrl": "https://sqs/q", "MessageBody": "m"}),
    "stepfunctions": ("stepfunctions", "describe_state_machine", {"stateMachineArn": "arn:aws:x"}),
}
LAYER: dict[str, Call] = {
    "Record.find": lambda: Thing.find("p", "s"),
    "Record.put": lambda: Thing("p", "s").put(),
    "page": lambda: page(Thing, "p", limit=5, cursor=None),
    "Record.batch_get": lambda: list(Thing.batch_get([("p", "s")])),
    "Transaction": _transact,
}


def call_of(name: str) -> tuple[str, Call]:
    """The service that a call goes to, and the call."""
    if name in LAYER:
        return "dynamodb", LAYER[name]
    service, operation, parameters = PLAIN[name]
    return service, lambda: getattr(aws.client(service), operation)(**parameters)


def test_every_service_is_tried() -> None:
    assert set(PLAIN) == set(SERVICES)


@pytest.mark.parametrize("name", [*PLAIN, *LAYER])
def test_a_call_that_always_fails_is_sent_three_times(name: str, tally: Tally) -> None:
    service, call = call_of(name)
    wire = Wire(lambda: True)
    wire.listen(aws.client(service))
    assert sends(wire, call) == (MAX_SENDS, False)
    tally.count(1, f"retries.{name}")


@pytest.mark.parametrize("name", [*PLAIN, *LAYER])
def test_redelivery_over_retries_stays_under_three_sends_at_half_the_answers_lost(
    name: str, tally: Tally
) -> None:
    """A message comes again until its call came to good, as a queue delivers it."""
    service, call = call_of(name)
    chance = random.Random(name)
    wire = Wire(lambda: chance.random() < 0.5)
    wire.listen(aws.client(service))
    deliveries = 0
    for _ in range(MESSAGES):
        done = False
        while not done:
            made, done = sends(wire, call)
            assert made <= MAX_SENDS
            deliveries += 1
    assert deliveries > MESSAGES, "no fault struck so that a message came again"
    assert wire.sent / MESSAGES <= MAX_SENDS
    tally.count(1, f"retries.{name}")


def test_a_client_that_tries_more_often_is_caught() -> None:
    eager = aws.session().create_client(
        "dynamodb", config=Config(retries={"mode": "standard", "total_max_attempts": 9})
    )
    wire = Wire(lambda: True)
    wire.listen(eager)
    assert sends(wire, lambda: eager.get_item(**PLAIN["dynamodb"][2])) == (9, False)
