"""The issuer's keys: rotated, withdrawn, unreachable, damaged; and the authorizer as a function."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.community import authorizer
from chalicelib.community.authorizer import Refused, Verifier
from local.apps import load_app
from shared import ids
from shared.auth import Grant, Role, from_context
from shared.grants import add_community, add_grant
from shared.table import Transaction
from tests.conftest import Cloud
from tests.harness.families import Tally
from tests.harness.issuer import CLIENT, Issuer, new_key, public_jwk, rs256

KEY, NEXT_KEY, SMALL_KEY = new_key(), new_key(), new_key(1024)
METHOD = "arn:aws:execute-api:ap-southeast-1:000000000000:a1b2c3/local/GET/me"


class Clock:
    """A container's own clock, moved by the test."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    running = Issuer(KEY)
    yield running
    running.stop()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(authorizer, "time", clock)
    return clock


@pytest.fixture
def verifier(issuer: Issuer, clock: Clock) -> Verifier:
    return Verifier((configured(issuer),))


def configured(issuer: Issuer) -> authorizer.Issuer:
    return authorizer.Issuer(issuer.address, issuer.jwks_uri, (CLIENT,), "access")


def accepted(verifier: Verifier, token: str) -> bool:
    try:
        verifier.verify(f"Bearer {token}")
    except Refused:
        return False
    return True


def next_token(issuer: Issuer) -> str:
    return issuer.token({"kid": "key-2"}, sign=rs256(NEXT_KEY))


def server_error(issuer: Issuer) -> None:
    issuer.status = 500


def breaks_off(issuer: Issuer) -> None:
    issuer.breaks_off = True


def answers(document: bytes) -> Callable[[Issuer], None]:
    def damage(issuer: Issuer) -> None:
        issuer.document = document

    return damage


DAMAGES: dict[str, Callable[[Issuer], None]] = {
    "an error of its server": server_error,
    "nonsense instead of HTTP": breaks_off,
    "a page for people": answers(b"<html>maintenance</html>"),
    "nothing": answers(b""),
    "half a document": answers(b'{"keys": [{"kty": "RSA", "kid": "key-1", "n": "'),
    "no key list": answers(b'{"error": "unavailable"}'),
    "a list": answers(b"[]"),
    "null": answers(b"null"),
    "keys that are no list": answers(b'{"keys": 3}'),
    "keys that are no objects": answers(b'{"keys": [1, "a", null]}'),
    "more than 64 KB": answers(b'{"keys": [' + b" " * 65_536 + b"]}"),
    "nesting without end": answers(b"[" * 60_000),
    "bytes that are no text": answers(b"\xff\xfe\x00\x80"),
}


def test_a_key_is_fetched_once_for_many_tokens(issuer: Issuer, verifier: Verifier) -> None:
    assert all(accepted(verifier, issuer.token(sub=f"person-{n}")) for n in range(20))
    assert issuer.asked == 1


def test_a_flood_of_unknown_keys_asks_the_issuer_once_in_half_a_minute(
    issuer: Issuer, verifier: Verifier, clock: Clock
) -> None:
    for second in range(91):
        clock.seconds = 1_000.0 + second
        assert not accepted(verifier, issuer.token({"kid": f"key-{second + 100}"}))
    assert issuer.asked == 3


def test_a_key_that_rotates_in_is_taken_within_half_a_minute_beside_the_old(
    issuer: Issuer, verifier: Verifier, clock: Clock
) -> None:
    assert accepted(verifier, issuer.token())
    issuer.document = issuer.document_of(public_jwk(KEY, "key-1"), public_jwk(NEXT_KEY, "key-2"))
    assert not accepted(verifier, next_token(issuer))
    clock.seconds += authorizer.RETRY_SECONDS + 1
    assert accepted(verifier, next_token(issuer))
    assert accepted(verifier, issuer.token())
    assert issuer.asked == 2


def test_a_key_that_is_withdrawn_is_refused_after_the_next_refresh(
    issuer: Issuer, verifier: Verifier, clock: Clock
) -> None:
    assert accepted(verifier, issuer.token())
    issuer.document = issuer.document_of(public_jwk(NEXT_KEY, "key-2"))
    clock.seconds += authorizer.REFRESH_SECONDS + 1
    assert not accepted(verifier, issuer.token())
    assert accepted(verifier, next_token(issuer))


def test_an_issuer_that_publishes_no_key_has_withdrawn_them_all(
    issuer: Issuer, verifier: Verifier, clock: Clock
) -> None:
    assert accepted(verifier, issuer.token())
    issuer.document = issuer.document_of()
    clock.seconds += authorizer.REFRESH_SECONDS + 1
    assert not accepted(verifier, issuer.token())


def test_a_key_replaced_under_its_name_no_longer_speaks(
    issuer: Issuer, verifier: Verifier, clock: Clock
) -> None:
    assert accepted(verifier, issuer.token())
    issuer.document = issuer.document_of(public_jwk(NEXT_KEY, "key-1"))
    clock.seconds += authorizer.REFRESH_SECONDS + 1
    assert not accepted(verifier, issuer.token())
    assert accepted(verifier, issuer.token(sign=rs256(NEXT_KEY)))


