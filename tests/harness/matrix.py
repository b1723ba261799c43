"""The authorization matrix (A1): every request of a story, sent by everybody who must not.

Just before a story sends a request, each actor (`tests.harness.actors`) sends the same one: their
token goes through the real authorizer function, what it hands on goes into the gateway's event,
and the app answers.  Who has no good token must get a 401 for which nothing was asked of AWS.
Everybody else must get, byte for byte, what a valid caller gets for a thing that does not exist,
and nothing may be written.  Only who has the route's permission where every id of the request lies
(their own list, their own community) may get another answer, and it may name nothing that is not
theirs.  One is counted for each request sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from local.apps import load_app
from shared import aws, grants, ids
from shared.app import App, Operation
from shared.auth import (
    PLATFORM,
    PUBLIC,
    SIGNED_IN,
    Caller,
    Level,
    from_context,
    level_of,
    to_context,
)
from shared.table import Transaction
from tests import stories
from tests.harness import named
from tests.harness.actors import ABROAD, Actor, Kind, Place, actors
from tests.harness.calls import heard
from tests.harness.front_door import Context, FrontDoor, opened
from tests.harness.gateway import Answer, operation_of, send
from tests.harness.named import Named, Scopes
from tests.harness.recorder import API, Asked, Trigger
from tests.harness.rights import hold, lose
from tests.harness.world import World, taken

UNNAMED = Place("co_" + "h" * 26, "com_hhhhhhhh", "1", "1", "101")
"""Where a request happens that does not say where."""
_REFUSABLE = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")
_READS = ("Get", "Query", "BatchGet", "List", "Head", "Decrypt", "Sign")


@dataclass(frozen=True)
class Try:
    """One request of one actor, and what came of it.

    Attributes
    ----------
    within
        Whether the actor has the permission, and every id of the request lies within it.
    foreign
        What the answer names that is not the actor's.
    calls
        The operations of AWS that it took, without writes that the table refused.
    """

    way_in: str
    actor: Actor
    answer: Answer
    within: bool
    foreign: tuple[str, ...]
    calls: tuple[str, ...]

    @property
    def wrote(self) -> tuple[str, ...]:
        """The calls that change something."""
        return writes(self.calls)


@dataclass
class Matrix:
    """What all actors met at a capability, and how its valid callers are told of absent things."""

    tries: list[Try] = field(default_factory=list)
    absent: list[Answer] = field(default_factory=list)

    def kinds(self) -> dict[str, set[Kind]]:
        """Which kinds of actors tried each way in."""
        found: dict[str, set[Kind]] = {}
        for one in self.tries:
            found.setdefault(one.way_in, set()).add(one.actor.kind)
        return found

    def faults(self) -> list[str]:
        """A sentence for each try that met another answer than it must."""
        if len(self.absent) != 1:
            told = [f"{answer.status} {answer.text}" for answer in self.absent]
            return [f"what is absent is told in {len(told)} ways: {told}"]
        (absent,) = self.absent
        found = []
        for one in self.tries:
            wrong = _fault(one, absent)
            if wrong:
                found.append(f"{one.way_in}, {one.actor}: {wrong}")
        return found


def _fault(one: Try, absent: Answer) -> str:
    """What is wrong with a try, if anything."""
    if one.actor.is_nobody:
        if one.answer.status != 401 or one.answer.json["code"] != "unauthenticated":
            return f"answered {one.answer.status} instead of 401"
        return f"asked AWS for {one.calls}" if one.calls else ""
    if one.answer == absent:
        return f"wrote {one.wrote}" if one.wrote else ""
    if not one.within or one.answer.status >= 500:
        return f"answered {one.answer.status} {one.answer.text[:300]}"
    return f"named {one.foreign}" if one.foreign else ""


def attacked(capability: str, *ways_in: str) -> Matrix:
    """Tell a capability's story, and let every actor send each of its requests first.

    Parameters
    ----------
    ways_in
        The views to attack; all of them if none is named.
    """
    matrix = Matrix()
    with opened() as door:
        stories.told(capability, attack=_Attack(load_app(capability).app, ways_in, door, matrix))
    return matrix


class _Attack:
    """What happens before each request of a story."""

    def __init__(self, app: App, ways_in: tuple[str, ...], door: FrontDoor, matrix: Matrix) -> None:
        self._app = app
        self._ways_in = ways_in
        self._door = door
        self._matrix = matrix
        self._home = UNNAMED
        self._reached: set[tuple[str, str]] = set()

    def __call__(self, trigger: Trigger) -> None:
        way_in, asked = trigger.way_in, trigger.asked
        if asked is None:
            return
        operation = operation_of(self._app, asked.method, asked.url)
        ids_named = named.in_request(operation, asked)
        self._home = home_of(self._home, asked, [one.id for one in ids_named])
        self._ask_for_absent(operation, asked)
        if operation.allows is PUBLIC or (self._ways_in and way_in not in self._ways_in):
            return
        for place in (self._home, ABROAD):
            self._reach(place)
        now = at_first = stored()
        items = [item for table in at_first.items.values() for item in table.values()]
        scopes, before = named.scopes_of(items), set(named.in_text(str(items)))
        owned = any(one.id in scopes.rooms for one in ids_named)
        for actor in actors(operation.allows, asked.who.grants, self._home, owned=owned):
            for context in self._shown(actor, asked):
                answer, calls = heard_of(self._app, asked, context)
                found = stored() if writes(calls) else now
                if found == now:
                    # A write that the table refused changed nothing.
                    calls = tuple(call for call in calls if call not in _REFUSABLE)
                if way_in in named.ANYBODYS:
                    # What one of them made is not the next one's.
                    at_first.put_back(found)
                else:
                    now = found
                caller = from_context(context, operation.allows) if context else None
                # Who has lost every role is still who they were.
                themselves = operation.allows is SIGNED_IN and (
                    caller is not None and caller.person_id == asked.who.person_id
                )
                anybodys = themselves or way_in in named.ANYBODYS
                within = caller is not None and (
                    anybodys or (not actor.alike and _within(caller, ids_named, scopes))
                )
                known = before - {one.id for one in ids_named} if anybodys else before
                foreign = (
                    _foreign(answer, caller, scopes, known) if caller and not themselves else []
                )
                self._matrix.tries.append(Try(way_in, actor, answer, within, tuple(foreign), calls))

    def _reach(self, place: Place) -> None:
        """Let a grant on an invented company reach a community, as its opening would have."""
        invented = place.company in (UNNAMED.company, ABROAD.company)
        if invented and (place.company, place.community) not in self._reached:
            self._reached.add((place.company, place.community))
            with Transaction() as transaction:
                grants.add_community(transaction, place.company, place.community)

    def _shown(self, actor: Actor, asked: Asked) -> Iterator[Context | None]:
        """What the door hands on of an actor."""
        if actor.credential is not None:
            subject, _ = self._door.somebody(*actor.grants)
            yield self._door.let_in(actor.credential(self._door, subject))
        elif actor.lost:
            yield self._door.dismissed(*actor.grants)[1]
            # And the very person, of whom the authorizer found nothing any more.
            yield to_context(asked.who.person_id, ())
        else:
            yield self._door.somebody(*actor.grants)[1]

    def _ask_for_absent(self, operation: Operation, asked: Asked) -> None:
        """The valid caller's own question for something that is not there."""
        asked_for = ("path", "query")
        in_url = [one for one in named.in_request(operation, asked) if one.where[0] in asked_for]
        elsewhere = asked
        for one in in_url:
            elsewhere = named.swapped(elsewhere, one, named.absent(one.id))
        if in_url:
            answer = sent(self._app, elsewhere, to_context(asked.who.person_id, asked.who.grants))
            # A list of something absent may be an empty list, and what anybody may name may be
            # taken without a word of whether it is there.
            mute = operation.view.__name__ in named.ANYBODYS and answer.status == 201
            if answer.status != 200 and not mute and answer not in self._matrix.absent:
                self._matrix.absent.append(answer)


