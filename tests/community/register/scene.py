"""A community whose house register is imported as the platform does it, step by step."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chalicelib.community import permissions
from chalicelib.community.register import actions, shapes, store
from chalicelib.community.register.rules import Import, Outcome
from shared import aws, ids
from shared.auth import Caller, Grant, Permission, Role
from tests.community.register.register_files import Value, a_row, csv_of
from tests.conftest import Cloud
from tests.harness.rights import hold

NOW = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
CLERK = ids.person_id("test", "clerk")
_ATTEMPTS = 6
Areas = Mapping[str, int]
"""Room number → built-up area in dm²."""


def rows_of(building: str, areas: Areas, **values: Value) -> list[list[Value]]:
    """Rows of rooms that nobody owns yet, with these areas."""
    nobody: dict[str, Value] = {
        "楼栋号": f"{building}栋",
        "楼层": None,
        "房屋编码": None,
        "套内面积": None,
        "房屋状态": None,
        "业主姓名": None,
        "证件号码": None,
        "联系电话": None,
    }
    return [
        a_row(**(nobody | {"房号": number, "建筑面积": area / 100} | values))
        for number, area in areas.items()
    ]


@dataclass
class Register:
    """The register of one community, empty at first."""

    client: Callable[[str], Any]
    table: str
    bucket: str
    community_id: str = field(default_factory=lambda: ids.derived_community_id(uuid.uuid4().hex))
    keys: Iterable[int] = field(default_factory=itertools.count)

    @property
    def rights(self) -> tuple[Grant, ...]:
        """What its manager may there."""
        return (Grant(Role.COMMUNITY_MANAGER, self.community_id),)

    def caller(self, allows: Permission = permissions.IMPORT_REGISTER) -> Caller:
        """The community's manager."""
        return Caller(CLERK, self.rights, allows)

    def dry_run(self, file: bytes) -> Import:
        """An import whose file was uploaded and read."""
        key = f"key-{next(iter(self.keys)):08d}"
        wanted = shapes.RequestImport(file_name="台账.csv")
        opened, form = actions.request_import(self.caller(), self.community_id, wanted, key, NOW)
        aws.client("s3").put_object(Bucket=self.bucket, Key=form.fields["key"], Body=file)
        actions.read_register(notification(form.fields["key"]), NOW)
        return self.imported(opened.id)

    def dry_run_of(self, *rows: list[Value]) -> Import:
        """A dry run of a file with these rows."""
        return self.dry_run(csv_of(*rows))

    def imported(self, import_id: str) -> Import:
        """The import as it stands."""
        return actions.get_import(self.caller(), import_id)

    def begin(self, found: Import) -> list[shapes.BuildingTask]:
        """Commit a dry run; the tasks that the state machine is given."""
        actions.commit_import(self.caller(), found.id, found.version or 0, NOW)
        return [
            shapes.BuildingTask(
                import_id=found.id,
                building=plan.building,
                base_version=plan.base_version,
                dry_run_id=found.dry_run_id,
                actor_id=CLERK,
            )
            for plan in found.buildings
            if plan.outcome is Outcome.PENDING
        ]

    def commit(self, found: Import) -> Import:
        """Commit a dry run as the state machine carries it out."""
        results = [take(task) for task in self.begin(found)]
        actions.finish_import(shapes.FinishTask(import_id=found.id, results=results), NOW)
        return self.imported(found.id)

    def bring_in(self, *rows: list[Value]) -> Import:
        """Import these rows, all the way."""
        return self.commit(self.dry_run_of(*rows))

    def stored(self) -> list[object]:
        """Every building and room as the table keeps it."""
        found = self.client("dynamodb").scan(TableName=self.table)["Items"]
        kept = [item for item in found if "#building" in item["pk"]["S"]]
        return sorted(kept, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    def areas(self, building: str) -> dict[str, int | None]:
        """Room number → area, as a reader of the whole building has them."""
        whole = store.whole_building(self.community_id, building)
        assert whole is not None
        return {key[2]: room.built_area_dm2 for key, room in whole[1].items()}

    def areas_one_by_one(self, building: str, numbers: Iterable[str]) -> dict[str, int | None]:
        """Room number → area, as a reader of single rooms has them."""
        found = {n: store.get_room(f"{self.community_id}/{building}/1/{n}") for n in numbers}
        return {n: seen[1].built_area_dm2 for n, seen in found.items() if seen is not None}


def take(task: shapes.BuildingTask) -> shapes.BuildingResult:
    """One building's task, repeated while it is busy as the state machine repeats it."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return actions.commit_building(task, NOW)
        except actions.Busy:
            continue
    return actions.commit_building(task, NOW)


def notification(*keys: str) -> str:
    """The message that the bucket sends of uploaded objects."""
    return json.dumps({"Records": [{"s3": {"object": {"key": key}}} for key in keys]})


def a_register(cloud: Cloud) -> Register:
    """An empty register on this cloud, and its manager's right."""
    table = cloud.table("community")
    bucket = f"community-{uuid.uuid4().hex[:12]}"
    cloud.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-southeast-1"}
    )
    cloud.setenv("BUCKET", bucket)
    register = Register(cloud.client, table, bucket)
    hold(CLERK, *register.rights)
    return register
