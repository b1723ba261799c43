"""Personal data at rest: what is sealed opens for its person only, and KMS is asked once."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from local.package import Package
from shared import aws, ids, vault
from tests.conftest import Cloud
from tests.harness.recorder import DATA_KEY_CALLS

PERSON = "per_0123456789abcdefghjkmnpqrs"
OTHER = "per_zzzzzzzzzzzzzzzzzzzzzzzzzz"
DETAILS = '["张伟","13800005678","110101199003070134"]'.encode()
ITEM = {"pk": {"S": "platform#keys#personal"}, "sk": {"S": "key"}}


@pytest.fixture(autouse=True)
def cold(personal_data_key: None) -> Iterator[None]:
    """Each test is a new process, with the key of personal data and an empty grants table."""
    vault._data_key.cache_clear()
    yield
    vault._data_key.cache_clear()


def calls_of(*services: str) -> list[tuple[str, str]]:
    """The calls that are made to these services from now on."""
    made: list[tuple[str, str]] = []
    for service in services:
        aws.client(service).meta.events.register(
            f"before-call.{service}", lambda model, s=service, **_: made.append((s, model.name))
        )
    return made


def test_what_is_sealed_for_a_person_opens_for_them() -> None:
    key = vault.new_key(PERSON)
    envelope = vault.seal(PERSON, key, DETAILS)
    assert vault.open_sealed(PERSON, key, envelope) == DETAILS
    assert b"13800005678" not in envelope
    assert "张伟".encode() not in envelope


def test_what_is_sealed_for_a_person_opens_for_nobody_else() -> None:
    key, other = vault.new_key(PERSON), vault.new_key(OTHER)
    envelope = vault.seal(PERSON, key, DETAILS)
    for person_id, wrapped in ((OTHER, other), (OTHER, key), (PERSON, other)):
        with pytest.raises(vault.Unreadable):
            vault.open_sealed(person_id, wrapped, envelope)
    with pytest.raises(vault.Unreadable):
        vault.open_sealed(PERSON, vault.new_key(PERSON), envelope)


def test_an_envelope_that_names_somebody_else_is_not_opened_by_the_right_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As after a row was copied to another person, key and all, by somebody with the data key."""
    own_bytes = b"k" * 32
    monkeypatch.setattr(vault, "_unwrap", lambda person_id, wrapped: own_bytes)
    envelope = vault.seal(PERSON, b"", DETAILS)
    with pytest.raises(vault.Unreadable, match="somebody else"):
        vault.open_sealed(OTHER, b"", envelope)


def test_a_changed_envelope_or_key_is_not_opened() -> None:
    key = vault.new_key(PERSON)
    envelope = vault.seal(PERSON, key, DETAILS)
    for at in range(len(envelope)):
        changed = envelope[:at] + bytes([envelope[at] ^ 1]) + envelope[at + 1 :]
        with pytest.raises(vault.Unreadable):
            vault.open_sealed(PERSON, key, changed)
    for broken in (b"", envelope[:-1]):
        with pytest.raises(vault.Unreadable):
            vault.open_sealed(PERSON, key, broken)
    for broken in (b"", key[:20], key[:-1] + b"x"):
        with pytest.raises(vault.Unreadable):
            vault.open_sealed(PERSON, broken, envelope)


def test_every_key_and_every_envelope_is_new() -> None:
    key = vault.new_key(PERSON)
    assert len(key) == 12 + 32 + 16
    assert len({vault.new_key(PERSON) for _ in range(50)}) == 50
    assert len({vault.seal(PERSON, key, DETAILS) for _ in range(50)}) == 50


def test_a_hash_is_the_same_in_every_process_and_tells_kinds_apart() -> None:
    found = vault.blind("phone", "13800005678")
    vault._data_key.cache_clear()
    assert vault.blind("phone", "13800005678") == found
    assert len(found) == 26
    assert set(found) <= set(ids.ALPHABET)
    others = {
        vault.blind("id_number", "13800005678"),
        vault.blind("username", "13800005678"),
        vault.blind("phone", "13800005679"),
    }
    assert len(others | {found}) == 4


def test_another_platforms_hash_of_a_phone_is_another(cloud: Cloud) -> None:
    found = vault.blind("phone", "13800005678")
    aws.client("dynamodb").delete_item(TableName=aws.setting("GRANTS_TABLE"), Key=ITEM)
    vault._data_key.cache_clear()
    assert vault.blind("phone", "13800005678") != found


