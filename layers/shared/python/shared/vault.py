"""Personal data at rest: one envelope per person, and keyed hashes to find people by.

KMS unwraps one data key of the platform, once per warm process.  From it are derived a key that
wraps each person's own key, a key of the hashes, and keys of whoever asks for one by a label.
A person's details are sealed with that person's key alone (AWS Encryption SDK, AES-256-GCM with
HKDF and key commitment), so what destroys the wrapped key destroys the person's details in every
table, stream and log that they ever reached, whatever else is left.

The wrapped data key is one item of the grants table, made at first use.  Hashing needs nothing
but the standard library; `seal` and `open_sealed` need the layers `crypto` and `envelope`, which
they import by themselves.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Literal

from pynamodb.attributes import BinaryAttribute

from shared import aws, ids
from shared.table import Record, Refused

if TYPE_CHECKING:
    from aws_encryption_sdk import EncryptionSDKClient
    from aws_encryption_sdk.key_providers.raw import RawMasterKey

Kind = Literal["phone", "name", "id_number", "openid", "unionid", "username"]

_KEY_BYTES = 32
_NONCE_BYTES = 12
PURPOSE = {"purpose": "linli-personal-data"}
"""What KMS binds the data key to, and writes into its own log with every use."""
_ITEM = ("platform#keys#personal", "key")
_PERSON = "p"
"""The encryption context says whose the details are; short, as it stands in every envelope."""
_NOT_IN_PHONE = re.compile(r"[^0-9]")
_COUNTRY = re.compile(r"^(?:0{0,2}86)(?=1[0-9]{10}$)")
_SPACES = re.compile(r"\s")


class Unreadable(Exception):
    """Sealed bytes are not what was sealed for this person; nothing was learnt of them."""


class _Key(Record):
    table_setting = "GRANTS_TABLE"

    wrapped = BinaryAttribute(null=True, legacy_encoding=False)


def blind(kind: Kind, value: str) -> str:
    """26 characters that this value of this kind always gives, and that only we can make.

    A table's reader cannot try all phones against them, as they lack the key.

    Parameters
    ----------
    kind
        What the value is; the same digits as a phone and as an id number meet nowhere.
    value
        As it was typed: it is normalised here, so that the register and the app agree.
    """
    text = f"{kind}\0{normal(kind, value)}".encode()
    return ids.letters(hmac.digest(derived_key("blind"), text, "sha256"))


def normal(kind: Kind, value: str) -> str:
    """The one spelling of a value: what looks alike is alike.

    A phone is its digits, without mainland China's prefix; a name has no spaces (Unicode NFKC); an
    id number ends in a capital X; openid and unionid are WeChat's own spelling.
    """
    if kind in ("openid", "unionid"):
        return value
    text = unicodedata.normalize("NFKC", value)
    if kind == "phone":
        return _COUNTRY.sub("", _NOT_IN_PHONE.sub("", text))
    text = _SPACES.sub("", text)
    # What was apart from its accent only by a space, or by its case, is one letter with it now.
    return unicodedata.normalize("NFKC", text.upper() if kind == "id_number" else text.casefold())


def derived_key(label: str) -> bytes:
    """A key of 32 bytes for one use, derived from the platform's data key.

    HKDF-Expand with SHA-256 for one block (RFC 5869 §2.3); the data key is 256 bits of chance, so
    there is nothing to extract.
    """
    return hmac.digest(_data_key(aws.setting("GRANTS_TABLE")), label.encode() + b"\1", "sha256")


def new_key(person_id: str) -> bytes:
    """A new key for a person, wrapped as it is to be stored; whoever deletes it erases them."""
    return _wrap(person_id, ids.random_bytes(_KEY_BYTES))


def seal(person_id: str, wrapped_key: bytes, details: bytes) -> bytes:
    """The envelope of a person's details.

    Raises
    ------
    Unreadable
        The key is not this person's.
    """
    from aws_encryption_sdk.identifiers import Algorithm

    envelope, _ = _sdk().encrypt(
        source=details,
        key_provider=_master_key(person_id, wrapped_key),
        algorithm=Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
        frame_length=0,
        encryption_context=_context(person_id),
    )
    return bytes(envelope)


def open_sealed(person_id: str, wrapped_key: bytes, envelope: bytes) -> bytes:
    """The details in an envelope.

    Raises
    ------
    Unreadable
        It was changed, or sealed for somebody else, or with another key.
    """
    from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError
    from cryptography.exceptions import InvalidTag

    key = _master_key(person_id, wrapped_key)
    try:
        details, header = _sdk().decrypt(source=envelope, key_provider=key)
    except (AWSEncryptionSDKClientError, InvalidTag) as error:
        raise Unreadable(type(error).__name__) from error
    if header.encryption_context != _context(person_id):
        raise Unreadable("somebody else's envelope")
    return bytes(details)


def _context(person_id: str) -> dict[str, str]:
    """What an envelope, and the key that opens it, are bound to."""
    return {_PERSON: person_id.removeprefix("per_")}


@cache
def _sdk() -> EncryptionSDKClient:
    from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient

    policy = CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
    return EncryptionSDKClient(commitment_policy=policy, max_encrypted_data_keys=1)


def _master_key(person_id: str, wrapped_key: bytes) -> RawMasterKey:
    from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
    from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
    from aws_encryption_sdk.key_providers.raw import RawMasterKey

    wrapping = WrappingKey(
        wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
        wrapping_key=_unwrap(person_id, wrapped_key),
        wrapping_key_type=EncryptionKeyType.SYMMETRIC,
    )
    # Both names stand in every envelope and tell nobody anything: there is one key of one person.
    return RawMasterKey(provider_id="p", key_id="k", wrapping_key=wrapping)


def _bound(person_id: str) -> bytes:
    return _context(person_id)[_PERSON].encode()


def _wrap(person_id: str, key: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = ids.random_bytes(_NONCE_BYTES)
    return nonce + AESGCM(derived_key("wrap")).encrypt(nonce, key, _bound(person_id))


def _unwrap(person_id: str, wrapped: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce, key = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
    try:
        return AESGCM(derived_key("wrap")).decrypt(nonce, key, _bound(person_id))
    except (InvalidTag, ValueError) as error:
        raise Unreadable("somebody else's key") from error


@cache
def _data_key(table: str) -> bytes:
    """The platform's data key, unwrapped; one KMS call in the life of a container."""
    kms, key_id = aws.client("kms"), aws.setting("PERSONAL_DATA_KEY")
    answer = kms.decrypt(
        KeyId=key_id, CiphertextBlob=_wrapped_data_key(), EncryptionContext=PURPOSE
    )
    return bytes(answer["Plaintext"])


def _wrapped_data_key() -> bytes:
    """The data key as it is stored; the first process of all makes it, and of two one."""
    stored = _Key.find(*_ITEM)
    if stored is None:
        made = aws.client("kms").generate_data_key_without_plaintext(
            KeyId=aws.setting("PERSONAL_DATA_KEY"),
            NumberOfBytes=_KEY_BYTES,
            EncryptionContext=PURPOSE,
        )
        stored = _Key(*_ITEM, wrapped=made["CiphertextBlob"])
        try:
            stored.put()
        except Refused as refused:
            # Another process was first: what it stored counts.
            stored = _Key.from_raw_data(refused.stored) if refused.stored else _Key.find(*_ITEM)
            assert stored is not None
    return stored.wrapped
