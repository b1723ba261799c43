"""Reads of DynamoDB: pages, filters, indexes, batches, expiry, and what each call costs."""

from __future__ import annotations

import time
from typing import Any

from tests.honesty.case import StandIn, case, new_name, refusal

_QUERY = "DynamoDB API Reference: Query"
_UNITS = "DynamoDB Developer Guide: DynamoDB read and write operations, capacity unit consumption"
_TRANSACTIONS = "DynamoDB Developer Guide: DynamoDB Transactions, how it works"
_BY_OWNER = {"IndexName": "by_owner", "key": "owner_key = :pk"}
# With its keys a little below 5 KB.
_NEARLY_5_KB = {"S": "x" * 4900}


def _put(on: StandIn, pk: str, sk: str, **more: Any) -> None:
    item = {"pk": {"S": pk}, "sk": {"S": sk}, **more}
    on.client("dynamodb").put_item(TableName=on.table, Item=item)


def _four(on: StandIn, **more: Any) -> str:
    pk = new_name()
    for sk in "abcd":
        _put(on, pk, sk, n={"N": str(ord(sk))}, **more)
    return pk


def _asked(on: StandIn, pk: str, **more: Any) -> dict[str, Any]:
    values = {":pk": {"S": pk}, **more.pop("values", {})}
    key = {"KeyConditionExpression": more.pop("key", "pk = :pk")}
    return {"TableName": on.table, **key, "ExpressionAttributeValues": values, **more}


def _query(on: StandIn, pk: str, **more: Any) -> Any:
    return on.client("dynamodb").query(**_asked(on, pk, **more))


def _sks(page: Any) -> str:
    return "".join(item["sk"]["S"] for item in page["Items"])