@pytest.mark.parametrize(
    ("kind", "written", "meant"),
    [
        ("phone", "+86 138-0000-5678", "13800005678"),
        ("phone", "008613800005678", "13800005678"),
        ("phone", "86 13800005678", "13800005678"),
        ("phone", "１３８００００５６７８", "13800005678"),
        ("phone", "010-8600 1234", "01086001234"),
        ("name", " 张 伟 ", "张伟"),
        ("name", "Ann  LEE", "annlee"),
        ("id_number", "11010119900307013x", "11010119900307013X"),
        ("username", "Qian.Clerk", "qian.clerk"),
        ("openid", "oAbC_-", "oAbC_-"),
        ("unionid", "oAbC_-", "oAbC_-"),
    ],
)
def test_what_is_written_in_several_ways_is_meant_once(
    kind: vault.Kind, written: str, meant: str
) -> None:
    assert vault.normal(kind, written) == meant
    assert vault.blind(kind, written) == vault.blind(kind, meant)


@given(st.sampled_from(["phone", "name", "id_number", "openid", "unionid", "username"]), st.text())
def test_what_is_normal_stays_as_it_is(kind: vault.Kind, text: str) -> None:
    once = vault.normal(kind, text)
    assert vault.normal(kind, once) == once


def test_a_derived_key_is_hkdfs() -> None:
    data_key = vault._data_key(aws.setting("GRANTS_TABLE"))
    for label in ("blind", "refresh tokens"):
        expected = HKDFExpand(SHA256(), 32, label.encode()).derive(data_key)
        assert vault.derived_key(label) == expected


def test_a_hundred_writes_of_personal_data_ask_kms_once_in_a_warm_process() -> None:
    vault.derived_key("any")
    vault._data_key.cache_clear()
    calls = calls_of("kms", "dynamodb")
    for number in range(100):
        vault.blind("phone", f"138{number:08}")
        vault.seal(PERSON, vault.new_key(PERSON), DETAILS)
    assert calls == [("dynamodb", "GetItem"), ("kms", "Decrypt")]


def test_the_first_process_of_all_asks_for_what_policies_grant() -> None:
    calls = calls_of("kms", "dynamodb")
    vault.derived_key("any")
    table, key = "GrantsTable", "PersonalDataKey"
    asked = {(f"{s}:{name}", table if s == "dynamodb" else key) for s, name in calls}
    assert asked == DATA_KEY_CALLS
    assert len(calls) == len(DATA_KEY_CALLS)


def test_of_two_first_processes_one_makes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    vault.derived_key("any")
    first = vault.blind("name", "张伟")
    vault._data_key.cache_clear()
    # The second looked before the first had stored its own.
    monkeypatch.setattr(vault._Key, "find", lambda *key: None)
    assert vault.blind("name", "张伟") == first


def test_the_data_key_is_stored_wrapped_and_bound_to_its_purpose() -> None:
    vault.derived_key("any")
    stored = aws.client("dynamodb").get_item(TableName=aws.setting("GRANTS_TABLE"), Key=ITEM)
    wrapped: Any = stored["Item"]["wrapped"]["B"]
    kms = aws.client("kms")
    opened = kms.decrypt(
        CiphertextBlob=wrapped, EncryptionContext={"purpose": "linli-personal-data"}
    )
    assert opened["Plaintext"] not in wrapped
    with pytest.raises(kms.exceptions.InvalidCiphertextException):
        kms.decrypt(CiphertextBlob=wrapped, EncryptionContext={"purpose": "something else"})


def test_the_layers_seal_and_open_without_what_is_cut_out_of_them(
    built: Package, tmp_path: Path
) -> None:
    for name in ("shared", "crypto", "envelope"):
        (layer,) = (one for one in built.artefacts if one.key.startswith(f"layers/{name}-"))
        with zipfile.ZipFile(layer.path) as packed:
            packed.extractall(tmp_path)
    program = f"""
import json, sys
from shared import vault
before = len(sys.modules)
assert not [name for name in sys.modules if name.startswith(("aws_encryption_sdk", "boto3"))]
vault._data_key = lambda table: b"d" * 32
key = vault.new_key("{PERSON}")
sealed = vault.seal("{PERSON}", key, b"details")
assert vault.open_sealed("{PERSON}", key, sealed) == b"details"
print(json.dumps([len(sys.modules) - before, sys.modules["aws_encryption_sdk"].__file__]))
"""
    done = subprocess.run(
        [sys.executable, "-S", "-s", "-c", program],
        env={"PYTHONPATH": str(tmp_path / "python"), "GRANTS_TABLE": "any"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    modules, file = json.loads(done.stdout)
    assert modules < 260
    assert file.startswith(str(tmp_path))
