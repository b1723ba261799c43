"""The one authorizer: whose token is this, is it genuine, is it still good.

RS256 only, configured issuers only, keys by the issuer's own JWKS document.  Known keys outlive
an outage of that document; an unknown key is looked for at most every half minute; nothing here
ever fails open.  SECURITY.md A3; RFC 7519, RFC 8725.

One issuer is the platform's own (`identity`): its tokens name the person themselves, say how sure
it is of them (`acr`) and who acts for them (`act`, RFC 8693).  Whom outside issuers name becomes a
person by issuer and subject, so that none of them can name a person of ours.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.request
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, NoReturn

import jwt
import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from jwt.algorithms import Algorithm
from jwt.types import Options
from jwt.utils import base64url_decode, from_base64url_uint

from shared import aws, ids
from shared.auth import RESIDENTS, Grant
from shared.grants import standing_of

MAX_TOKEN_BYTES = 8 * 1024
MAX_JWKS_BYTES = 64 * 1024
MIN_KEY_BITS = 2048
LEEWAY_SECONDS = 10
REFRESH_SECONDS = 600
RETRY_SECONDS = 30
FETCH_TIMEOUT_SECONDS = 3
_UNUSABLE = (
    OSError,
    ValueError,
    RecursionError,
    http.client.HTTPException,
    msgspec.DecodeError,
)
"""What an outage looks like: no answer, an answer that is no HTTP, or one that holds no keys."""
_UNSIGNED: Options = {"verify_signature": False}
_CLAIMS: Options = {
    # Checked by then: PyJWT would do it with any algorithm that it knows, `_SIGNATURES` with one.
    "verify_signature": False,
    "require": ["exp", "iat", "iss", "sub"],
    "verify_exp": True,
    "verify_iat": True,
    "verify_iss": True,
    "verify_jti": True,
    "verify_nbf": True,
    "verify_sub": True,
}


class Refused(Exception):
    """The token is not accepted; the message is for the log and never holds the token."""


class _RS256(Algorithm):
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3) for PyJWT, to verify and nothing else.

    PyJWT's own loads every kind of key and certificate: see `prune.txt` of the layer `crypto`.
    """

    def prepare_key(self, key: rsa.RSAPublicKey) -> rsa.RSAPublicKey:
        return key

    def verify(self, msg: bytes, key: rsa.RSAPublicKey, sig: bytes) -> bool:
        try:
            key.verify(sig, msg, padding.PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True

    @staticmethod
    def from_jwk(jwk: Any) -> rsa.RSAPublicKey:
        numbers = rsa.RSAPublicNumbers(from_base64url_uint(jwk["e"]), from_base64url_uint(jwk["n"]))
        return numbers.public_key()

    # PyJWT wants both of every algorithm.

    def sign(self, msg: bytes, key: Any) -> NoReturn:
        raise NotImplementedError  # nothing is signed here

    @staticmethod
    def to_jwk(key_obj: Any, as_dict: bool = False) -> NoReturn:
        raise NotImplementedError  # nothing is published here


# Knows no other algorithm: neither "none" nor a symmetric one is anywhere to be chosen.
_SIGNATURES = jwt.PyJWS(algorithms=())
_SIGNATURES.register_algorithm("RS256", _RS256())


class Issuer(msgspec.Struct, frozen=True):
    """An issuer we take tokens from.

    `audience` are the client ids or audiences of ours; `token_use`, where given, is the value of
    the claim of that name (Cognito: "access"; an id token is not accepted as an access token).
    `own` is the platform's own issuer.
    """

    issuer: str
    jwks_uri: str
    audience: tuple[str, ...]
    token_use: str | None = None
    own: bool = False


class Bearer(msgspec.Struct, frozen=True):
    """Whom a genuine token speaks for.

    Attributes
    ----------
    as_staff
        Whether roles of staff count: our own issuer may be too unsure of who it is.
    acting_id
        Who acts for the person; empty where they act themselves.
    session_id
        The session of our own issuer that the token came of, if it came of one.
    """

    person_id: str
    as_staff: bool = True
    acting_id: str = ""
    session_id: str = ""


class _OwnClaims(msgspec.Struct):
    """What a token of our own issuer must say beyond what every token must."""

    sub: str
    aud: str
    acr: Literal["resident", "staff"]
    act: _Actor | None = None
    sid: str = ""


class _Actor(msgspec.Struct, forbid_unknown_fields=True):
    """Who acts (RFC 8693 §4.1); a chain of actors is not ours."""

    sub: str


class Keys:
    """One issuer's public keys, fetched when needed and kept for the life of the container."""

    def __init__(self, jwks_uri: str) -> None:
        self._jwks_uri = jwks_uri
        self._keys: dict[str, rsa.RSAPublicKey] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")

    def find(self, key_id: str) -> rsa.RSAPublicKey:
        """The RSA public key called `key_id`.

        Raises
        ------
        Refused
            The issuer publishes no such key, or cannot be asked now.
        """
        now = time.monotonic()
        stale = now - self._fetched_at > REFRESH_SECONDS
        if (key_id not in self._keys or stale) and now - self._tried_at > RETRY_SECONDS:
            self._tried_at = now
            try:
                self._keys = _public_keys(_fetch(self._jwks_uri))
                self._fetched_at = now
            except _UNUSABLE as error:
                # Known keys outlive an outage; an unknown one is refused below all the same.
                if not self._keys:
                    raise Refused(f"no keys: {type(error).__name__}") from error
        if key_id not in self._keys:
            raise Refused("unknown key")
        return self._keys[key_id]


def _fetch(uri: str) -> bytes:
    # The address is configuration, never taken from a token (no jku, no x5u).
    with urllib.request.urlopen(uri, timeout=FETCH_TIMEOUT_SECONDS) as answer:  # nosec B310
        body: bytes = answer.read(MAX_JWKS_BYTES + 1)
    if len(body) > MAX_JWKS_BYTES:
        raise ValueError("the key document is too large")
    return body


class _KeySet(msgspec.Struct):
    """A JWKS document (RFC 7517)."""

    keys: list[dict[str, Any]]


class _Key(msgspec.Struct):
    """An RSA key of a JWKS document; what else stands there is not looked at."""

    kty: Literal["RSA"]
    kid: str
    n: str
    e: str
    use: Literal["sig"] = "sig"
    alg: Literal["RS256"] = "RS256"


def _public_keys(document: bytes) -> dict[str, rsa.RSAPublicKey]:
    """The RS256 signing keys of a JWKS document by id; others are passed over (RFC 7517 §5)."""
    keys = {}
    for published in msgspec.json.decode(document, type=_KeySet).keys:
        try:
            key = msgspec.convert(published, _Key)
            public = _RS256.from_jwk({"n": key.n, "e": key.e})
        except (msgspec.ValidationError, ValueError):
            # One key that we cannot use must not take its neighbours with it.
            continue
        if public.key_size >= MIN_KEY_BITS:
            keys[key.kid] = public
    return keys


def authorize(authorization: str) -> tuple[Bearer, tuple[Grant, ...]]:
    """Whom an `Authorization` header speaks for, and their grants that count, looked up once.

    Raises
    ------
    Refused
        The token is not accepted, its person is frozen, or who acts for them may not.
    """
    bearer = _verifier().verify(authorization)
    standing = standing_of(bearer.person_id)
    if standing.frozen:
        raise Refused("frozen")
    if bearer.acting_id:
        if bearer.acting_id not in standing.acting:
            raise Refused("no mandate")
        if standing_of(bearer.acting_id).frozen:
            raise Refused("frozen")
    if bearer.as_staff:
        return bearer, standing.grants
    return bearer, tuple(grant for grant in standing.grants if grant.role in RESIDENTS)


@cache
def _verifier() -> Verifier:
    issuers = msgspec.json.decode(aws.setting("ISSUERS"), type=tuple[Issuer, ...])
    return Verifier(issuers)


class Verifier:
    """Checks tokens against the configured issuers."""

    def __init__(self, issuers: tuple[Issuer, ...]) -> None:
        self._issuers = {issuer.issuer: issuer for issuer in issuers}
        self._keys = {issuer.issuer: Keys(issuer.jwks_uri) for issuer in issuers}

    def verify(self, authorization: str) -> Bearer:
        """Whom the genuine, current token in an `Authorization` header speaks for.

        Raises
        ------
        Refused
            Anything at all is not as it must be.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN_BYTES:
            raise Refused("no bearer token")
        try:
            return self._verify(token)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise Refused(type(error).__name__) from error

    def _verify(self, token: str) -> Bearer:
        header = _SIGNATURES.get_unverified_header(token)
        if header.get("alg") != "RS256" or not isinstance(header.get("kid"), str):
            raise Refused("not RS256 with a key id")
        claimed = jwt.decode(token, options=_UNSIGNED)
        issuer = self._issuers.get(str(claimed.get("iss")))
        if issuer is None:
            raise Refused("unknown issuer")
        key = self._keys[issuer.issuer].find(header["kid"])
        _SIGNATURES.decode(token, key, algorithms=["RS256"])
        claims = jwt.decode(token, issuer=issuer.issuer, leeway=LEEWAY_SECONDS, options=_CLAIMS)
        _check_audience(claims, issuer)
        _check_no_repeats(token)
        subject = claims["sub"]
        if not isinstance(subject, str) or not 1 <= len(subject) <= 128:
            raise Refused("no subject")
        if issuer.own:
            return _of_our_own(header, claims, issuer)
        return Bearer(ids.person_id(issuer.issuer, subject))


def _of_our_own(header: Mapping[str, Any], claims: Mapping[str, Any], issuer: Issuer) -> Bearer:
    """Whom a token of our own issuer speaks for; it says neither more nor less than ours do."""
    if header.get("typ") != "at+jwt":
        raise Refused("not an access token")
    try:
        own = msgspec.convert(claims, _OwnClaims)
    except msgspec.ValidationError as error:
        raise Refused("not as we make them") from error
    if own.aud not in issuer.audience or not ids.is_person_id(own.sub):
        raise Refused("not as we make them")
    if own.act is None and "act" in claims:
        raise Refused("nobody acts")
    acting_id = own.act.sub if own.act else ""
    if acting_id and (acting_id == own.sub or not ids.is_person_id(acting_id)):
        raise Refused("nobody who could act")
    if own.act is not None and (not acting_id or own.acr != "resident"):
        raise Refused("staff acts for nobody")
    return Bearer(own.sub, own.acr == "staff", acting_id, own.sid)


def _check_audience(claims: Mapping[str, Any], issuer: Issuer) -> None:
    """Cognito's access tokens name the client in `client_id`; others the audience in `aud`."""
    audience = claims.get("aud", claims.get("client_id"))
    named = audience if isinstance(audience, list) else [audience]
    if not set(map(str, named)).intersection(issuer.audience):
        raise Refused("for another audience")
    if issuer.token_use is not None and claims.get("token_use") != issuer.token_use:
        raise Refused("for another use")


def _check_no_repeats(token: str) -> None:
    """Refuse a payload that names a claim twice: two readers would see two truths."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise Refused("a claim stands twice")
        return dict(pairs)

    payload = token.split(".")[1]
    json.loads(base64url_decode(payload), object_pairs_hook=once)
