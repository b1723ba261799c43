"""What we rely on MiniStack for, and what we work around: a new version must pass or be read.

Where a test says that MiniStack does *not* do something, `local/README.md` lists it among the
known differences; when such a test fails, the difference is gone and so may be what mends it.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import urllib3
from botocore.exceptions import ClientError

from local.emulator import REGION, Emulator
from local.platform import Platform
from tests.harness.people import People


@pytest.fixture
def table(emulator: Emulator) -> Iterator[str]:
    """A table with two keys."""
    dynamodb = emulator.session().client("dynamodb")
    name = f"contract-{uuid.uuid4().hex[:8]}"
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    )
    yield name
    dynamodb.delete_table(TableName=name)


def _item(text: str) -> dict[str, Any]:
    return {"pk": {"S": "one"}, "sk": {"S": "item"}, "text": {"S": text}}


def test_a_user_may_do_what_their_policy_says_and_nothing_else(
    emulator: Emulator, table: str
) -> None:
    iam = emulator.session().client("iam")
    name = f"writer-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "dynamodb:PutItem",
                "Resource": f"arn:aws:dynamodb:{REGION}:*:table/{table}",
            }
        ],
    }
    iam.put_user_policy(UserName=name, PolicyName="put", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    writer = boto3.client(
        "dynamodb",
        endpoint_url=emulator.url,
        region_name=REGION,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    writer.put_item(TableName=table, Item=_item("written"))
    with pytest.raises(ClientError, match="AccessDenied"):
        writer.get_item(TableName=table, Key={"pk": {"S": "one"}, "sk": {"S": "item"}})


def test_a_refused_write_brings_the_item_that_stood_in_the_way(
    emulator: Emulator, table: str
) -> None:
    dynamodb = emulator.session().client("dynamodb")
    dynamodb.put_item(TableName=table, Item=_item("first"))
    with pytest.raises(ClientError) as refused:
        dynamodb.put_item(
            TableName=table,
            Item=_item("second"),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert refused.value.response["Item"]["text"] == {"S": "first"}


def test_a_transaction_names_the_reason_for_each_item(emulator: Emulator, table: str) -> None:
    dynamodb = emulator.session().client("dynamodb")
    dynamodb.put_item(TableName=table, Item=_item("first"))
    put = {"TableName": table, "ConditionExpression": "attribute_not_exists(pk)"}
    fine = {"pk": {"S": "two"}, "sk": {"S": "item"}}
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as cancelled:
        dynamodb.transact_write_items(
            TransactItems=[{"Put": {**put, "Item": fine}}, {"Put": {**put, "Item": _item("x")}}]
        )
    reasons = [reason["Code"] for reason in cancelled.value.response["CancellationReasons"]]
    assert reasons == ["None", "ConditionalCheckFailed"]


@pytest.mark.parametrize(
    ("size", "key", "status"),
    [(5, "quarantine/x", 204), (200, "quarantine/x", 400), (5, "photos/x", 403)],
)
def test_a_presigned_form_fixes_key_and_size(
    emulator: Emulator, size: int, key: str, status: int
) -> None:
    s3 = emulator.session().client("s3")
    bucket = f"contract-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    form = s3.generate_presigned_post(
        bucket, "quarantine/x", Conditions=[["content-length-range", 1, 100]], ExpiresIn=60
    )
    fields = form["fields"] | {"key": key, "file": ("x", b"x" * size)}
    answer = urllib3.request("POST", form["url"], fields=fields, retries=False)
    assert answer.status == status


def test_tokens_say_whose_they_are_for_whom_and_for_what(
    platform: Platform, people: People
) -> None:
    head, claims, _ = str(people.named("contract").client.token).split(".")
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert json.loads(base64.urlsafe_b64decode(head + "=="))["alg"] == "RS256"
    assert decoded["iss"] == platform.pool.issuer
    assert decoded["client_id"] == platform.pool.client_id
    assert decoded["token_use"] == "access"
    assert decoded["exp"] > decoded["iat"]


def test_gateway_responses_of_an_imported_document_are_dropped(emulator: Emulator) -> None:
    gateway = emulator.session().client("apigateway")
    document = {
        "swagger": "2.0",
        "info": {"title": "contract", "version": "1"},
        "paths": {},
        "x-amazon-apigateway-gateway-responses": {"UNAUTHORIZED": {"statusCode": "418"}},
    }
    api = gateway.import_rest_api(body=json.dumps(document).encode())
    kept = gateway.get_gateway_response(restApiId=api["id"], responseType="UNAUTHORIZED")
    gateway.delete_rest_api(restApiId=api["id"])
    assert kept["statusCode"] == "401"
