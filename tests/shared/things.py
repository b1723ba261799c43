"""A small capability for the layer's tests: things that somebody makes, keeps and lists.

It has one record with one index and one app, so that a test drives the layer as a capability does.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from shared import auth, errors, ids
from shared.app import App
from shared.requests import Call, Cursor, NoQuery, PageQuery, Shape
from shared.table import Record, Transaction, page

COMMUNITY = "com_7k2m9x4a"
ELSEWHERE = "com_zzzzzzzz"

TABLE: dict[str, Any] = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"}
        for name in ("pk", "sk", "owner", "made_at", "sweep_key", "sweep_hour")
    ],
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by_owner",
            "KeySchema": [
                {"AttributeName": "owner", "KeyType": "HASH"},
                {"AttributeName": "made_at", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        },
        {
            "IndexName": "by_sweep_hour",
            "KeySchema": [
                {"AttributeName": "sweep_key", "KeyType": "HASH"},
                {"AttributeName": "sweep_hour", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        },
    ],
}


class ByOwner(GlobalSecondaryIndex["Thing"]):  # type: ignore[no-untyped-call]  # untyped upstream
    """Things of one owner, by time."""

    class Meta:
        index_name = "by_owner"
        projection = KeysOnlyProjection()

    owner = UnicodeAttribute(hash_key=True)
    made_at = UnicodeAttribute(range_key=True)


class Thing(Record):
    """One thing."""

    table_setting = "THINGS_TABLE"

    name = UnicodeAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    made_at = UnicodeAttribute(null=True)
    by_owner = ByOwner()


def thing(number: int, **attributes: Any) -> Thing:
    """The thing with this number in the test's community, as a record not yet stored."""
    return Thing(f"{COMMUNITY}#thing", f"{number:04d}", **attributes)


class Colour(StrEnum):
    """What colour a thing has."""

    RED = "red"
    BLUE = "blue"


Where = Annotated[str, msgspec.Meta(examples=[COMMUNITY])]
ThingId = Annotated[str, msgspec.Meta(examples=["thi_7k2m9x4a_01kan7q2w8e5r1t4y6v9p3s0dz"])]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=20, examples=["长椅"])]


class Part(Shape):
    """A part of a thing."""

    weight_g: Annotated[int, msgspec.Meta(ge=1, le=1000, examples=[250])]


class MakeThing(Shape):
    """A new thing."""

    community_id: Where
    name: Name
    colour: Colour = Colour.RED
    parts: Annotated[tuple[Part, ...], msgspec.Meta(max_length=3)] = ()


class ThingShape(Shape):
    """A thing as it is answered."""

    id: ThingId
    name: Name


class Order(StrEnum):
    """Which things come first."""

    NEWEST = "newest"
    OLDEST = "oldest"


class ListThings(PageQuery, kw_only=True):
    """Which things."""

    community_id: Where
    colour: Colour | None = None
    order: Order = Order.OLDEST


class ThingsPage(Shape):
    """A page of things."""

    items: list[ThingId]
    next_cursor: Cursor | None = None


MAKE = auth.permission("make_thing", auth.Role.BUTLER, auth.RESIDENTS, about="Make a thing.")

TEXTS = {
    "too_many_things": ("东西太多（最多 {limit} 件）。", "Too many things: at most {limit}."),
    "too_often": ("请稍后再试。", "Try again later."),
}


def make_app() -> App:
    """An app with a route of each sort."""
    app = App("things", texts=TEXTS, about="Things.")

    @app.endpoint(
        "POST", "/things", allows=MAKE, takes=MakeThing, gives=ThingShape, status=201, keyed=True,
        errors=["too_many_things"],
        limits=["too_often"],
    )  # fmt: skip
    def make_thing(call: Call[MakeThing, NoQuery]) -> ThingShape:
        """Make a thing."""
        call.caller.require(call.body.community_id)
        if call.body.name == "one too many":
            raise errors.Conflict("too_many_things", limit=3)
        if call.body.name == "one too soon":
            raise errors.Limited("too_often")
        if call.body.name == "fault":
            raise RuntimeError("a secret in a message")
        thing(1, name=call.body.name).put()
        return ThingShape(id=call.key, name=call.body.name)

    @app.endpoint("GET", "/things", allows=MAKE, query=ListThings, gives=ThingsPage)
    def list_things(call: Call[None, ListThings]) -> ThingsPage:
        """List things."""
        call.caller.reach(call.query.community_id)
        pk = f"{call.query.community_id}#thing"
        found = page(Thing, pk, limit=call.query.limit, cursor=call.query.cursor)
        return ThingsPage(items=[item.sk for item in found.items], next_cursor=found.next_cursor)

    @app.endpoint("GET", "/things/{thing_id}", allows=MAKE, gives=ThingShape)
    def get_thing(call: Call[None, NoQuery], thing_id: ThingId) -> ThingShape:
        """Get a thing."""
        call.caller.require(ids.community_of(thing_id, "thi"))
        return ThingShape(id=thing_id, name="")

    @app.endpoint("DELETE", "/things/{thing_id}", allows=MAKE, gives=None, status=204)
    def forget_thing(call: Call[None, NoQuery], thing_id: ThingId) -> None:
        """Forget a thing."""
        call.caller.require(ids.community_of(thing_id, "thi"))

    @app.endpoint("GET", "/unchecked", allows=MAKE, gives=ThingShape)
    def answer_unchecked(call: Call[None, NoQuery]) -> ThingShape:
        """Answer without having asked what the caller may see."""
        return ThingShape(id="thi_of_somebody_else", name="a secret")

    @app.endpoint("POST", "/unchecked", allows=MAKE, takes=MakeThing, gives=None, status=204)
    def write_unchecked(call: Call[MakeThing, NoQuery]) -> None:
        """Write before having asked what the caller may touch."""
        if call.body.name == "alone":
            thing(1).put()
        with Transaction() as transaction:
            transaction.put(thing(2))
        call.caller.require(call.body.community_id)

    @app.endpoint("GET", "/me", allows=auth.SIGNED_IN, gives=ThingShape)
    def get_me(call: Call[None, NoQuery]) -> ThingShape:
        """Say who calls."""
        return ThingShape(id=call.caller.own(), name="")

    @app.endpoint("GET", "/health", allows=auth.PUBLIC, gives=ThingShape)
    def get_health(call: Call[None, NoQuery]) -> ThingShape:
        """Answer anyone."""
        return ThingShape(id="", name="well")

    return app
