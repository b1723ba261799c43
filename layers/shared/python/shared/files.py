"""Files in a capability's bucket: short-lived links in and out, bounded reads, plain writes.

A client never sends a file through the API: it gets a presigned POST that fixes key, type and
size (SECURITY.md A12), and the object lands under a prefix that no answer ever links to.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import unquote_plus

import msgspec
from botocore.exceptions import ClientError

from shared import aws
from shared.auth import assert_checked

LINK_LIFETIME = timedelta(minutes=5)
_BUCKET = "BUCKET"


class Upload(msgspec.Struct, frozen=True):
    """A form that a client may post one file with, until it expires."""

    url: str
    fields: dict[str, str]
    expires_at: datetime


class TooBig(Exception):
    """The object is larger than the reader takes."""


def upload_form(key: str, content_type: str, max_bytes: int, now: datetime) -> Upload:
    """A presigned POST for one object of this key and type, 1 to `max_bytes` long."""
    form = aws.client("s3").generate_presigned_post(
        Bucket=aws.setting(_BUCKET),
        Key=key,
        Fields={"Content-Type": content_type},
        Conditions=[
            {"Content-Type": content_type},
            ["content-length-range", 1, max_bytes],
        ],
        ExpiresIn=int(LINK_LIFETIME.total_seconds()),
    )
    return Upload(form["url"], form["fields"], now + LINK_LIFETIME)


def download_link(key: str, file_name: str | None = None) -> str:
    """A link that shows one object for five minutes; with a name, browsers save it as that."""
    parameters = {"Bucket": aws.setting(_BUCKET), "Key": key}
    if file_name is not None:
        parameters["ResponseContentDisposition"] = f'attachment; filename="{file_name}"'
    link: str = aws.client("s3").generate_presigned_url(
        "get_object", Params=parameters, ExpiresIn=int(LINK_LIFETIME.total_seconds())
    )
    return link


def read(key: str, max_bytes: int) -> bytes | None:
    """The object's bytes, or None if there is no such object.

    Raises
    ------
    TooBig
        It is larger than `max_bytes`; it was not read further than that.
    """
    try:
        answer = aws.client("s3").get_object(Bucket=aws.setting(_BUCKET), Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            return None
        raise
    body: bytes = answer["Body"].read(max_bytes + 1)
    if len(body) > max_bytes:
        raise TooBig
    return body


def write(key: str, body: bytes, content_type: str) -> None:
    """Store an object, over whatever stood there."""
    assert_checked()
    aws.client("s3").put_object(
        Bucket=aws.setting(_BUCKET), Key=key, Body=body, ContentType=content_type
    )


def write_once(key: str, body: bytes, content_type: str) -> bytes:
    """Store an object where there is none; what stands there then, whoever wrote it."""
    assert_checked()
    try:
        aws.client("s3").put_object(
            Bucket=aws.setting(_BUCKET),
            Key=key,
            Body=body,
            ContentType=content_type,
            IfNoneMatch="*",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("PreconditionFailed", "412"):
            raise
        answer = aws.client("s3").get_object(Bucket=aws.setting(_BUCKET), Key=key)
        found: bytes = answer["Body"].read()
        return found
    return body


def names(prefix: str, limit: int) -> list[str]:
    """The keys of the first `limit` (≤ 1,000) objects that begin so, in their order."""
    answer = aws.client("s3").list_objects_v2(
        Bucket=aws.setting(_BUCKET), Prefix=prefix, MaxKeys=limit
    )
    return [entry["Key"] for entry in answer.get("Contents", [])]


def delete(key: str) -> None:
    """Remove an object; one that is not there stays so."""
    assert_checked()
    aws.client("s3").delete_object(Bucket=aws.setting(_BUCKET), Key=key)


class _Object(msgspec.Struct):
    key: str


class _Where(msgspec.Struct):
    object: _Object


class _Record(msgspec.Struct):
    s3: _Where


class _Notification(msgspec.Struct):
    records: list[_Record] = msgspec.field(name="Records", default_factory=list)


def uploaded_keys(body: str) -> list[str]:
    """The keys that a notification of the bucket names (AWS: S3 event message structure).

    The test message that S3 sends when notifications are switched on names none.
    """
    notification = msgspec.json.decode(body, type=_Notification)
    return [unquote_plus(record.s3.object.key) for record in notification.records]
