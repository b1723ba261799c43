"""Where a capability keeps its things while it is tried, and what must hold of them."""

from __future__ import annotations

import os
from importlib import import_module

from local.package import load_template
from local.places import INFRA
from tests.harness import world
from tests.harness.outcomes import Place
from tests.harness.source import Source
from tests.harness.world import World


def place_of(capability: str, source: Source) -> Place:
    """The place of the capability whose story is told."""
    oracle = import_module(f"tests.{capability}.invariants")
    return Place(_stored, _perishable(capability), lambda items: oracle.broken(items, source.now))


def _stored() -> World:
    tables = (os.environ["TABLE"], os.environ["GRANTS_TABLE"])
    return world.taken(tables, (os.environ["BUCKET"],))


def _perishable(capability: str) -> tuple[str, ...]:
    """The prefixes that the capability's bucket lets expire."""
    bucket = load_template(INFRA / f"{capability}.yaml")["Resources"].get("Bucket")
    rules = bucket["Properties"]["LifecycleConfiguration"]["Rules"] if bucket else ()
    return tuple(rule["Prefix"] for rule in rules if "ExpirationInDays" in rule)