def home_of(known: Place, asked: Asked, named_ids: list[str]) -> Place:
    """Where a request happens, as far as it says; what it does not say stays as it was."""
    here = known
    for text in [*(grant.scope for grant in asked.who.grants), *named_ids]:
        kind = named.kind_of(text)
        if kind == "room":
            here = Place(here.company, *ids.room_parts(text))
        elif kind == "co":
            here = replace(here, company=text)
        elif text != PLATFORM and level_of(text) is Level.ROOM:
            here = Place(here.company, *text.split("/"))
        elif text.startswith("com_"):
            here = replace(here, community=text.partition("/")[0])
    return here


def _within(caller: Caller, ids_named: Iterable[Named], scopes: Scopes) -> bool:
    """Whether a caller has the route's permission, and has it wherever an id of a request lies.

    Whoever is signed in may ask for what is theirs and the platform keeps: of another's, their
    answer may name nothing.
    """
    if caller.permission is not SIGNED_IN and not caller.scopes:
        return False
    needed = [scope for one in ids_named if (scope := scopes.of(one.id)) is not None]
    if caller.permission is SIGNED_IN:
        needed = [scope for scope in needed if scope != PLATFORM]
    return all(any(named.reaches(own, scope) for own in caller.scopes) for scope in needed)


def _foreign(answer: Answer, caller: Caller, scopes: Scopes, before: set[str]) -> list[str]:
    """What an answer names that was there before and is not the caller's."""
    own = [grant.scope for grant in caller.grants]
    return [
        any_id
        for any_id in named.in_text(answer.text)
        if any_id in before and any_id != caller.person_id and not scopes.reached(own, any_id)
    ]


