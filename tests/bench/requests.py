"""The first events that each function is started with, once its import was measured."""

from __future__ import annotations

import json
from typing import Any

from local import places

# What Chalice calls the function behind a capability's API.
API = "app"


def first_events(capability: str, function: str, others: set[str]) -> list[dict[str, Any]]:
    """The samples of a function; for the API, those of all its routes.

    Which route somebody asks for first is chance, so all are asked for: what they load together
    is the most that a first request can load.

    Parameters
    ----------
    others
        Every other function of the capability, and every request that is not counted: a sample
        with such a name is not the API's.
    """
    samples = sorted((places.ROOT / "events" / capability).glob("*.json"))
    return [
        json.loads(sample.read_text("utf-8"))
        for sample in samples
        if (sample.stem not in others if function == API else sample.stem == function)
    ]
