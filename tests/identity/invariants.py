"""What must hold of everything that identity keeps, read from the tables alone (A9, N1, R2, T1).

Limits and states are written down here a second time, so that a fault in the capability's own
tables is seen and not shared.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone

from tests.harness.oracles import (
    Item,
    Plain,
    announced,
    crossing,
    event_of,
    instant,
    partition,
    plain,
    told,
    untold,
    where,
)

LIVING, GONE = {"active", "frozen"}, {"merged", "erased"}
SAFETY = ("emergency:", "gates:")
SESSIONS_MAX, KEYS_MAX, MANDATES_MAX = 10, 3, 10
LONGEST_LOCK = timedelta(minutes=15)
# By the first word of a quota's window.
LIMITS = {
    "feedback": 10,
    "invitations": 50,
    "phone-invitations": 5,
    "told-invitations": 5,
    "attempts": 300,
    "tries-sign_in": 30,
    "tries-invitation": 30,
    "code-tries": 40,
    "wechat": 300,
    "offers": 10,
    "too_many_disclosures": 30,
    "too_many_exports": 5,
}
FEEDBACK = {"new": "FeedbackGiven", "answered": "FeedbackAnswered", "closed": "FeedbackClosed"}
_ESTATE = timezone(timedelta(hours=8))


def broken(items: Iterable[Item], now: datetime) -> list[str]:
    """What is wrong with the items of both tables, a sentence for each fault; none if all is well.

    Parameters
    ----------
    items
        Every item of the capability's table and of the grants table, as DynamoDB keeps it.
    now
        The instant at which they stand so: nothing in them may be of a later one.
    """
    known = [plain(item) for item in items]
    # Of the two tables' rows of one person, those of standing are the grants table's.
    standing = [one for one in known if one["sk"] == "!frozen" or one["sk"].startswith("acting#")]
    kinds: dict[str, list[Plain]] = {}
    for item in known:
        if item not in standing and "role" not in item:
            kinds.setdefault(item["sk"] if _of_person(item) else partition(item)[1], []).append(
                item
            )
    # Whoever ends all sessions reads none of them, so their last event stays as it was.
    single = [one for one in known if partition(one)[1] != "sessions"]
    return [
        *crossing(known),
        *announced(single, now),
        *_people(kinds, standing),
        *_sessions(kinds.get("sessions", []), kinds.get("person", []), now),
        *(said for ring in kinds.get("keys", []) for said in _ring(ring)),
        *(said for one in kinds.get("invitation", []) for said in _invitation(one)),
        *(said for one in kinds.get("attempts", []) for said in _attempts(one)),
        *(said for one in kinds.get("codes", []) for said in _code(one)),
        *(said for one in kinds.get("settings", []) for said in _settings(one)),
        *(said for one in kinds.get("feedback", []) for said in _feedback(one)),
        *(said for one in kinds.get("credential", []) for said in _credential(one, now)),
        *_quotas(kinds.get("quotas", []), kinds.get("feedback", [])),
    ]


def _of_person(item: Plain) -> bool:
    return partition(item)[1] == "person"


def _id(item: Plain) -> str:
    return partition(item)[2]


def _people(kinds: dict[str, list[Plain]], standing: list[Plain]) -> Iterator[str]:
    """A9: whoever is gone left nothing; everybody else can be opened, found and let in."""
    people = {_id(one): one for one in kinds.get("person", [])}
    keys = {_id(one) for one in kinds.get("key", [])}
    named = {_id(one): one["username"] for one in kinds.get("credential", [])}
    frozen = {_id(one) for one in standing if one["sk"] == "!frozen"}
    acting = {(_id(one), one["sk"].removeprefix("acting#")) for one in standing} - {
        (one, "!frozen") for one in frozen
    }
    listed, mandates, wards = dict[str, tuple[str, str]](), set(), set()
    for person_id, person in people.items():
        state, name = person["state"], where(person)
        if (person_id in keys) != (state in LIVING):
            yield f"A9: {name} is {state}, with{'' if person_id in keys else 'out'} a key"
        if (person_id in frozen) != (state != "active"):
            yield f"A9: {name} is {state}, and may do {'no' if person_id in frozen else 'any'}thing"
        facts = ("envelope", "logins", "acting", "offered", "wards", "name_key")
        left = [fact for fact in facts if fact in person]
        if state in GONE and left:
            yield f"A9: {name} is {state} and left {', '.join(left)}"
        for login in person.get("logins", "").split():
            kind, _, blind = login.partition(":")
            listed[blind] = (kind, person_id)
        mandates |= {(person_id, one) for one in person.get("acting", "").split()}
        wards |= {(one, person_id) for one in person.get("wards", "").split()}
        asked = person.get("offered", "").split()
        if len(asked) + len(person.get("acting", "").split()) > MANDATES_MAX:
            yield f"D8: {name} lets more than {MANDATES_MAX} people act for them"
        if set(asked) & {person_id, *person.get("acting", "").split()}:
            yield f"D8: {name} asks {asked}, who act for them already"
        if len(person.get("wards", "").split()) > MANDATES_MAX:
            yield f"D8: {name} acts for more than {MANDATES_MAX} people"
    logins = {_id(one): (one["kind"], one["person_id"]) for one in kinds.get("login", [])}
    for blind in sorted(listed.keys() | logins.keys()):
        if listed.get(blind) != logins.get(blind):
            yield f"A9: {blind} lets in {logins.get(blind)}, people say {listed.get(blind)}"
    if not mandates == wards == acting:
        yield f"D8: the mandates {mandates ^ acting | wards ^ acting} do not stand on all sides"
    usernames = {one: blind for blind, (kind, one) in logins.items() if kind == "username"}
    if usernames != named:
        yield f"A9: credentials {sorted(named)} beside usernames of {sorted(usernames)}"


def _sessions(sessions: list[Plain], people: list[Plain], now: datetime) -> Iterator[str]:
    """A3: nobody but the active is signed in, on ten devices at most."""
    states = {_id(one): one["state"] for one in people}
    for one in sessions:
        open_now = [each for each in json.loads(one["sessions"]) if instant(each["ends_at"]) > now]
        if len(open_now) > SESSIONS_MAX:
            yield f"A3: {where(one)} holds {len(open_now)} sessions"
        if len({each["id"] for each in open_now}) != len(open_now):
            yield f"A3: {where(one)} holds a session twice"
        if open_now and states.get(_id(one), "active") != "active":
            yield f"A3: {where(one)} is signed in and {states[_id(one)]}"
        if "event" in one and event_of(one)["version"] > one["version"]:
            yield f"N1: {where(one)} tells of a version to come"


def _ring(ring: Plain) -> Iterator[str]:
    if "keys" in ring:
        states = Counter(key["state"] for key in json.loads(ring["keys"]))
        if states.total() > KEYS_MAX or max(states.values(), default=0) > 1:
            yield f"A3: {where(ring)} holds {dict(states)}"


def _invitation(one: Plain) -> Iterator[str]:
    if ("username" in one) != (one["stage"] == "accepted"):
        yield f"A3: {where(one)} is {one['stage']}, with a username: {'username' in one}"


def _credential(one: Plain, now: datetime) -> Iterator[str]:
    if one["step"] > now.astimezone(UTC).timestamp() // 30 + 1:
        yield f"A3: {where(one)} used a code of a time to come"
    if not one["password_hash"].startswith("$argon2id$"):
        yield f"A3: {where(one)} keeps a password as {one['password_hash'][:10]}"


def _attempts(one: Plain) -> Iterator[str]:
    lock = instant(one["locked_until"]) - instant(one["at"])
    if not timedelta(0) <= lock <= LONGEST_LOCK or (one["failures"] > 4 and not lock):
        yield f"A3: {where(one)} is locked for {lock} after {one['failures']} failures"
    yield from untold(one)


def _code(one: Plain) -> Iterator[str]:
    sent = [each.split("|") for each in one["sent"].split()]
    hours, sources = Counter(hour for hour, _ in sent), Counter(source for _, source in sent)
    tried = Counter(one.get("tried", "").split())
    limits = (
        (tried.total(), 5),
        (max(tried.values(), default=0), 3),
        (len(sent), 10),
        (max(hours.values()), 5),
        (max(sources.values()), 6),
    )
    if any(so_many > limit for so_many, limit in limits):
        yield f"A3: {where(one)} let more than its limits through"


def _settings(one: Plain) -> Iterator[str]:
    spared = [pair for pair in one["opted_out"].split() if pair.startswith(SAFETY)]
    if spared:
        yield f"D8: {where(one)} is spared {spared}"
    yield from (said for said in [*told(one, "SettingsChanged", event_of(one)["subject_id"])])


def _feedback(one: Plain) -> Iterator[str]:
    state = one["state"]
    if one["feedback_key"] != f"platform#feedback#{state}":
        yield f"R2: {where(one)} is {state} and listed as {one['feedback_key']}"
    if (state, "answer" in one) in {("new", True), ("answered", False)}:
        yield f"R2: {where(one)} is {state}, with an answer: {'answer' in one}"
    yield from told(one, FEEDBACK[state], one["sk"])


def _quotas(quotas: Iterable[Plain], feedback: Iterable[Plain]) -> Iterator[str]:
    """D2: a quota lets no more through than its limit, and of feedback counts exactly what is."""
    said = Counter(
        (_id(one), f"feedback#{instant(one['said_at']).astimezone(_ESTATE).date()}")
        for one in feedback
    )
    for one in quotas:
        key, window = (_id(one), one["sk"]), one["sk"].partition("#")[0]
        if one["used"] > LIMITS[window]:
            yield f"D2: {where(one)} let {one['used']} through"
        if window == "feedback" and said.pop(key, 0) != one["used"]:
            yield f"D2: {where(one)} counts {one['used']}, and others are there"
    yield from (f"D2: {key} was never counted" for key in said)