def after_dismissal(capability: str, spared: Iterable[str]) -> dict[str, set[str]]:
    """What the requests of a dismissed person met while the gateway still knew their grants.

    Parameters
    ----------
    spared
        The views that go by what the gateway knows; their requests are left alone.

    Returns
    -------
    dict
        For each other view that writes, what was wrong: nothing, where the answer was that of
        absent things and all that is stored stayed as it was.
    """
    asking = writing(capability) - set(spared)
    found: dict[str, set[str]] = {view: set() for view in asking}

    def ask(trigger: Trigger) -> None:
        view, asked = trigger.way_in, trigger.asked
        if asked is None or view not in asking:
            return
        held = set(grants.grants_of(asked.who.person_id)) & set(asked.who.grants)
        lose(asked.who.person_id, *held)
        before = stored()
        answer = trigger.deliver()
        if answer.status != 404:
            found[view].add(f"answered {answer.status}")
        after = stored()
        if after != before:
            found[view].add("changed what is stored")
            before.put_back(after)
        hold(asked.who.person_id, *held)

    stories.told(capability, attack=ask)
    return found


def writing(capability: str) -> set[str]:
    """The views that change something when their capability's story is told."""
    return {
        run.way_in for run in stories.runs(capability) if run.function == API and writes(run.calls)
    }


def writes(calls: Iterable[str]) -> tuple[str, ...]:
    """Those operations of AWS that change something."""
    return tuple(call for call in calls if not call.startswith(_READS))


def sent(app: App, asked: Asked, context: Context | None) -> Answer:
    """The answer to a request, in the name of whom the authorizer's context speaks of."""
    return send(
        app,
        asked.method,
        asked.url,
        body=asked.body,
        headers={"Idempotency-Key": asked.key},
        authorizer=context,
    )


def heard_of(app: App, asked: Asked, context: Context | None) -> tuple[Answer, tuple[str, ...]]:
    """The answer to a request, and the operations of AWS that it took."""
    with heard() as calls:
        answer = sent(app, asked, context)
    return answer, tuple(calls.operations)


def stored() -> World:
    """Everything that the capability and the authorizer have stored."""
    tables = (aws.setting("TABLE"), aws.setting("GRANTS_TABLE"))
    return taken(tables, (aws.setting("BUCKET"),))
