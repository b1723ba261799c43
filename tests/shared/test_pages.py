"""Lists come in honest pages: one query each, and a cursor that fits its own list only."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynamodb.exceptions import PynamoDBException

from shared import aws
from shared.errors import Invalid
from shared.table import Page, decode_cursor, encode_cursor, page
from tests.shared.answers import answer_once, count_calls
from tests.shared.things import COMMUNITY, Thing, thing

PK = f"{COMMUNITY}#thing"
on_both = pytest.mark.usefixtures("things_table")
on_moto = pytest.mark.usefixtures("moto_things")


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
def test_a_page_is_consistent_where_that_is_asked() -> None:
    thing(1).put()
    asked: list[Any] = []
    aws.client("dynamodb").meta.events.register(
        "provide-client-params.dynamodb.Query", lambda params, **_: asked.append(params)
    )
    page(Thing, PK, limit=3, cursor=None)
    page(Thing, PK, limit=3, cursor=None, consistent=True)
    assert [params.get("ConsistentRead", False) for params in asked] == [False, True]


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
