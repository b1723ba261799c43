"""The capability with its providers, and the people who sign in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import pytest

from chalicelib.identity.providers import wechat
from local.apps import load_app
from local.sandboxes import Sandboxes, secret_name
from shared import aws, clock
from tests.harness import hours
from tests.harness.gateway import Answer, send
from tests.harness.issuer import bytes_of
from tests.identity import keys

ISSUER = "https://api.linli.example/identity"
STAGE = "test"
PHONE, OTHER_PHONE = "13812345678", "13987654321"
ADDRESS = "203.0.113.7"
DEVICE = "iPhone 17"


_RUNNING: list[Sandboxes] = []


@contextmanager
def at_home() -> Iterator[Sandboxes]:
    """The settings and providers of identity's functions, for as long as the context lasts."""
    own = {"ISSUER": ISSUER, "STAGE": STAGE, "PROVIDERS": secret_name(STAGE)}
    with (
        pytest.MonkeyPatch.context() as patch,
        keys.steady(),
        Sandboxes(now=lambda: clock.now().timestamp()) as sandboxes,
    ):
        for name, value in own.items():
            patch.setenv(name, value)
        sandboxes.configure(aws.client("secretsmanager"), STAGE)
        _RUNNING.append(sandboxes)
        yield sandboxes
        _RUNNING.pop()
        # Another sandbox gives other tokens.
        wechat._TOKENS.clear()


def sandboxes() -> Sandboxes:
    """The providers that run now."""
    return _RUNNING[-1]


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
        session_id: str = "",
        key: str = "key-0001",
        address: str = ADDRESS,
    ) -> Answer:
        """One request, in somebody's name or in nobody's."""
        named: dict[str, Any] = {}
        if person_id:
            caller = {"person_id": person_id, "grants": "", "acting_id": acting_id}
            named["authorizer"] = {**caller, "session_id": session_id}
        headers = {"Idempotency-Key": key}
        return send(
            self.module.app, method, url, body=body, headers=headers, address=address, **named
        )

    def items(self) -> list[dict[str, Any]]:
        """Everything in the table, as DynamoDB keeps it."""
        found: list[dict[str, Any]] = aws.client("dynamodb").scan(TableName=self.table)["Items"]
        return sorted(found, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    def sessions(self, person_id: str) -> list[dict[str, Any]]:
        """The devices on which a person is signed in."""
        answer = self.call("GET", "/sessions", person_id=person_id)
        found: list[dict[str, Any]] = answer.json["sessions"]
        return found

    def claims(self, token: str) -> dict[str, Any]:
        """What a token says."""
        found: dict[str, Any] = json.loads(bytes_of(token.split(".")[1]))
        return found

    def someone_is(self, person_id: str, state: str) -> None:
        """A person who is known comes into another state, without more ado."""
        aws.client("dynamodb").update_item(
            TableName=self.table,
            Key={"pk": {"S": f"platform#person#{person_id}"}, "sk": {"S": "person"}},
            UpdateExpression="SET #state = :state",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":state": {"S": state}},
        )

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