@pytest.mark.family("A3")
@pytest.mark.parametrize("case", DAMAGES)
def test_known_keys_outlive_an_outage_and_unknown_ones_stay_refused(
    case: str, issuer: Issuer, verifier: Verifier, clock: Clock, tally: Tally
) -> None:
    assert accepted(verifier, issuer.token())
    DAMAGES[case](issuer)
    for _ in range(3):
        clock.seconds += authorizer.REFRESH_SECONDS + 1
        assert accepted(verifier, issuer.token())
        assert not accepted(verifier, next_token(issuer))
    assert issuer.asked == 4
    tally.count(1, case)


@pytest.mark.family("A3")
@pytest.mark.parametrize("case", DAMAGES)
def test_without_any_key_nobody_is_let_in_until_the_issuer_answers(
    case: str, issuer: Issuer, verifier: Verifier, clock: Clock, tally: Tally
) -> None:
    good, status = issuer.document, issuer.status
    DAMAGES[case](issuer)
    assert not accepted(verifier, issuer.token())
    issuer.document, issuer.status, issuer.breaks_off = good, status, False
    assert not accepted(verifier, issuer.token())
    clock.seconds += authorizer.RETRY_SECONDS + 1
    assert accepted(verifier, issuer.token())
    tally.count(1, case)


def test_known_keys_outlive_a_server_that_is_gone(clock: Clock) -> None:
    other = Issuer(KEY)
    lonely = Verifier((configured(other),))
    assert accepted(lonely, other.token())
    other.stop()
    clock.seconds += authorizer.REFRESH_SECONDS + 1
    assert accepted(lonely, other.token())
    assert not accepted(lonely, next_token(other))


UNFIT: dict[str, Any] = {
    "of 1,024 bits": public_jwk(SMALL_KEY, "key-1"),
    "for encryption": public_jwk(KEY, "key-1", use="enc"),
    "for another algorithm": public_jwk(KEY, "key-1", alg="RS512"),
    "without a name": {n: v for n, v in public_jwk(KEY, "").items() if n != "kid"},
    "symmetric": {"kty": "oct", "kid": "key-1", "k": "c2VjcmV0", "alg": "HS256"},
    "without its modulus": {"kty": "RSA", "kid": "key-1", "use": "sig", "e": "AQAB"},
    "with a modulus that is no number": public_jwk(KEY, "key-1", n="***"),
    "with a modulus of another type": public_jwk(KEY, "key-1", n=7),
    "with a list for a name": public_jwk(KEY, "key-1", kid=["key-1"]),
    "of no type": {"kid": "key-1"},
}


@pytest.mark.family("A3")
@pytest.mark.parametrize("case", UNFIT)
def test_an_unfit_key_is_passed_over_and_its_neighbours_stay(
    case: str, issuer: Issuer, verifier: Verifier, tally: Tally
) -> None:
    issuer.document = issuer.document_of(UNFIT[case], public_jwk(NEXT_KEY, "key-2"))
    signer = SMALL_KEY if case == "of 1,024 bits" else KEY
    assert accepted(verifier, next_token(issuer))
    assert not accepted(verifier, issuer.token(sign=rs256(signer)))
    tally.count(1, case)


@pytest.fixture
def function(
    issuer: Issuer, moto_cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Any]]:
    """The function `authorize` as the gateway calls it."""
    moto_cloud.table("community")
    said = {"issuer": issuer.address, "jwks_uri": issuer.jwks_uri, "audience": [CLIENT]}
    monkeypatch.setenv("ISSUERS", json.dumps([{**said, "token_use": "access"}]))
    authorizer._verifier.cache_clear()
    module = load_app("community")
    event = {"type": "TOKEN", "methodArn": METHOD}
    yield lambda header: module.authorize({**event, "authorizationToken": header}, None)
    authorizer._verifier.cache_clear()


def test_the_gateway_is_told_who_calls_and_every_grant(
    function: Callable[[str], Any], issuer: Issuer
) -> None:
    person = ids.person_id(issuer.address, "worker")
    company, community = "co_" + "0" * 26, "com_7k2m9x4a"
    with Transaction() as transaction:
        add_grant(transaction, person, Grant(Role.COMPANY_ADMIN, company))
        add_grant(transaction, person, Grant(Role.BUTLER, "com_11111111/3"))
        add_community(transaction, company, community)
    answer = function(f"Bearer {issuer.token(sub='worker')}")
    assert answer["principalId"] == person
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    assert all(isinstance(value, str) for value in answer["context"].values())
    caller = from_context(answer["context"], load_app("community").permissions.GRANT_ROLE)
    assert caller.person_id == person
    assert set(caller.grants) == {
        Grant(Role.COMPANY_ADMIN, company),
        Grant(Role.COMPANY_ADMIN, community),
        Grant(Role.BUTLER, "com_11111111/3"),
    }


def test_a_person_without_grants_is_known_and_may_nothing(
    function: Callable[[str], Any], issuer: Issuer
) -> None:
    answer = function(f"Bearer {issuer.token(sub='stranger')}")
    assert answer["context"] == {
        "person_id": ids.person_id(issuer.address, "stranger"),
        "grants": "",
        "acting_id": "",
        "session_id": "",
    }


@pytest.mark.parametrize("header", ["", "Bearer x.y.z", "Basic YWRtaW46YWRtaW4="])
def test_a_refusal_is_the_one_word_that_the_gateway_answers_401_to(
    header: str, function: Callable[[str], Any]
) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        function(header)
