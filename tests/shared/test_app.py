"""The way in: one answer and one line of log for each request, whatever is sent."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import Any

import pytest

from shared import aws
from shared.app import App
from shared.auth import Grant, Role
from tests.harness.gateway import Answer, send
from tests.shared import things

PERSON = "per_0123456789abcdefghjkmnpqrs"
BUTLER = (Grant(Role.BUTLER, things.COMMUNITY),)
KEY = {"Idempotency-Key": "key-0001"}
BODY = {"community_id": things.COMMUNITY, "name": "lamp"}


@pytest.fixture
def app() -> App:
    # Powertools keeps a logger and its stream for the life of the process; each test has its own.
    logging.root.manager.loggerDict.pop("things", None)
    return things.make_app()


def make(app: App, body: Any = BODY, **request: Any) -> Answer:
    request = {"headers": KEY, "person_id": PERSON, "grants": BUTLER, **request}
    return send(app, "POST", "/things", body=body, **request)


def stored() -> int:
    return int(aws.client("dynamodb").scan(TableName=aws.setting("THINGS_TABLE"))["Count"])


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == status
    assert answer.json["type"] == f"urn:linli:problem:{code}"
    assert answer.json["request_id"] == "0f3b7c1e-5a52-4a0f-9a4e-2f1f6f1d3c55"


def test_a_good_request_is_answered_with_its_shape(app: App, moto_things: None) -> None:
    answer = make(app)
    assert (answer.status, answer.json) == (201, {"id": "key-0001", "name": "lamp"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert stored() == 1


def test_an_empty_answer_has_no_body(app: App) -> None:
    thing_id = "thi_7k2m9x4a_" + "0" * 26
    answer = send(app, "DELETE", f"/things/{thing_id}", person_id=PERSON, grants=BUTLER)
    assert (answer.status, answer.text) == (204, "")


def test_a_request_without_the_authorizers_context_is_401(app: App, moto_things: None) -> None:
    answer = make(app, person_id=None)
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert stored() == 0


def test_without_the_permission_anywhere_not_even_the_body_is_discussed(
    app: App, moto_things: None
) -> None:
    stranger = (Grant(Role.CASHIER, things.COMMUNITY),)
    assert_problem(make(app, {"nonsense": 1}, grants=stranger), 404, "not_found")
    assert_problem(make(app, grants=()), 404, "not_found")
    assert stored() == 0


def test_another_communitys_butler_gets_404_and_stores_nothing(app: App, moto_things: None) -> None:
    elsewhere = (Grant(Role.BUTLER, things.ELSEWHERE),)
    assert_problem(make(app, grants=elsewhere), 404, "not_found")
    assert stored() == 0


def test_a_thing_of_another_community_answers_as_one_that_never_was(app: App) -> None:
    theirs = send(app, "GET", "/things/thi_zzzzzzzz_" + "0" * 26, person_id=PERSON, grants=BUTLER)
    forged = send(app, "GET", "/things/no-such-form", person_id=PERSON, grants=BUTLER)
    assert theirs == forged
    assert_problem(theirs, 404, "not_found")


def test_whoever_has_a_token_may_ask_about_themselves(app: App) -> None:
    assert send(app, "GET", "/me", person_id=PERSON).json["id"] == PERSON
    assert_problem(send(app, "GET", "/me"), 401, "unauthenticated")


def test_a_public_route_asks_for_no_token(app: App) -> None:
    assert send(app, "GET", "/health").json["name"] == "well"


def test_an_action_that_never_checked_is_a_fault_and_its_answer_stays_in(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = send(app, "GET", "/unchecked", person_id=PERSON, grants=BUTLER)
    assert_problem(answer, 500, "internal_error")
    assert "secret" not in answer.text
    assert "under make_thing never checked its caller" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["alone", "together"])
def test_an_action_that_writes_before_it_checked_stores_nothing(
    app: App, moto_things: None, name: str
) -> None:
    body = BODY | {"name": name}
    answer = send(app, "POST", "/unchecked", body=body, person_id=PERSON, grants=BUTLER)
    assert_problem(answer, 500, "internal_error")
    assert stored() == 0


def test_nobody_is_calling_when_a_request_is_over(app: App, moto_things: None) -> None:
    send(app, "GET", "/unchecked", person_id=PERSON, grants=BUTLER)
    things.thing(1).put()
    assert stored() == 1


def test_an_unforeseen_fault_is_logged_whole_and_told_briefly(
    app: App, moto_things: None, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = make(app, BODY | {"name": "fault"})
    assert_problem(answer, 500, "internal_error")
    assert "secret" not in answer.text
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["level"] for line in lines] == ["ERROR", "INFO"]
    assert "a secret in a message" in lines[0]["exception"]
    assert stored() == 0


def test_a_refusal_carries_the_values_of_its_message(app: App) -> None:
    answer = make(app, BODY | {"name": "one too many"}, headers=KEY | {"Accept-Language": "en"})
    assert_problem(answer, 409, "too_many_things")
    assert answer.json["title"] == "Too many things: at most 3."
    assert answer.json["params"] == {"limit": "3"}


def test_a_limit_that_was_reached_is_429(app: App) -> None:
    assert_problem(make(app, BODY | {"name": "one too soon"}), 429, "too_often")


@pytest.mark.parametrize(
    ("asked", "language", "title"),
    [
        (None, "zh-CN", "没有找到。"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "没有找到。"),
        ("en-GB,en;q=0.9", "en", "Not found."),
        ("de", "zh-CN", "没有找到。"),
    ],
)
def test_a_refusal_speaks_the_callers_language(
    app: App, asked: str | None, language: str, title: str
) -> None:
    headers = {"Accept-Language": asked} if asked else {}
    answer = make(app, grants=(), headers=headers)
    assert answer.json["title"] == title
    assert answer.headers["content-language"] == language


def test_each_finding_names_its_field_and_its_reason(app: App, moto_things: None) -> None:
    body = BODY | {"parts": [{"weight_g": 1}, {"weight_g": "2"}]}
    answer = make(app, body, headers=KEY | {"Accept-Language": "en"})
    assert_problem(answer, 400, "invalid_request")
    assert answer.json["errors"] == [
        {"path": "parts[1].weight_g", "code": "wrong_type", "reason": "Expected int."}
    ]
    assert stored() == 0


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (BODY, KEY | {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        (BODY, KEY | {"Content-Type": ""}, 415, "unsupported_media_type"),
        (BODY | {"name": "x" * 70_000}, KEY, 413, "body_too_large"),
        ('{"name": ', KEY, 400, "invalid_request"),
        ("", KEY, 400, "invalid_request"),
        (None, KEY, 400, "invalid_request"),
        ("[" * 60_000, KEY, 400, "invalid_request"),
        ('{"name": "\\ud800"}', KEY, 400, "invalid_request"),
        (BODY, {}, 400, "invalid_request"),
        (BODY, {"Idempotency-Key": "short"}, 400, "invalid_request"),
    ],
)
def test_a_bad_request_is_refused_and_stores_nothing(
    app: App, moto_things: None, body: Any, headers: dict[str, str], status: int, code: str
) -> None:
    assert_problem(make(app, body, headers=headers), status, code)
    assert stored() == 0


def test_a_charset_beside_the_content_type_is_taken(app: App, moto_things: None) -> None:
    headers = KEY | {"Content-Type": "Application/JSON; charset=utf-8"}
    assert make(app, headers=headers).status == 201


def test_a_missing_key_is_found_before_anything_is_read(app: App) -> None:
    # No table exists here, so an action that had begun would have failed with 500.
    answer = make(app, headers={})
    assert answer.json["errors"][0]["path"] == "header:Idempotency-Key"


def test_a_cursor_that_the_list_did_not_give_is_400(app: App, moto_things: None) -> None:
    url = f"/things?community_id={things.COMMUNITY}&cursor=bm90IG91cnM"
    answer = send(app, "GET", url, person_id=PERSON, grants=BUTLER)
    assert_problem(answer, 400, "invalid_request")
    assert answer.json["errors"][0]["path"] == "query:cursor"
    assert answer.json["errors"][0]["code"] == "bad_cursor"


@pytest.mark.parametrize("route", ["good", "refused", "invalid"])
def test_an_ordinary_request_leaves_one_line_of_at_most_300_bytes(
    app: App, moto_things: None, capsys: pytest.CaptureFixture[str], route: str
) -> None:
    request: dict[str, Any] = {"good": {}, "refused": {"grants": ()}, "invalid": {"body": "["}}
    answer = make(app, **request[route])
    (line,) = capsys.readouterr().out.splitlines()
    assert len(line.encode()) <= 300
    logged = json.loads(line)
    assert logged["message"] == "POST /things"
    assert logged["status"] == answer.status
    assert logged["person_id"] == PERSON
    assert logged["request_id"] == "0f3b7c1e-5a52-4a0f-9a4e-2f1f6f1d3c55"
    assert logged["service"] == "things"
    assert isinstance(logged["ms"], int)


def test_a_path_part_arrives_decoded_once(app: App) -> None:
    answer = send(app, "GET", "/things/thi%5F7k2m9x4a%5F" + "0" * 26, person_id=PERSON,
                  grants=BUTLER)  # fmt: skip
    assert answer.json["id"] == "thi_7k2m9x4a_" + "0" * 26


def test_every_route_but_the_public_ones_stands_behind_the_authorizer(app: App) -> None:
    guarded = {
        path: {method: bool(entry.authorizer) for method, entry in methods.items()}
        for path, methods in app.routes.items()
    }
    assert guarded == {
        "/openapi.json": {"GET": False},
        "/health": {"GET": False},
        "/me": {"GET": True},
        "/unchecked": {"GET": True, "POST": True},
        "/things": {"GET": True, "POST": True},
        "/things/{thing_id}": {"GET": True, "DELETE": True},
    }


def test_a_queue_message_that_fails_is_logged_and_asked_for_again(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = []

    def take(body: str, now: datetime) -> None:
        if body == "bad":
            raise ValueError("not this one")
        taken.append(body)

    class Batch:
        """A queue event as Chalice wraps it."""

        def to_dict(self) -> dict[str, Any]:
            bodies = ["first", "bad", "last"]
            return {"Records": [{"messageId": f"m{i}", "body": b} for i, b in enumerate(bodies)]}

    assert app.each(Batch(), take) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert taken == ["first", "last"]
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["message_id"] == "m1"
    assert "not this one" in json.loads(line)["exception"]
