"""The calculator against values that AWS documents, and against units measured on AWS.

Sources: the developer guide ("DynamoDB item sizes and formats", "DynamoDB read and write
operations", "Using global secondary indexes", "Transactions"), and what the Parity Suite measured
in eu-west-2 (dynamodb-conformance 27, 67, 124, 149; dynoxide 37, 176, 188).
"""

from __future__ import annotations

from typing import Any

import pytest

from shared import aws
from tests.conftest import Cloud
from tests.harness import tables
from tests.harness.families import Tally
from tests.harness.meter import Charge, Meter
from tests.harness.units import (
    Index,
    Item,
    Schema,
    entry,
    item_bytes,
    read_units,
    refused_units,
    value_bytes,
    write_units,
)

pytestmark = pytest.mark.family("M")

KB = 1024
# The table of the Parity Suite's measurements: one index that holds one attribute besides its key.
MEASURED = Schema(("pk", "sk"), (Index("gsi-inc", ("gsiPk",), frozenset({"proj"})),))


def an_item(size: int = 0, **attributes: str) -> Item:
    """An item with these texts, filled up to a size of its own."""
    item = {"pk": {"S": "p"}, "sk": {"S": "s"}, **{n: {"S": t} for n, t in attributes.items()}}
    rest = size - item_bytes(item) - len("rest")
    return {**item, "rest": {"S": "x" * rest}} if rest >= 0 else item


# "DynamoDB item sizes and formats", sentence by sentence.
SIZES: list[tuple[dict[str, Any], int]] = [
    ({"S": "abc"}, 3),
    ({"S": "门禁"}, 6),
    ({"S": ""}, 0),
    ({"N": "7"}, 2),
    ({"N": "27"}, 2),
    ({"N": "123"}, 3),
    ({"N": "1000"}, 2),
    ({"N": "0.00012"}, 2),
    ({"N": "0"}, 1),
    ({"N": "1" * 38}, 20),
    ({"N": "-27"}, 3),
    ({"B": b"\x00\x01\x02"}, 3),
    ({"BOOL": True}, 1),
    ({"NULL": True}, 1),
    ({"SS": ["ab", "cde"]}, 5),
    ({"NS": ["1", "22"]}, 4),
    ({"BS": [b"a", b"bc"]}, 3),
    ({"L": []}, 3),
    ({"M": {}}, 3),
    ({"L": [{"S": "ab"}, {"BOOL": True}]}, 3 + (1 + 2) + (1 + 1)),
    ({"M": {"ab": {"S": "cde"}}}, 3 + 1 + 2 + 3),
    ({"M": {"a": {"L": [{"N": "1"}]}}}, 3 + 1 + 1 + (3 + 1 + 2)),
]


@pytest.mark.parametrize(("value", "size"), SIZES)
def test_a_value_has_the_size_that_the_guide_gives(
    value: dict[str, Any], size: int, tally: Tally
) -> None:
    assert value_bytes(value) == size
    tally.count(1, "calculator.sizes")


def test_an_items_size_is_that_of_its_names_and_values() -> None:
    assert item_bytes({"pk": {"S": "abc"}, "中": {"N": "1"}}) == (2 + 3) + (3 + 2)


def test_a_type_that_dynamodb_does_not_have_is_not_measured() -> None:
    with pytest.raises(ValueError, match="X"):
        value_bytes({"X": "1"})


