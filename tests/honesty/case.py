"""What a case is: one question to AWS whose answer is documented, asked of each stand-in."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

from local.emulator import REGION, ROOT_KEY, ROOT_SECRET, Emulator

ACCEPTED = "accepted"
MOTO, MINISTACK = "moto", "ministack"
STAND_INS = (MOTO, MINISTACK)

# One attempt: a stand-in's refusal is an answer.  Streams have another address with account ids,
# which moto does not know.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 1},
    account_id_endpoint_mode="disabled",
    request_checksum_calculation="when_required",
    s3={"addressing_style": "path"},
)
_SIGNATURES = {"s3": "s3v4"}
_SERVICES = ["lambda.amazonaws.com", "states.amazonaws.com"]
_SESSION = boto3.Session()
_TABLE = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"}
        for name in ("pk", "sk", "owner_key", "whole_key")
    ],
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by_owner",
            "KeySchema": [
                {"AttributeName": "owner_key", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["shown"]},
        },
        {
            "IndexName": "whole",
            "KeySchema": [{"AttributeName": "whole_key", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        },
    ],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}


@dataclass
class StandIn:
    """An account on moto or on MiniStack, with clients as the root's or as somebody's."""

    kind: str
    url: str | None = None
    mqtt_port: int = 0
    kept: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str, credentials: dict[str, str] | None = None) -> Any:
        """A client of this service in the root's name, or with an access key that IAM gave."""
        if credentials is None and service in self.kept:
            return self.kept[service]
        own = credentials or {"AccessKeyId": ROOT_KEY, "SecretAccessKey": ROOT_SECRET}
        made = _SESSION.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=own["AccessKeyId"],
            aws_secret_access_key=own["SecretAccessKey"],
            aws_session_token=own.get("SessionToken"),
            config=_CONFIG.merge(Config(signature_version=_SIGNATURES.get(service))),
        )
        if credentials is None:
            self.kept[service] = made
        return made

    @property
    def table(self) -> str:
        """The table that most cases share, each in a partition of its own."""
        if "table" not in self.kept:
            self.kept["table"] = self.new_table()
        made: str = self.kept["table"]
        return made

    def new_table(self) -> str:
        """A table with keys `pk`, `sk`, sparse indexes `by_owner` and `whole`, and a stream."""
        name = new_name()
        self.client("dynamodb").create_table(TableName=name, **_TABLE)
        return name

    @property
    def bucket(self) -> str:
        """A bucket, empty at first."""
        if "bucket" not in self.kept:
            name = new_name()
            self.client("s3").create_bucket(
                Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
            )
            self.kept["bucket"] = name
        made: str = self.kept["bucket"]
        return made

    @property
    def role(self) -> str:
        """A role for functions and machines, with every right."""
        if "role" not in self.kept:
            iam, name = self.client("iam"), new_name()
            trust = {
                "Effect": "Allow",
                "Principal": {"Service": _SERVICES},
                "Action": "sts:AssumeRole",
            }
            made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
            every = {"Effect": "Allow", "Action": "*", "Resource": "*"}
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(every))
            self.kept["role"] = made["Role"]["Arn"]
        arn: str = self.kept["role"]
        return arn

    def user(self, *statements: dict[str, Any]) -> dict[str, str]:
        """The access key of a new user with this policy."""
        iam, name = self.client("iam"), new_name()
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy(*statements))
        key: dict[str, str] = iam.create_access_key(UserName=name)["AccessKey"]
        return key


@dataclass(frozen=True)
class Case:
    """One question, what AWS answers and where AWS says so; `says` tells it in a sentence."""

    name: str
    says: str
    aws: Any
    document: str
    asked_of: tuple[str, ...]
    question: Callable[[StandIn], Any]

    def ask(self, stand_in: StandIn) -> Any:
        """What this stand-in answers.

        An error where AWS gives none is an answer too, whatever the stand-in dies of: it differs,
        so it fails the test until it is listed.
        """
        try:
            return self.question(stand_in)
        except ClientError as error:
            return f"error {code(error)}"
        except Exception as error:
            return f"dies of {type(error).__name__}: {error}"


CASES: dict[str, Case] = {}


def case(
    aws: Any, document: str, *, asked_of: tuple[str, ...] = STAND_INS
) -> Callable[[Callable[[StandIn], Any]], Callable[[StandIn], Any]]:
    """Declare a function as a case.

    Parameters
    ----------
    aws
        What AWS answers, in values that JSON has.
    document
        The page of AWS's documentation that says so.
    asked_of
        The stand-ins that can be asked at all: moto answers neither plain HTTP nor runs functions
        as this project uses it.
    """

    def declare(question: Callable[[StandIn], Any]) -> Callable[[StandIn], Any]:
        says = (question.__doc__ or "").strip()
        name = f"{question.__module__.rpartition('.')[2]}.{question.__name__}"
        assert name not in CASES, f"two cases are called {name}"
        CASES[name] = Case(name, says, aws, document, asked_of, question)
        return question

    return declare


@contextmanager
def moto() -> Iterator[StandIn]:
    """An empty account on moto, as long as the context lasts."""
    with mock_aws():
        yield StandIn(MOTO)


def ministack(emulator: Emulator) -> StandIn:
    """The account on the emulator."""
    return StandIn(MINISTACK, emulator.url, emulator.mqtt_port)


def new_name() -> str:
    """A name that nothing has yet."""
    return f"honest-{uuid.uuid4().hex[:12]}"


def policy(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refusal(call: Callable[..., Any], **arguments: Any) -> str:
    """The code of the error that a call is refused with, or `accepted`."""
    try:
        call(**arguments)
    except ClientError as error:
        return code(error)
    return ACCEPTED


def code(error: ClientError) -> str:
    """An error's code, without the namespace that SQS puts before it."""
    text: str = error.response["Error"]["Code"]
    return text.rpartition(".")[2]
