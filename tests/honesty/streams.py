"""The streams of DynamoDB tables, which carry every event of ours."""

from __future__ import annotations

import time
from typing import Any

from tests.honesty.case import StandIn, case, refusal

_STREAMS = "DynamoDB Developer Guide: Change data capture for DynamoDB Streams"
_PATIENCE_SECONDS = 10.0
_KEY = {"pk": {"S": "one"}, "sk": {"S": "a"}}


def _records(on: StandIn, table: str, wanted: int) -> list[dict[str, Any]]:
    """The records of a table's stream, waited for until there are as many as wanted."""
    streams = on.client("dynamodbstreams")
    arn = on.client("dynamodb").describe_table(TableName=table)["Table"]["LatestStreamArn"]
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        found = []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            iterator = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            found += streams.get_records(ShardIterator=iterator)["Records"]
        if len(found) >= wanted or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def _put(on: StandIn, table: str, n: int) -> None:
    on.client("dynamodb").put_item(TableName=table, Item=_KEY | {"n": {"N": str(n)}})


@case(["INSERT -1", "MODIFY 1-2", "REMOVE 2-"], _STREAMS)
def a_stream_tells_an_items_life_in_order(on: StandIn) -> Any:
    """Each change of an item is one record, in order, with the image before and after."""
    table = on.new_table()
    _put(on, table, 1)
    _put(on, table, 2)
    on.client("dynamodb").delete_item(TableName=table, Key=_KEY)
    told = []
    for record in _records(on, table, 3):
        images = [record["dynamodb"].get(name, {}) for name in ("OldImage", "NewImage")]
        old, new = (image.get("n", {}).get("N", "") for image in images)
        told.append(f"{record['eventName']} {old}-{new}")
    return told


@case(["INSERT", "MODIFY"], _STREAMS)
def a_put_that_changes_nothing_is_not_told(on: StandIn) -> Any:
    """A write that leaves the item as it was makes no record."""
    table = on.new_table()
    for n in (1, 1, 2):
        _put(on, table, n)
    return [record["eventName"] for record in _records(on, table, 2)]


@case(["TransactionCanceledException", "INSERT"], _STREAMS)
def a_cancelled_transaction_is_not_told(on: StandIn) -> Any:
    """What a cancelled transaction would have written never reaches the stream."""
    table, dynamodb = on.new_table(), on.client("dynamodb")
    absent = {"TableName": table, "Key": _KEY | {"sk": {"S": "b"}}}
    check = {**absent, "ConditionExpression": "attribute_exists(pk)"}
    put = {"TableName": table, "Item": _KEY}
    cancelled = refusal(
        dynamodb.transact_write_items, TransactItems=[{"Put": put}, {"ConditionCheck": check}]
    )
    _put(on, table, 1)
    return [cancelled, *(record["eventName"] for record in _records(on, table, 1))]
