"""Invitations, passwords, codes and guesses, by plain values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.identity.credentials import authenticator, passwords, rules
from chalicelib.identity.credentials.rules import (
    Attempts,
    Credential,
    Invitation,
    Proof,
    Stage,
)
from shared.auth import PLATFORM, Grant, Role
from shared.errors import Conflict, Invalid, Limited

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
PERSON = "per_" + "a" * 26
PROOF = Proof("u" * 26, "$argon2id$…", b"sealed")
COMPANY, COMMUNITY = "co_" + "c" * 26, "com_a1b2c3d4"


def invitation(**differing: object) -> Invitation:
    made = {
        "id": "inv_" + "i" * 26,
        "phone": "p" * 26,
        "person_id": PERSON,
        "scope": COMPANY,
        "by": "per_" + "b" * 26,
        "at": NOW,
        "request": "r1",
        **differing,
    }
    return Invitation(**made)  # type: ignore[arg-type]  # the differing ones are the test's own


def credential(step: int = 0, mark: str = "m1", used_at: datetime = NOW) -> Credential:
    return Credential(PERSON, PROOF, step, mark, used_at, version=3)


@pytest.mark.parametrize("scope", [PLATFORM, COMPANY, COMMUNITY])
def test_staff_are_invited_for_the_platform_a_company_or_a_community(scope: str) -> None:
    assert rules.check_scope(scope) == scope


@pytest.mark.parametrize("scope", ["", f"{COMMUNITY}/3", "co_1", f"{COMPANY}\n", "room_a1b2c3d4"])
def test_nobody_is_invited_for_anything_else(scope: str) -> None:
    with pytest.raises(Invalid):
        rules.check_scope(scope)


@pytest.mark.parametrize(
    ("inviter", "grants", "may"),
    [
        ([COMPANY, COMMUNITY], [], True),
        ([COMPANY, COMMUNITY], [Grant(Role.BUTLER, f"{COMMUNITY}/3")], True),
        ([COMPANY, COMMUNITY], [Grant(Role.COMPANY_ADMIN, COMPANY)], True),
        ([COMMUNITY], [Grant(Role.COMPANY_ADMIN, COMPANY)], False),
        ([COMPANY, COMMUNITY], [Grant(Role.BUTLER, "com_e5f6g7h8")], False),
        ([COMPANY, COMMUNITY], [Grant(Role.PLATFORM_ADMIN, PLATFORM)], False),
        ([PLATFORM], [Grant(Role.PLATFORM_ADMIN, PLATFORM)], True),
        ([COMMUNITY], [Grant(Role.OWNER, "com_e5f6g7h8/3/1/502")], True),
    ],
)
def test_only_who_stands_above_all_their_roles_lets_somebody_begin_anew(
    inviter: list[str], grants: list[Grant], may: bool
) -> None:
    assert rules.may_begin_anew(inviter, grants) is may


def test_an_invitation_is_known_by_its_code() -> None:
    assert rules.check_code(invitation(), "12345678", "12345678", NOW) == invitation()


@pytest.mark.parametrize(
    ("known", "code", "at"),
    [
        (None, "12345678", NOW),
        (invitation(), "12345679", NOW),
        (invitation(), "12345678", NOW + rules.INVITED_FOR),
        (invitation(stage=Stage.DONE), "12345678", NOW),
    ],
)
def test_whatever_is_wrong_with_a_code_is_told_alike(
    known: Invitation | None, code: str, at: datetime
) -> None:
    with pytest.raises(Conflict) as refused:
        rules.check_code(known, "12345678", code, at)
    assert (refused.value.code, refused.value.params) == ("code_not_valid", {})


def test_an_accepted_invitation_becomes_a_credential_once() -> None:
    accepted = rules.accept(invitation(), PROOF, "k1")
    done, made = rules.confirm(accepted, None, 7, "k2", NOW)
    assert (done.stage, done.proof) == (Stage.DONE, None)
    assert (made.proof, made.step, made.version) == (PROOF, 7, None)
    assert not rules.waits(done, NOW)


def test_a_credential_that_is_made_anew_takes_the_place_of_the_old_one() -> None:
    other = Proof("v" * 26, "$argon2id$other", b"other")
    _, made = rules.confirm(rules.accept(invitation(), other, "k"), credential(99), 7, "k2", NOW)
    assert (made.proof, made.step, made.version) == (other, 7, 3)


@pytest.mark.parametrize("password", ["li.manager的新密码2026", "xLi.Manager-77x9"])
def test_a_password_does_not_name_its_owner(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_password(password, "li.manager", 4)
    assert refused.value.findings[0].code == "password_names_you"


@pytest.mark.parametrize(
    "password", ["password1234", "qwertyuiop12", "aaaaaaaaaaaa", "1qaz2wsx3edc"]
)
def test_a_password_that_everybody_tries_first_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_password(password, "wang", passwords.score(password, "wang"))
    assert refused.value.findings[0].code == "password_too_common"


@pytest.mark.parametrize("password", ["correct horse battery staple", "清河家园三栋物业值班室的灯"])
def test_a_password_may_be_any_words(password: str) -> None:
    rules.check_password(password, "wang", passwords.score(password, "wang"))


def test_a_hash_is_argon2id_with_the_parameters_of_owasp_and_a_salt_of_its_own() -> None:
    one, other = (passwords.hashed("a good password", salt * 32) for salt in (b"a", b"b"))
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert one != other
    assert passwords.is_right(one, "a good password")
    assert not passwords.is_right(one, "another password")
    assert not passwords.is_outdated(one)


def test_nobodys_password_is_checked_as_long_as_anybodys_and_never_right() -> None:
    assert not passwords.is_right(None, "nobody has this password")
    assert not passwords.is_outdated(passwords._NOBODYS)
    assert passwords.is_right(passwords._NOBODYS, "nobody has this password")


def test_a_hash_of_other_parameters_is_made_anew() -> None:
    assert passwords.is_outdated(passwords._NOBODYS.replace("t=2", "t=1"))


# RFC 6238, appendix B, SHA-1; of its eight digits an authenticator shows six.
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    step = rules.step_of(datetime.fromtimestamp(seconds, UTC))
    assert authenticator.step_of_code(secret, code, [step]) == step
    assert authenticator.step_of_code(secret, "000000", [step]) is None


def test_a_code_is_taken_one_step_early_or_late_and_no_more() -> None:
    assert list(rules.steps_around(NOW)) == [rules.step_of(NOW) + drift for drift in (-1, 0, 1)]


def test_an_authenticator_is_told_the_issuer_and_the_name() -> None:
    told = authenticator.enrolment("GEZDGNBVGY3TQOJQ" * 2, "li.manager")
    assert told.startswith("otpauth://totp/Linli%20%E9%82%BB%E9%87%8C:li.manager?secret=GEZDGNBV")


@pytest.mark.parametrize("step", [9, 10])
def test_a_code_is_used_once_and_no_older_one_after_it(step: int) -> None:
    with pytest.raises(Conflict, match="sign_in_refused"):
        rules.use(credential(10), step, "k2", NOW)


def test_the_next_code_is_used_and_kept() -> None:
    used = rules.use(credential(10), 11, "k2", NOW)
    assert (used.step, used.mark, used.used_at) == (11, "k2", NOW)


@pytest.mark.parametrize(
    ("mark", "later", "repeat"),
    [
        ("m1", timedelta(seconds=60), True),
        ("m1", timedelta(seconds=61), False),
        ("m2", timedelta(0), False),
    ],
)
def test_a_lost_answer_may_be_had_again_for_a_minute(
    mark: str, later: timedelta, repeat: bool
) -> None:
    assert rules.is_repeat(credential(10), mark, NOW + later) is repeat
    assert not rules.is_repeat(None, mark, NOW)


def test_locks_grow_and_never_last_longer_than_a_quarter_of_an_hour() -> None:
    attempts, now, minutes = None, NOW, []
    for number in range(12):
        attempts = rules.attempt(attempts, f"m{number}", now)
        minutes.append((attempts.locked_until - now) / timedelta(minutes=1))
        now = attempts.locked_until
    assert minutes == [0, 0, 0, 0, 1, 2, 4, 8, 15, 15, 15, 15]


def test_a_locked_name_is_not_tried() -> None:
    locked = Attempts(5, "m1", NOW, NOW + timedelta(minutes=2))
    with pytest.raises(Limited, match="too_many_attempts"):
        rules.attempt(locked, "m2", NOW + timedelta(seconds=119))
    assert rules.attempt(locked, "m2", NOW + timedelta(seconds=120)).failures == 6


def test_who_succeeded_is_not_locked() -> None:
    succeeded = Attempts(0, "m1", NOW, NOW + timedelta(minutes=2))
    assert rules.attempt(succeeded, "m2", NOW).failures == 1


def test_the_same_request_again_is_no_second_guess() -> None:
    before = Attempts(5, "m1", NOW, NOW + timedelta(minutes=2))
    assert rules.attempt(before, "m1", NOW + timedelta(seconds=60)) is before
    with pytest.raises(Limited):
        rules.attempt(before, "m1", NOW + timedelta(seconds=61))


def test_failures_of_yesterday_are_forgiven() -> None:
    before = Attempts(9, "m1", NOW, NOW + timedelta(minutes=15))
    assert rules.attempt(before, "m2", NOW + rules.FORGIVEN_AFTER).failures == 1


def test_a_new_invitation_takes_the_place_of_the_one_before() -> None:
    wanted = invitation(id="inv_" + "j" * 26)
    stored = [invitation(version=4), invitation(version=7, stage=Stage.TOLD)]
    following = rules.following(stored, wanted, begins=True)
    assert (following.id, following.stage, following.version) == (wanted.id, Stage.OPEN, 4)
    told = rules.following(stored, wanted, begins=False)
    assert (told.stage, told.version) == (Stage.TOLD, 7)
    first = rules.following(stored[:1], wanted, begins=False)
    assert (first.stage, first.version) == (Stage.TOLD, None)


@pytest.mark.parametrize(
    ("differing", "is_same"),
    [
        ({}, True),
        ({"at": NOW + timedelta(seconds=60)}, True),
        ({"at": NOW + timedelta(seconds=61)}, False),
        ({"at": NOW + timedelta(days=2), "request": "r1"}, True),
        ({"by": "per_" + "x" * 26}, False),
        ({"scope": COMMUNITY}, False),
    ],
)
def test_who_asks_for_the_same_within_a_minute_means_the_one_on_its_way(
    differing: dict[str, object], is_same: bool
) -> None:
    wanted = invitation(**{"request": "r2", **differing})
    assert (rules.same_again([invitation()], wanted) is not None) is is_same
    done = invitation(stage=Stage.DONE)
    assert (rules.same_again([done], wanted) is not None) is (wanted.request == done.request)


def test_whoever_was_only_told_has_no_code() -> None:
    assert not rules.waits(invitation(stage=Stage.TOLD), NOW)
