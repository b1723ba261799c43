"""Cold starts of every function against a bare boto3 handler, in fresh interpreters, side by side.

The variants run one after another in an order that changes each round, so what else the machine
does hits all of them; only ratios are published.  Each must read the same item before it counts.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import package, places
from tests.bench import budgets
from tests.bench.endpoint import ITEM
from tests.bench.requests import first_events

_CHILD = Path(__file__).with_name("cold_start.py")
_WORK = places.BUILD / "bench"
_RESAMPLES = 2_000
# A cold start takes a fifth of a second; anything near this hangs.
_SECONDS_MAX = 60
# The settings that must be more than a name.
_SETTINGS = {"ISSUERS": "[]"}


@dataclass(frozen=True)
class Variant:
    """A handler to start cold: how the table names it, and what Lambda would give it."""

    name: str
    handler: str
    path: tuple[Path, ...]
    settings: tuple[tuple[str, str], ...] = ()
    first: tuple[dict[str, Any], ...] = ()
    besides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Start:
    """What one cold start took."""

    wall_seconds: float
    cpu_seconds: float
    modules: int
    modules_at_first_request: int
    item: dict[str, Any]
    answers: list[Any]


@dataclass(frozen=True)
class Ratio:
    """A ratio of medians with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def baselines() -> list[Variant]:
    """What every function is compared with: whole libraries, as pip installs them."""
    whole = (Path(sysconfig.get_path("purelib")),)
    return [Variant("bare boto3", "bare", whole), Variant("naive stack", "naive", whole)]


def functions() -> list[Variant]:
    """Every function of every capability, unpacked from what would be deployed here."""
    built = package.build()
    shutil.rmtree(_WORK, ignore_errors=True)
    files = {artefact.key: artefact.path for artefact in built.artefacts}
    layers = _WORK / "opt"
    for key in files:
        if key.startswith("layers/"):
            # Lambda lays all layers of a function over each other.
            _unpack(files[key], layers)
    known = budgets.functions()
    variants = []
    for capability in places.capabilities():
        template = json.loads(built.templates[capability].path.read_text("utf-8"))
        task = _WORK / "task" / capability
        owned = [
            resource["Properties"]
            for resource in template["Resources"].values()
            if resource["Type"] == "AWS::Serverless::Function"
        ]
        _unpack(files[owned[0]["CodeUri"]["Key"]], task)
        names = {properties["Handler"].removeprefix("app.") for properties in owned}
        for properties in owned:
            function = properties["Handler"].removeprefix("app.")
            name = f"{capability}.{function}"
            later = set(known[name].later) if name in known else set[str]()
            variants.append(
                Variant(
                    name,
                    properties["Handler"],
                    (task, layers / "python"),
                    _settings(template, properties),
                    tuple(first_events(capability, function, (names - {function}) | later)),
                    known[name].besides if name in known else (),
                )
            )
    return variants


def _unpack(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)


def _settings(template: dict[str, Any], properties: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """What the stack sets for a function; a setting known at deployment only is its own name."""
    settings: dict[str, str] = {}
    parameters = template.get("Parameters", {})
    for source in (template.get("Globals", {}).get("Function", {}), properties):
        for name, value in source.get("Environment", {}).get("Variables", {}).items():
            if isinstance(value, dict):
                value = parameters.get(value.get("Ref"), {}).get("Default", name.lower())
            settings[name] = _SETTINGS.get(name, value)
    return tuple(sorted(settings.items()))


def start(variant: Variant, endpoint: str) -> Start:
    """Start a variant cold, once.

    Raises
    ------
    RuntimeError
        It failed; the message holds what it wrote.
    AssertionError
        It did not read the item that is there.
    """
    environment = dict(variant.settings) | {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(str(folder) for folder in variant.path),
        "HOME": str(_WORK),
        "AWS_DEFAULT_REGION": "cn-north-1",
        "AWS_REGION": "cn-north-1",
        "AWS_ACCESS_KEY_ID": "AKIABENCH",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
    }
    # Without site, user site and the script's folder: nothing but what Lambda would see.
    command = [sys.executable, "-S", "-s", "-P", str(_CHILD), variant.handler, *variant.besides]
    done = subprocess.run(
        command,
        input=json.dumps(variant.first) if variant.first else "",
        capture_output=True,
        text=True,
        env=environment,
        timeout=_SECONDS_MAX,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{variant.name} does not start:\n{done.stderr[-2_000:]}")
    measured = Start(**json.loads(done.stdout.splitlines()[-1]))
    assert measured.item == ITEM, f"{variant.name} read {measured.item}"
    for answer in measured.answers:
        assert not _is_fault(answer), f"{variant.name} answered {answer}:\n{done.stdout[:2_000]}"
    return measured


def _is_fault(answer: Any) -> bool:
    """Whether an API answered that it failed: then it did less than it should."""
    return isinstance(answer, dict) and int(answer.get("statusCode", 200)) >= 500


def rounds(
    variants: Sequence[Variant], endpoint: str, count: int, after_round: Callable[[], None]
) -> dict[str, list[Start]]:
    """Start every variant `count` times, interleaved; a first round fills caches uncounted."""
    shuffled = random.Random(1)
    starts: dict[str, list[Start]] = {variant.name: [] for variant in variants}
    for number in range(count + 1):
        for variant in shuffled.sample(variants, len(variants)):
            measured = start(variant, endpoint)
            if number:
                starts[variant.name].append(measured)
        after_round()
    return starts


def ratio(ours: Sequence[float], bare: Sequence[float]) -> Ratio:
    """How many times `bare` ours takes, at the medians."""
    resample = random.Random(1)
    drawn = sorted(
        statistics.median(resample.choices(ours, k=len(ours)))
        / statistics.median(resample.choices(bare, k=len(bare)))
        for _ in range(_RESAMPLES)
    )
    low, high = drawn[round(_RESAMPLES * 0.025)], drawn[round(_RESAMPLES * 0.975) - 1]
    return Ratio(statistics.median(ours) / statistics.median(bare), low, high)
