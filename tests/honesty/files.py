"""S3: forms and links that strangers hold, conditional writes, absent keys."""

from __future__ import annotations

import hashlib
import re
import time
from typing import Any

import urllib3
from botocore.exceptions import ClientError

from tests.honesty.case import MINISTACK, StandIn, case, new_name, refusal

_POST = "S3 API Reference: POST policy (Creating an HTML form using AWS Signature Version 4)"
_LINK = "S3 User Guide: Download and upload objects with presigned URLs"
_CONDITIONAL = "S3 User Guide: How to prevent object overwrites with conditional writes"
# moto answers no HTTP in the process.
_HTTP = (MINISTACK,)


def _post(on: StandIn, size: int = 5, lifetime_seconds: int = 60, **fields: str) -> list[object]:
    """Send a form for 3 to 10 bytes of text, some of its fields changed."""
    kind = {"Content-Type": "text/plain"}
    form = on.client("s3").generate_presigned_post(
        on.bucket,
        "quarantine/x",
        Fields=kind,
        Conditions=[kind, ["content-length-range", 3, 10]],
        ExpiresIn=lifetime_seconds,
    )
    sent = form["fields"] | {name.replace("_", "-"): value for name, value in fields.items()}
    answer = urllib3.request(
        "POST", form["url"], fields=sent | {"file": ("x", b"x" * size)}, retries=False
    )
    return [answer.status, _code(answer.data)]


def _code(body: bytes) -> str:
    found = re.search(rb"<Code>(\w+)</Code>", body)
    return found.group(1).decode() if found else ""


@case([204, ""], _POST, asked_of=_HTTP)
def a_form_takes_what_it_allows(on: StandIn) -> Any:
    """A file of the right size, key and type is taken with 204."""
    return _post(on)


@case([400, "EntityTooLarge"], _POST, asked_of=_HTTP)
def a_form_refuses_what_is_too_long(on: StandIn) -> Any:
    """A file above its content-length-range is refused."""
    return _post(on, size=11)


@case([400, "EntityTooSmall"], _POST, asked_of=_HTTP)
def a_form_refuses_what_is_too_short(on: StandIn) -> Any:
    """A file below its content-length-range is refused."""
    return _post(on, size=2)


@case([403, "AccessDenied"], _POST, asked_of=_HTTP)
def a_form_refuses_another_key(on: StandIn) -> Any:
    """A key that the policy does not name is refused."""
    return _post(on, key="photos/x")


@case([403, "AccessDenied"], _POST, asked_of=_HTTP)
def a_form_refuses_another_type(on: StandIn) -> Any:
    """A content type that the policy does not name is refused."""
    return _post(on, Content_Type="text/html")


@case([403, "AccessDenied"], _POST, asked_of=_HTTP)
def a_form_refuses_a_field_that_it_does_not_name(on: StandIn) -> Any:
    """Each field of a form but the file must stand in the policy."""
    return _post(on, acl="public-read")


@case([403, "AccessDenied"], _POST, asked_of=_HTTP)
def a_form_expires(on: StandIn) -> Any:
    """A policy whose expiration has passed is refused."""
    return _post(on, lifetime_seconds=-5)


@case([403, "SignatureDoesNotMatch"], _POST, asked_of=_HTTP)
def a_form_with_another_signature_is_refused(on: StandIn) -> Any:
    """A signature that was not made over this policy is refused."""
    return _post(on, x_amz_signature="0" * 64)


def _link(on: StandIn, **more: Any) -> str:
    on.client("s3").put_object(Bucket=on.bucket, Key="photos/a", Body=b"a")
    on.client("s3").put_object(Bucket=on.bucket, Key="photos/b", Body=b"b")
    lifetime_seconds = more.pop("lifetime_seconds", 60)
    link: str = on.client("s3").generate_presigned_url(
        "get_object",
        Params={"Bucket": on.bucket, "Key": "photos/a", **more},
        ExpiresIn=lifetime_seconds,
    )
    return link


