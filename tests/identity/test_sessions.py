"""Sessions: refreshed by tokens that rotate, ended where one comes back, ten and never more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.identity.sessions import opening, rules, store
from chalicelib.identity.sessions.opening import Tokens
from chalicelib.identity.sessions.rules import Turn
from shared import aws, clock
from shared.errors import Conflict
from shared.table import Transaction
from tests.harness.gateway import Answer
from tests.harness.source import Source
from tests.identity.scene import DEVICE, Identity

SECOND = timedelta(seconds=1)


def opened(identity: Identity, person_id: str, cause: str = "a", how: str = "resident") -> Tokens:
    assurance: rules.Assurance = "staff" if how == "staff" else "resident"
    return opening.open_session(person_id, assurance, DEVICE, cause, clock.now())


def refresh(identity: Identity, token: str) -> Answer:
    return identity.call("POST", "/sessions/refresh", {"refresh_token": token})


def test_a_refresh_gives_new_tokens_of_the_same_session(identity: Identity, source: Source) -> None:
    first = opened(identity, identity.someone())
    source.now += SECOND
    second = refresh(identity, first.refresh_token)
    assert second.status == 200
    assert second.json["session_id"] == first.session_id
    assert second.json["refresh_token"] != first.refresh_token
    claims = identity.claims(second.json["access_token"])
    assert claims["exp"] - claims["iat"] == 900
    assert (claims["sub"], claims["sid"], claims["aud"]) == (
        first.person_id,
        first.session_id,
        "linli",
    )
    assert claims["jti"] != identity.claims(first.access_token)["jti"]


def test_a_refresh_whose_answer_was_lost_gets_the_same_successor(
    identity: Identity, source: Source
) -> None:
    first = opened(identity, identity.someone())
    answer = refresh(identity, first.refresh_token)
    source.now += rules.LOST_REPLY
    again = refresh(identity, first.refresh_token)
    assert again.json["refresh_token"] == answer.json["refresh_token"]
    assert refresh(identity, again.json["refresh_token"]).status == 200


def test_an_old_refresh_token_ends_the_session_for_thief_and_owner(
    identity: Identity, source: Source
) -> None:
    first = opened(identity, identity.someone())
    newest = refresh(identity, first.refresh_token).json["refresh_token"]
    source.now += rules.LOST_REPLY + SECOND
    reused = refresh(identity, first.refresh_token)
    assert (reused.status, reused.json["code"]) == (409, "session_ended")
    assert refresh(identity, newest).json["code"] == "session_ended"
    assert identity.told() == ["RefreshReused"]
    assert identity.sessions(first.person_id) == []


def test_a_token_older_than_the_one_before_is_reuse_even_at_once(identity: Identity) -> None:
    first = opened(identity, identity.someone())
    second = refresh(identity, first.refresh_token).json["refresh_token"]
    refresh(identity, second)
    assert refresh(identity, first.refresh_token).status == 409
    assert identity.told() == ["RefreshReused"]


def forged(token: str, place: int, text: str) -> str:
    parts = token.split(".")
    parts[place] = text
    return ".".join(parts)


FORGERIES: dict[str, Callable[[str], str]] = {
    "of another person": lambda token: forged(token, 1, "b" * 26),
    "of another session": lambda token: forged(token, 2, "s" * 26),
    "of a turn to come": lambda token: forged(token, 3, "1"),
    "of a turn without end": lambda token: forged(token, 3, "9" * 9),
    "of a turn below zero": lambda token: forged(token, 3, "-1"),
    "with another proof": lambda token: forged(token, 4, "A" * 43),
    "with a shorter proof": lambda token: token[:-1],
    "with a line feed": lambda token: token + "\n",
    "of another form": lambda token: "lr2" + token[3:],
    "as an access token": lambda token: "eyJhbGciOiJub25lIn0.e30.",
    "nothing much": lambda token: ".",
}


@pytest.mark.parametrize("case", FORGERIES)
def test_a_forged_refresh_token_gets_nothing_and_ends_nothing(
    case: str, identity: Identity
) -> None:
    first = opened(identity, identity.someone())
    answer = refresh(identity, FORGERIES[case](first.refresh_token))
    assert (answer.status, answer.json["code"]) == (409, "session_ended")
    assert refresh(identity, first.refresh_token).status == 200


@pytest.mark.parametrize(("how", "unused"), [("resident", timedelta(days=30)),
                                             ("staff", timedelta(hours=12))])  # fmt: skip
def test_a_session_that_is_not_used_ends(
    identity: Identity, source: Source, how: str, unused: timedelta
) -> None:
    first = opened(identity, identity.someone(), how=how)
    source.now += unused
    assert refresh(identity, first.refresh_token).status == 409


def test_staff_sign_in_anew_after_twelve_hours_however_busy_they_are(
    identity: Identity, source: Source
) -> None:
    token, answers = opened(identity, identity.someone(), how="staff").refresh_token, []
    for _ in range(4):
        source.now += timedelta(hours=4)
        answer = refresh(identity, token)
        answers.append(answer.status)
        token = answer.json.get("refresh_token", token)
    assert answers == [200, 200, 409, 409]


def test_a_resident_who_comes_back_each_month_stays_signed_in(
    identity: Identity, source: Source
) -> None:
    token = opened(identity, identity.someone()).refresh_token
    for _ in range(4):
        source.now += timedelta(days=29)
        answer = refresh(identity, token)
        assert answer.status == 200
        token = answer.json["refresh_token"]


def test_the_eleventh_session_ends_the_one_that_was_used_longest_ago(
    identity: Identity, source: Source
) -> None:
    person_id, made = identity.someone(), []
    for number in range(rules.SESSIONS_MAX):
        source.now += SECOND
        made.append(opened(identity, person_id, f"cause-{number}"))
    source.now += SECOND
    assert refresh(identity, made[0].refresh_token).status == 200
    source.now += SECOND
    opened(identity, person_id, "one more")
    left = {one["session_id"] for one in identity.sessions(person_id)}
    assert len(left) == rules.SESSIONS_MAX
    assert made[0].session_id in left
    assert made[1].session_id not in left


def test_who_signs_out_on_one_device_stays_on_the_others(identity: Identity) -> None:
    person_id = identity.someone()
    one, other = (opened(identity, person_id, cause) for cause in ("one", "other"))
    for _ in range(2):
        left = identity.call("POST", f"/sessions/{one.session_id}/sign-out", person_id=person_id)
    assert [each["session_id"] for each in left.json["sessions"]] == [other.session_id]
    assert refresh(identity, one.refresh_token).status == 409
    assert refresh(identity, other.refresh_token).status == 200


def test_who_signs_out_everywhere_is_signed_in_nowhere(identity: Identity) -> None:
    person_id = identity.someone()
    held = [opened(identity, person_id, cause) for cause in ("one", "other")]
    for _ in range(2):
        answer = identity.call("POST", "/sessions/sign-out", person_id=person_id)
        assert answer.json == {"sessions": []}
    assert {refresh(identity, one.refresh_token).status for one in held} == {409}


def test_nobody_signs_others_out(identity: Identity) -> None:
    held = opened(identity, identity.someone("a"))
    url = f"/sessions/{held.session_id}/sign-out"
    assert identity.call("POST", url, person_id=identity.someone("b")).status == 404
    assert refresh(identity, held.refresh_token).status == 200


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "/sessions"),
        ("POST", "/sessions/sign-out"),
        ("POST", f"/sessions/ses_{'s' * 26}/sign-out"),
    ],
)
def test_who_acts_for_somebody_has_no_business_with_their_sessions(
    identity: Identity, method: str, url: str
) -> None:
    answer = identity.call(
        method, url, person_id=identity.someone("a"), acting_id="per_" + "b" * 26
    )
    assert answer.status == 404


def test_a_sign_in_and_an_end_of_everything_never_leave_a_session_behind(
    identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever freezes a person ends their sessions; a refresh under way comes to naught."""
    held = opened(identity, identity.someone())
    save = store.save_sessions

    def save_later(*given: object) -> bool:
        monkeypatch.setattr(store, "save_sessions", save)
        with Transaction() as transaction:
            store.end_all(transaction, held.person_id)
        return save(*given)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(store, "save_sessions", save_later)
    assert refresh(identity, held.refresh_token).status == 409
    assert identity.sessions(held.person_id) == []


