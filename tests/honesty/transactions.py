"""Writes to DynamoDB: transactions and their tokens, conditions, limits, keys, numbers."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from tests.honesty.case import StandIn, case, new_name, refusal

_TRANSACT = "DynamoDB API Reference: TransactWriteItems"
_LIMITS = "DynamoDB Developer Guide: Quotas in Amazon DynamoDB"
_ABSENT = "attribute_not_exists(pk)"


def _item(pk: str, sk: str = "item", **attributes: Any) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}, **attributes}


def _key(pk: str, sk: str = "item") -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _put(on: StandIn, item: dict[str, Any], **more: Any) -> Any:
    return on.client("dynamodb").put_item(TableName=on.table, Item=item, **more)


def _get(on: StandIn, pk: str, sk: str = "item") -> Any:
    answer = on.client("dynamodb").get_item(
        TableName=on.table, Key=_key(pk, sk), ConsistentRead=True
    )
    return answer.get("Item")


def _add(on: StandIn, pk: str, much: int) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": on.table,
            "Key": _key(pk),
            "UpdateExpression": "ADD n :n",
            "ExpressionAttributeValues": {":n": {"N": str(much)}},
        }
    }


def _new(on: StandIn, pk: str, **more: Any) -> dict[str, Any]:
    put = {"TableName": on.table, "Item": _item(pk), "ConditionExpression": _ABSENT, **more}
    return {"Put": put}


def _transact(on: StandIn, *items: dict[str, Any], **more: Any) -> Any:
    return on.client("dynamodb").transact_write_items(TransactItems=list(items), **more)


def _reasons(on: StandIn, *items: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        _transact(on, *items)
    except ClientError as error:
        reasons: list[dict[str, Any]] = error.response["CancellationReasons"]
        return reasons
    return []


@case(1, _TRANSACT)
def a_token_that_comes_twice_is_applied_once(on: StandIn) -> Any:
    """A transaction sent again under its ClientRequestToken changes nothing."""
    pk, token = new_name(), new_name()
    for _ in range(2):
        _transact(on, _add(on, pk, 1), ClientRequestToken=token)
    return int(_get(on, pk)["n"]["N"])


@case("IdempotentParameterMismatchException", _TRANSACT)
def a_token_with_another_request_is_refused(on: StandIn) -> Any:
    """Another request under a ClientRequestToken that was used is refused."""
    pk, token = new_name(), new_name()
    _transact(on, _add(on, pk, 1), ClientRequestToken=token)
    return refusal(lambda: _transact(on, _add(on, pk, 2), ClientRequestToken=token))


@case(["TransactionCanceledException", "first absent"], _TRANSACT)
def a_cancelled_transaction_leaves_nothing(on: StandIn) -> Any:
    """When one condition fails, the writes before it are not there either."""
    first, second = new_name(), new_name()
    _put(on, _item(second))
    try:
        _transact(on, _new(on, first), _new(on, second))
    except ClientError as error:
        code = error.response["Error"]["Code"]
    return [code, "first stored" if _get(on, first) else "first absent"]


@case(["None", "ConditionalCheckFailed", "None"], _TRANSACT)
def a_cancelled_transaction_names_a_reason_for_each_item(on: StandIn) -> Any:
    """Reasons stand in the order of the items, `None` for those that would have been written."""
    taken = new_name()
    _put(on, _item(taken))
    items = [_new(on, new_name()), _new(on, taken), _new(on, new_name())]
    return [reason["Code"] for reason in _reasons(on, *items)]


@case({"S": "first"}, _TRANSACT)
def a_cancelled_transaction_brings_the_item_in_the_way(on: StandIn) -> Any:
    """With ALL_OLD the reason holds the item that the condition met."""
    taken = new_name()
    _put(on, _item(taken, text={"S": "first"}))
    item = _new(on, taken, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    return next(reason["Item"]["text"] for reason in _reasons(on, item))


@case("no item", _TRANSACT)
def a_cancelled_transaction_is_silent_unless_asked(on: StandIn) -> Any:
    """Without ALL_OLD the reason holds no item."""
    taken = new_name()
    _put(on, _item(taken))
    reasons = _reasons(on, _new(on, taken))
    return next("item" if "Item" in reason else "no item" for reason in reasons)


@case("ValidationException", _TRANSACT)
def two_actions_on_one_item_are_refused(on: StandIn) -> Any:
    """No two actions of a transaction can target the same item."""
    pk = new_name()
    return refusal(lambda: _transact(on, _add(on, pk, 1), _new(on, pk)))


@case(["accepted", "ValidationException"], _TRANSACT)
def a_transaction_has_at_most_100_actions(on: StandIn) -> Any:
    """A hundred actions are taken, a hundred and one are refused."""
    made = [_add(on, new_name(), 1) for _ in range(101)]
    return [refusal(lambda n=n: _transact(on, *made[:n])) for n in (100, 101)]


@case("refused", _TRANSACT)
def a_transaction_has_at_most_4_mb(on: StandIn) -> Any:
    """The aggregate size of the items cannot exceed 4 MB."""
    big = {"S": "x" * 390_000}
    puts = [{"Put": {"TableName": on.table, "Item": _item(new_name(), b=big)}} for _ in range(12)]
    return "accepted" if refusal(lambda: _transact(on, *puts)) == "accepted" else "refused"


@case("TransactionCanceledException", _TRANSACT)
def a_condition_check_holds_a_transaction_back(on: StandIn) -> Any:
    """A ConditionCheck that fails cancels the writes beside it."""
    check = {
        "TableName": on.table,
        "Key": _key(new_name()),
        "ConditionExpression": "attribute_exists(pk)",
    }
    return refusal(lambda: _transact(on, {"ConditionCheck": check}, _new(on, new_name())))


@case({"S": "first"}, "DynamoDB API Reference: PutItem")
def a_refused_put_brings_the_item_in_the_way(on: StandIn) -> Any:
    """With ALL_OLD a refused put comes with the item that the condition met."""
    pk = new_name()
    _put(on, _item(pk, text={"S": "first"}))
    try:
        _put(
            on,
            _item(pk, text={"S": "second"}),
            ConditionExpression=_ABSENT,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        return error.response["Item"]["text"]
    return "accepted"


@case({"N": "1"}, "DynamoDB API Reference: UpdateItem")
def a_refused_update_brings_the_item_in_the_way(on: StandIn) -> Any:
    """With ALL_OLD a refused update comes with the item that the condition met."""
    pk = new_name()
    _put(on, _item(pk, version={"N": "1"}))
    try:
        on.client("dynamodb").update_item(
            TableName=on.table,
            Key=_key(pk),
            UpdateExpression="SET version = :new",
            ConditionExpression="version = :old",
            ExpressionAttributeValues={":new": {"N": "3"}, ":old": {"N": "2"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        return error.response["Item"]["version"]
    return "accepted"


@case("ValidationException", "DynamoDB API Reference: UpdateItem")
def a_key_attribute_cannot_be_updated(on: StandIn) -> Any:
    """An update expression on an attribute of the primary key is refused."""
    return refusal(
        on.client("dynamodb").update_item,
        TableName=on.table,
        Key=_key(new_name()),
        UpdateExpression="SET sk = :new",
        ExpressionAttributeValues={":new": {"S": "other"}},
    )


@case(["accepted", "ValidationException"], _LIMITS)
def an_item_has_at_most_400_kb(on: StandIn) -> Any:
    """Names and values of an item together are at most 400 KB."""
    sizes = (400 * 1024 - 100, 400 * 1024)
    return [refusal(_put, on=on, item=_item(new_name(), b={"S": "x" * n})) for n in sizes]


@case(["ValidationException", "ValidationException", "accepted"], _LIMITS)
def a_key_cannot_be_empty_and_a_value_can(on: StandIn) -> Any:
    """Empty text is refused as a key of the table or of an index, and taken elsewhere."""
    empty = {"S": ""}
    items = [
        _item(new_name(), sk=""),
        _item(new_name(), owner_key=empty),
        _item(new_name(), text=empty),
    ]
    return [refusal(_put, on=on, item=item) for item in items]


@case("ValidationException", "DynamoDB Developer Guide: Working with Global Secondary Indexes")
def a_key_of_an_index_has_its_type(on: StandIn) -> Any:
    """An item whose attribute is the key of an index must have it in the index's type."""
    return refusal(_put, on=on, item=_item(new_name(), owner_key={"N": "1"}))


