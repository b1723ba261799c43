"""Lists of tickets and technicians, through the app as its functions run it."""

from __future__ import annotations

import pytest

from chalicelib.repairs.model import Action
from tests.repairs.api import ok, reported, through
from tests.repairs.scene import (
    COMMUNITY,
    DISPATCHER,
    FOREIGN_DISPATCHER,
    NEIGHBOUR,
    RESIDENT,
    WORKER,
    Repairs,
)


def test_everyone_finds_their_tickets_in_their_list(repairs: Repairs) -> None:
    ticket = through(repairs, Action.ASSIGN)
    for who, url in (
        (RESIDENT, "/my-tickets"),
        (WORKER, "/my-jobs"),
        (DISPATCHER, f"/tickets?community_id={COMMUNITY}"),
    ):
        found = ok(repairs.call(who, "GET", url))
        assert [item["ticket_id"] for item in found["items"]] == [ticket["ticket_id"]]
        assert found["next_cursor"] is None
    assert ok(repairs.call(NEIGHBOUR, "GET", "/my-tickets"))["items"] == []
    closed = f"/tickets?community_id={COMMUNITY}&state=closed"
    assert ok(repairs.call(DISPATCHER, "GET", closed))["items"] == []


def test_ended_tickets_are_listed_this_month(repairs: Repairs) -> None:
    ticket = through(repairs, Action.WITHDRAW)
    month = ticket["closed_at"][:7]
    url = f"/tickets?community_id={COMMUNITY}&state=closed"
    listed = [ok(repairs.call(DISPATCHER, "GET", url))["items"]]
    # Between 16:00 and midnight in UTC the estate may be a month ahead.
    listed.append(ok(repairs.call(DISPATCHER, "GET", f"{url}&month={month}"))["items"])
    assert [ticket["ticket_id"]] in [[item["ticket_id"] for item in items] for items in listed]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("month=2026-11", "query:month"),
        ("state=closed&month=2026-13", "query:month"),
        ("state=done", "query:state"),
        ("limit=101", "query:limit"),
        ("cursor=bm90IGE", "query:cursor"),
        ("sort=asc", "query:sort"),
    ],
)
def test_a_list_that_does_not_fit_is_told_where(repairs: Repairs, query: str, path: str) -> None:
    url = f"/tickets?community_id={COMMUNITY}&{query}"
    answer = repairs.call(DISPATCHER, "GET", url)
    assert answer.status == 400
    assert [error["path"] for error in answer.json["errors"]] == [path]


def test_a_list_of_another_community_does_not_exist(repairs: Repairs) -> None:
    for url in ("/tickets", "/technicians"):
        answer = repairs.call(FOREIGN_DISPATCHER, "GET", f"{url}?community_id={COMMUNITY}")
        assert answer.status == 404


def test_a_cursor_of_one_list_opens_no_other(repairs: Repairs) -> None:
    for i in range(3):
        reported(repairs, key=f"key-{i:04}", description=f"第 {i} 处漏水")
    cursor = ok(repairs.call(RESIDENT, "GET", "/my-tickets?limit=1"))["next_cursor"]
    assert cursor
    answer = repairs.call(NEIGHBOUR, "GET", f"/my-tickets?cursor={cursor}")
    assert (answer.status, answer.json["errors"][0]["code"]) == (400, "bad_cursor")
