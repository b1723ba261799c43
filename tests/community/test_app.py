"""Every route of community: who may, who may not, and what is said of a bad request."""

from __future__ import annotations

import itertools
import json
from typing import Any

import msgspec
import pytest

from local.apps import load_app
from shared import ids
from shared.app import Operation
from shared.auth import SIGNED_IN, STAFF, Grant, Role
from tests.community.estate import PERSONAL, WORKER, Estate, Request, allowed, an_estate
from tests.community.register.scene import CLERK, NOW, rows_of
from tests.conftest import Cloud
from tests.harness.gateway import Answer, send
from tests.harness.rights import hold, lose

APP = load_app("community").app
OPERATIONS: dict[str, Operation] = {o.view.__name__: o for o in APP.operations}
KEYED = {"Idempotency-Key": "key-of-the-test"}
TAKING = [name for name, operation in OPERATIONS.items() if operation.takes]


@pytest.fixture
def estate(moto_cloud: Cloud) -> Estate:
    return an_estate(moto_cloud)


def ask(
    estate: Estate,
    name: str,
    *,
    grants: tuple[Grant, ...] | None = None,
    request: Request | None = None,
    **sent: Any,
) -> Answer:
    """A request for an operation, good unless told otherwise, by somebody who may."""
    operation = OPERATIONS[name]
    good = request or estate.requests()[name]
    if grants is None:
        grants = rightful(estate, operation)
    values = {"person_id": CLERK, "headers": KEYED, "body": good.body, "grants": grants, **sent}
    return send(APP, operation.method, good.url(operation), **values)


def rightful(estate: Estate, operation: Operation) -> tuple[Grant, ...]:
    """The grants of everybody who may do it."""
    return tuple(
        grant for role in Role if allowed(operation.allows, role) for grant in estate.grants(role)
    )


def findings(answer: Answer) -> list[tuple[str, str]]:
    assert answer.status == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [(found["path"], found["code"]) for found in answer.json["errors"]]


def stored(estate: Estate) -> list[str]:
    """Everything that is kept: both tables and the bucket."""
    register = estate.register
    dynamodb, s3 = register.client("dynamodb"), register.client("s3")
    items = [
        json.dumps(item, sort_keys=True)
        for table in (register.table, f"grants-of-{register.table}")
        for item in dynamodb.scan(TableName=table)["Items"]
    ]
    objects = s3.list_objects_v2(Bucket=register.bucket).get("Contents", [])
    return sorted(items) + sorted(entry["Key"] + entry["ETag"] for entry in objects)


def test_there_is_a_good_request_for_every_route(estate: Estate) -> None:
    assert estate.requests().keys() == OPERATIONS.keys()
    for name, operation in OPERATIONS.items():
        answer = ask(estate, name)
        assert answer.status == operation.status, (name, answer.text)


def test_nobody_is_let_in_without_the_authorizer(estate: Estate) -> None:
    before = stored(estate)
    for name in OPERATIONS:
        answer = ask(estate, name, person_id=None)
        assert (answer.status, answer.json["code"]) == (401, "unauthenticated"), name
        assert answer.headers["www-authenticate"] == "Bearer"
    assert stored(estate) == before


def test_a_role_meets_404_exactly_where_it_may_nothing(estate: Estate) -> None:
    ask(estate, "grant_role")
    before = stored(estate)
    for role, (name, operation) in itertools.product(Role, OPERATIONS.items()):
        if not allowed(operation.allows, role):
            answer = ask(estate, name, grants=estate.grants(role))
            assert (answer.status, answer.json["code"]) == (404, "not_found"), (role, name)
    assert stored(estate) == before
    for role, (name, operation) in itertools.product(Role, OPERATIONS.items()):
        if allowed(operation.allows, role):
            answer = ask(estate, name, grants=estate.grants(role))
            assert answer.status not in (401, 404, 500), (role, name, answer.text)


def test_a_stranger_learns_nothing_but_who_he_is(estate: Estate) -> None:
    before = stored(estate)
    for name, operation in OPERATIONS.items():
        if name not in ONES_OWN:
            answer = ask(estate, name, grants=())
            assert answer.status == (200 if operation.allows is SIGNED_IN else 404), name
    assert stored(estate) == before


