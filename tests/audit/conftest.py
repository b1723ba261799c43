"""The log with an empty table and bucket, on moto or on both backends."""

from __future__ import annotations

import uuid

import pytest

from local.apps import load_app
from shared import aws
from tests.audit.scene import Log
from tests.conftest import Cloud


def _set_up(cloud: Cloud) -> Log:
    table, bucket = cloud.table("audit"), f"seals-{uuid.uuid4().hex[:12]}"
    s3 = aws.client("s3")
    place = {"LocationConstraint": s3.meta.region_name}
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    cloud.setenv("BUCKET", bucket)
    return Log(load_app("audit"), table, bucket)


@pytest.fixture
def log(moto_cloud: Cloud) -> Log:
    """The log on moto."""
    return _set_up(moto_cloud)


@pytest.fixture
def log_on(cloud: Cloud) -> Log:
    """The log on moto, and again on the emulator."""
    return _set_up(cloud)
