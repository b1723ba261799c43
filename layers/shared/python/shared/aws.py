"""Connections to AWS, made at first use and kept for the life of the container."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import botocore.session
import msgspec
from botocore.config import Config
from botocore.handlers import BUILTIN_HANDLERS, REGISTER_FIRST, REGISTER_LAST
from botocore.loaders import JSONFileLoader, Loader

# Few, bounded attempts: queues and state machines deliver again by themselves, and stacking
# retries multiplies calls under failure (RELIABILITY.md 1.5).
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=2,
    read_timeout=10,
    s3={"addressing_style": "virtual"},
)
# In the oldest regions botocore still signs links with version 2, which S3 refuses for buckets
# made after June 2020 (AWS: Signature Version 2 turned off for new buckets).
_SIGNATURES = {"s3": "s3v4"}
# Whose handlers are needed: every service's, and what botocore's events call ours.
_HANDLED = {"", "*", "dynamodb", "eventbridge", "events", "s3", "sfn", "stepfunctions", "sqs"}


class _Descriptions(JSONFileLoader):  # type: ignore[misc]  # botocore ships no types
    """Reads the layer's descriptions of services, plain JSON, with the decoder that is here."""

    def load_file(self, file_path: str) -> Any:
        """The description at this path without its ending, or None where there is none."""
        try:
            with open(f"{file_path}.json", "rb") as file:
                return msgspec.json.decode(file.read())
        except FileNotFoundError:
            # A botocore as pip installs it keeps some of them compressed.
            return super().load_file(file_path)


@cache
def session() -> Any:
    """The one botocore session of this container, for the services that the layer describes."""
    made = botocore.session.Session(include_builtin_handlers=False)
    made.register_component("data_loader", Loader(file_loader=_Descriptions()))
    _register_handlers(made.get_component("event_emitter"))
    return made


def _register_handlers(emitter: Any) -> None:
    """Register botocore's own handlers, but for its manual's and those of services unlike ours.

    Each of the 130 is inspected when it is registered; the 80 left out cannot be reached.
    """
    places = {REGISTER_FIRST: emitter.register_first, REGISTER_LAST: emitter.register_last}
    for event, handler, *place in BUILTIN_HANDLERS:
        name, _, rest = event.partition(".")
        service = rest.partition(".")[0]
        if name != "docs" and service in _HANDLED:
            register = places[place[0]] if place else emitter.register
            register(event, handler)


@cache
def client(service: str) -> Any:
    """A botocore client for `service`; endpoint and region come from the environment."""
    own = Config(
        signature_version=_SIGNATURES.get(service),
        # PynamoDB builds what it sends from declared attributes, and turns this off as well.
        parameter_validation=service != "dynamodb",
    )
    return session().create_client(service, config=_CONFIG.merge(own))


def setting(name: str) -> str:
    """A setting of this function, given by its stack; read when needed, never at import.

    Raises
    ------
    KeyError
        The stack does not set it: a fault of the template, not of the request.
    """
    return os.environ[name]
