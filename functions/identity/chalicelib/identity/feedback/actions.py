"""What is done with feedback: given, answered, closed, listed; its words stay sealed at rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from chalicelib.identity.feedback import rules, store
from chalicelib.identity.feedback.rules import Action, Feedback, Kind, State
from chalicelib.identity.feedback.shapes import Words
from chalicelib.identity.persons import store as persons
from shared import clock, events, ids, vault
from shared.auth import PLATFORM, Caller
from shared.errors import Conflict, NotFound
from shared.quotas import Quota
from shared.table import Page

SOURCE = "identity"
Told = tuple[Feedback, Words]


def give_feedback(caller: Caller, kind: Kind, text: str, key: str, now: datetime) -> Told:
    """Say something; the same key says it once."""
    person_id = caller.own()
    wrapped = _key_of(person_id)
    feedback = Feedback(
        id=ids.derived_platform_id("fbk", person_id, key),
        person_id=person_id,
        kind=kind,
        text=vault.seal(person_id, wrapped, text.encode()),
        said_at=now,
        by=person_id,
        at=now,
    )
    stored = store.add_feedback(feedback, _announcement(feedback, Action.GIVE), _quota(feedback))
    words = _opened(stored, wrapped)
    if (stored.kind, words[0]) != (kind, text):
        raise Conflict("idempotency_key_reused")
    return stored, words


def list_own_feedback(
    caller: Caller, limit: int, cursor: str | None
) -> tuple[Page[Feedback], list[Words]]:
    """A page of what the caller said, newest first."""
    return _with_words(store.list_own(caller.own(), limit, cursor))


def list_feedback(
    caller: Caller, state: State, limit: int, cursor: str | None
) -> tuple[Page[Feedback], list[Words]]:
    """A page of what everybody said, in one state, oldest first."""
    caller.require(PLATFORM)
    return _with_words(store.list_all(state, limit, cursor))


def answer_feedback(
    caller: Caller, person_id: str, feedback_id: str, text: str, version: int, now: datetime
) -> Told:
    """Answer somebody; the same answer once more changes nothing."""
    caller.require(PLATFORM)
    before = _find(person_id, feedback_id)
    wrapped = _key_of(person_id)
    if rules.is_taken(before, Action.ANSWER, caller.person_id, version):
        words = _opened(before, wrapped)
        if words[1] == text:
            return before, words
    sealed = vault.seal(person_id, wrapped, text.encode())
    after = rules.answer(before, sealed, caller.person_id, version, now)
    store.save_feedback(after, before, _announcement(after, Action.ANSWER))
    return after, _opened(after, wrapped)


def close_feedback(caller: Caller, feedback_id: str, version: int, now: datetime) -> Told:
    """Settle what one said oneself; twice changes nothing."""
    before = _find(caller.own(), feedback_id)
    wrapped = _key_of(before.person_id)
    if rules.is_taken(before, Action.CLOSE, caller.person_id, version):
        return before, _opened(before, wrapped)
    after = rules.step(before, Action.CLOSE, caller.person_id, version, now)
    store.save_feedback(after, before, _announcement(after, Action.CLOSE))
    return after, _opened(after, wrapped)


def _find(person_id: str, feedback_id: str) -> Feedback:
    found = store.get_feedback(person_id, ids.check_platform_id(feedback_id, "fbk"))
    if found is None:
        raise NotFound
    return found


def _key_of(person_id: str) -> bytes:
    """The person's wrapped key; NotFound for who has none any more."""
    _, wrapped = persons.get_with_key(person_id)
    if not wrapped:
        raise NotFound
    return wrapped


def _with_words(found: Page[Feedback]) -> tuple[Page[Feedback], list[Words]]:
    known = persons.get_with_keys(one.person_id for one in found.items)
    keys = {person_id: wrapped for person_id, (_, wrapped) in known.items()}
    return found, [_opened(one, keys.get(one.person_id, b"")) for one in found.items]


def _opened(feedback: Feedback, wrapped: bytes) -> Words:
    """The words of a feedback; none where the person's key was destroyed."""
    sealed: Sequence[bytes | None] = (feedback.text, feedback.answer)
    text, answer = (
        vault.open_sealed(feedback.person_id, wrapped, one).decode() if wrapped and one else None
        for one in sealed
    )
    return text, answer


def _quota(feedback: Feedback) -> Quota:
    day = clock.estate_date(feedback.said_at).isoformat()
    ends_at = feedback.said_at + timedelta(days=2)
    window = f"feedback#{day}"
    return Quota(feedback.person_id, window, rules.MAX_A_DAY, "too_much_feedback", ends_at)


def _announcement(feedback: Feedback, action: Action) -> events.Event:
    return events.happened(
        rules.TRANSITIONS[action].event,
        SOURCE,
        feedback.id,
        feedback.version,
        at=feedback.at,
        community_id=PLATFORM,
        actor_id=feedback.by,
        data={"person_id": feedback.person_id, "kind": feedback.kind.value},
    )
