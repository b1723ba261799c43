"""Tokens of the platform's own issuer: what only it may say, and nobody in its name (A3)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.community import authorizer
from chalicelib.community.authorizer import Bearer, Refused, Verifier
from local.apps import load_app
from shared import ids
from shared.auth import Grant, Role
from shared.grants import add_grant, add_mandate, freeze, remove_mandate
from shared.table import Transaction
from tests.conftest import Cloud
from tests.harness.families import Tally
from tests.harness.issuer import CLIENT, Issuer, new_key, public_jwk, rs256

KEY, OUTSIDE_KEY = new_key(), new_key()
METHOD = "arn:aws:execute-api:ap-southeast-1:000000000000:a1b2c3/local/GET/me"
MOTHER, DAUGHTER = "per_" + "m" * 26, "per_" + "d" * 26
SESSION = "ses_" + "s" * 26
_AS_WE_DO = {"typ": "at+jwt"}


@pytest.fixture(scope="module")
def own() -> Iterator[Issuer]:
    """The platform's own issuer."""
    running = Issuer(KEY)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def outside() -> Iterator[Issuer]:
    """An outside issuer that is configured beside it."""
    running = Issuer(OUTSIDE_KEY)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def verifier(own: Issuer, outside: Issuer) -> Verifier:
    ours = authorizer.Issuer(own.address, own.jwks_uri, ("linli",), own=True)
    theirs = authorizer.Issuer(outside.address, outside.jwks_uri, (CLIENT,), "access")
    return Verifier((ours, theirs))


def made(issuer: Issuer, header: dict[str, Any] | None = None, **differing: Any) -> str:
    """A token as our issuer makes them, some claims differing; None leaves one out."""
    good: dict[str, Any] = {
        "sub": MOTHER,
        "aud": "linli",
        "acr": "resident",
        "sid": SESSION,
        "jti": "tok_" + "t" * 26,
        "client_id": None,
        "token_use": None,
    }
    return issuer.token(_AS_WE_DO | (header or {}), **(good | differing))


Attack = Callable[[Issuer, Issuer], str]
ATTACKS: dict[str, Attack] = {
    "typ of an id token": lambda i, o: made(i, {"typ": "JWT"}),
    "typ missing": lambda i, o: made(i, {"typ": ...}),
    "typ in other letters": lambda i, o: made(i, {"typ": "AT+JWT"}),
    "typ in a list": lambda i, o: made(i, {"typ": ["at+jwt"]}),
    "acr missing": lambda i, o: made(i, acr=None),
    "acr of another kind": lambda i, o: made(i, acr="admin"),
    "acr in other letters": lambda i, o: made(i, acr="Staff"),
    "acr in a list": lambda i, o: made(i, acr=["staff"]),
    "acr a number": lambda i, o: made(i, acr=2),
    "sub of another form": lambda i, o: made(i, sub="8f1c0b52-7a8e-4a42-9d36-0f6f1f1f2a11"),
    "sub of another kind": lambda i, o: made(i, sub="ses_" + "m" * 26),
    "sub with letters that ids have not": lambda i, o: made(i, sub="per_" + "u" * 26),
    "sub in capitals": lambda i, o: made(i, sub=MOTHER.upper()),
    "sub with a line feed": lambda i, o: made(i, sub=MOTHER + "\n"),
    "sub of a scope": lambda i, o: made(i, sub="platform"),
    "aud of another": lambda i, o: made(i, aud=CLIENT),
    "aud missing, client_id right": lambda i, o: made(i, aud=None, client_id="linli"),
    "aud a list with ours": lambda i, o: made(i, aud=["linli", "another"]),
    "act a text": lambda i, o: made(i, act=DAUGHTER),
    "act null": lambda i, o: made(i, act=json.loads("null"), pairs=_with_null_act(i)),
    "act a list": lambda i, o: made(i, act=[{"sub": DAUGHTER}]),
    "act empty": lambda i, o: made(i, act={}),
    "act without a name": lambda i, o: made(i, act={"sub": ""}),
    "act of another form": lambda i, o: made(i, act={"sub": "daughter"}),
    "act in a chain": lambda i, o: made(i, act={"sub": DAUGHTER, "act": {"sub": MOTHER}}),
    "act with more than a name": lambda i, o: made(i, act={"sub": DAUGHTER, "iss": i.address}),
    "act of oneself": lambda i, o: made(i, act={"sub": MOTHER}),
    "act of staff": lambda i, o: made(i, acr="staff", act={"sub": DAUGHTER}),
    "act twice": lambda i, o: made(i, pairs=_pairs(i, ("act", {"sub": DAUGHTER}), twice=True)),
    "ours, signed by the outside issuer": lambda i, o: made(i, sign=rs256(OUTSIDE_KEY)),
    "ours by name, the outside issuer's key": lambda i, o: made(o, iss=i.address),
    "ours where theirs is expected": lambda i, o: made(i, iss=o.address),
    "theirs, as if it were ours": lambda i, o: made(o),
    "a refresh token": lambda i, o: f"lr1.{'m' * 26}.{'s' * 26}.0.{'A' * 43}",
    "a one-time code": lambda i, o: "042817",
    "a session's id": lambda i, o: "ses_" + "s" * 26,
}


def _pairs(issuer: Issuer, claim: tuple[str, Any], *, twice: bool) -> list[tuple[str, Any]]:
    known = issuer.claims(sub=MOTHER, aud="linli", acr="resident", client_id=None)
    return [*known.items(), claim, *([claim] if twice else [])]


