"""What every capability has besides its code: policies, samples, a model, a story, budgets, rows.

A folder of `functions/` that lacks one of these is not attacked, not measured or not told of, so
`make check` names each missing thing with the place where it belongs.
"""

from __future__ import annotations

import ast
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local import features
from local.source import Capability, dotted_name, endpoints

API = "api_handler"
_WAYS_IN = {"lambda_function", "on_sqs_message", "on_dynamodb_record", "schedule", "authorizer",
            "on_cw_event", "on_sns_message", "on_kinesis_record"}  # fmt: skip
_TESTS = {
    "story.py": "tells everything that can be asked of it, through every way in",
    "rivals.py": "names the requests that contend for its items",
    "invariants.py": "says what must hold of all that it stores",
    "model.py": "is the capability in plain Python, to compare it with",
    "machine.py": "drives it at random beside the model",
    "test_machine.py": "runs the machine",
}


def folders(root: Path) -> list[str]:
    """Every folder of `functions/`, whatever is in it."""
    inside = (root / "functions").iterdir()
    return sorted(path.name for path in inside if path.is_dir() and path.name[0] not in "._")


def faults(root: Path) -> Iterator[str]:
    """A sentence for each thing that a capability lacks, over all folders of `functions/`."""
    for name in folders(root):
        yield from lacking(Capability(root, name))


def lacking(capability: Capability) -> Iterator[str]:
    """A sentence for each thing that one capability lacks."""
    name, root = capability.name, capability.root
    app, config = capability.folder / "app.py", capability.folder / ".chalice" / "config.json"
    if not app.is_file():
        yield f"functions/{name}/app.py is missing: every way into {name} stands there"
        return
    if not config.is_file():
        yield f"functions/{name}/.chalice/config.json is missing: it names each function's policy"
    else:
        yield from check_functions(capability)
    for sample in sorted(_views(capability)):
        path = f"events/{name}/{sample}.json"
        if not (root / path).is_file():
            yield f"{path} is missing: a sample of the request that {sample} takes"
    for file, does in _TESTS.items():
        if not (root / "tests" / name / file).is_file():
            yield f"tests/{name}/{file} is missing: it {does}"
    if not (root / "infra" / f"{name}.yaml").is_file():
        yield f"infra/{name}.yaml is missing: it says what only {name} has"
    yield from _unbudgeted(capability)
    ways = {way for row in features.read(_text(root, "FEATURES.md")) for way in row.ways}
    if not any(f" /{name}/" in way for way in ways):
        yield f"FEATURES.md has no row that {name} serves: give one its way in and its test"


def check_functions(capability: Capability) -> Iterator[str]:
    """Each function of the app has its settings, its policy and a sample of its event."""
    name, handlers = capability.name, handler_names(capability)
    chalice = f"functions/{name}/.chalice"
    config = json.loads((capability.root / chalice / "config.json").read_text())
    if config.get("autogen_policy") is not False:
        yield f"{chalice}/config.json must set autogen_policy to false"
    if config.get("minimum_compression_size") != 1024:
        yield f"{chalice}/config.json must compress from 1024 bytes"
    for stage, settings in config.get("stages", {}).items():
        functions = settings.get("lambda_functions", {})
        yield from _differences(f"{chalice}/config.json, stage {stage},", handlers, set(functions))
        for function, own in functions.items():
            if own.get("iam_policy_file") != f"policy-{function}.json":
                yield f"{name}: {function} must have the policy policy-{function}.json"
            for setting in ("lambda_memory_size", "lambda_timeout"):
                if setting not in own:
                    yield f"{name}: {function} must have a {setting} of its own"
    policies = (capability.root / chalice).glob("policy-*.json")
    names = {path.stem.removeprefix("policy-") for path in policies}
    yield from _files(
        f"{chalice}/policy-{{}}.json", "exactly the calls that it makes", handlers, names
    )
    samples = {path.stem for path in (capability.root / "events" / name).glob("*.json")}
    yield from _files(
        f"events/{name}/{{}}.json",
        "a sample of what starts it",
        handlers - {API},
        samples - _views(capability),
    )


def handler_names(capability: Capability) -> set[str]:
    """The functions that the app makes: the API's and one for each other way in."""
    names = {API}
    for name, function in capability.modules["app"].functions.items():
        for decorator in function.decorator_list:
            way = dotted_name(decorator.func) if isinstance(decorator, ast.Call) else ""
            if way.removeprefix("app.") in _WAYS_IN:
                names.add(name)
    return names


def _views(capability: Capability) -> set[str]:
    return {name for _, name, _ in endpoints(capability)}


def _differences(where: str, wanted: set[str], found: set[str]) -> Iterator[str]:
    for name in sorted(wanted - found):
        yield f"{where} has nothing for the function {name}"
    for name in sorted(found - wanted):
        yield f"{where} has {name}, which app.py does not make"


def _files(path: str, what: str, wanted: set[str], found: set[str]) -> Iterator[str]:
    for name in sorted(wanted - found):
        yield f"{path.format(name)} is missing: {what} belongs there for the function {name}"
    for name in sorted(found - wanted):
        yield f"{path.format(name)} is of {name}, which app.py does not make"


def _unbudgeted(capability: Capability) -> Iterator[str]:
    """What a capability does that no line of the budgets holds."""
    name, others = capability.name, handler_names(capability) - {API}
    budgets: dict[str, Any] = tomllib.loads(_text(capability.root, "tests/bench/budgets.toml"))
    wanted = {
        name: ({"app", *others}, "the modules"),
        f"deployments.{name}": ({"app", *others}, "the weight"),
        f"runs.{name}": (_views(capability) | others, "the cost"),
    }
    for table, (lines, what) in wanted.items():
        held: Any = budgets
        for part in table.split("."):
            held = held.get(part, {})
        for line in sorted(lines - set(held)):
            yield f"tests/bench/budgets.toml, [{table}], has no line for {what} of {line}"


def _text(root: Path, path: str) -> str:
    """The text of a file; nothing where there is none, so that all it should say is missing."""
    return (root / path).read_text() if (root / path).is_file() else ""
