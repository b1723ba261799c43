"""All that a capability has stored on moto, taken and put back.

A test that wants to try one moment many times takes the world at that moment, tries, and puts it
back: only what differs is written, so trying costs little however much is stored.
"""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.dynamo_type import Item as Stored
from moto.s3.models import s3_backends

from shared import aws, ids

Item = dict[str, Any]
Key = tuple[str, str]

_ID = re.compile(f"[{ids.ALPHABET}]{{26}}")
# What a signature, a form's policy and botocore's own clock put into links and forms; a token, and
# the proof at the end of a refresh token.
_SIGNED = re.compile(
    r"[0-9a-f]{64}|eyJ[\w-]+\.[\w-]+\.[\w-]+|(?<=\.)[\w-]{43}$|eyJ[\w+/=-]{100,}|\d{8}T\d{6}Z"
)


class File(NamedTuple):
    """An object of a bucket: its bytes and its type."""

    body: bytes
    content_type: str


@dataclass(frozen=True)
class World:
    """Every item of every table and every object of every bucket, at one moment."""

    items: Mapping[str, Mapping[Key, Item]]
    files: Mapping[str, Mapping[str, File]]

    def put_back(self, now: World) -> None:
        """Make the stored world, which is `now`, this one again."""
        s3 = aws.client("s3")
        for name, items in self.items.items():
            table = _tables()[name]
            for pk, sk in now.items[name].keys() - items.keys():
                del table.items[DynamoType({"S": pk})][DynamoType({"S": sk})]
            for (pk, sk), item in items.items():
                if now.items[name].get((pk, sk)) != item:
                    at = DynamoType({"S": pk}), DynamoType({"S": sk})
                    # What moto keeps it changes in place.
                    table.items[at[0]][at[1]] = Stored(*at, copy.deepcopy(item))
        for bucket, files in self.files.items():
            for name in now.files[bucket].keys() - files.keys():
                s3.delete_object(Bucket=bucket, Key=name)
            for name, file in files.items():
                if now.files[bucket].get(name) != file:
                    s3.put_object(
                        Bucket=bucket, Key=name, Body=file.body, ContentType=file.content_type
                    )


def taken(tables: tuple[str, ...], buckets: tuple[str, ...]) -> World:
    """The world as it is stored now, for these tables and buckets."""
    items = {
        table: {
            (item["pk"]["S"], item["sk"]["S"]): item
            for item in (stored.to_json()["Attributes"] for stored in _tables()[table].all_items())
        }
        for table in tables
    }
    kept = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets
    files = {
        bucket: {name: _file(bucket, name, key.etag) for name, key in kept[bucket].keys.items()}
        for bucket in buckets
    }
    return World(items, files)


def _tables() -> Any:
    """The tables as moto holds them.

    Asked through its API, it spells everything out, which took most of the time of a try.
    """
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][aws.client("s3").meta.region_name].tables


_read: dict[tuple[str, str], File] = {}


def _file(bucket: str, key: str, etag: str) -> File:
    """An object; one that was read before with the same name and digest is not read again."""
    if (key, etag) not in _read:
        found = aws.client("s3").get_object(Bucket=bucket, Key=key)
        _read[key, etag] = File(found["Body"].read(), found["ContentType"])
    return _read[key, etag]


def alike(value: Any, names: Mapping[str, str]) -> Any:
    """`value` with each drawn id under its name, without signatures, their times and sealed bytes.

    Two runs of the same work draw different ids, and seal with different chance; what they did is
    the same where nothing but those differs.
    """

    def named(match: re.Match[str]) -> str:
        return names.get(match.group(), match.group())

    match value:
        case str():
            return _ID.sub(named, _SIGNED.sub("<signed>", value))
        case {"B": str() | bytes() as sealed, **rest} if not rest:
            return {"B": f"<{len(sealed)} characters>"}
        case Mapping():
            return {alike(key, names): alike(inner, names) for key, inner in value.items()}
        case list() | tuple():
            return [alike(inner, names) for inner in value]
        case _:
            return value


class Drawn:
    """Names the ids that chance makes, by whom they are made for and by their order.

    Where several deliveries of one trigger drew an id each for the same thing, the first that is
    still there has the plain name, so that a run whose first delivery died can equal one that
    never did.
    """

    def __init__(self) -> None:
        self._ids: dict[str, list[list[str]]] = {}
        self._mine = threading.local()

    def forget(self) -> None:
        """Begin with the first deliveries of another try."""
        self._ids = {}

    def deliver(self, trigger: str = "") -> None:
        """Begin with the next delivery of a trigger, in this thread."""
        self._mine.ids = []
        self._ids.setdefault(trigger, []).append(self._mine.ids)

    def note(self, made: str) -> None:
        """An id was made, in this thread."""
        if hasattr(self._mine, "ids"):
            self._mine.ids.append(made)

    def names(self, stored: object) -> dict[str, str]:
        """A name for each id that is still to be found in `stored`."""
        text, names = repr(stored), dict[str, str]()
        for trigger, deliveries in self._ids.items():
            for position in range(max(map(len, deliveries), default=0)):
                drawn = [ids[position] for ids in deliveries if position < len(ids)]
                for number, made in enumerate(made for made in drawn if made in text):
                    names[made] = f"<made {trigger}{position}{chr(39) * number}>"
        return names
