"""Feedback: sealed at rest, answered by the operator, closed by whoever gave it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.identity.feedback import rules
from chalicelib.identity.feedback.rules import Action, State
from chalicelib.identity.persons import arrivals
from chalicelib.identity.persons.rules import Details
from shared import aws
from shared.auth import PLATFORM, Grant, Role
from shared.errors import Conflict
from tests.harness.gateway import Answer, send
from tests.harness.source import START, Source
from tests.identity.scene import OTHER_PHONE, PHONE, Identity

ADMIN, MANAGER = "per_" + "z" * 26, "per_" + "m" * 26
TEXT, ANSWER = "希望报修可以预约晚上的时间", "谢谢，下个版本就有"


@pytest.fixture
def author(identity: Identity, source: Source) -> str:
    """Somebody who has something to say."""
    return arrivals.arrive("phone", PHONE, Details(phone=PHONE), source.now).id


def give(identity: Identity, who: str, text: str = TEXT, key: str = "feedback-1") -> Answer:
    body = {"kind": "idea", "text": text}
    return identity.call("POST", "/me/feedback", body, person_id=who, key=key)


def by_operator(
    identity: Identity, method: str, url: str, body: Any = None, role: Role = Role.PLATFORM_ADMIN
) -> Answer:
    scope = PLATFORM if role is Role.PLATFORM_ADMIN else "com_a1b2c3d4"
    grants = (Grant(role, scope),)
    return send(identity.module.app, method, url, body=body, person_id=ADMIN, grants=grants)


def answer(
    identity: Identity, given: dict[str, Any], text: str = ANSWER, version: int = 1
) -> Answer:
    url = f"/persons/{given['person_id']}/feedback/{given['feedback_id']}/answer"
    return by_operator(identity, "POST", url, {"text": text, "version": version})


def close(identity: Identity, who: str, given: dict[str, Any], version: int) -> Answer:
    url = f"/me/feedback/{given['feedback_id']}/closure"
    return identity.call("POST", url, {"version": version}, person_id=who)


STARTS = {
    Action.ANSWER: {State.NEW: State.ANSWERED},
    Action.CLOSE: {State.NEW: State.CLOSED, State.ANSWERED: State.CLOSED},
}


@pytest.mark.parametrize("action", STARTS)
@pytest.mark.parametrize("state", State)
def test_a_step_leads_where_the_table_says_and_nowhere_else(action: Action, state: State) -> None:
    given = rules.Feedback(
        "fbk_1", ADMIN, rules.Kind.IDEA, b"sealed", START, ADMIN, START, state=state, version=3
    )
    if state in STARTS[action]:
        assert rules.step(given, action, ADMIN, 3, START).state is STARTS[action][state]
    else:
        with pytest.raises(Conflict, match="not_in_this_state"):
            rules.step(given, action, ADMIN, 3, START)
    with pytest.raises(Conflict, match="stale_version"):
        rules.step(given, action, ADMIN, 2, START)


def test_feedback_is_answered_and_its_author_reads_it(identity: Identity, author: str) -> None:
    given = give(identity, author)
    assert (given.status, given.json["text"], given.json["state"]) == (201, TEXT, "new")
    (waiting,) = by_operator(identity, "GET", "/feedback").json["items"]
    assert waiting == given.json
    answered = answer(identity, given.json)
    assert (answered.json["answer"], answered.json["state"]) == (ANSWER, "answered")
    assert by_operator(identity, "GET", "/feedback").json["items"] == []
    (own,) = identity.call("GET", "/me/feedback", person_id=author).json["items"]
    assert own == answered.json
    closed = close(identity, author, given.json, 2)
    assert (closed.json["state"], closed.json["state_zh"]) == ("closed", "已关闭")
    (found,) = by_operator(identity, "GET", "/feedback?state=closed").json["items"]
    assert found == closed.json


def test_own_feedback_comes_newest_first(identity: Identity, author: str, source: Source) -> None:
    for number in range(3):
        give(identity, author, f"第 {number} 条", f"feedback-{number}")
        source.now += timedelta(minutes=1)
    first = identity.call("GET", "/me/feedback?limit=2", person_id=author).json
    assert [one["text"] for one in first["items"]] == ["第 2 条", "第 1 条"]
    url = f"/me/feedback?limit=2&cursor={first['next_cursor']}"
    assert [one["text"] for one in identity.call("GET", url, person_id=author).json["items"]] == [
        "第 0 条"
    ]


def test_the_same_key_says_it_once(identity: Identity, author: str) -> None:
    first = give(identity, author)
    before = identity.items()
    assert give(identity, author) == first
    assert identity.items() == before
    reused = give(identity, author, "别的话")
    assert (reused.status, reused.json["code"]) == (409, "idempotency_key_reused")


def test_an_answer_or_a_closure_that_comes_again_changes_nothing(
    identity: Identity, author: str
) -> None:
    given = give(identity, author).json
    first = answer(identity, given)
    assert answer(identity, given) == first
    assert answer(identity, given, "另一个回复").json["code"] == "stale_version"
    closed = close(identity, author, given, 2)
    assert close(identity, author, given, 2) == closed


def test_ten_a_day_and_no_more(identity: Identity, author: str, source: Source) -> None:
    for number in range(10):
        assert give(identity, author, key=f"feedback-{number}").status == 201
    refused = give(identity, author, key="feedback-11")
    assert (refused.status, refused.json["code"]) == (429, "too_much_feedback")
    source.now += timedelta(days=1)
    assert give(identity, author, key="feedback-11").status == 201


def test_nobody_closes_what_somebody_else_said(
    identity: Identity, author: str, source: Source
) -> None:
    other = arrivals.arrive("phone", OTHER_PHONE, Details(phone=OTHER_PHONE), source.now).id
    given = give(identity, author).json
    assert close(identity, other, given, 1).status == 404
    assert identity.call("GET", "/me/feedback", person_id=other).json["items"] == []


@pytest.mark.parametrize("role", [Role.COMMUNITY_MANAGER, Role.OWNER])
def test_only_the_operator_reads_and_answers(identity: Identity, author: str, role: Role) -> None:
    given = give(identity, author).json
    url = f"/persons/{author}/feedback/{given['feedback_id']}/answer"
    assert by_operator(identity, "GET", "/feedback", role=role).status == 404
    body = {"text": ANSWER, "version": 1}
    assert by_operator(identity, "POST", url, body, role=role).status == 404


@pytest.mark.parametrize(
    "url", ["/persons/per_x/feedback/fbk_x/answer", "/persons/{}/feedback/fbk_x/answer"]
)
def test_what_is_not_there_is_not_found(identity: Identity, author: str, url: str) -> None:
    body = {"text": ANSWER, "version": 1}
    assert by_operator(identity, "POST", url.format(author), body).status == 404


def test_the_words_are_sealed_at_rest(identity: Identity, author: str) -> None:
    answer(identity, give(identity, author).json)
    stored = str(identity.items())
    for words in (TEXT, ANSWER):
        assert words not in stored
        assert str(words.encode())[2:-1] not in stored


def test_who_has_no_key_any_more_has_no_words_either(identity: Identity, author: str) -> None:
    give(identity, author)
    aws.client("dynamodb").delete_item(
        TableName=identity.table,
        Key={"pk": {"S": f"platform#person#{author}"}, "sk": {"S": "key"}},
    )
    (found,) = by_operator(identity, "GET", "/feedback").json["items"]
    assert (found["text"], found["answer"]) == (None, None)
    assert answer(identity, found).status == 404
