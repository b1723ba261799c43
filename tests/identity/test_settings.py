"""Settings: what may be chosen, and what nobody can be spared."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.harness.gateway import Answer
from tests.identity.scene import Identity

PERSON = "per_" + "a" * 26
DEFAULTS: dict[str, Any] = {"language": "zh-CN", "opted_out": [], "quiet_hours": None, "version": 0}
CHOSEN: dict[str, Any] = {
    "language": "en",
    "opted_out": [{"topic": "offers", "channel": "push"}, {"topic": "offers", "channel": "sms"}],
    "quiet_hours": {"begins_at": "22:30", "ends_at": "07:00"},
    "version": 0,
}


@pytest.fixture(autouse=True)
def somebody(identity: Identity) -> None:
    """Whose settings they are."""
    assert identity.someone("a") == PERSON


def change(identity: Identity, **differing: Any) -> Answer:
    return identity.call("PUT", "/me/settings", {**CHOSEN, **differing}, person_id=PERSON)


def test_who_never_chose_has_chinese_and_is_told_of_everything(identity: Identity) -> None:
    assert identity.call("GET", "/me/settings", person_id=PERSON).json == DEFAULTS


def test_what_was_chosen_stands_and_is_told_without_a_personal_detail(identity: Identity) -> None:
    assert change(identity).json == {**CHOSEN, "version": 1}
    assert identity.call("GET", "/me/settings", person_id=PERSON).json == {**CHOSEN, "version": 1}
    (item,) = (i for i in identity.items() if i["sk"]["S"] == "settings")
    event = json.loads(item["event"]["S"])
    assert (event["type"], event["version"]) == ("SettingsChanged", 1)
    assert event["data"] == {
        "person_id": PERSON,
        "language": "en",
        "opted_out": ["offers:push", "offers:sms"],
        "quiet_hours": "22:30-07:00",
    }


def test_the_same_once_more_changes_nothing(identity: Identity) -> None:
    first = change(identity)
    before = identity.items()
    assert change(identity) == first
    assert identity.items() == before


def test_a_stale_version_changes_nothing(identity: Identity) -> None:
    change(identity)
    refused = change(identity, language="zh-CN")
    assert (refused.status, refused.json["code"]) == (409, "stale_version")
    assert change(identity, language="zh-CN", version=1).json["version"] == 2


@pytest.mark.parametrize("topic", ["emergency", "gates"])
@pytest.mark.parametrize("channel", ["push", "sms", "wechat"])
def test_nobody_opts_out_of_what_concerns_safety(
    identity: Identity, topic: str, channel: str
) -> None:
    refused = change(identity, opted_out=[{"topic": topic, "channel": channel}])
    (found,) = refused.json["errors"]
    assert (found["path"], found["code"]) == ("opted_out[0].topic", "not_for_safety")
    assert [i for i in identity.items() if i["sk"]["S"] == "settings"] == []


def test_an_opt_out_stands_once(identity: Identity) -> None:
    twice = [{"topic": "fees", "channel": "sms"}] * 2
    (found,) = change(identity, opted_out=twice).json["errors"]
    assert (found["path"], found["code"]) == ("opted_out[1]", "given_twice")


def test_quiet_hours_do_not_last_all_day(identity: Identity) -> None:
    all_day = {"begins_at": "08:00", "ends_at": "08:00"}
    (found,) = change(identity, quiet_hours=all_day).json["errors"]
    assert found["code"] == "quiet_all_day"


@pytest.mark.parametrize("clock", ["24:00", "7:00", "22:60", "22:30\n", ""])
def test_a_time_of_day_has_its_form(identity: Identity, clock: str) -> None:
    refused = change(identity, quiet_hours={"begins_at": clock, "ends_at": "07:00"})
    assert refused.status == 400


def test_whoever_acts_for_somebody_chooses_in_their_name_and_it_says_so(identity: Identity) -> None:
    acting = "per_" + "d" * 26
    identity.call("PUT", "/me/settings", CHOSEN, person_id=PERSON, acting_id=acting)
    (item,) = (i for i in identity.items() if i["sk"]["S"] == "settings")
    event = json.loads(item["event"]["S"])
    assert (event["actor_id"], event["for_id"]) == (acting, PERSON)


@pytest.mark.parametrize("state", ["frozen", "merged", "erased"])
def test_who_is_not_active_leaves_no_settings_behind(identity: Identity, state: str) -> None:
    identity.someone_is(PERSON, state)
    before = identity.items()
    assert change(identity).status == 404
    assert identity.items() == before