@case(["12345678901234567890123456789012345678", "ValidationException"], _LIMITS)
def a_number_has_38_digits(on: StandIn) -> Any:
    """Thirty-eight digits come back as they were, thirty-nine are refused."""
    pk, digits = new_name(), "12345678901234567890123456789012345678"
    _put(on, _item(pk, n={"N": digits}))
    more = refusal(_put, on=on, item=_item(new_name(), n={"N": digits + "9"}))
    return [_get(on, pk)["n"]["N"], more]


@case("ValidationException", "DynamoDB API Reference: BatchWriteItem")
def a_batch_writes_at_most_25_items(on: StandIn) -> Any:
    """A batch of 26 puts is refused."""
    puts = [{"PutRequest": {"Item": _item(new_name())}} for _ in range(26)]
    return refusal(on.client("dynamodb").batch_write_item, RequestItems={on.table: puts})


@case("ValidationException", "DynamoDB API Reference: BatchWriteItem")
def a_batch_writes_an_item_once(on: StandIn) -> Any:
    """A batch with two operations on the same item is refused."""
    puts = [{"PutRequest": {"Item": _item("the same")}} for _ in range(2)]
    return refusal(on.client("dynamodb").batch_write_item, RequestItems={on.table: puts})


@case(["accepted", "ConditionalCheckFailedException"], "DynamoDB API Reference: DeleteItem")
def deleting_what_is_absent_needs_no_item(on: StandIn) -> Any:
    """Deleting an absent item succeeds, unless a condition asks for the item."""
    delete = on.client("dynamodb").delete_item
    asked = {"TableName": on.table, "Key": _key(new_name())}
    conditional = {**asked, "ConditionExpression": "attribute_exists(pk)"}
    return [refusal(delete, **asked), refusal(delete, **conditional)]
