"""The table base: lazily named PynamoDB records, one conditional write per change, honest pages.

Every record has a partition `<community>#<kind>#<id>`, a sort key, a version that each write
raises, and the event that the write announces (the stream is the outbox: RELIABILITY.md 1.5) with
those of the days before, which the sweeper tells again (`shared.sweeper`).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Generic, TypeVar, cast

import msgspec
from pynamodb.attributes import ListAttribute, UnicodeAttribute, VersionAttribute
from pynamodb.connection import Connection
from pynamodb.connection.table import TableConnection
from pynamodb.constants import ALL_OLD, PUT_ITEM
from pynamodb.exceptions import QueryError, TransactWriteError, VerboseClientError
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from shared import aws, events
from shared.auth import assert_checked
from shared.errors import invalid
from shared.outbox import Outbox
from shared.requests import MAX_CURSOR_CHARS, MAX_LIMIT

_COLLISION = "TransactionConflict"
_CONFLICTS = ("ConditionalCheckFailed", _COLLISION)
_META = {
    "region": None,
    "host": None,
    "connect_timeout_seconds": 2,
    "read_timeout_seconds": 10,
    "base_backoff_ms": 25,
    "max_retry_attempts": 2,
    "max_pool_connections": 10,
    "extra_headers": None,
    "aws_access_key_id": None,
    "aws_secret_access_key": None,  # nosec B105  # the name of a setting without a value
    "aws_session_token": None,  # nosec B105  # as above
}

R = TypeVar("R", bound="Record")
T = TypeVar("T")


class Refused(Exception):
    """A conditional write met another truth; nothing was stored.

    `stored` is the item that stood in the way, in DynamoDB's own form, or None when it was
    absent; a retry that meets its own write recognises it without another read.
    """

    def __init__(self, stored: dict[str, Any] | None) -> None:
        super().__init__("the condition of a write was not met")
        self.stored = stored


class Collided(Refused):
    """Another transaction was writing one of the items just then; nothing is known of them."""


class Unmet(Refused):
    """A record that a transaction only relied on was not as it required."""


SWEEP_KEY = "platform#outbox#all"
"""Where the sweeper finds every item that announced something."""


class Record(Model):
    """One item: partition, sort key, version, the event its last write announced and those before.

    It stands in the function's own table, unless its class names another by `table_setting`.
    """

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = VersionAttribute()
    event = UnicodeAttribute(null=True)
    earlier = ListAttribute[Any](of=UnicodeAttribute, null=True)
    sweep_key = UnicodeAttribute(null=True)
    sweep_hour = UnicodeAttribute(null=True)

    table_setting: ClassVar[str] = "TABLE"
    """The environment variable that holds the table's name."""

    def __init__(
        self,
        pk: str | None = None,
        sk: str | None = None,
        *,
        version: int | None = None,
        **attributes: Any,
    ) -> None:
        super().__init__(pk, sk, **attributes)
        # PynamoDB casts a version to int as it is set, so one that was never stored stays unset.
        if version is not None:
            self.version = version

    @classmethod
    def _get_connection(cls) -> TableConnection:
        """The table's connection over the container's one client.

        PynamoDB would make a client for each class; making one is most of a cold start.
        """
        if "Meta" not in vars(cls):
            cls.Meta = cast(Any, type("Meta", (), dict(_META)))
        cls.Meta.table_name = aws.setting(cls.table_setting)
        connection = super()._get_connection()
        connection.connection._client = aws.client("dynamodb")
        return connection

    @property
    def outbox(self) -> Outbox:
        """What this record has announced of late."""
        newest = () if self.event is None else (self.event,)
        return Outbox((*(self.earlier or ()), *newest), self.sweep_hour)

    def announce(self, before: Outbox, event: events.Event | None = None) -> None:
        """Let the next write of this record announce `event`, or nothing, and lose none of before.

        The stream brings what stands in `event`, so a change that announces nothing leaves it
        empty and moves what stood there to the earlier ones.
        """
        told = before if event is None else before.announcing(events.encode(event))
        self.event = None if event is None else told.texts[-1]
        self.earlier = list(told.texts if event is None else told.texts[:-1]) or None
        self.sweep_key = SWEEP_KEY if told.sweep_hour else None
        self.sweep_hour = told.sweep_hour

    def is_echo(self, stored: dict[str, Any] | None) -> bool:
        """Whether what stands in this record's way is this very write, whose answer was lost.

        The client library sends a write again whose answer it did not get.
        """
        wanted = self.serialize()
        wanted["version"] = {"N": str((self.version or 0) + 1)}
        return wanted == stored

    def put(self, condition: Condition | None = None) -> None:
        """Store this record if its version (and `condition`) still holds.

        A record that was never read must not exist yet.

        Raises
        ------
        Refused
            The stored item differs; it comes with the refusal.
        """
        assert_checked()
        request = self.get_save_kwargs_from_instance(
            condition=condition, return_values_on_condition_failure=ALL_OLD
        )
        connection = self._get_connection().connection
        try:
            connection.dispatch(PUT_ITEM, request)
        except VerboseClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            # PynamoDB keeps the message of the refusal and drops the item; botocore has it.
            refusal: Any = error.__cause__
            raise Refused(refusal.response.get("Item")) from error
        self.update_local_version_attribute()  # type: ignore[no-untyped-call]  # untyped upstream

    @classmethod
    def find(cls: type[R], pk: str, sk: str, *, consistent: bool = True) -> R | None:
        """The record at this key, or None."""
        data = cls._get_connection().get_item(pk, range_key=sk, consistent_read=consistent)
        item = data.get("Item")
        return cls.from_raw_data(item) if item else None


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list and the cursor of the next, if there is one."""

    items: tuple[T, ...]
    next_cursor: str | None


def page(
    record: type[R],
    pk: str,
    *,
    limit: int,
    cursor: str | None,
    index: GlobalSecondaryIndex[Any] | None = None,
    range_condition: Condition | None = None,
    newest_first: bool = False,
    consistent: bool = False,
) -> Page[R]:
    """One Query over one partition, at most `limit` (≤ 100) records.

    Parameters
    ----------
    consistent
        Miss no write that was answered before: twice the read units, and of no index.

    Raises
    ------
    Invalid
        The cursor is not one that this list gave out.
    """
    source: Any = index if index is not None else record
    start = decode_cursor(cursor, _key_names(index), pk) if cursor else None
    results = source.query(
        pk,
        range_key_condition=range_condition,
        limit=min(limit, MAX_LIMIT),
        page_size=min(limit, MAX_LIMIT),
        last_evaluated_key=start,
        scan_index_forward=not newest_first,
        consistent_read=consistent,
    )
    try:
        found = tuple(results)
    except QueryError as error:
        if start is not None and error.cause_response_code == "ValidationException":
            # The key is well formed, but outside the range that this list asks for.
            raise invalid("query:cursor", "bad_cursor") from error
        raise
    last = results.last_evaluated_key
    return Page(found, encode_cursor(last) if last else None)


def _key_names(index: Any) -> tuple[str, ...]:
    """The attributes of a list position; first the one that a query fixes."""
    if index is None:
        return ("pk", "sk")
    # PynamoDB lists an index's keys in the order of their names; "HASH" sorts before "RANGE".
    keys = sorted(index._get_schema()["key_schema"], key=lambda key: key["KeyType"])
    return (*(key["AttributeName"] for key in keys), "pk", "sk")


def encode_cursor(key: dict[str, Any]) -> str:
    """A list position as opaque text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


