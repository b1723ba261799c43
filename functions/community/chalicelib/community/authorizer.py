"""The one authorizer: whose token is this, is it genuine, is it still good.

RS256 only, configured issuers only, keys by the issuer's own JWKS document.  Known keys outlive
an outage of that document; an unknown key is looked for at most every half minute; nothing here
ever fails open.  SECURITY.md A3; RFC 7519, RFC 8725.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.request
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import jwt
import msgspec

from shared import aws, ids
from shared.auth import Grant
from shared.grants import grants_of

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


class Refused(Exception):
    """The token is not accepted; the message is for the log and never holds the token."""


class Issuer(msgspec.Struct, frozen=True):
    """An issuer we take tokens from.

    `audience` are the client ids or audiences of ours; `token_use`, where given, is the value of
    the claim of that name (Cognito: "access"; an id token is not accepted as an access token).
    """

    issuer: str
    jwks_uri: str
    audience: tuple[str, ...]
    token_use: str | None = None


class Keys:
    """One issuer's public keys, fetched when needed and kept for the life of the container."""

    def __init__(self, jwks_uri: str) -> None:
        self._jwks_uri = jwks_uri
        self._keys: dict[str, Any] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")

    def find(self, key_id: str) -> Any:
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


def _public_keys(document: bytes) -> dict[str, Any]:
    """The RS256 signing keys of a JWKS document by id; others are passed over (RFC 7517 §5)."""
    keys = {}
    for published in msgspec.json.decode(document, type=_KeySet).keys:
        try:
            key = msgspec.convert(published, _Key)
            numbers = {"kty": key.kty, "n": key.n, "e": key.e}
            public = jwt.PyJWK(numbers, algorithm="RS256").key
        except (msgspec.ValidationError, jwt.PyJWTError, ValueError):
            # One key that we cannot use must not take its neighbours with it.
            continue
        if public.key_size >= MIN_KEY_BITS:
            keys[key.kid] = public
    return keys


def authorize(authorization: str) -> tuple[str, tuple[Grant, ...]]:
    """The person behind an `Authorization` header, and their grants, looked up once.

    Raises
    ------
    Refused
        The token is not accepted.
    """
    issuer, subject = _verifier().verify(authorization)
    person_id = ids.person_id(issuer, subject)
    return person_id, grants_of(person_id)


@cache
def _verifier() -> Verifier:
    issuers = msgspec.json.decode(aws.setting("ISSUERS"), type=tuple[Issuer, ...])
    return Verifier(issuers)


class Verifier:
    """Checks tokens against the configured issuers."""

    def __init__(self, issuers: tuple[Issuer, ...]) -> None:
        self._issuers = {issuer.issuer: issuer for issuer in issuers}
        self._keys = {issuer.issuer: Keys(issuer.jwks_uri) for issuer in issuers}

    def verify(self, authorization: str) -> tuple[str, str]:
        """Issuer and subject of the genuine, current token in an `Authorization` header.

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

    def _verify(self, token: str) -> tuple[str, str]:
        header = jwt.get_unverified_header(token)
        if header.get("alg") != "RS256" or not isinstance(header.get("kid"), str):
            raise Refused("not RS256 with a key id")
        claimed = jwt.decode(token, options={"verify_signature": False})
        issuer = self._issuers.get(str(claimed.get("iss")))
        if issuer is None:
            raise Refused("unknown issuer")
        claims = jwt.decode(
            token,
            self._keys[issuer.issuer].find(header["kid"]),
            algorithms=["RS256"],
            issuer=issuer.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iat", "iss", "sub"], "verify_aud": False},
        )
        _check_audience(claims, issuer)
        _check_no_repeats(token)
        subject = claims["sub"]
        if not isinstance(subject, str) or not 1 <= len(subject) <= 128:
            raise Refused("no subject")
        return issuer.issuer, subject


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
    json.loads(jwt.utils.base64url_decode(payload), object_pairs_hook=once)
