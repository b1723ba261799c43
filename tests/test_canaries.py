"""Who a person is leaves a handler only where it is meant to go (A8)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any
from urllib.parse import quote

import pytest
from msgspec import Meta
from msgspec.structs import replace

from chalicelib.repairs import actions as repairs
from chalicelib.repairs.model import Ticket
from local.apps import load_app
from local.places import capabilities
from shared import events, files, masks, requests
from shared.app import App
from shared.auth import SIGNED_IN
from shared.errors import Finding
from shared.requests import PERSONAL, Shape
from tests import stories
from tests.harness import canaries, faults, kept, personal
from tests.harness.families import Tally
from tests.harness.leaks import Search, Watch

pytestmark = pytest.mark.family("A8")
NAMES = capabilities()


def watched(capability: str, only: str = "", full: frozenset[str] = frozenset()) -> Search:
    """All that the functions of a capability let out while its story is told, searched."""
    with faults.listening() as heard:
        watch = Watch(capability, heard, only=only, full=full)
        stories.told(capability, attack=watch.before, echo=watch.after)
    return watch.search


_searched = cache(watched)


def searched(capability: str, tally: Tally) -> Search:
    """The same, once in a run, of every run of the ways in that it attacks in full."""
    ways_in = [way_in for _, way_in in stories.ways_in(capability)]
    full = frozenset(way_in for way_in in ways_in if tally.full(f"{capability}.{way_in}"))
    return _searched(capability, full=full)


@pytest.mark.parametrize("capability", NAMES)
def test_no_personal_value_leaves_but_where_it_is_meant_to_go(
    capability: str, tally: Tally
) -> None:
    found = searched(capability, tally)
    for way_in, texts in found.texts.items():
        tally.count(texts, f"{capability}.{way_in}")
    assert sorted(found.leaks) == []
    assert found.unfilled() == []


@pytest.mark.parametrize("capability", NAMES)
def test_every_way_in_was_searched_and_made_to_fail(capability: str, tally: Tally) -> None:
    found = searched(capability, tally)
    assert found.texts.keys() == {way_in for _, way_in in stories.ways_in(capability)}
    assert found.failures >= len(found.texts)


@pytest.mark.parametrize("capability", NAMES)
def test_every_personal_field_was_sent_a_canary(capability: str, tally: Tally) -> None:
    found = searched(capability, tally)
    assert list(personal.faults(load_app(capability).app, found.sent)) == []


def test_every_canary_went_all_the_way_in(tally: Tally) -> None:
    held = {what for name in NAMES for what in searched(name, tally).planted}
    assert held == canaries.CANARIES.keys()


SPELLINGS: dict[str, Callable[[str], str | bytes]] = {
    "as it is": str,
    "in bytes": str.encode,
    "in JSON": json.dumps,
    "in JSON inside JSON": lambda value: json.dumps(json.dumps({"body": value})),
    "in a Python literal of bytes": lambda value: repr(value.encode()),
    "in an address": quote,
    "in an address, in small letters": lambda value: quote(value).lower(),
    "in base64": lambda value: base64.b64encode(value.encode()).decode(),
    "one byte into base64": lambda value: base64.b64encode(f"-{value}-".encode()).decode(),
    "two bytes into base64": lambda value: base64.urlsafe_b64encode(f"--{value}".encode()).decode(),
    "in JSON in base64": lambda value: base64.b64encode(json.dumps([value]).encode()).decode(),
}


@pytest.mark.parametrize("spelled", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("what", canaries.CANARIES)
def test_a_canary_is_found_in_every_spelling(
    what: str, spelled: Callable[[str], str | bytes]
) -> None:
    assert canaries.found(spelled(canaries.CANARIES[what])) == [what]


def test_what_is_masked_or_of_somebody_else_is_no_canary() -> None:
    masked = masks.name(canaries.OWNER_NAME), masks.phone(canaries.OWNER_PHONE)
    assert canaries.found(" ".join([*masked, "张三", "13800001111"])) == []


# Deliberately leaking parts of handlers: where each is put in place of the good one, which way in
# it is seen at, and what the search says of it.


def logged(ticket: Ticket) -> Ticket:
    load_app("repairs").app.logger.info("reported", extra={"by": ticket.description})
    return ticket


def printed(ticket: Ticket) -> Ticket:
    print(base64.b64encode(ticket.description.encode()))
    return ticket


def reporting(leak: Callable[[Ticket], Ticket]) -> Callable[..., Ticket]:
    good = repairs.report_repair
    return lambda *given: leak(good(*given))


def telling(good: Callable[[Ticket], events.Event]) -> Callable[[Ticket], events.Event]:
    return lambda ticket: replace(good(ticket), data={"about": ticket.description})


def echoing(message: str, prefix: str = "") -> Finding:
    return Finding(f"{prefix}place", "wrong_value", (("reason", message),))


def failing(message: str, prefix: str = "") -> Finding:
    raise ValueError(f"{prefix}{message}")


def naming(good: Callable[[str, bytes, str], None]) -> Callable[[str, bytes, str], None]:
    def write(key: str, body: bytes, content_type: str) -> None:
        good(key.replace("exports/", f"exports/{canaries.OWNER_NAME}/"), body, content_type)

    return write


LEAKS: dict[str, tuple[str, str, Any, str, Any, str]] = {
    "a log line": (
        "repairs", "report_repair", repairs, "report_repair", reporting(logged), "a log line"),
    "a print in base64": (
        "repairs", "report_repair", repairs, "report_repair", reporting(printed), "a log line"),
    "the words of an error": (
        "repairs", "report_repair", requests, "finding", failing, "a log line"),
    "an event": (
        "repairs", "rate_repair", repairs, "announcement", telling(repairs.announcement),
        "event RepairRated: data.about"),
    "a refusal that repeats the value": (
        "repairs", "report_repair", requests, "finding", echoing,
        "the answer at errors.reason"),
    "an answer without masks": (
        "community", "get_room", masks, "name", str, "the answer at owners.name"),
    "the name of a file": (
        "community", "export_register", files, "write", naming(files.write),
        "the name of an object"),
}  # fmt: skip


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_is_found(leak: str) -> None:
    capability, way_in, module, name, leaking, where = LEAKS[leak]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, leaking)
        leaks = watched(capability, way_in).leaks
    assert any(said.startswith(f"{capability}.{way_in}: {where} holds") for said in leaks), leaks


@pytest.mark.parametrize("capability", [*NAMES, "shared"])
def test_aws_keeps_no_bodies_of_its_own(
    capability: str, packaged: dict[str, Any], tally: Tally
) -> None:
    assert list(kept.bodies(packaged[capability])) == []
    tally.count(len(packaged[capability]["Resources"]), f"{capability}: its template")


def test_a_template_that_keeps_bodies_is_found() -> None:
    stream = {"DestinationConfig": {"OnFailure": {"Type": "S3", "Destination": "arn"}}}
    resources = {
        "Relay": {"Properties": {"Events": {"Stream": {"Properties": stream}}}},
        "Api": {"Properties": {"MethodSettings": [{"DataTraceEnabled": True}]}},
        "Commit": {"Properties": {"Logging": {"IncludeExecutionData": True}}},
        "Read": {"Properties": {"EventInvokeConfig": {"DestinationConfig": {}}}},
    }
    said = list(kept.bodies({"Resources": resources}))
    assert [one.partition(":")[0] for one in said] == list(resources)


def test_a_place_that_holds_nobody_any_more_is_named() -> None:
    (first, *_) = Search("repairs").unfilled()
    assert first == "canaries.toml: repairs no longer has personal values in item staff: name"


class Greet(Shape):
    text: str
    """Of whom, it does not say."""
    name: Annotated[str, Meta(extra=PERSONAL)]
    code: Annotated[str, Meta(pattern="^[a-z]{3}$")]


def test_a_field_that_may_hold_a_person_must_say_so_and_be_sent_a_canary() -> None:
    app = App("things", texts={}, about="Things.")
    app.endpoint("POST", "/greetings", allows=SIGNED_IN, takes=Greet, gives=None)(lambda call: None)
    told, unsent = personal.faults(app, {})
    assert told.startswith("things.<lambda> takes text, which may hold a person's details")
    assert unsent.endswith("takes name, which is personal: let the story send a canary in it")
    assert list(personal.faults(app, {"<lambda>": {"name"}})) == [told]