def test_sessions_of_somebody_without_any_are_ended_too(identity: Identity) -> None:
    person_id = identity.someone()
    with Transaction() as transaction:
        store.end_all(transaction, person_id)
    assert identity.sessions(person_id) == []
    assert refresh(identity, opened(identity, person_id).refresh_token).status == 200


@pytest.mark.parametrize("state", ["frozen", "merged", "erased"])
def test_who_is_not_active_is_not_signed_in(identity: Identity, state: str) -> None:
    with pytest.raises(Conflict, match="sign_in_refused"):
        opened(identity, identity.someone(state=state))
    with pytest.raises(Conflict, match="sign_in_refused"):
        opened(identity, "per_" + "x" * 26)


def test_the_same_cause_opens_one_session_for_a_minute_and_then_none(
    identity: Identity, source: Source
) -> None:
    person_id = identity.someone()
    first = opened(identity, person_id)
    assert opened(identity, person_id) == first
    source.now += rules.LOST_REPLY + SECOND
    with pytest.raises(Conflict, match="sign_in_refused"):
        opened(identity, person_id)


def test_a_record_of_sessions_expires_with_the_last_of_them(identity: Identity) -> None:
    person_id = identity.someone()
    opened(identity, person_id)
    key = {"pk": {"S": f"platform#sessions#{person_id}"}, "sk": {"S": "sessions"}}
    stored = aws.client("dynamodb").get_item(TableName=identity.table, Key=key)["Item"]
    ends = clock.now() + rules.LIFETIMES["resident"]
    assert int(stored["expires_at"]["N"]) == int(ends.timestamp())


def test_a_turn_that_was_never_given_out_is_refused(identity: Identity) -> None:
    session = rules.new_session("ses_a", DEVICE, "resident", clock.now())
    held = rules.Sessions("per_a", (session,))
    assert rules.turned(held, "ses_a", 1, clock.now()) == (held, Turn.REFUSED)
    assert rules.turned(held, "ses_b", 0, clock.now()) == (held, Turn.REFUSED)
