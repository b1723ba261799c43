"""The table: one conditional write per change, refusals that carry the truth, honest pages."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from hypothesis import given
from hypothesis import strategies as st
from moto.core.models import botocore_stubber
from pynamodb.exceptions import PynamoDBException, VerboseClientError

from shared import aws
from shared.errors import Invalid
from shared.table import Page, Refused, Transaction, decode_cursor, encode_cursor, page
from tests.shared.things import COMMUNITY, Thing, thing

PK = f"{COMMUNITY}#thing"
on_both = pytest.mark.usefixtures("things_table")
on_moto = pytest.mark.usefixtures("moto_things")


def count_calls(operation: str) -> list[str]:
    """From here on, each call of `operation` adds to the list."""
    calls: list[str] = []
    aws.client("dynamodb").meta.events.register(
        f"before-call.dynamodb.{operation}", lambda **_: calls.append(operation)
    )
    return calls


class Body:
    """The raw body of an answer made by hand."""

    def __init__(self, text: str) -> None:
        self._text = text.encode()

    def stream(self, **_: Any) -> Any:
        yield self._text


def hear_again(**_: Any) -> None:
    botocore_stubber.enabled = True


def answer_once(operation: str, status: int, error: str, *, applied: bool) -> list[str]:
    """Let the next call of `operation` come back with an error, having taken effect or not."""
    tries: list[str] = []

    def fail(request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        tries.append(event_name)
        if len(tries) > 1:
            return None
        # moto hears of every request, answered or not: it must not hear of a lost one.
        botocore_stubber.enabled = applied
        document = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{error}"})
        return AWSResponse(request.url, status, {}, Body(document))

    events = aws.client("dynamodb").meta.events
    events.register_first(f"before-send.dynamodb.{operation}", fail)
    events.register_last("before-send", hear_again)
    return tries


@on_both
def test_what_was_put_is_found_as_it_was() -> None:
    thing(1, name="lamp", owner="per_1").put()
    found = Thing.find(PK, "0001")
    assert found is not None
    assert (found.name, found.owner, found.version) == ("lamp", "per_1", 1)


@on_both
def test_what_was_never_put_is_not_found() -> None:
    assert Thing.find(PK, "0001") is None


@on_both
def test_a_new_record_must_not_exist_yet() -> None:
    thing(1, name="lamp").put()
    with pytest.raises(Refused) as refusal:
        thing(1, name="chair").put()
    assert refusal.value.stored is not None
    assert refusal.value.stored["name"] == {"S": "lamp"}
    assert stored_name() == "lamp"


@on_both
def test_each_write_raises_the_version() -> None:
    kept = thing(1, name="lamp")
    kept.put()
    kept.name = "chair"
    kept.put()
    found = Thing.find(PK, "0001")
    assert found is not None
    assert (found.version, found.name, kept.version) == (2, "chair", 2)


@on_both
def test_a_stale_version_changes_nothing() -> None:
    thing(1, name="lamp").put()
    mine, theirs = Thing.find(PK, "0001"), Thing.find(PK, "0001")
    assert mine is not None
    assert theirs is not None
    theirs.name = "theirs"
    theirs.put()
    mine.name = "mine"
    with pytest.raises(Refused) as refusal:
        mine.put()
    assert refusal.value.stored is not None
    assert refusal.value.stored["name"] == {"S": "theirs"}
    assert stored_name() == "theirs"


@on_both
def test_a_condition_that_does_not_hold_changes_nothing() -> None:
    thing(1, name="lamp").put()
    found = Thing.find(PK, "0001")
    assert found is not None
    found.owner = "per_2"
    with pytest.raises(Refused) as refusal:
        found.put(Thing.name == "chair")
    assert refusal.value.stored is not None
    assert "owner" not in refusal.value.stored
    assert found.version == 1


@on_both
def test_a_write_to_what_was_deleted_is_refused_without_an_item() -> None:
    thing(1, name="lamp").put()
    found = Thing.find(PK, "0001")
    assert found is not None
    with Transaction() as transaction:
        transaction.delete_blind(thing(1))
    with pytest.raises(Refused) as refusal:
        found.put()
    assert refusal.value.stored is None


@on_moto
def test_a_write_that_took_effect_before_its_answer_was_lost_meets_itself() -> None:
    tries = answer_once("PutItem", 500, "InternalServerError", applied=True)
    mine = thing(1, name="lamp", event="made")
    with pytest.raises(Refused) as refusal:
        mine.put()
    assert len(tries) == 2
    assert refusal.value.stored == {
        "pk": {"S": PK},
        "sk": {"S": "0001"},
        "name": {"S": "lamp"},
        "event": {"S": "made"},
        "version": {"N": "1"},
    }


@on_moto
def test_a_write_that_failed_before_taking_effect_is_tried_again() -> None:
    tries = answer_once("PutItem", 500, "InternalServerError", applied=False)
    thing(1, name="lamp").put()
    assert len(tries) == 2
    assert stored_name() == "lamp"


@on_moto
def test_another_error_of_the_table_is_no_refusal() -> None:
    answer_once("PutItem", 400, "ItemCollectionSizeLimitExceededException", applied=False)
    with pytest.raises(VerboseClientError, match="ItemCollectionSizeLimitExceeded"):
        thing(1).put()


@on_both
def test_an_absent_table_is_a_fault() -> None:
    aws.client("dynamodb").delete_table(TableName=aws.setting("THINGS_TABLE"))
    with pytest.raises(VerboseClientError, match="ResourceNotFound"):
        thing(1).put()


@on_both
def test_a_transaction_stores_all_of_its_records() -> None:
    with Transaction() as transaction:
        transaction.put(thing(1, name="lamp"))
        transaction.put(thing(2, name="chair"))
    assert [item.name for item in listed()] == ["lamp", "chair"]


@on_both
def test_a_transaction_with_one_refused_write_stores_nothing() -> None:
    thing(2, name="mine").put()
    transaction = Transaction()
    transaction.put(thing(1, name="lamp"))
    transaction.put(thing(2, name="chair"))
    with pytest.raises(Refused) as refusal, transaction:
        pass
    assert refusal.value.stored is not None
    assert refusal.value.stored["name"] == {"S": "mine"}
    assert [item.name for item in listed()] == ["mine"]


@on_both
def test_a_transaction_left_by_an_error_stores_nothing() -> None:
    transaction = Transaction()
    transaction.put(thing(1))
    with pytest.raises(RuntimeError, match="changed my mind"), transaction:
        raise RuntimeError("changed my mind")
    assert listed() == ()


@on_moto
def test_a_transaction_that_took_effect_before_its_answer_was_lost_meets_itself() -> None:
    answer_once("TransactWriteItems", 500, "InternalServerError", applied=True)
    transaction = Transaction()
    transaction.put(thing(1, name="lamp"))
    with pytest.raises(Refused) as refusal, transaction:
        pass
    assert refusal.value.stored is not None
    assert refusal.value.stored["name"] == {"S": "lamp"}


@on_both
def test_a_part_is_changed_without_being_read() -> None:
    thing(1, name="lamp").put()
    with Transaction() as transaction:
        transaction.update(thing(1), [Thing.owner.set("per_2")], Thing.pk.exists())
    found = Thing.find(PK, "0001")
    assert found is not None
    assert (found.name, found.owner) == ("lamp", "per_2")


@on_both
def test_a_part_is_not_changed_where_its_condition_fails() -> None:
    transaction = Transaction()
    transaction.update(thing(1), [Thing.owner.set("per_2")], Thing.pk.exists())
    with pytest.raises(Refused) as refusal, transaction:
        pass
    assert refusal.value.stored is None
    assert listed() == ()


@on_both
def test_nothing_happens_unless_another_record_is_as_required() -> None:
    thing(1, name="closed").put()
    transaction = Transaction()
    transaction.require(Thing, PK, "0001", Thing.name == "open")
    transaction.put(thing(2))
    with pytest.raises(Refused), transaction:
        pass
    assert len(listed()) == 1
    with Transaction() as allowed:
        allowed.require(Thing, PK, "0001", Thing.name == "closed")
        allowed.put(thing(2))
    assert len(listed()) == 2


@on_both
def test_a_record_that_was_read_is_deleted_only_in_that_version() -> None:
    thing(1, name="lamp").put()
    read = Thing.find(PK, "0001")
    newer = Thing.find(PK, "0001")
    assert read is not None
    assert newer is not None
    newer.put()
    transaction = Transaction()
    transaction.delete(read)
    with pytest.raises(Refused), transaction:
        pass
    with Transaction() as allowed:
        allowed.delete(newer)
    assert listed() == ()


@on_both
def test_what_does_not_exist_cannot_be_deleted_blindly() -> None:
    transaction = Transaction()
    transaction.delete_blind(thing(1))
    with pytest.raises(Refused), transaction:
        pass


@on_both
def test_a_list_comes_in_pages_that_join_without_gap_or_repeat() -> None:
    for number in range(7):
        thing(number).put()
    seen: list[str] = []
    cursor = None
    sizes = []
    while True:
        found = page(Thing, PK, limit=3, cursor=cursor)
        sizes.append(len(found.items))
        seen += [item.sk for item in found.items]
        cursor = found.next_cursor
        if cursor is None:
            break
    assert seen == [f"{number:04d}" for number in range(7)]
    assert sizes == [3, 3, 1]


@on_both
def test_a_page_is_one_query() -> None:
    for number in range(7):
        thing(number).put()
    calls = count_calls("Query")
    page(Thing, PK, limit=3, cursor=None)
    assert calls == ["Query"]


@on_both
def test_an_empty_list_is_one_empty_page() -> None:
    assert page(Thing, PK, limit=10, cursor=None) == Page((), None)


@on_both
def test_a_page_holds_a_hundred_at_most() -> None:
    for number in range(102):
        thing(number).put()
    assert len(page(Thing, PK, limit=1_000, cursor=None).items) == 100


@on_both
def test_a_list_can_begin_with_the_newest_and_be_cut_to_a_range() -> None:
    for number in range(5):
        thing(number).put()
    newest = page(Thing, PK, limit=2, cursor=None, newest_first=True)
    assert [item.sk for item in newest.items] == ["0004", "0003"]
    older = page(Thing, PK, limit=9, cursor=newest.next_cursor, newest_first=True,
                 range_condition=Thing.sk.startswith("000"))  # fmt: skip
    assert [item.sk for item in older.items] == ["0002", "0001", "0000"]


@on_both
def test_an_index_is_listed_like_the_table() -> None:
    for number in range(5):
        thing(number, owner="per_1", made_at=f"2026-11-{22 - number}").put()
    first = page(Thing, "per_1", limit=3, cursor=None, index=Thing.by_owner)
    rest = page(Thing, "per_1", limit=3, cursor=first.next_cursor, index=Thing.by_owner)
    assert [item.sk for item in (*first.items, *rest.items)] == [
        "0004", "0003", "0002", "0001", "0000",
    ]  # fmt: skip
    assert rest.next_cursor is None


POSITION = {"pk": {"S": PK}, "sk": {"S": "0001"}}


def as_cursor(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@on_moto
@pytest.mark.parametrize(
    "cursor",
    [
        "0",
        "not a cursor",
        "中文",
        "%%%%",
        "A" * 1_001,
        as_cursor(POSITION) + "===",
        as_cursor([]),
        as_cursor("text"),
        as_cursor({}),
        as_cursor({"pk": {"S": PK}}),
        as_cursor({"sk": {"S": "0001"}}),
        as_cursor(POSITION | {"owner": {"S": "per_1"}}),
        as_cursor(POSITION | {"pk": {"S": "com_zzzzzzzz#thing"}}),
        as_cursor(POSITION | {"pk": {"N": "1"}}),
        as_cursor(POSITION | {"sk": {"N": "1"}}),
        as_cursor(POSITION | {"sk": {"S": ""}}),
        as_cursor(POSITION | {"sk": {}}),
        as_cursor(POSITION | {"sk": {"S": "0001", "N": "1"}}),
        as_cursor(POSITION | {"sk": "0001"}),
        as_cursor(POSITION | {"sk": {"S": None}}),
        base64.urlsafe_b64encode(b"[" * 700).decode(),
        base64.urlsafe_b64encode(b'{"pk": {"S": "\xff"}}').decode(),
    ],
)
def test_a_forged_cursor_is_refused_by_its_name(cursor: str) -> None:
    calls = count_calls("Query")
    with pytest.raises(Invalid) as refusal:
        page(Thing, PK, limit=3, cursor=cursor)
    (finding,) = refusal.value.findings
    assert (finding.path, finding.code) == ("query:cursor", "bad_cursor")
    assert calls == []


def next_cursor(found: Page[Thing]) -> str:
    assert found.next_cursor is not None
    return found.next_cursor


@on_both
@pytest.mark.parametrize("foreign", ["another partition", "another owner", "table", "index"])
def test_a_cursor_of_another_list_is_refused(foreign: str) -> None:
    for number in range(3):
        thing(number, owner="per_1", made_at=f"{number}").put()
        thing(number + 3, owner="per_2", made_at=f"{number}").put()
    theirs = Thing(f"{COMMUNITY}#other", "0001")
    theirs.put()
    of_table = next_cursor(page(Thing, PK, limit=1, cursor=None))
    of_index = next_cursor(page(Thing, "per_1", limit=1, cursor=None, index=Thing.by_owner))
    lists: dict[str, Callable[[], object]] = {
        "another partition": lambda: page(Thing, theirs.pk, limit=1, cursor=of_table),
        "another owner": lambda: page(
            Thing, "per_2", limit=1, cursor=of_index, index=Thing.by_owner
        ),
        "table": lambda: page(Thing, "per_1", limit=1, cursor=of_table, index=Thing.by_owner),
        "index": lambda: page(Thing, PK, limit=1, cursor=of_index),
    }
    with pytest.raises(Invalid):
        lists[foreign]()


@on_moto
def test_a_cursor_outside_the_lists_range_is_refused_though_only_the_table_sees_it() -> None:
    # DynamoDB: "The provided starting key does not match the range key predicate".
    answer_once("Query", 400, "ValidationException", applied=False)
    with pytest.raises(Invalid) as refusal:
        page(Thing, PK, limit=1, cursor=as_cursor(POSITION),
             range_condition=Thing.sk.startswith("9"))  # fmt: skip
    assert refusal.value.findings[0].code == "bad_cursor"


@on_moto
def test_a_bad_query_without_a_cursor_is_a_fault_of_ours() -> None:
    answer_once("Query", 400, "ValidationException", applied=False)
    with pytest.raises(PynamoDBException):
        page(Thing, PK, limit=1, cursor=None)


KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(KEYS, KEYS)
def test_a_cursor_brings_back_its_position(pk: str, sk: str) -> None:
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    assert decode_cursor(encode_cursor(key), ("pk", "sk"), pk) == key


@given(st.text(max_size=200))
def test_any_text_is_a_position_or_a_bad_cursor_and_never_a_fault(cursor: str) -> None:
    with pytest.raises(Invalid):
        decode_cursor(cursor, ("pk", "sk"), PK)


def listed() -> tuple[Thing, ...]:
    return page(Thing, PK, limit=100, cursor=None).items


def stored_name() -> str | None:
    found = Thing.find(PK, "0001")
    assert found is not None
    return found.name