def _get(link: str) -> list[object]:
    answer = urllib3.request("GET", link, retries=False)
    return [answer.status, _code(answer.data)]


@case([403, "SignatureDoesNotMatch"], _LINK, asked_of=_HTTP)
def a_link_shows_one_object(on: StandIn) -> Any:
    """A link whose key was changed is refused."""
    return _get(_link(on).replace("photos/a", "photos/b"))


@case([403, "AccessDenied"], _LINK, asked_of=_HTTP)
def a_link_expires(on: StandIn) -> Any:
    """A link is refused after its lifetime."""
    link = _link(on, lifetime_seconds=1)
    time.sleep(2.1)
    return _get(link)


@case("attachment; filename=a.txt", "S3 API Reference: GetObject", asked_of=_HTTP)
def a_link_names_the_file(on: StandIn) -> Any:
    """The disposition that a link was signed with is answered."""
    link = _link(on, ResponseContentDisposition="attachment; filename=a.txt")
    return urllib3.request("GET", link, retries=False).headers.get("Content-Disposition")


@case(["accepted", "PreconditionFailed"], _CONDITIONAL)
def an_object_is_not_overwritten_unless_it_may(on: StandIn) -> Any:
    """With If-None-Match * the first put is taken and the second answered 412."""
    put, key = on.client("s3").put_object, new_name()
    asked = {"Bucket": on.bucket, "Key": key, "Body": b"x", "IfNoneMatch": "*"}
    return [refusal(put, **asked), refusal(put, **asked)]


@case(["accepted", "PreconditionFailed"], _CONDITIONAL)
def an_object_is_overwritten_only_as_it_was_read(on: StandIn) -> Any:
    """With If-Match a put is taken for the ETag that is stored and refused for another."""
    s3, key = on.client("s3"), new_name()
    tag = s3.put_object(Bucket=on.bucket, Key=key, Body=b"1")["ETag"]
    asked = {"Bucket": on.bucket, "Key": key, "Body": b"2", "IfMatch": tag}
    return [refusal(s3.put_object, **asked), refusal(s3.put_object, **asked)]


@case(hashlib.md5(b"body", usedforsecurity=False).hexdigest(), "S3 API Reference: Object")
def the_etag_of_a_plain_put_is_its_md5(on: StandIn) -> Any:
    """Put in one part without a key of KMS, an object's ETag is the MD5 of its bytes."""
    put = on.client("s3").put_object(Bucket=on.bucket, Key=new_name(), Body=b"body")
    return put["ETag"].strip('"')


@case("accepted", "S3 API Reference: DeleteObject")
def deleting_an_absent_object_succeeds(on: StandIn) -> Any:
    """Deleting a key that is not there is answered as if it had been."""
    return refusal(on.client("s3").delete_object, Bucket=on.bucket, Key=new_name())


@case([404, 403], "S3 API Reference: GetObject, permissions")
def who_may_not_list_is_not_told_what_is_absent(on: StandIn) -> Any:
    """An absent key is 404 for who may list the bucket, 403 for who may not."""
    bucket = f"arn:aws:s3:::{on.bucket}"
    get = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{bucket}/*"}
    list_ = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket}
    absent = new_name()
    return [_status(on, absent, get, list_), _status(on, absent, get)]


def _status(on: StandIn, key: str, *statements: dict[str, Any]) -> int:
    reader = on.client("s3", on.user(*statements))
    try:
        reader.get_object(Bucket=on.bucket, Key=key)
    except ClientError as error:
        status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return status
    return 200


@case([200, 403], "S3 User Guide: Required permissions for Amazon S3 API operations")
def who_may_not_get_is_refused(on: StandIn) -> Any:
    """An object is given to who may get it, and to nobody else."""
    on.client("s3").put_object(Bucket=on.bucket, Key="kept", Body=b"x")
    bucket = f"arn:aws:s3:::{on.bucket}"
    get = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{bucket}/*"}
    list_ = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket}
    return [_status(on, "kept", get), _status(on, "kept", list_)]
