"""The capability with an empty table and bucket, on moto or on both backends."""

from __future__ import annotations

import uuid

import pytest

from local.apps import load_app
from shared import aws
from tests.conftest import Cloud
from tests.repairs.scene import Repairs


def _set_up(cloud: Cloud) -> Repairs:
    table = cloud.table("repairs")
    bucket = f"photos-{uuid.uuid4().hex[:12]}"
    # The clients that the functions use: making others of them takes longer than most tests.
    s3 = aws.client("s3")
    s3.create_bucket(
        Bucket=bucket,
        CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name},
    )
    cloud.setenv("BUCKET", bucket)
    return Repairs(load_app("repairs"), aws.client, table, bucket)


@pytest.fixture
def repairs(moto_cloud: Cloud) -> Repairs:
    """Repairs on moto."""
    return _set_up(moto_cloud)


@pytest.fixture
def repairs_on(cloud: Cloud) -> Repairs:
    """Repairs on moto, and again on the emulator."""
    return _set_up(cloud)