def _with_null_act(issuer: Issuer) -> list[tuple[str, Any]]:
    return _pairs(issuer, ("act", None), twice=False)


@pytest.mark.family("A3")
@pytest.mark.parametrize("case", ATTACKS)
def test_an_attack_on_our_own_tokens_is_refused(
    case: str, own: Issuer, outside: Issuer, verifier: Verifier, tally: Tally
) -> None:
    token = ATTACKS[case](own, outside)
    with pytest.raises(Refused) as refused:
        verifier.verify(f"Bearer {token}")
    assert not any(part and part in str(refused.value) for part in token.split("."))
    tally.count(1, case)


GOOD: dict[str, tuple[dict[str, Any], Bearer]] = {
    "a resident": ({}, Bearer(MOTHER, as_staff=False, session_id=SESSION)),
    "staff": ({"acr": "staff"}, Bearer(MOTHER, as_staff=True, session_id=SESSION)),
    "somebody who acts": (
        {"act": {"sub": DAUGHTER}, "sid": ""},
        Bearer(MOTHER, False, DAUGHTER),
    ),
}


@pytest.mark.parametrize("case", GOOD)
def test_a_genuine_token_of_ours_names_the_person_themselves(
    case: str, own: Issuer, verifier: Verifier
) -> None:
    claims, bearer = GOOD[case]
    assert verifier.verify(f"Bearer {made(own, **claims)}") == bearer


def test_an_outside_issuer_can_name_no_person_of_ours(outside: Issuer, verifier: Verifier) -> None:
    named = verifier.verify(f"Bearer {outside.token(sub=MOTHER, act={'sub': DAUGHTER})}")
    assert named == Bearer(ids.person_id(outside.address, MOTHER))


@pytest.fixture
def function(
    own: Issuer, moto_cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """The function `authorize`, asked with a token of ours; its context, or the refusal's text."""
    moto_cloud.table("community")
    own.document = own.document_of(public_jwk(KEY, "key-1"))
    said = {"issuer": own.address, "jwks_uri": own.jwks_uri, "audience": ["linli"], "own": True}
    monkeypatch.setenv("ISSUERS", json.dumps([said]))
    authorizer._verifier.cache_clear()

    def ask(**claims: Any) -> Any:
        event = {"type": "TOKEN", "methodArn": METHOD}
        event["authorizationToken"] = f"Bearer {made(own, **claims)}"
        try:
            return load_app("community").authorize(event, None)["context"]
        except Exception as error:
            return str(error)

    yield ask
    authorizer._verifier.cache_clear()


OWNER = Grant(Role.OWNER, "com_7k2m9x4a/3/1/502")


@pytest.fixture
def granted(function: Callable[..., Any]) -> None:
    """The mother owns a room, and works as a butler."""
    with Transaction() as transaction:
        add_grant(transaction, MOTHER, OWNER)
        add_grant(transaction, MOTHER, Grant(Role.BUTLER, "com_7k2m9x4a"))


@pytest.mark.usefixtures("granted")
@pytest.mark.parametrize(
    ("acr", "grants"),
    [
        ("resident", "owner:com_7k2m9x4a/3/1/502"),
        ("staff", "butler:com_7k2m9x4a;owner:com_7k2m9x4a/3/1/502"),
    ],
)
@pytest.mark.family("A3")
def test_a_code_or_wechat_carries_no_right_of_staff(
    acr: str, grants: str, function: Callable[..., Any], tally: Tally
) -> None:
    assert function(acr=acr) == {
        "person_id": MOTHER,
        "grants": grants,
        "acting_id": "",
        "session_id": SESSION,
    }
    tally.count(1, f"the rights of {acr}")


@pytest.mark.usefixtures("granted")
@pytest.mark.family("A3")
def test_who_acts_is_let_in_while_the_mandate_stands(
    function: Callable[..., Any], tally: Tally
) -> None:
    acting = {"act": {"sub": DAUGHTER}, "sid": ""}
    assert function(**acting) == "Unauthorized"
    with Transaction() as transaction:
        add_mandate(transaction, MOTHER, DAUGHTER)
    assert function(**acting) == {
        "person_id": MOTHER,
        "grants": "owner:com_7k2m9x4a/3/1/502",
        "acting_id": DAUGHTER,
        "session_id": "",
    }
    # A mandate is of one person, and goes one way.
    assert function(act={"sub": "per_" + "x" * 26}) == "Unauthorized"
    assert function(sub=DAUGHTER, act={"sub": MOTHER}) == "Unauthorized"
    with Transaction() as transaction:
        remove_mandate(transaction, MOTHER, DAUGHTER)
    assert function(**acting) == "Unauthorized"
    tally.count(4, "acting without a mandate")


@pytest.mark.usefixtures("granted")
@pytest.mark.parametrize("frozen", [MOTHER, DAUGHTER])
@pytest.mark.family("A3")
def test_the_frozen_are_refused_and_so_is_who_acts_while_frozen(
    frozen: str, function: Callable[..., Any], tally: Tally
) -> None:
    acting = {"act": {"sub": DAUGHTER}}
    with Transaction() as transaction:
        add_mandate(transaction, MOTHER, DAUGHTER)
    assert function(**acting) != "Unauthorized"
    with Transaction() as transaction:
        freeze(transaction, frozen)
    assert function(**acting) == "Unauthorized"
    assert function(sub=frozen) == "Unauthorized"
    tally.count(2, f"frozen {frozen}")