ONES_OWN = {"claim_room", "withdraw_claim"}
"""What changes nothing but the caller's own, whatever their rights."""
ASKS_THE_TABLE = {
    *("grant_role", "revoke_role", "bind_resident", "unbind_resident"),
    *("add_member", "switch_rights", "decide_claim"),
    *("commit_import", "edit_room", "export_register"),
}
GOES_BY_THE_CACHE = {
    # A new company or community has nobody and nothing in it.
    "register_company",
    "register_community",
    # A file changes nothing until it is committed.
    "request_import",
}


def test_every_change_asks_the_table_for_the_right_or_stands_here_with_its_reason() -> None:
    changes = {name for name, operation in OPERATIONS.items() if operation.method != "GET"}
    assert changes == ASKS_THE_TABLE | GOES_BY_THE_CACHE | ONES_OWN


@pytest.mark.parametrize("name", sorted(ASKS_THE_TABLE))
def test_whoever_lost_the_role_changes_nothing_while_the_gateway_still_knows_it(
    estate: Estate, name: str
) -> None:
    if name == "revoke_role":
        assert ask(estate, "grant_role").status == 201
    allows = OPERATIONS[name].allows
    lost = estate.grants(
        Role.COMMUNITY_MANAGER if Role.COMMUNITY_MANAGER in allows.roles else Role.OWNER
    )
    lose(CLERK, *lost)
    before = stored(estate)
    answer = ask(estate, name, grants=lost)
    assert (answer.status, answer.json["code"]) == (404, "not_found"), answer.text
    assert stored(estate) == before
    hold(CLERK, *lost)
    assert ask(estate, name, grants=lost).status == OPERATIONS[name].status


def test_a_list_of_rooms_that_an_import_ended_says_so_in_the_callers_language(
    estate: Estate,
) -> None:
    good = estate.requests()["list_rooms"]
    first = ask(estate, "list_rooms", request=Request(good.parts, {"limit": "1"}))
    estate.register.bring_in(*rows_of("3", {"502": 9_000}))
    rest = Request(good.parts, {"limit": "1", "cursor": first.json["next_cursor"]})
    for language, word in (("zh-CN", "重新开始"), ("en", "start again")):
        answer = ask(estate, "list_rooms", request=rest, headers={"Accept-Language": language})
        assert (answer.status, answer.json["code"]) == (409, "list_changed"), answer.text
        assert word in answer.text
    assert ask(estate, "list_rooms").json["items"][0]["built_area_dm2"] == 9_000


def everywhere_else() -> tuple[Grant, ...]:
    """Every role, in another community and in another company."""
    company, community = "co_" + "9" * 26, "com_99999999"
    on_platform = {Role.PLATFORM_ADMIN, Role.SECURITY_AUDITOR}
    return tuple(
        Grant(role, scope)
        for role in Role
        if role not in on_platform
        for scope in ((company, community) if role in STAFF else (f"{community}/3/1/502",))
    )


def test_whoever_may_everything_elsewhere_meets_404_here(estate: Estate) -> None:
    before = stored(estate)
    for name, operation in OPERATIONS.items():
        if operation.allows is SIGNED_IN:
            continue
        answer = ask(estate, name, grants=everywhere_else())
        assert (answer.status, answer.json["code"]) == (404, "not_found"), (name, answer.text)
    assert stored(estate) == before


def with_ids_of(request: Request, estate: Estate, others: dict[str, str]) -> Request:
    """The request with every id of the estate replaced."""
    text = msgspec.json.encode([request.parts, request.query, request.body]).decode()
    for own, other in others.items():
        text = text.replace(own, other)
    parts, query, body = json.loads(text)
    return Request(parts, query, body)


