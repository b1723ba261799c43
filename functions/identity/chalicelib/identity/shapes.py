"""What the issuer publishes, and the types that all of identity speaks of."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.identity.rules import Ring
from shared.requests import IMPERSONAL, PERSONAL, Link, Shape

KEYS_FRESH_SECONDS = 300
"""How long whatever stands between may keep the key document (`rules.PUBLISHED_BEFORE`)."""

Phone = Annotated[
    str, Meta(pattern=r"^1[3-9][0-9]{9}$(?!\n)", examples=["13812345678"], extra=PERSONAL)
]
Code = Annotated[str, Meta(pattern=r"^[0-9]{6}$(?!\n)", examples=["042817"], extra=IMPERSONAL)]
Device = Annotated[str, Meta(min_length=1, max_length=60, examples=["iPhone 17"], extra=PERSONAL)]
SessionId = Annotated[
    str,
    Meta(
        pattern=r"^ses_[0-9a-hjkmnp-tv-z]{26}$(?!\n)",
        examples=["ses_01jd5k8m2n4p6q8r0s2t4v6w8x"],
    ),
]
_Number = Annotated[str, Meta(max_length=1_000, examples=["AQAB"])]


class PublicKey(Shape):
    """A public key (RFC 7517)."""

    kid: Annotated[str, Meta(examples=["NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"])]
    n: _Number
    e: _Number
    kty: Literal["RSA"] = "RSA"
    use: Literal["sig"] = "sig"
    alg: Literal["RS256"] = "RS256"


class KeyDocument(Shape):
    """The keys that a token may be signed with (RFC 7517 §5)."""

    keys: tuple[PublicKey, ...]


class Discovery(Shape):
    """What whoever verifies a token asks of its issuer (OpenID Connect Discovery 1.0, section 3).

    There is no endpoint of OAuth's for tokens: people sign in by routes of this API.
    """

    issuer: Link
    jwks_uri: Link
    response_types_supported: tuple[Literal["token"], ...] = ("token",)
    subject_types_supported: tuple[Literal["public"], ...] = ("public",)
    id_token_signing_alg_values_supported: tuple[Literal["RS256"], ...] = ("RS256",)


def key_document(ring: Ring) -> KeyDocument:
    """All keys of the ring: those that sign, signed of late, or will sign."""
    return KeyDocument(keys=tuple(PublicKey(kid=key.kid, n=key.n, e=key.e) for key in ring.keys))


def discovery(issuer: str) -> Discovery:
    """The document of an issuer at this address."""
    return Discovery(issuer=issuer, jwks_uri=f"{issuer}/.well-known/jwks.json")