@pytest.mark.parametrize(
    ("size", "units"), [(100, 1), (512, 1), (KB, 1), (KB + 1, 2), (3 * KB + KB // 2, 4)]
)
def test_a_write_costs_a_unit_for_each_started_kilobyte(
    size: int, units: int, tally: Tally
) -> None:
    """Guide: an item of 512 bytes takes one unit, one of 3.5 KB takes four."""
    item = an_item(size)
    assert write_units(MEASURED, None, item) == units
    assert write_units(MEASURED, None, item, transacted=True) == 2 * units
    tally.count(1, "calculator.writes")


@pytest.mark.parametrize(
    ("size", "consistent", "units"),
    [
        (0, True, 1),
        (0, False, 0.5),
        (4 * KB, True, 1),
        (8 * KB, True, 2),
        (8 * KB, False, 1),
        (4 * KB + KB // 2, True, 2),
        (40_000, True, 10),
    ],
)
def test_a_read_costs_a_unit_for_each_started_four_kilobytes(
    size: int, consistent: bool, units: float, tally: Tally
) -> None:
    """Guide: 8 KB take two units, one where that may be old, four in a transaction."""
    assert read_units(size, consistent=consistent) == units
    assert read_units(8 * KB, consistent=True, transacted=True) == 4
    tally.count(1, "calculator.reads")


# What was measured on AWS: before, after, transacted, units of the table and its index together.
WRITES: dict[str, tuple[Item | None, Item | None, bool, int]] = {
    "a put of an item that the index does not take": (None, an_item(), False, 1),
    "a put of one that it takes": (None, an_item(gsiPk="a", proj="1"), False, 2),
    "the same item again": (an_item(gsiPk="a"), an_item(gsiPk="a"), False, 1),
    "a change outside of the projection": (
        an_item(gsiPk="a", other="1"),
        an_item(gsiPk="a", other="2"),
        False,
        1,
    ),
    "a change inside of it": (
        an_item(gsiPk="a", proj="1"),
        an_item(gsiPk="a", proj="2"),
        False,
        2,
    ),
    "an index key that moves": (an_item(gsiPk="a"), an_item(gsiPk="b"), False, 3),
    "an index key that goes": (an_item(gsiPk="a"), an_item(), False, 2),
    "an index key that comes": (an_item(), an_item(gsiPk="a"), False, 2),
    "a delete of an item in the index": (an_item(gsiPk="a"), None, False, 2),
    "a delete of one outside of it": (an_item(), None, False, 1),
    "a delete of nothing": (None, None, False, 1),
    "3 KB that become 100 bytes": (an_item(3 * KB), an_item(100), False, 3),
    "100 bytes that become 3 KB": (an_item(100), an_item(3 * KB), False, 3),
    "a projected attribute that shrinks from 3 KB": (
        an_item(gsiPk="a", proj="x" * 3_000),
        an_item(gsiPk="a", proj="x"),
        False,
        3 + 3,
    ),
    "an entry of 1,517 bytes under another key: 2 and 2, not 3": (
        an_item(gsiPk="a", proj="x" * 1_490),
        an_item(gsiPk="b", proj="x" * 1_490),
        False,
        2 + 2 + 2,
    ),
    "in a transaction the table doubles, the index does not": (
        an_item(gsiPk="a"),
        an_item(gsiPk="b"),
        True,
        2 + 2,
    ),
    "a small put in a transaction": (None, an_item(), True, 2),
    "a put of 1.5 KB in a transaction": (None, an_item(KB + KB // 2), True, 4),
    "a delete of 3 KB in a transaction": (an_item(3 * KB), None, True, 6),
    "a condition check of nothing": (None, None, True, 2),
    "a condition check of 3 KB": (an_item(3 * KB), an_item(3 * KB), True, 6),
}


@pytest.mark.parametrize("case", WRITES)
def test_a_write_costs_what_was_measured_on_aws(case: str, tally: Tally) -> None:
    before, after, transacted, units = WRITES[case]
    assert write_units(MEASURED, before, after, transacted=transacted) == units
    tally.count(1, "calculator.writes")


def test_a_refused_write_costs_the_table_as_much_and_its_indexes_nothing() -> None:
    """Guide: of 300 KB stored and 310 KB wanted, 310 are charged."""
    stored, wanted = an_item(300 * KB, gsiPk="a"), an_item(310 * KB, gsiPk="b")
    assert refused_units(stored, wanted) == 310
    assert refused_units(stored, wanted, transacted=True) == 620
    assert refused_units(None, None) == 1


def test_an_index_holds_its_keys_the_tables_and_what_is_projected() -> None:
    whole = Schema(("pk", "sk"), (Index("all", ("gsiPk",)),))
    item = an_item(gsiPk="a", proj="1", other="2")
    assert entry(whole, whole.indexes[0], item) == item
    assert entry(MEASURED, MEASURED.indexes[0], item) == {
        name: item[name] for name in ("pk", "sk", "gsiPk", "proj")
    }
    assert entry(MEASURED, MEASURED.indexes[0], an_item(proj="1")) is None


def test_the_indexes_of_repairs_come_from_its_template() -> None:
    by_name = {index.name: index for index in tables.schema("repairs").indexes}
    assert by_name["by_assignee"].keys == ("assignee_key", "due_at")
    assert "title" in (by_name["by_assignee"].projected or ())
    assert tables.schema("community").keys == ("pk", "sk")


class Metered:
    """A table whose calls go past a meter."""

    def __init__(self, cloud: Cloud) -> None:
        self.table = cloud.table("repairs")
        self.client = cloud.client("dynamodb")
        self.meter = Meter({self.table: tables.schema("repairs")})
        self.charges: list[Charge] = []
        heard = self.client.meta.events
        heard.register("provide-client-params", self._asked)
        heard.register("after-call", self._answered)

    def _asked(self, params: Any, model: Any, context: Any, **_: object) -> None:
        self.meter.asked(model.name, params, context)

    def _answered(self, parsed: Any, model: Any, context: Any, **_: object) -> None:
        self.charges.append(self.meter.answered(model.name, parsed, context))

    def put(self, item: Item, **how: Any) -> None:
        self.client.put_item(TableName=self.table, Item=item, **how)

    def key(self, sk: str = "s") -> dict[str, Any]:
        return {"pk": {"S": "p"}, "sk": {"S": sk}}


@pytest.fixture
def metered(moto_cloud: Cloud) -> Metered:
    return Metered(moto_cloud)


def test_the_meter_knows_what_stood_there_before(metered: Metered) -> None:
    metered.put(an_item(3 * KB))
    metered.put(an_item(100))
    metered.client.delete_item(TableName=metered.table, Key=metered.key())
    metered.client.delete_item(TableName=metered.table, Key=metered.key())
    assert [charge.writes for charge in metered.charges] == [3, 3, 1, 1]


def test_the_meter_knows_what_an_update_made(metered: Metered) -> None:
    def update(reporter: str) -> None:
        metered.client.update_item(
            TableName=metered.table,
            Key=metered.key(),
            UpdateExpression="SET reporter_key = :r, reported_at = :r",
            ExpressionAttributeValues={":r": {"S": reporter}},
        )

    for reporter in ("a", "a", "b"):
        update(reporter)
    assert [charge.writes for charge in metered.charges] == [2, 1, 3]


def test_the_meter_charges_a_refusal_and_nothing_that_was_not_done(metered: Metered) -> None:
    metered.put(an_item(2 * KB))
    with pytest.raises(metered.client.exceptions.ConditionalCheckFailedException):
        metered.put(an_item(100), ConditionExpression="attribute_not_exists(pk)")
    with pytest.raises(metered.client.exceptions.ClientError, match="ValidationException"):
        metered.put(an_item(), ConditionExpression="no condition")
    assert [charge.writes for charge in metered.charges] == [2, 2, 0]


def test_the_meter_charges_every_write_of_a_transaction(metered: Metered) -> None:
    check = {
        "TableName": metered.table,
        "Key": metered.key(),
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    puts = [
        {"Put": {"TableName": metered.table, "Item": {**an_item(KB + 1), "sk": {"S": sk}}}}
        for sk in ("1", "2")
    ]
    metered.client.transact_write_items(TransactItems=[{"ConditionCheck": check}, *puts])
    metered.put(an_item())
    with pytest.raises(metered.client.exceptions.TransactionCanceledException):
        metered.client.transact_write_items(TransactItems=[{"ConditionCheck": check}, *puts])
    assert [charge.writes for charge in metered.charges] == [2 + 4 + 4, 1, 2 + 4 + 4]


def test_the_meter_adds_what_a_query_returns_and_rounds_what_a_batch_does(
    metered: Metered,
) -> None:
    for number in range(3):
        metered.put({**an_item(3 * KB), "sk": {"S": str(number)}})
    metered.charges.clear()
    asked = {
        "TableName": metered.table,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "p"}},
    }
    metered.client.query(**asked)
    metered.client.query(**asked, ConsistentRead=True)
    metered.client.get_item(TableName=metered.table, Key=metered.key("0"))
    keys = [metered.key(sk) for sk in ("0", "1", "absent")]
    metered.client.batch_get_item(RequestItems={metered.table: {"Keys": keys}})
    assert [charge.reads for charge in metered.charges] == [1.5, 3, 0.5, 1.5]
    assert metered.charges[0].returned_bytes == pytest.approx(9 * KB, abs=3)


def test_the_meter_prices_no_read_that_it_cannot_see_whole(metered: Metered) -> None:
    with pytest.raises(AssertionError, match="ProjectionExpression"):
        metered.client.get_item(
            TableName=metered.table, Key=metered.key(), ProjectionExpression="sk"
        )
    with pytest.raises(AssertionError, match="Scan"):
        metered.client.scan(TableName=metered.table)


def test_the_meters_own_reads_are_heard_by_nobody(metered: Metered) -> None:
    metered.put(an_item())
    assert [charge.operation for charge in metered.charges] == ["PutItem"]
    assert aws.client("dynamodb") is metered.client
