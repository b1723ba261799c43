"""Cut the botocore of a layer down to the services the platform calls.

botocore carries descriptions of 440 services and lists all their folders for each client; it
reads an endpoint table of 1.2 MB and service descriptions that are four fifths documentation.
That is a quarter of a cold start and 27 of botocore's 31 MB.  The layer's own copy keeps what
decides requests, answers and endpoints, in the place where botocore's own loader looks: so
functions need no code for it, and every client made in them gains.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# What functions call.  A client of any other service fails at once with UnknownServiceError.
SERVICES = ("dynamodb", "events", "kms", "s3", "sqs", "stepfunctions")

# Printed in botocore's manual only.
_EXAMPLES = "examples-1"


def prune(data: Path, services: Iterable[str] = SERVICES) -> None:
    """Leave in botocore's `data` folder only `services`, in their newest form, undocumented.

    Doing it twice changes nothing.

    Parameters
    ----------
    data
        `botocore/data` of an unpacked layer; changed in place.
    services
        botocore's names, as given to `create_client`.

    Raises
    ------
    FileNotFoundError
        botocore does not know one of the services.
    """
    kept = {service: _newest(data / service) for service in services}
    for folder in [path for path in data.iterdir() if path.is_dir()]:
        if folder.name not in kept:
            shutil.rmtree(folder)
    prefixes = {_keep_service(folder) for folder in kept.values()}
    for file in data.glob("*.json"):
        content = json.loads(file.read_bytes())
        if file.name == "endpoints.json":
            content = _endpoints_of(content, prefixes)
        _write(file, content)


def _newest(service: Path) -> Path:
    versions = [file.parent for file in service.glob("*/service-2.json*")]
    if not versions:
        raise FileNotFoundError(f"botocore describes no service in {service}")
    return max(versions)


def _keep_service(version: Path) -> str:
    """Rewrite one service's descriptions; its prefix in the endpoint table."""
    for other in [path for path in version.parent.iterdir() if path != version]:
        shutil.rmtree(other)
    prefix = ""
    for file in sorted(version.iterdir()):
        content = json.loads(_read(file))
        name = file.name.removesuffix(".gz").removesuffix(".json")
        file.unlink()
        if name == _EXAMPLES:
            continue
        if name == "service-2":
            prefix = content["metadata"]["endpointPrefix"]
            content = _undocumented(content)
        _write(version / f"{name}.json", content)
    return prefix


def _undocumented(model: dict[str, Any]) -> dict[str, Any]:
    """The model without the prose of its operations and shapes.

    Its other parts stay whole: botocore requires the documentation of client context parameters.
    """
    prose = ("operations", "shapes")
    kept = {name: part for name, part in model.items() if name != "documentation"}
    return kept | {name: _without_prose(model[name]) for name in prose}


def _without_prose(part: Any) -> Any:
    if isinstance(part, dict):
        # A member may be called `documentation` too; then the value is a shape, not prose.
        return {
            name: _without_prose(value)
            for name, value in part.items()
            if name != "documentation" or not isinstance(value, str)
        }
    return [_without_prose(value) for value in part] if isinstance(part, list) else part


def _endpoints_of(endpoints: dict[str, Any], prefixes: set[str]) -> dict[str, Any]:
    """The endpoint table of all partitions and regions, for these services only."""
    partitions = [
        partition
        | {
            "services": {
                name: service for name, service in partition["services"].items() if name in prefixes
            }
        }
        for partition in endpoints["partitions"]
    ]
    return endpoints | {"partitions": partitions}


def _read(file: Path) -> bytes:
    content = file.read_bytes()
    return gzip.decompress(content) if file.suffix == ".gz" else content


def _write(file: Path, content: Any) -> None:
    # Member order is meaning: some protocols write members in the order of the description.
    file.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), "utf-8")