def _start(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


@case(["part", "more"], _QUERY)
def a_page_ends_at_1_mb(on: StandIn) -> Any:
    """A query stops at 1 MB and says where."""
    pk = _four(on, b={"S": "x" * 390_000})
    page = _query(on, pk)
    found = "part" if 0 < len(page["Items"]) < 4 else "whole"
    return [found, "more" if "LastEvaluatedKey" in page else "no more"]


@case(["", 2, "more", "cd"], _QUERY)
def a_filter_works_after_the_limit(on: StandIn) -> Any:
    """Limit counts what is read, so that a filtered page can be empty and not the last."""
    pk = _four(on)
    filtered = {"FilterExpression": "n > :n", "values": {":n": {"N": str(ord("b"))}}}
    page = _query(on, pk, Limit=2, **filtered)
    last = page.get("LastEvaluatedKey")
    rest = _query(on, pk, ExclusiveStartKey=last, **filtered) if last else {"Items": []}
    return [_sks(page), page["ScannedCount"], "more" if last else "no more", _sks(rest)]


@case(["abcd", "", "no more"], _QUERY)
def a_page_that_is_just_full_is_not_known_to_be_the_last(on: StandIn) -> Any:
    """A page of as many items as Limit says where it ended, though nothing follows."""
    pk = _four(on)
    page = _query(on, pk, Limit=4)
    if "LastEvaluatedKey" not in page:
        return [_sks(page), "said to be the last"]
    rest = _query(on, pk, Limit=4, ExclusiveStartKey=page["LastEvaluatedKey"])
    return [_sks(page), _sks(rest), "more" if "LastEvaluatedKey" in rest else "no more"]


@case("dcb", _QUERY)
def a_list_can_be_read_backwards_from_a_place(on: StandIn) -> Any:
    """ScanIndexForward false reads downwards, on from the place that a page ended at."""
    pk = _four(on)
    page = _query(on, pk, Limit=1, ScanIndexForward=False)
    rest = _query(
        on, pk, Limit=2, ScanIndexForward=False, ExclusiveStartKey=page["LastEvaluatedKey"]
    )
    return _sks(page) + _sks(rest)


@case("ValidationException", _QUERY)
def a_page_cannot_start_in_another_partition(on: StandIn) -> Any:
    """A start key outside the partition that is asked for is refused."""
    pk = _four(on)
    asked = _asked(on, pk, ExclusiveStartKey=_start(new_name(), "b"))
    return refusal(on.client("dynamodb").query, **asked)


@case("ValidationException", _QUERY)
def a_page_cannot_start_outside_the_range(on: StandIn) -> Any:
    """A start key outside the range of sort keys that is asked for is refused."""
    pk = _four(on)
    asked = _asked(
        on,
        pk,
        key="pk = :pk AND begins_with(sk, :b)",
        values={":b": {"S": "b"}},
        ExclusiveStartKey=_start(pk, "z"),
    )
    return refusal(on.client("dynamodb").query, **asked)


@case("ValidationException", _QUERY)
def a_page_cannot_start_at_half_a_key(on: StandIn) -> Any:
    """A start key without all attributes of the key is refused."""
    pk = _four(on)
    asked = _asked(on, pk, ExclusiveStartKey={"pk": {"S": pk}})
    return refusal(on.client("dynamodb").query, **asked)


@case("ValidationException", _QUERY)
def a_filter_cannot_name_a_key(on: StandIn) -> Any:
    """A filter expression cannot contain attributes of the primary key."""
    asked = _asked(on, new_name(), FilterExpression="sk > :a", values={":a": {"S": "a"}})
    return refusal(on.client("dynamodb").query, **asked)


@case("ac", "DynamoDB Developer Guide: Take advantage of sparse indexes")
def an_index_holds_only_items_that_have_its_key(on: StandIn) -> Any:
    """An item without the index's key is not in the index."""
    pk = new_name()
    for sk in "abc":
        _put(on, pk, sk, **({} if sk == "b" else {"owner_key": {"S": pk}}))
    return _sks(_query(on, pk, **_BY_OWNER))


@case(
    ["owner_key", "pk", "shown", "sk"], "DynamoDB Developer Guide: Using Global Secondary Indexes"
)
def an_index_gives_what_it_holds_and_no_more(on: StandIn) -> Any:
    """A query of an index brings its projected attributes and the keys of the table."""
    pk = new_name()
    _put(on, pk, "a", owner_key={"S": pk}, shown={"S": "y"}, hidden={"S": "n"})
    (item,) = _query(on, pk, **_BY_OWNER)["Items"]
    return sorted(item)


@case("ValidationException", _QUERY)
def an_index_is_not_asked_for_what_it_does_not_hold(on: StandIn) -> Any:
    """ALL_ATTRIBUTES of a global index that does not hold all is refused."""
    asked = _asked(on, new_name(), **_BY_OWNER, Select="ALL_ATTRIBUTES")
    return refusal(on.client("dynamodb").query, **asked)


@case("ValidationException", _QUERY)
def an_index_is_never_read_consistently(on: StandIn) -> Any:
    """A strongly consistent query of a global index is refused."""
    asked = _asked(on, new_name(), **_BY_OWNER, ConsistentRead=True)
    return refusal(on.client("dynamodb").query, **asked)


@case(["accepted", "ValidationException"], "DynamoDB API Reference: BatchGetItem")
def a_batch_reads_at_most_100_items(on: StandIn) -> Any:
    """A hundred keys are taken, a hundred and one are refused."""
    keys = [_start("batch", str(n)) for n in range(101)]
    read = on.client("dynamodb").batch_get_item
    return [refusal(read, RequestItems={on.table: {"Keys": keys[:n]}}) for n in (100, 101)]


@case("ValidationException", "DynamoDB API Reference: BatchGetItem")
def a_batch_reads_an_item_once(on: StandIn) -> Any:
    """A batch with the same key twice is refused."""
    keys = [_start("batch", "a")] * 2
    return refusal(on.client("dynamodb").batch_get_item, RequestItems={on.table: {"Keys": keys}})


@case("some left", "DynamoDB API Reference: BatchGetItem")
def a_batch_reads_at_most_16_mb(on: StandIn) -> Any:
    """Of more than 16 MB a batch brings a part and names the keys that are left."""
    pk, numbers = new_name(), [str(n) for n in range(44)]
    for sk in numbers:
        _put(on, pk, sk, b={"S": "x" * 400_000})
    asked = {on.table: {"Keys": [_start(pk, sk) for sk in numbers]}}
    answer = on.client("dynamodb").batch_get_item(RequestItems=asked)
    return "some left" if answer["UnprocessedKeys"] else "all came"


@case("found", "DynamoDB Developer Guide: Using time to live (TTL) in DynamoDB")
def an_item_that_has_just_expired_is_still_read(on: StandIn) -> Any:
    """Expired items are deleted within a few days, and are read until then."""
    dynamodb, name = on.client("dynamodb"), new_name()
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    expiry = {"AttributeName": "expires_at", "Enabled": True}
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
    past = {"N": str(int(time.time()) - 60)}
    dynamodb.put_item(TableName=name, Item={"pk": {"S": "a"}, "expires_at": past})
    answer = dynamodb.get_item(TableName=name, Key={"pk": {"S": "a"}}, ConsistentRead=True)
    return "found" if "Item" in answer else "gone"


@case(10.0, _UNITS)
def a_put_costs_a_unit_for_each_kb_in_each_index(on: StandIn) -> Any:
    """A put of 5 KB that an index holds whole costs five units twice."""
    pk = new_name()
    item = {"pk": {"S": pk}, "sk": {"S": "a"}, "whole_key": {"S": pk}, "b": _NEARLY_5_KB}
    answer = on.client("dynamodb").put_item(
        TableName=on.table, Item=item, ReturnConsumedCapacity="TOTAL"
    )
    return answer["ConsumedCapacity"]["CapacityUnits"]


@case([2.0, 1.0], _UNITS)
def a_get_costs_a_unit_for_each_4_kb(on: StandIn) -> Any:
    """A strongly consistent read of 5 KB costs two units, an eventual one half of them."""
    pk = new_name()
    _put(on, pk, "a", b=_NEARLY_5_KB)
    costs = []
    for consistent in (True, False):
        answer = on.client("dynamodb").get_item(
            TableName=on.table,
            Key=_start(pk, "a"),
            ConsistentRead=consistent,
            ReturnConsumedCapacity="TOTAL",
        )
        costs.append(answer["ConsumedCapacity"]["CapacityUnits"])
    return costs


@case(2.5, _UNITS)
def a_query_costs_what_it_reads_together(on: StandIn) -> Any:
    """Sizes are added before they are rounded: four items of 5 KB, read eventually, cost 2.5."""
    pk = _four(on, b=_NEARLY_5_KB)
    answer = _query(on, pk, ReturnConsumedCapacity="TOTAL")
    return answer["ConsumedCapacity"]["CapacityUnits"]


def _units(answer: Any) -> Any:
    costs = [cost["CapacityUnits"] for cost in answer.get("ConsumedCapacity", [])]
    return costs or "nothing said"


@case([2.0], _TRANSACTIONS)
def a_transaction_costs_twice(on: StandIn) -> Any:
    """A small put in a transaction costs two units."""
    put = {"TableName": on.table, "Item": _start(new_name(), "a")}
    answer = on.client("dynamodb").transact_write_items(
        TransactItems=[{"Put": put}], ReturnConsumedCapacity="TOTAL"
    )
    return _units(answer)


@case([4.0], "DynamoDB Parity Suite, measured on AWS: ConditionCheck costs two write units")
def a_condition_check_costs_as_a_write(on: StandIn) -> Any:
    """A ConditionCheck beside a small put costs two units as the put does."""
    pk = new_name()
    _put(on, pk, "a")
    check = {"TableName": on.table, "Key": _start(pk, "a")}
    answer = on.client("dynamodb").transact_write_items(
        TransactItems=[
            {"ConditionCheck": {**check, "ConditionExpression": "attribute_exists(pk)"}},
            {"Put": {"TableName": on.table, "Item": _start(pk, "b")}},
        ],
        ReturnConsumedCapacity="TOTAL",
    )
    return _units(answer)