@pytest.mark.parametrize("kind", ["of another community", "of nothing", "of no form"])
def test_an_id_that_is_not_the_callers_is_not_found(estate: Estate, kind: str) -> None:
    own = estate.community_id.removeprefix("com_")
    others = {
        "of another community": {own: "99999999", estate.company_id: "co_" + "9" * 26},
        "of nothing": {
            estate.import_id: ids.new_id("imp", estate.community_id, NOW),
            estate.claim: ids.new_id("clm", estate.community_id, NOW),
            estate.own_claim: ids.new_id("clm", estate.community_id, NOW),
            "-502": "-999",
            '"building":"3"': '"building":"999"',
        },
        "of no form": {
            "imp_": "imq_",
            "clm_": "cln_",
            "room_": "roam_",
            '"community_id":"com_': '"community_id":"',
        },
    }[kind]
    before = stored(estate)
    tried = 0
    for name, request in estate.requests().items():
        changed = with_ids_of(request, estate, others)
        if changed.parts == request.parts and (changed == request or kind == "of no form"):
            continue
        if kind == "of nothing" and name in ("list_residents", "list_users"):
            # In a room or a building that is not there, nobody lives.
            continue
        if name == "claim_room" and kind != "of no form":
            # Whether there is such a room is told to nobody: `households/test_claims.py`.
            continue
        answer = ask(estate, name, grants=_everything_here(estate), request=changed)
        assert (answer.status, answer.json["code"]) == (404, "not_found"), (name, answer.text)
        tried += 1
    assert tried >= 9
    assert stored(estate) == before


def _everything_here(estate: Estate) -> tuple[Grant, ...]:
    """Every role in this community and company; nothing on the platform."""
    roles = set(Role) - {Role.PLATFORM_ADMIN, Role.SECURITY_AUDITOR}
    return tuple(grant for role in sorted(roles) for grant in estate.grants(role))


def test_every_field_of_a_body_is_checked_by_name_and_nothing_is_stored(estate: Estate) -> None:
    before = stored(estate)
    for name in TAKING:
        check_body(estate, name)
    assert stored(estate) == before


def check_body(estate: Estate, name: str) -> None:
    shape, good = OPERATIONS[name].takes, estate.requests()[name].body
    assert shape is not None
    assert good is not None

    def said(body: Any) -> list[tuple[str, str]]:
        return findings(ask(estate, name, body=body))

    assert said({**good, "nonsense": 1}) == [("nonsense", "unknown_field")]
    assert said("{") == [("body", "malformed_json")]
    assert said("[]")[0][1] == "wrong_type"
    assert said("[" * 30_000)[0][0] == "body"
    for field in msgspec.structs.fields(shape):
        if field.required:
            left = {key: value for key, value in good.items() if key != field.name}
            assert said(left) == [(field.name, "missing_field")]
        texts = ("", "x" * 501, f"{good.get(field.name, '')}\n", "a/b\0c\x1f")
        bad = texts if isinstance(good.get(field.name), str) else (-1, 0, 1.5)
        nothing = () if field.default is None else (None,)
        for value in ({"a": []}, *nothing, *bad):
            path = said({**good, field.name: value})[0][0]
            assert path.split(".")[0] == field.name, (field.name, value)


def test_a_body_of_another_type_or_size_is_refused(estate: Estate) -> None:
    before = stored(estate)
    for name in TAKING:
        form = ask(estate, name, headers={**KEYED, "Content-Type": "text/plain"})
        assert (form.status, form.json["code"]) == (415, "unsupported_media_type")
        large = ask(estate, name, body=" " * 65_537)
        assert (large.status, large.json["code"]) == (413, "body_too_large")
    assert stored(estate) == before


def test_what_is_made_once_asks_for_a_key(estate: Estate) -> None:
    before = stored(estate)
    for name in (n for n, o in OPERATIONS.items() if o.keyed):
        assert findings(ask(estate, name, headers={})) == [
            ("header:Idempotency-Key", "missing_header")
        ]
        for key in ("", "short", "x" * 65, "with space", "邻里邻里邻里邻里", "line-break\n"):
            answer = ask(estate, name, headers={"Idempotency-Key": key})
            assert findings(answer) == [("header:Idempotency-Key", "bad_idempotency_key")], key
    assert stored(estate) == before


def test_every_parameter_of_a_query_is_checked_by_name(estate: Estate) -> None:
    for name in (n for n, o in OPERATIONS.items() if o.method == "GET"):
        check_query(estate, name)


def check_query(estate: Estate, name: str) -> None:
    good = estate.requests()[name]

    def said(**query: str) -> list[tuple[str, str]]:
        request = Request(good.parts, {**good.query, **query})
        return findings(ask(estate, name, request=request))

    assert said(nonsense="1") == [("query:nonsense", "unknown_field")]
    for field in msgspec.structs.fields(OPERATIONS[name].query):
        if field.name == "limit":
            for bad in ("0", "101", "-1", "x", "1.5", ""):
                assert said(limit=bad)[0][0] == "query:limit"
        if field.name == "cursor":
            for bad in ("x", "e30", "!" * 20, "eyJwayI6eyJTIjoiYSJ9fQ", "c" * 1_001):
                assert said(cursor=bad)[0][0] == "query:cursor"
        if field.required:
            left = {key: value for key, value in good.query.items() if key != field.name}
            answer = ask(estate, name, request=Request(good.parts, left))
            assert findings(answer) == [(f"query:{field.name}", "missing_field")]
            for bad in ("", "nonsense", "com_7k2m9x4a/3/1/502", "co_1", "x" * 121):
                assert said(**{field.name: bad})[0][0] == f"query:{field.name}"


