"""A small capability without a fault, as files; the proofs break it in one place each."""

from __future__ import annotations

FILES = {
    "functions/things/app.py": '''"""Every way into `things`."""

from __future__ import annotations

from typing import Any

from chalicelib.things import actions, permissions, shapes, texts
from chalicelib.things.chairs.routes import routes as chairs
from shared.app import App
from shared.requests import Call, NoQuery

app = App("things", texts=texts.TEXTS, about="Things.")
app.include(chairs)


@app.endpoint(
    "POST",
    "/things",
    allows=permissions.MAKE_THING,
    takes=shapes.MakeThing,
    gives=shapes.Thing,
    errors=["no_more_things", "stale_version"],
    limits=["too_often"],
)
def make_thing(call: Call[shapes.MakeThing, NoQuery]) -> shapes.Thing:
    """Make a thing."""
    return shapes.thing(actions.make_thing(call.caller, call.body, call.now))


@app.on_sqs_message(queue="hear_things")
def hear_things(event: Any) -> Any:
    """Hear of things."""
    return app.each(event, actions.hear_things)
''',
    "functions/things/chalicelib/things/chairs/__init__.py": '''"""Chairs."""
''',
    "functions/things/chalicelib/things/chairs/routes.py": '''"""The routes of chairs."""

from __future__ import annotations

from chalicelib.things import actions, permissions, shapes
from shared.app import Routes
from shared.requests import Call, NoQuery

routes = Routes()


@routes.endpoint("GET", "/chairs", allows=permissions.SEE_CHAIRS, gives=shapes.Thing)
def show_chair(call: Call[None, NoQuery]) -> shapes.Thing:
    """Show a chair."""
    return shapes.thing(actions.show_chair(call.caller))
''',
    "functions/things/requirements.txt": "",
    "functions/things/.chalice/config.json": """{
  "version": "2.0", "app_name": "things", "autogen_policy": false,
  "minimum_compression_size": 1024, "api_gateway_stage": "api",
  "stages": {"dev": {"lambda_functions": {
    "api_handler": {
      "iam_policy_file": "policy-api_handler.json", "lambda_memory_size": 512, "lambda_timeout": 29
    },
    "hear_things": {
      "iam_policy_file": "policy-hear_things.json", "lambda_memory_size": 256, "lambda_timeout": 30
    }
  }}}
}
""",
    "functions/things/.chalice/policy-api_handler.json": "{}",
    "functions/things/.chalice/policy-hear_things.json": "{}",
    "functions/things/chalicelib/things/__init__.py": '''"""Things, made once; row RA-22."""
''',
    "functions/things/chalicelib/things/actions.py": '''"""What is done with things."""

from __future__ import annotations

from datetime import datetime

from chalicelib.things import rules, shapes, store
from shared import ids
from shared.auth import Caller
from shared.errors import Conflict


def make_thing(caller: Caller, asked: shapes.MakeThing, now: datetime) -> rules.Thing:
    """Make a thing."""
    caller.require(asked.community_id)
    made = rules.make(ids.new_id("thi", asked.community_id, now), store.count_things())
    if not store.save_thing(made):
        raise Conflict("stale_version")
    return made


def show_chair(caller: Caller) -> rules.Thing:
    """Show a chair."""
    caller.require("platform")
    return rules.Thing("chair")


def hear_things(body: str, now: datetime) -> None:
    """Hear of things."""
''',
    "functions/things/chalicelib/things/rules.py": '''"""What is decided about things."""

from __future__ import annotations

from chalicelib.things.model import Thing
from shared.errors import Conflict, Limited, invalid


def make(thing_id: str, count: int) -> Thing:
    """A new thing, while there is room."""
    check(count, 9, "no_more_things")
    if count == 7:
        raise Limited("too_often")
    if count < 0:
        raise invalid("count", "not_a_count", count=count)
    return Thing(thing_id)


def check(count: int, limit: int, code: str) -> None:
    """Refuse to go past a limit."""
    if count > limit:
        raise Conflict(code, limit=limit)
''',
    "functions/things/chalicelib/things/model.py": '''"""What a thing is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Thing:
    """One thing."""

    id: str
''',
    "functions/things/chalicelib/things/store.py": '''"""What things keep.

Access patterns
---------------
1. one thing    Get  pk = {community}#thing#{thing}
"""

from __future__ import annotations

from chalicelib.things.model import Thing
from shared.table import Record, Refused


class _Thing(Record):
    pass


class _Chair(_Thing):
    pass


def save_thing(thing: Thing) -> bool:
    """Store a thing; False where it is already there."""
    try:
        _to_item(thing).put()
    except Refused:
        return False
    return True


def count_things() -> int:
    """How many there are."""
    return 0


def get_thing(thing_id: str) -> Thing | None:
    """One thing."""
    return None


def _to_item(thing: Thing) -> _Thing:
    return _Chair(thing.id, "thing")
''',
    "functions/things/chalicelib/things/shapes.py": '''"""What things look like from outside."""

from __future__ import annotations

from chalicelib.things import rules
from shared.requests import Shape
from shared.table import Page


class MakeThing(Shape):
    """A new thing."""

    community_id: str


class Thing(Shape):
    """A thing."""

    id: str


def thing(found: rules.Thing) -> Thing:
    """A thing as it is answered."""
    return Thing(id=found.id)


def things(found: Page[rules.Thing]) -> list[Thing]:
    """A page of things."""
    return [thing(one) for one in found.items]
''',
    "functions/things/chalicelib/things/permissions.py": '''"""Who may do what with things."""

from __future__ import annotations

from shared.auth import Role, permission

MAKE_THING = permission("things:make_thing", Role.BUTLER, about="Make a thing.")
SEE_CHAIRS = permission("things:see_chairs", Role.BUTLER, about="See a chair.")
''',
    "functions/things/chalicelib/things/texts.py": '''"""What people read of things."""

from __future__ import annotations

from shared.i18n import Texts

TEXTS: Texts = {
    "no_more_things": ("最多 {limit} 件。", "At most {limit} things."),
    "too_often": ("太频繁。", "Too often."),
    "not_a_count": ("不是数量：{count}，例如 3件。", "Not a count: {count}; write 3件."),
}
''',
    "events/things/hear_things.json": "{}",
}

THINGS = "functions/things/"
INNER = "functions/things/chalicelib/things/"
CHAIRS = INNER + "chairs/routes.py"
