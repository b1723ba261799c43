"""The capability with its providers, and the people who sign in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

from chalicelib.identity.providers import settings, wechat
from local.apps import load_app
from local.sandboxes import Sandboxes, secret_name
from shared import aws, clock
from shared.auth import Grant
from tests.harness import hours
from tests.harness.gateway import Answer, send
from tests.identity import keys

ISSUER = "https://api.linli.example/identity"
STAGE = "test"
PHONE, OTHER_PHONE = "13812345678", "13987654321"
ADDRESS = "203.0.113.7"
DEVICE = "iPhone 17"


@contextmanager
def at_home(setenv: Callable[[str, str], None]) -> Iterator[Sandboxes]:
    """The settings and providers of identity's functions, for as long as the context lasts."""
    setenv("ISSUER", ISSUER)
    setenv("STAGE", STAGE)
    setenv("PROVIDERS", secret_name(STAGE))
    with keys.steady(), Sandboxes(now=lambda: clock.now().timestamp()) as sandboxes:
        sandboxes.configure(aws.client("secretsmanager"), STAGE)
        settings._read.cache_clear()
        # Every process is warm: one that is cold asks for the document first.
        settings.sms()
        yield sandboxes
        wechat._TOKENS.clear()


@dataclass(frozen=True)
class Identity:
    """The capability as its functions run it."""

    table: str
    sandboxes: Sandboxes

    @cached_property
    def module(self) -> ModuleType:
        """Its app."""
        return load_app("identity")

    def schedule(self, function: str) -> dict[str, object]:
        """What the schedule hands a function."""
        return hours.schedule(function)

    def rotate(self) -> None:
        """The schedule comes round."""
        self.module.rotate_keys(self.schedule("rotate_keys"), None)

    def call(
        self,
        method: str,
        url: str,
        body: Any = None,
        *,
        person_id: str | None = None,
        acting_id: str = "",
        grants: tuple[Grant, ...] = (),
        key: str = "key-0001",
    ) -> Answer:
        """One request, in somebody's name or in nobody's."""
        named: dict[str, Any] = {}
        if person_id:
            named["authorizer"] = {"person_id": person_id, "grants": "", "acting_id": acting_id}
        return send(
            self.module.app, method, url, body=body, headers={"Idempotency-Key": key}, **named
        )

    def items(self) -> list[dict[str, Any]]:
        """Everything in the table, as DynamoDB keeps it."""
        found: list[dict[str, Any]] = aws.client("dynamodb").scan(TableName=self.table)["Items"]
        return sorted(found, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    def told(self) -> list[str]:
        """The types of the events that stand on items."""
        texts = [item["event"]["S"] for item in self.items() if "event" in item]
        return [json.loads(text)["type"] for text in texts]

    def someone(self, letter: str = "a", state: str = "active") -> str:
        """A person who is there, and nothing else of them."""
        person_id = "per_" + letter * 26
        aws.client("dynamodb").put_item(
            TableName=self.table,
            Item={
                "pk": {"S": f"platform#person#{person_id}"},
                "sk": {"S": "person"},
                "version": {"N": "1"},
                "state": {"S": state},
            },
        )
        return person_id