BUILDINGS = ("x" * 1_500, "%E6%A5%BC" * 700, "3%2F1", "3%23", "%00", "..", "3%0A", "%F0%9F%98")
ROOMS = ("x" * 33, "502%2F1", "5 02", "%00", "502-1", "5%0A")


def test_a_building_of_any_name_is_not_found(estate: Estate) -> None:
    for building in BUILDINGS:
        parts = {"community_id": estate.community_id, "building": building}
        answer = ask(estate, "list_rooms", request=Request(parts))
        assert (answer.status, answer.json["code"]) == (404, "not_found"), building


def test_a_room_of_any_number_is_not_found(estate: Estate) -> None:
    for number, name in itertools.product(
        ROOMS, ("get_room", "bind_resident", "unbind_resident", "edit_room")
    ):
        good = estate.requests()[name]
        parts = {"room_id": ids.room_id(estate.community_id, "3", "1", "") + number}
        answer = ask(estate, name, request=Request(parts, good.query, good.body))
        assert (answer.status, answer.json["code"]) == (404, "not_found"), (number, name)


def test_no_answer_shows_who_an_owner_is(estate: Estate) -> None:
    for name in OPERATIONS:
        if name == "unbind_resident":
            continue
        said = ask(estate, name).text
        shown = [personal for personal in PERSONAL if personal in said]
        assert shown == [], (name, said)
    found = ask(estate, "list_import_findings").json["items"]
    assert "面积“139******78”" in str(found)
    shown = ask(estate, "get_room").json["owners"]
    assert shown == [{"name": "欧***", "phones": ["139****5678"]}]


def test_a_butler_of_one_building_sees_that_building(estate: Estate) -> None:
    here = (Grant(Role.BUTLER, f"{estate.community_id}/3"),)
    next_door = (Grant(Role.BUTLER, f"{estate.community_id}/33"),)
    assert len(ask(estate, "list_buildings", grants=here).json["items"]) == 1
    assert ask(estate, "list_buildings", grants=next_door).json["items"] == []
    for name in ("list_rooms", "get_room", "list_residents"):
        assert ask(estate, name, grants=here).status == 200
        assert ask(estate, name, grants=next_door).status == 404


def test_the_same_key_answers_with_the_same_thing(estate: Estate) -> None:
    for name in (n for n, o in OPERATIONS.items() if o.keyed):
        first, again = ask(estate, name), ask(estate, name)
        assert (first.status, again.status) == (201, 201)
        # An export has a file in the place of an id; each link to it is signed anew.
        own = next((key for key in first.json if key.endswith("_id")), "url")
        assert first.json[own].split("?")[0] == again.json[own].split("?")[0]


def test_a_grant_is_given_once_taken_once_and_given_again(estate: Estate) -> None:
    given = [ask(estate, "grant_role").json for _ in range(2)]
    assert given[0] == given[1]
    taken = [ask(estate, "revoke_role").json for _ in range(2)]
    assert taken[0] == taken[1]
    assert (taken[0]["standing"], taken[0]["reason"]) == ("ended", "离职")
    assert ask(estate, "grant_role").json["standing"] == "active"
    listed = ask(estate, "list_grants").json["items"]
    assert [found["person_id"] for found in listed] == [WORKER]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_refusal_is_in_the_callers_language(estate: Estate, language: str) -> None:
    body = {**(estate.requests()["grant_role"].body or {}), "role": "platform_admin"}
    answer = ask(estate, "grant_role", body=body, headers={"Accept-Language": language})
    (found,) = answer.json["errors"]
    words = {
        "zh-CN": "角色 platform_admin 不能授予这个范围。",
        "en": "The role platform_admin cannot be granted on this scope.",
    }
    assert found["reason"] == words[language]
    assert answer.headers["content-language"] == language
