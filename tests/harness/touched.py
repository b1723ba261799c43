"""Which items and objects a call touches, read from the request that botocore announces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

ALL = "*"


class Touched(NamedTuple):
    """An item by its keys, an object by bucket and key, or with `*` all that begin so."""

    place: str
    key: str
    sort: str
    writes: bool

    def conflicts(self, other: Touched) -> bool:
        """Whether both may be of one item, and one of them changes it."""
        same = (self.place, self.key) == (other.place, other.key)
        met = same and (self.sort == other.sort or ALL in (self.sort, other.sort))
        return met and (self.writes or other.writes)

    @property
    def kind(self) -> tuple[str, str]:
        """The table, and what items with such a partition are: `<community>#<kind>#<id>`."""
        table = self.place.split("/")[0].rpartition("-")[0]
        index = self.place.partition("/")[2]
        kind = self.key.split("#")[1] if self.key.count("#") >= 2 else self.key
        return f"{table}/{index}", kind


def touched(service: str, operation: str, params: dict[str, Any]) -> Iterator[Touched]:
    """What a call touches; of an index, only that it was read.

    Parameters
    ----------
    params
        As botocore hands them to `before-call`.
    """
    if service != "dynamodb":
        return
    body = json.loads(params["body"])
    match operation:
        case "TransactWriteItems":
            for action in body["TransactItems"]:
                for kind, write in action.items():
                    yield _item(write, kind != "ConditionCheck")
        case "BatchGetItem":
            for table, asked in body["RequestItems"].items():
                for key in asked["Keys"]:
                    yield Touched(table, key["pk"]["S"], key["sk"]["S"], False)
        case "Query":
            values = body["ExpressionAttributeValues"]
            place = "/".join(filter(None, (body["TableName"], body.get("IndexName"))))
            yield Touched(place, next(iter(values.values()))["S"], ALL, False)
        case _:
            yield _item(body, operation != "GetItem")


def _item(body: dict[str, Any], writes: bool) -> Touched:
    key = body.get("Key") or body["Item"]
    return Touched(body["TableName"], key["pk"]["S"], key["sk"]["S"], writes)
