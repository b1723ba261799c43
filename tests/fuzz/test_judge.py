"""The judge is not fooled: each way in which an app can fail a request is told by its own check."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeVar, cast

import msgspec
import pytest

from shared.app import App
from shared.auth import PUBLIC
from shared.errors import Invalid, LinliError, NotFound, invalid
from shared.openapi import document
from shared.requests import Call, NoQuery, PageQuery, Shape
from tests.fuzz.attack import Attack, Outcome, Person
from tests.fuzz.judge import Kind
from tests.fuzz.known import Known
from tests.fuzz.served import served

V = TypeVar("V", bound=Callable[..., object])
_CASES = 60
_SEED = 20261122
Text = Annotated[str, msgspec.Meta(max_length=20, examples=["长椅"])]


class Note(Shape):
    """A note, strictly read."""

    text: Text


class Lax(msgspec.Struct):
    """A note that lets fields pass that it does not name."""

    text: Text


class _Teapot(LinliError):
    status = 418


def _app() -> App:
    """An app with a good route, and others that each fail in a way of their own."""
    app = App("broken", texts={}, about="Routes that fail.")

    def route(query: type[Shape] = NoQuery, takes: Any = Note) -> Callable[[V], V]:
        def register(view: V) -> V:
            view.__doc__ = "Answer."
            path = f"/{view.__name__}"
            app.endpoint("POST", path, allows=PUBLIC, gives=Note, takes=takes, query=query)(view)
            return view

        return register

    @route(PageQuery)
    def good(call: Call[Note, PageQuery]) -> Note:
        return call.body

    @route()
    def crashes(call: Call[Note, NoQuery]) -> Note:
        if not call.body.text.isascii():
            raise RuntimeError
        return call.body

    @route(takes=Lax)
    def takes_any_field(call: Call[Lax, NoQuery]) -> Note:
        return Note(text=call.body.text)

    @route()
    def takes_more_than_it_says(call: Call[Note, NoQuery]) -> Note:
        return call.body

    @route()
    def answers_another_shape(call: Call[Note, NoQuery]) -> Note:
        return cast(Note, {"text": 1})

    @route()
    def answers_another_status(call: Call[Note, NoQuery]) -> Note:
        raise _Teapot("not_found")

    @route()
    def answers_another_code(call: Call[Note, NoQuery]) -> Note:
        raise Invalid([], "stale_version")

    @route()
    def names_no_place(call: Call[Note, NoQuery]) -> Note:
        raise Invalid([])

    @route(takes=Lax)
    def names_another_place(call: Call[Lax, NoQuery]) -> Note:
        raise invalid("text", "wrong_value", reason="")

    return app


def _described(app: App) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(msgspec.json.encode(document(app)))
    return made


def _stricter(described: dict[str, Any]) -> dict[str, Any]:
    """A document that promises more than the app holds."""
    taken = described["paths"]["/broken/takes_more_than_it_says"]["post"]["requestBody"]
    taken["content"]["application/json"]["schema"] = {
        "type": "object",
        "required": ["text"],
        "properties": {"text": {"type": "string", "maxLength": 3}},
        "additionalProperties": False,
    }
    return described


def _attack(base_url: str, described: dict[str, Any]) -> Attack:
    return Attack(base_url, described, [Person("anyone", None)], Known())


@pytest.fixture(scope="module")
def attack() -> Iterator[Attack]:
    app = _app()
    with served(app) as (base_url, _):
        yield _attack(base_url, _stricter(_described(app)))


def checks(outcome: Outcome) -> set[str]:
    """The checks that found something."""
    return {words.partition(":")[0] for words in outcome.faults}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("good", set()),
        ("crashes", {"ServerError"}),
        ("takes_any_field", {"taken_though_unfit"}),
        ("takes_more_than_it_says", {"taken_though_unfit", "AcceptedNegativeData"}),
        ("answers_another_shape", {"JsonSchemaError"}),
        ("answers_another_status", {"UndefinedStatusCode"}),
        ("answers_another_code", {"refused_without_a_problem"}),
        ("names_no_place", {"refused_without_a_problem"}),
        ("names_another_place", {"refused_for_another_place"}),
    ],
)
def test_a_broken_route_is_told_by_its_check(attack: Attack, name: str, told: set[str]) -> None:
    outcome = attack.fuzz(name, _CASES, _SEED)
    assert checks(outcome) == told
    assert set(outcome.sent) == set(Kind) - {Kind.CHAINED}
    assert outcome.sent.total() == _CASES


ThingId = Annotated[str, msgspec.Meta(min_length=4, examples=["thi_7k2m9x4a"])]


class Made(Shape):
    """A thing that was made."""

    thing_id: ThingId


def test_what_breaks_only_after_another_request_is_found_along_the_links() -> None:
    app = App("links", texts={}, about="A thing, and a look at it.")

    @app.endpoint("POST", "/things", allows=PUBLIC, gives=Made, status=201)
    def make_thing(call: Call[None, NoQuery]) -> Made:
        """Make a thing."""
        return Made(thing_id="thi_made")

    @app.endpoint("GET", "/things/{thing_id}", allows=PUBLIC, gives=Made)
    def get_thing(call: Call[None, NoQuery], thing_id: ThingId) -> Made:
        """Show a thing."""
        if thing_id == "thi_made":
            raise RuntimeError
        raise NotFound

    described = _described(app)
    with served(app) as (base_url, _):
        attack = _attack(base_url, described)
        for name in attack.operations:
            assert not attack.fuzz(name, _CASES, _SEED).faults
        assert attack.follow(_CASES, _SEED) >= _CASES
    assert checks(attack.outcomes["get_thing"]) == {"ServerError"}


def test_the_same_seed_makes_the_same_requests() -> None:
    app = _app()
    described = _described(app)
    runs = []
    for number in (_SEED, _SEED, _SEED + 1):
        with served(app) as (base_url, heard):
            _attack(base_url, described).fuzz("good", _CASES, number)
            runs.append(heard)
    assert runs[0] == runs[1] != runs[2]
