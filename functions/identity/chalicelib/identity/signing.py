"""The signing keys' private halves: they never leave KMS, which signs for us."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime

import msgspec

from chalicelib.identity.rules import Key, State
from shared import aws

_ALGORITHM = "RSASSA_PKCS1_V1_5_SHA_256"
_DELETED_AFTER_DAYS = 7
_BITS = 2048


def make_key(now: datetime) -> Key:
    """A new key of KMS, tagged as ours, which is what lets our functions use it."""
    kms = aws.client("kms")
    stage = aws.setting("STAGE")
    made = kms.create_key(
        KeySpec=f"RSA_{_BITS}",
        KeyUsage="SIGN_VERIFY",
        Description=f"Linli {stage} signs access tokens, made {now:%Y-%m-%dT%H:%M:%S.%fZ}",
        Tags=[{"TagKey": "linli", "TagValue": f"{stage}-tokens"}],
    )
    kms_id = made["KeyMetadata"]["KeyId"]
    n, e = _public_half(kms.get_public_key(KeyId=kms_id)["PublicKey"])
    # The members of the thumbprint stand in the order of their names, without a space (RFC 7638).
    facts = msgspec.json.encode({"e": e, "kty": "RSA", "n": n})
    return Key(
        kid=_text(hashlib.sha256(facts).digest()),
        kms_id=kms_id,
        n=n,
        e=e,
        state=State.NEXT,
        since=now,
    )


def sign(kms_id: str, message: bytes) -> bytes:
    """RS256 over a message of at most 4096 bytes (AWS: KMS Sign, MessageType RAW)."""
    answer = aws.client("kms").sign(
        KeyId=kms_id, Message=message, MessageType="RAW", SigningAlgorithm=_ALGORITHM
    )
    return bytes(answer["Signature"])


def drop_key(kms_id: str) -> None:
    """Have KMS forget a key in a week; it signs nothing from now on. A repeat changes nothing."""
    kms = aws.client("kms")
    try:
        kms.schedule_key_deletion(KeyId=kms_id, PendingWindowInDays=_DELETED_AFTER_DAYS)
    except kms.exceptions.KMSInvalidStateException:
        # It is on its way out already: an earlier run came this far.
        return


def _public_half(encoded: bytes) -> tuple[str, str]:
    """Modulus and exponent of a SubjectPublicKeyInfo, as a key document writes them."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    key = load_der_public_key(encoded)
    assert isinstance(key, RSAPublicKey), "it was made as an RSA key"
    numbers = key.public_numbers()
    return _number(numbers.n), _number(numbers.e)


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
