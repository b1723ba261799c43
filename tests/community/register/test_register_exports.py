"""An export is noted, counted and told of before there is a file, by a right that still stands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.community import permissions
from chalicelib.community.register import actions, shapes, store
from local.apps import load_app
from shared import aws, clock, ids
from shared.auth import Caller, Grant, Role
from shared.errors import Conflict, Limited, NotFound
from tests.community.register.scene import CLERK, NOW, Register, a_register, rows_of
from tests.conftest import Cloud
from tests.harness.calls import heard
from tests.harness.gateway import send
from tests.harness.rights import hold, lose

OTHER = ids.person_id("test", "other manager")


@pytest.fixture
def register(moto_cloud: Cloud) -> Register:
    made = a_register(moto_cloud)
    made.bring_in(*rows_of("3", {"101": 8_000, "102": 8_100}))
    return made


def export(register: Register, key: str, by: str = CLERK, **later: float) -> str:
    return actions.export_register(
        Caller(by, register.rights, permissions.EXPORT_REGISTER),
        register.community_id,
        shapes.ExportRegister(format="csv"),
        key,
        NOW + timedelta(**later),
    )


def kept(register: Register) -> tuple[list[Any], list[str]]:
    """Every item of the table, and the names of the files that were written."""
    items = register.client("dynamodb").scan(TableName=register.table)["Items"]
    found = aws.client("s3").list_objects_v2(Bucket=register.bucket, Prefix="exports/")
    by_key = sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))
    return by_key, [one["Key"] for one in found.get("Contents", ())]


def test_an_export_is_told_with_its_form_and_its_size_and_nobodys_details(
    register: Register,
) -> None:
    with heard() as calls:
        url = export(register, "key-0001")
    (event,) = calls.events
    assert (event.type, event.actor_id, event.version) == ("RegisterExported", CLERK, 1)
    assert event.community_id == register.community_id
    assert event.data == {"format": "csv", "rooms": 2}
    # By the id of the event the file is found, and the other way round.
    _, (name,) = kept(register)
    assert name == f"exports/{register.community_id}/{event.subject_id}.csv"
    assert event.subject_id in url
    assert [one for one in calls.operations if one in ("TransactWriteItems", "PutObject")] == [
        "TransactWriteItems",
        "PutObject",
    ]


def test_an_export_whose_answer_was_lost_is_told_once_and_its_key_makes_no_other(
    register: Register,
) -> None:
    with heard() as calls:
        assert export(register, "key-0001") != ""
        before = kept(register)
        export(register, "key-0001", seconds=59)
        assert kept(register) == before
        with pytest.raises(Conflict, match="idempotency_key_reused"):
            export(register, "key-0001", seconds=61)
        with pytest.raises(Conflict, match="idempotency_key_reused"):
            actions.export_register(
                register.caller(permissions.EXPORT_REGISTER),
                register.community_id,
                shapes.ExportRegister(format="xlsx"),
                "key-0001",
                NOW,
            )
    assert kept(register) == before
    assert [event.type for event in calls.events] == ["RegisterExported"]


def test_the_twenty_first_export_of_a_day_is_refused_and_nothing_is_written(
    register: Register,
) -> None:
    for number in range(20):
        export(register, f"key-{number:04}")
    before = kept(register)
    with heard() as calls, pytest.raises(Limited, match="too_many_exports"):
        export(register, "key-0020")
    assert calls.events == []
    assert kept(register) == before
    # It is theirs, on that day: whose answer was lost, another manager and tomorrow are let be.
    export(register, "key-0019")
    hold(OTHER, *register.rights)
    export(register, "key-0020", OTHER)
    export(register, "key-0020", days=1)


def test_a_day_is_the_estates_own(register: Register) -> None:
    midnight = 24 - (NOW + timedelta(hours=8)).hour
    for number in range(20):
        export(register, f"key-{number:04}")
    export(register, "key-0020", hours=midnight)
    assert clock.estate_date(NOW + timedelta(hours=midnight)) > clock.estate_date(NOW)


def test_the_refusal_says_how_many_in_both_languages(register: Register) -> None:
    for number in range(20):
        export(register, f"key-{number:04}", seconds=(clock.now() - NOW).total_seconds())
    for language, words in (("zh-CN", "20 次"), ("en", "20 times a day")):
        answer = asked(register, Role.COMMUNITY_MANAGER, language)
        assert (answer.status, answer.json["code"]) == (429, "too_many_exports")
        assert words in answer.text


def asked(register: Register, role: Role, language: str = "zh-CN") -> Any:
    grant = Grant(role, register.community_id)
    hold(CLERK, grant)
    return send(
        load_app("community").app,
        "POST",
        f"/communities/{register.community_id}/exports",
        person_id=CLERK,
        grants=(grant,),
        body={"format": "csv"},
        headers={"Idempotency-Key": "key-asked", "Accept-Language": language},
    )


def test_an_officer_unmasks_nobody(register: Register) -> None:
    before = kept(register)
    answer = asked(register, Role.PROPERTY_OFFICER)
    assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert kept(register) == before
    assert asked(register, Role.COMMUNITY_MANAGER).status == 201


def test_a_right_that_was_taken_away_exports_nothing_and_tells_nothing(register: Register) -> None:
    export(register, "key-0001")
    lose(CLERK, *register.rights)
    before = kept(register)
    with heard() as calls:
        # Not even what was lost on the way.
        for key in ("key-0001", "key-0002"):
            with pytest.raises(NotFound):
                export(register, key)
    assert calls.events == []
    assert "PutObject" not in calls.counted
    assert kept(register) == before


def test_of_a_busy_building_nothing_is_noted(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept(register)
    monkeypatch.setattr(store, "whole_building", lambda community_id, name: None)
    with heard() as calls, pytest.raises(Conflict, match="building_busy"):
        export(register, "key-0001")
    assert calls.events == []
    assert kept(register) == before
