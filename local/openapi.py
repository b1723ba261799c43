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


def merged() -> dict[str, Any]:
    """All capabilities in one document; their paths carry their base paths already.

    Raises
    ------
    ValueError
        Two capabilities give the same component different contents.
    """
    whole: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Linli 邻里", "version": "1"},
        "paths": {},
        "components": {},
    }
    for name in capabilities():
        one = json.loads(msgspec.json.encode(document(load_app(name).app)))
        for path, item in one["paths"].items():
            whole["paths"][path] = item
        for kind, components in one.get("components", {}).items():
            known = whole["components"].setdefault(kind, {})
            for key, component in components.items():
                if known.setdefault(key, component) != component:
                    raise ValueError(f"{name} has another {kind}/{key} than a capability before it")
    return whole


def main() -> None:
    """Write the merged document."""
    BUILD.mkdir(exist_ok=True)
    whole = merged()
    TARGET.write_text(json.dumps(whole, ensure_ascii=False, indent=2) + "\n")
    print(f"{len(whole['paths'])} paths in {TARGET.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
