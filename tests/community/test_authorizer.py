"""The authorizer against genuine tokens and against the attacks of SECURITY.md A3."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from chalicelib.community import authorizer
from chalicelib.community.authorizer import Bearer, Refused, Verifier
from shared import ids
from tests.harness.families import Tally
from tests.harness.issuer import (
    CLIENT,
    Issuer,
    Sign,
    bytes_of,
    new_key,
    public_jwk,
    public_pem,
    rs256,
    text_of,
    token_of,
    written,
)

KEY, FOREIGN_KEY, ATTACKERS_KEY = new_key(), new_key(), new_key()


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    running = Issuer(KEY)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def foreign() -> Iterator[Issuer]:
    """A second configured issuer, as genuine as the first, with a key of the same name."""
    running = Issuer(FOREIGN_KEY)
    running.document = running.document_of(
        public_jwk(FOREIGN_KEY, "key-1"), public_jwk(FOREIGN_KEY, "key-of-the-second")
    )
    yield running
    running.stop()


@pytest.fixture(scope="module")
def attacker() -> Iterator[Issuer]:
    """Somebody who runs a key server too, and is not configured."""
    running = Issuer(ATTACKERS_KEY)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def verifier(issuer: Issuer, foreign: Issuer) -> Verifier:
    return Verifier(
        tuple(
            authorizer.Issuer(each.address, each.jwks_uri, (CLIENT,), "access")
            for each in (issuer, foreign)
        )
    )


def hs256(secret: bytes) -> Sign:
    return lambda signed: hmac.new(secret, signed, hashlib.sha256).digest()


def unsigned(signed: bytes) -> bytes:
    return b""


def rs512(signed: bytes) -> bytes:
    return KEY.sign(signed, padding.PKCS1v15(), hashes.SHA512())


def ps256(signed: bytes) -> bytes:
    shape = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return KEY.sign(signed, shape, hashes.SHA256())


def es256(signed: bytes) -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).sign(signed, ec.ECDSA(hashes.SHA256()))


def changed(token: str, **claims: Any) -> str:
    """The token with other claims under the signature it had."""
    header, payload, signature = token.split(".")
    known = json.loads(bytes_of(payload))
    return f"{header}.{text_of(json.dumps(known | claims).encode())}.{signature}"


def with_a_bit_turned(token: str) -> str:
    """The token with the last bit of its signature turned."""
    signed, _, signature = token.rpartition(".")
    *same, last = bytes_of(signature)
    return f"{signed}.{text_of(bytes([*same, last ^ 1]))}"


def now() -> int:
    return int(time.time())


def jwk(key: rsa.RSAPrivateKey) -> dict[str, Any]:
    return public_jwk(key, "key-1")


def pairs(issuer: Issuer, *more: tuple[str, Any], front: bool = False) -> list[tuple[str, Any]]:
    known = list(issuer.claims().items())
    return [*more, *known] if front else [*known, *more]


# A case makes what stands after "Bearer " from the issuer and the attacker.
Attack = Callable[[Issuer, Issuer], str]
SIGNATURES: dict[str, Attack] = {
    "alg none without a signature": lambda i, a: i.token({"alg": "none"}, sign=unsigned),
    "alg nOnE in other letters": lambda i, a: i.token({"alg": "nOnE"}, sign=unsigned),
    "alg none over the genuine signature": lambda i, a: i.token({"alg": "none"}),
    "alg empty": lambda i, a: i.token({"alg": ""}, sign=unsigned),
    "alg missing": lambda i, a: i.token({"alg": ...}),
    "alg null": lambda i, a: i.token({"alg": None}),
    "alg a list with the right one": lambda i, a: i.token({"alg": ["RS256"]}),
    "signature left out": lambda i, a: i.token(sign=unsigned),
    "signature part cut off": lambda i, a: i.token().rpartition(".")[0],
    "HS256 keyed with the public key": lambda i, a: i.token(
        {"alg": "HS256"}, sign=hs256(public_pem(KEY))
    ),
    "HS256 keyed with the published document": lambda i, a: i.token(
        {"alg": "HS256"}, sign=hs256(i.document)
    ),
    "HS256 keyed with nothing": lambda i, a: i.token({"alg": "HS256"}, sign=hs256(b"")),
    "RS512 by the right key": lambda i, a: i.token({"alg": "RS512"}, sign=rs512),
    "RS512 signature called RS256": lambda i, a: i.token(sign=rs512),
    "PS256 by the right key": lambda i, a: i.token({"alg": "PS256"}, sign=ps256),
    "ES256 by a key of the attacker": lambda i, a: i.token({"alg": "ES256"}, sign=es256),
    "signed by the attacker's key": lambda i, a: i.token(sign=rs256(ATTACKERS_KEY)),
    "signature of another token": lambda i, a: (
        f"{i.token(sub='a').rpartition('.')[0]}.{i.token(sub='b').rpartition('.')[2]}"
    ),
    "subject changed after signing": lambda i, a: changed(i.token(), sub="somebody-else"),
    "expiry changed after signing": lambda i, a: changed(i.token(exp=1), exp=now() + 3600),
    "one bit of the signature turned": lambda i, a: with_a_bit_turned(i.token()),
    "critical extension nobody knows": lambda i, a: i.token({"crit": ["exp"]}),
    "payload not encoded (b64 false)": lambda i, a: i.token({"b64": False, "crit": ["b64"]}),
}
KEYS: dict[str, Attack] = {
    "kid missing": lambda i, a: i.token({"kid": ...}),
    "kid null": lambda i, a: i.token({"kid": None}),
    "kid a number": lambda i, a: i.token({"kid": 1}),
    "kid a list with the right one": lambda i, a: i.token({"kid": ["key-1"]}),
    "kid empty": lambda i, a: i.token({"kid": ""}),
    "kid of no key": lambda i, a: i.token({"kid": "key-9"}),
    "kid a path to an empty file, HS256": lambda i, a: i.token(
        {"kid": "../../../../dev/null", "alg": "HS256"}, sign=hs256(b"")
    ),
    "kid a path": lambda i, a: i.token({"kid": "../../../../dev/null"}),
    "kid an address": lambda i, a: i.token({"kid": a.jwks_uri}, sign=rs256(ATTACKERS_KEY)),
    "kid with a statement inside": lambda i, a: i.token({"kid": "' UNION SELECT 'key-1"}),
    "kid of the second issuer's key": lambda i, a: i.token(
        {"kid": "key-of-the-second"}, sign=rs256(FOREIGN_KEY)
    ),
    "the second issuer's key of the same name": lambda i, a: i.token(sign=rs256(FOREIGN_KEY)),
    "jku to the attacker": lambda i, a: i.token({"jku": a.jwks_uri}, sign=rs256(ATTACKERS_KEY)),
    "x5u to the attacker": lambda i, a: i.token({"x5u": a.jwks_uri}, sign=rs256(ATTACKERS_KEY)),
    "jwk of the attacker inside": lambda i, a: i.token(
        {"jwk": jwk(ATTACKERS_KEY)}, sign=rs256(ATTACKERS_KEY)
    ),
    "x5c of the attacker inside": lambda i, a: i.token(
        {"x5c": [text_of(public_pem(ATTACKERS_KEY))]}, sign=rs256(ATTACKERS_KEY)
    ),
}
CLAIMS: dict[str, Attack] = {
    "iss of the attacker, genuinely signed by him": lambda i, a: a.token(),
    "iss of the attacker, signed by ours": lambda i, a: i.token(iss=a.address),
    "iss missing": lambda i, a: i.token(iss=None),
    "iss with a slash more": lambda i, a: i.token(iss=i.address + "/"),
    "iss in a list": lambda i, a: i.token(iss=[i.address]),
    "aud of another client": lambda i, a: i.token(client_id="another"),
    "aud missing": lambda i, a: i.token(client_id=None),
    "aud wrong, though client_id is right": lambda i, a: i.token(aud="another"),
    "aud a list without ours": lambda i, a: i.token(client_id=None, aud=["a", "b"]),
    "aud an empty list": lambda i, a: i.token(client_id=None, aud=[]),
    "aud an object": lambda i, a: i.token(client_id=None, aud={CLIENT: True}),
    "aud in other letters": lambda i, a: i.token(client_id=CLIENT.upper()),
    "an id token, not an access token": lambda i, a: i.token(
        token_use="id", client_id=None, aud=CLIENT
    ),
    "token_use missing": lambda i, a: i.token(token_use=None),
    "token_use in a list": lambda i, a: i.token(token_use=["access"]),
    "exp missing": lambda i, a: i.token(exp=None),
    "exp eleven seconds ago": lambda i, a: i.token(exp=now() - 11),
    "exp a year ago": lambda i, a: i.token(exp=now() - 31_536_000),
    "exp zero": lambda i, a: i.token(exp=0),
    "exp below zero": lambda i, a: i.token(exp=-1),
    "exp a word": lambda i, a: i.token(exp="never"),
    "exp without end": lambda i, a: i.token(exp=float("inf")),
    "exp no number": lambda i, a: i.token(exp=float("nan")),
    "exp a list": lambda i, a: i.token(exp=[now() + 60]),
    "nbf in twelve seconds": lambda i, a: i.token(nbf=now() + 12),
    "nbf a word": lambda i, a: i.token(nbf="later"),
    "iat missing": lambda i, a: i.token(iat=None),
    "iat in twelve seconds": lambda i, a: i.token(iat=now() + 12),
    "sub missing": lambda i, a: i.token(sub=None),
    "sub empty": lambda i, a: i.token(sub=""),
    "sub a number": lambda i, a: i.token(sub=1),
    "jti a number": lambda i, a: i.token(jti=1),
    "sub of 129 characters": lambda i, a: i.token(sub="s" * 129),
    "sub twice": lambda i, a: i.token(pairs=pairs(i, ("sub", "somebody-else"))),
    "sub twice, the other first": lambda i, a: i.token(
        pairs=pairs(i, ("sub", "somebody-else"), front=True)
    ),
    "exp twice": lambda i, a: i.token(pairs=pairs(i, ("exp", 1), front=True)),
    "iss twice": lambda i, a: i.token(pairs=pairs(i, ("iss", a.address), front=True)),
    "a claim inside a claim twice": lambda i, a: token_of(
        written([("alg", "RS256"), ("kid", "key-1")]),
        written(pairs(i))[:-1] + b',"x":{"y":1,"y":2}}',
        rs256(KEY),
    ),
}
FORMS: dict[str, Attack] = {
    "nothing": lambda i, a: "",
    "no token at all": lambda i, a: "token",
    "only dots": lambda i, a: "..",
    "four parts": lambda i, a: i.token() + ".x",
    "five parts, as an encrypted token": lambda i, a: i.token() + ".x.y",
    "more than 8 KB": lambda i, a: i.token(sub="s", padding="p" * 8_192),
    "a megabyte": lambda i, a: "a" * 1_000_000,
    "header no JSON": lambda i, a: token_of(b"{", written(pairs(i)), rs256(KEY)),
    "header a list": lambda i, a: token_of(b"[]", written(pairs(i)), rs256(KEY)),
    "payload a list": lambda i, a: token_of(
        written([("alg", "RS256"), ("kid", "key-1")]), b"[]", rs256(KEY)
    ),
    "payload a text": lambda i, a: token_of(
        written([("alg", "RS256"), ("kid", "key-1")]), b'"sub"', rs256(KEY)
    ),
    "payload not UTF-8": lambda i, a: token_of(
        written([("alg", "RS256"), ("kid", "key-1")]), b'{"sub":"\xff"}', rs256(KEY)
    ),
    "payload nested without end": lambda i, a: token_of(
        written([("alg", "RS256"), ("kid", "key-1")]), b"[" * 5_000, rs256(KEY)
    ),
    "header nested without end": lambda i, a: f"{text_of(b'[' * 5_000)}.e30.e30",
    "characters outside ASCII": lambda i, a: i.token() + "邻",
    "half a character": lambda i, a: i.token() + "\ud800",
    "a zero character in front": lambda i, a: "\0" + i.token(),
    "two tokens": lambda i, a: f"{i.token()} {i.token()}",
    "as JSON": lambda i, a: json.dumps({"payload": i.token()}),
}
ATTACKS = {**SIGNATURES, **KEYS, **CLAIMS, **FORMS}


@pytest.mark.family("A3")
@pytest.mark.parametrize("case", ATTACKS)
def test_an_attack_is_refused(
    case: str, issuer: Issuer, attacker: Issuer, verifier: Verifier, tally: Tally
) -> None:
    token = ATTACKS[case](issuer, attacker)
    with pytest.raises(Refused) as refused:
        verifier.verify(f"Bearer {token}")
    assert attacker.asked == 0
    # What is logged of a refusal never holds the token or a part of it.
    assert not any(part and part in str(refused.value) for part in token.split("."))
    tally.count(1, case)


@pytest.mark.family("A3")
@pytest.mark.parametrize(
    "scheme", ["", "Basic ", "Bearer", "Bearer:", "Token ", "Bearer\t", "Digest Bearer "]
)
def test_a_good_token_under_another_scheme_is_refused(
    scheme: str, issuer: Issuer, verifier: Verifier, tally: Tally
) -> None:
    with pytest.raises(Refused):
        verifier.verify(scheme + issuer.token())
    tally.count(1, f"the scheme {scheme!r}")


GOOD: dict[str, Callable[[Issuer], str]] = {
    "as the issuer makes it": lambda i: i.token(),
    "audience in aud": lambda i: i.token(client_id=None, aud=CLIENT),
    "audience in a list with others": lambda i: i.token(client_id=None, aud=["a", CLIENT]),
    "expired five seconds ago, by our clock": lambda i: i.token(exp=now() - 5),
    "valid from in five seconds, by our clock": lambda i: i.token(nbf=now() + 5),
    "issued in five seconds, by our clock": lambda i: i.token(iat=now() + 5),
    "with a claim nobody asked for": lambda i: i.token(scope="openid", nickname="邻里"),
    "with a header that is not followed": lambda i: i.token({"jku": "http://127.0.0.1:1/"}),
}


@pytest.mark.parametrize("case", GOOD)
def test_a_genuine_token_names_its_person(case: str, issuer: Issuer, verifier: Verifier) -> None:
    token = GOOD[case](issuer)
    named = Bearer(ids.person_id(issuer.address, issuer.claims()["sub"]))
    assert verifier.verify(f"Bearer {token}") == named
    assert verifier.verify(f"bearer {token}") == named


def test_each_issuer_speaks_for_its_own_subjects(
    issuer: Issuer, foreign: Issuer, verifier: Verifier
) -> None:
    found = {verifier.verify(f"Bearer {each.token(sub='same')}") for each in (issuer, foreign)}
    assert found == {Bearer(ids.person_id(each.address, "same")) for each in (issuer, foreign)}