class _Text(msgspec.Struct, forbid_unknown_fields=True):
    """A key attribute in DynamoDB's own form; all keys are texts."""

    S: Annotated[str, msgspec.Meta(min_length=1)]


def decode_cursor(cursor: str, names: tuple[str, ...], pk: str) -> dict[str, Any]:
    """The position that `encode_cursor` wrote, for this very partition.

    DynamoDB refuses a key with other attributes or outside the partition as our own bad request;
    checking here gives the client a 400 and keeps a forged cursor from naming anything else.

    Parameters
    ----------
    names
        The attributes that the position must have, and no others; the first holds `pk`.

    Raises
    ------
    Invalid
        The cursor is no such position.
    """
    try:
        if len(cursor) > MAX_CURSOR_CHARS:
            raise ValueError
        padded = cursor + "=" * (-len(cursor) % 4)
        key = msgspec.json.decode(
            base64.b64decode(padded, altchars=b"-_", validate=True), type=dict[str, _Text]
        )
        if key.keys() != set(names):
            raise ValueError
        fixed = key[names[0]].S
        if fixed != pk:
            raise ValueError
    except (ValueError, msgspec.DecodeError):
        raise invalid("query:cursor", "bad_cursor") from None
    return {name: {"S": text.S} for name, text in key.items()}


class Transaction:
    """Several writes that all happen or none: at most 100 items (AWS: TransactWriteItems).

    Use as a context manager; leaving it commits.

    Raises
    ------
    Refused
        One of the conditions was not met; nothing was stored.
    Unmet
        The same, of a record that was only required, whatever else was refused.
    """

    def __init__(self) -> None:
        self._write = TransactWrite(connection=_connection())
        self._required = 0

    def put(self, record: Record, condition: Condition | None = None) -> None:
        """Store `record` if its version (and `condition`) still holds."""
        self._write.save(record, condition=condition, return_values=ALL_OLD)

    def update(
        self, record: Record, actions: Sequence[Any], condition: Condition | None = None
    ) -> None:
        """Change parts of a record that was not read, under a condition of its own."""
        self._write.update(
            record,
            actions=list(actions),
            condition=condition,
            return_values=ALL_OLD,
            add_version_condition=False,
        )

    def delete(self, record: Record, condition: Condition | None = None) -> None:
        """Delete a record that was read, if its version still holds."""
        self._write.delete(record, condition=condition)

    def delete_blind(self, record: Record) -> None:
        """Delete a record that was not read; it must exist."""
        self._write.delete(record, condition=type(record).pk.exists(), add_version_condition=False)

    def require(self, record: type[Record], pk: str, sk: str, condition: Condition) -> None:
        """Let nothing happen unless the record at this key meets `condition`."""
        self._write.condition_check(record, pk, sk, condition=condition)
        self._required += 1

    def __enter__(self) -> Transaction:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            return
        assert_checked()
        try:
            self._write._commit()
        except TransactWriteError as failure:
            # The reasons stand in the order of the items; PynamoDB sends what is required first.
            for place, reason in enumerate(failure.cancellation_reasons):
                if reason is not None and reason.code in _CONFLICTS:
                    refused = Unmet if place < self._required else Refused
                    if reason.code == _COLLISION:
                        refused = Collided
                    raise refused(reason.raw_item) from failure
            raise


def _connection() -> Connection:
    connection = Connection()
    connection._client = aws.client("dynamodb")
    return connection
