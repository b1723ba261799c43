"""IoT: the shadow of a thing, which gates will report to."""

from __future__ import annotations

import json
from typing import Any

from tests.honesty.case import StandIn, case, new_name, refusal

_SHADOW = "IoT Core Developer Guide: Device Shadow service documents"


def _thing(on: StandIn) -> str:
    name = new_name()
    on.client("iot").create_thing(thingName=name)
    return name


def _update(on: StandIn, thing: str, state: Any, **more: Any) -> Any:
    answer = on.client("iot-data").update_thing_shadow(
        thingName=thing, payload=json.dumps({"state": state, **more})
    )
    return json.loads(answer["payload"].read())


def _shadow(on: StandIn, thing: str) -> Any:
    return json.loads(on.client("iot-data").get_thing_shadow(thingName=thing)["payload"].read())


@case("ConflictException", _SHADOW)
def a_stale_version_of_a_shadow_is_refused(on: StandIn) -> Any:
    """An update that names another version than the stored one is refused with 409."""
    thing = _thing(on)
    for n in (1, 2):
        _update(on, thing, {"reported": {"n": n}})
    return refusal(lambda: _update(on, thing, {"reported": {"n": 3}}, version=1))


@case([1, 2], _SHADOW)
def each_update_raises_a_shadows_version(on: StandIn) -> Any:
    """The version grows by one with each update."""
    thing = _thing(on)
    return [_update(on, thing, {"reported": {"n": n}})["version"] for n in (1, 2)]


@case({"open": True}, _SHADOW)
def a_delta_holds_only_what_differs(on: StandIn) -> Any:
    """The delta of a shadow is what is desired and not reported so."""
    thing = _thing(on)
    _update(on, thing, {"desired": {"open": True, "lamp": 1}})
    _update(on, thing, {"reported": {"open": False, "lamp": 1}})
    return _shadow(on, thing)["state"].get("delta", {})


@case({"kept": 1}, _SHADOW)
def a_null_removes_a_value_of_a_shadow(on: StandIn) -> Any:
    """A key that is set to null is gone."""
    thing = _thing(on)
    _update(on, thing, {"reported": {"kept": 1, "gone": 2}})
    _update(on, thing, {"reported": {"gone": None}})
    return _shadow(on, thing)["state"]["reported"]


@case(
    "RequestEntityTooLargeException",
    "IoT Core endpoints and quotas: maximum size of a JSON state document, 8 kilobytes",
)
def a_shadow_has_at_most_8_kb(on: StandIn) -> Any:
    """A state document of nine kilobytes is refused."""
    thing = _thing(on)
    return refusal(lambda: _update(on, thing, {"reported": {"text": "x" * 9 * 1024}}))
