"""What each function weighs as Lambda unpacks it: its own archive and its layers."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.package import Package

GOAL_MB = 10
GOAL_WITH_CRYPTO_MB = 30
CRYPTO = "crypto"


def unpacked_bytes(archive: Path) -> int:
    """The sum of the files of an archive."""
    with zipfile.ZipFile(archive) as packed:
        return sum(member.file_size for member in packed.infolist())


def layers_of(template: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """The layers of each function of a template; what all have comes first."""
    common = template["Globals"]["Function"]["Layers"]
    return {
        _name(function): tuple(_layer(one) for one in (*common, *function.get("Layers", ())))
        for function in _functions(template)
    }


def weights(built: Package) -> dict[str, int]:
    """The bytes of each function with its layers, by its name in the table of the bench."""
    files = {artefact.key: unpacked_bytes(artefact.path) for artefact in built.artefacts
             if artefact.path.suffix == ".zip"}  # fmt: skip
    # `layers/crypto-4ab0cd503daefba2.zip` is the layer `crypto`.
    layers = {
        key.removeprefix("layers/").rpartition("-")[0]: size
        for key, size in files.items()
        if key.startswith("layers/")
    }
    found = {}
    for capability, artefact in built.templates.items():
        template = json.loads(artefact.path.read_text("utf-8"))
        functions = list(_functions(template))
        if not functions:
            continue
        carried = layers_of(template)
        for function in functions:
            name = _name(function)
            own = files[function["CodeUri"]["Key"]]
            found[f"{capability}.{name}"] = own + sum(layers[one] for one in carried[name])
    return found


def _functions(template: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            yield resource["Properties"]


def _name(function: dict[str, Any]) -> str:
    return str(function["Handler"]).removeprefix("app.")


def _layer(reference: dict[str, str]) -> str:
    """`SheetsLayerArn` is the parameter that holds the layer `sheets`."""
    return reference["Ref"].removesuffix("LayerArn").lower()
