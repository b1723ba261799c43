"""Files travel by short-lived links that fix key, type and size, and are read within a bound."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from botocore.exceptions import ClientError

from shared import files
from shared.auth import SIGNED_IN, Caller, calling
from tests.conftest import Cloud

NOW = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
BUCKET = "linli-test-files"


@pytest.fixture
def bucket(cloud: Cloud) -> Any:
    """An empty bucket, on moto and on the emulator; the client to look into it with."""
    s3 = cloud.client("s3")
    region = s3.meta.region_name
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": region})
    cloud.setenv("BUCKET", BUCKET)
    yield s3
    for found in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=found["Key"])
    s3.delete_bucket(Bucket=BUCKET)


def test_a_form_fixes_key_type_and_size(bucket: Any) -> None:
    form = files.upload_form("quarantine/com_7k2m9x4a/imp_1", "text/csv", 10_485_760, NOW)
    assert form.expires_at == NOW + timedelta(minutes=5)
    assert form.fields["key"] == "quarantine/com_7k2m9x4a/imp_1"
    policy = json.loads(base64.b64decode(form.fields["policy"]))
    for condition in (
        {"key": "quarantine/com_7k2m9x4a/imp_1"},
        {"Content-Type": "text/csv"},
        {"bucket": BUCKET},
        ["content-length-range", 1, 10_485_760],
    ):
        assert condition in policy["conditions"]


def test_a_link_lasts_five_minutes_and_names_the_file(bucket: Any) -> None:
    plain = parse_qs(urlsplit(files.download_link("photos/1.jpg")).query)
    named = parse_qs(urlsplit(files.download_link("exports/1", "register.xlsx")).query)
    assert "response-content-disposition" not in plain
    assert named["response-content-disposition"] == ['attachment; filename="register.xlsx"']


def test_what_was_written_is_read_as_it_was(bucket: Any) -> None:
    files.write("photos/1.jpg", b"first", "image/jpeg")
    files.write("photos/1.jpg", b"second", "image/jpeg")
    assert files.read("photos/1.jpg", 100) == b"second"
    assert bucket.head_object(Bucket=BUCKET, Key="photos/1.jpg")["ContentType"] == "image/jpeg"


def test_an_object_that_is_not_there_reads_as_none(bucket: Any) -> None:
    assert files.read("photos/none.jpg", 100) is None


def test_an_object_of_exactly_the_limit_is_read_and_one_more_byte_is_too_big(bucket: Any) -> None:
    files.write("photos/1.jpg", b"x" * 100, "image/jpeg")
    assert files.read("photos/1.jpg", 100) == b"x" * 100
    with pytest.raises(files.TooBig):
        files.read("photos/1.jpg", 99)


def test_another_fault_of_the_bucket_is_not_taken_for_absence(
    bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUCKET", "linli-no-such-bucket")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        files.read("photos/1.jpg", 100)


def test_deleting_twice_is_deleting_once(bucket: Any) -> None:
    files.write("photos/1.jpg", b"x", "image/jpeg")
    files.delete("photos/1.jpg")
    files.delete("photos/1.jpg")
    assert files.read("photos/1.jpg", 100) is None


def test_a_notification_names_its_keys_as_they_were_written() -> None:
    records = [{"s3": {"object": {"key": key, "size": 1}}} for key in ("a/%E6%88%BF+1", "b")]
    assert files.uploaded_keys(json.dumps({"Records": records})) == ["a/房 1", "b"]


def test_the_test_message_of_a_new_notification_names_no_key() -> None:
    assert files.uploaded_keys('{"Service": "Amazon S3", "Event": "s3:TestEvent"}') == []


@pytest.mark.parametrize("body", ["", "{", "[]", '{"Records": [{}]}', '{"Records": 5}'])
def test_what_is_no_notification_is_refused(body: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        files.uploaded_keys(body)


def test_nothing_is_written_or_removed_before_the_caller_was_checked(bucket: Any) -> None:
    files.write("photos/1.jpg", b"kept", "image/jpeg")
    with calling(Caller("per_1", (), SIGNED_IN)):
        with pytest.raises(AssertionError):
            files.write("photos/1.jpg", b"other", "image/jpeg")
        with pytest.raises(AssertionError):
            files.delete("photos/1.jpg")
    assert files.read("photos/1.jpg", 100) == b"kept"


def test_what_is_written_once_stays_as_it_was_first_written(bucket: Any) -> None:
    first = files.write_once("seals/1.jsonl", b"first", "application/x-ndjson")
    again = files.write_once("seals/1.jsonl", b"second", "application/x-ndjson")
    assert (first, again) == (b"first", b"first")
    assert files.read("seals/1.jsonl", 100) == b"first"


def test_names_come_in_their_order_and_no_more_than_asked_for(bucket: Any) -> None:
    for name in ("seals/3", "seals/1", "other/0", "seals/2"):
        files.write(name, b"-", "text/plain")
    assert files.names("seals/", limit=2) == ["seals/1", "seals/2"]
    assert files.names("none/", limit=2) == []
