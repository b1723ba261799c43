"""What is uploaded where nobody waits for it, and names that no table takes."""

from __future__ import annotations

import pytest

from chalicelib.community import permissions
from chalicelib.community.register import actions
from shared import aws, ids
from shared.errors import NotFound
from tests.community.register.register_files import csv_of
from tests.community.register.scene import NOW, Register, a_register, notification, rows_of
from tests.conftest import Cloud


@pytest.fixture
def register(moto_cloud: Cloud) -> Register:
    return a_register(moto_cloud)


@pytest.mark.parametrize("known", [True, False])
def test_a_file_that_no_import_waits_for_does_not_stay(register: Register, known: bool) -> None:
    """A form can be posted twice, and the second file is as full of owners as the first."""
    import_id = ids.new_id("imp", register.community_id, NOW)
    if known:
        import_id = register.dry_run_of(*rows_of("3", {"502": 8_943})).id
    key = f"quarantine/{register.community_id}/{import_id}"
    file = csv_of(*rows_of("4", {"101": 100}))
    aws.client("s3").put_object(Bucket=register.bucket, Key=key, Body=file)
    actions.read_register(notification(key), NOW)
    left = aws.client("s3").list_objects_v2(Bucket=register.bucket, Prefix="quarantine/")
    assert left["KeyCount"] == 0


@pytest.mark.parametrize("name", ["x" * 3_000, "一" * 900, "3/1", "3#", "3-1", "", " "])
def test_a_building_that_cannot_be_is_not_found(register: Register, name: str) -> None:
    """A key of more than 2,048 bytes was a fault of ours to the table."""
    caller = register.caller(permissions.VIEW_REGISTER)
    with pytest.raises(NotFound):
        actions.list_rooms(caller, register.community_id, name, 20, None)
