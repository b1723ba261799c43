"""The OpenAPI document of the whole platform, from the routes and shapes of every capability.

python -m local.openapi            writes build/openapi.json
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from local.apps import load_app
from local.places import BUILD, ROOT, capabilities
from shared.openapi import document

TARGET = BUILD / "openapi.json"


_SCHEMAS = "#/components/schemas/"
# What the layer itself answers with is the same everywhere and keeps its name.
_COMMON = {"Problem", "FindingShape"}


def merged() -> dict[str, Any]:
    """All capabilities in one document; their paths carry their base paths already.

    Two capabilities may each have a `Kind`: here a schema is called `repairs.Kind`.
    """
    whole: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Linli 邻里", "version": "1"},
        "paths": {},
        "components": {},
    }
    for name in capabilities():
        one = _renamed(name, json.loads(msgspec.json.encode(document(load_app(name).app))))
        whole["paths"] |= one["paths"]
        for kind, components in one["components"].items():
            whole["components"].setdefault(kind, {}).update(components)
    return whole


def _renamed(capability: str, part: Any) -> Any:
    """The document, or a part of it, with the capability's name before its schemas' names."""
    if isinstance(part, list):
        return [_renamed(capability, item) for item in part]
    if not isinstance(part, dict):
        return part
    renamed = {key: _renamed(capability, value) for key, value in part.items()}
    reference = renamed.get("$ref")
    if isinstance(reference, str):
        renamed["$ref"] = _SCHEMAS + _name(capability, reference.removeprefix(_SCHEMAS))
    if "schemas" in renamed and "securitySchemes" in renamed:
        schemas = renamed["schemas"].items()
        renamed["schemas"] = {_name(capability, key): value for key, value in schemas}
    return renamed


def _name(capability: str, schema: str) -> str:
    return schema if schema in _COMMON else f"{capability}.{schema}"


def main() -> None:
    """Write the merged document."""
    BUILD.mkdir(exist_ok=True)
    whole = merged()
    TARGET.write_text(json.dumps(whole, ensure_ascii=False, indent=2) + "\n")
    print(f"{len(whole['paths'])} paths in {TARGET.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
