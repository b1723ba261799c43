"""The capability with an empty table and bucket, on moto or on both backends."""

from __future__ import annotations

import uuid

import pytest

from local.apps import load_app
from shared import aws
from tests.conftest import Cloud
from tests.harness.rights import hold
from tests.onboarding.scene import ADMIN, OFFICER, Onboarding


def _set_up(cloud: Cloud) -> Onboarding:
    table = cloud.table("onboarding")
    bucket = f"files-{uuid.uuid4().hex[:12]}"
    s3 = aws.client("s3")
    place = {"LocationConstraint": s3.meta.region_name}
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    cloud.setenv("BUCKET", bucket)
    for reviewer in (OFFICER, ADMIN):
        hold(reviewer.person_id, *reviewer.grants)
    return Onboarding(load_app("onboarding"), aws.client, table, bucket)


@pytest.fixture
def onboarding(moto_cloud: Cloud) -> Onboarding:
    """Onboarding on moto."""
    return _set_up(moto_cloud)


@pytest.fixture
def onboarding_on(cloud: Cloud) -> Onboarding:
    """Onboarding on moto, and again on the emulator."""
    return _set_up(cloud)
