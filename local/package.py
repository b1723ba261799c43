"""Packaging: layers, Chalice apps, state machines and templates become files named by content.

Chalice builds a template and a zip from each `functions/<capability>`; over its template come
`infra/capability.yaml` (what all have), then `infra/<capability>.yaml` (its own).  Templates leave
here as JSON, whole: the same bytes go to AWS and to the emulator.

    python -m local.package            everything, for AWS
    python -m local.package --here     everything, for this machine's emulator
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalice.package import YAMLTemplateSerializer

from local import archive, places
from local.layers import LAMBDA, Artefact, PackagingError, build_layer
from local.places import BUILD, FUNCTIONS, INFRA, LAYERS

Template = dict[str, Any]

_TEMPLATES = BUILD / "templates"
# Chalice builds clients to look at the partition, and never calls them.
_ANY_REGION = "us-east-1"


@dataclass(frozen=True)
class Package:
    """Everything a deployment sends: files for the artefact bucket, and one template per stack."""

    artefacts: tuple[Artefact, ...]
    templates: dict[str, Artefact]

    def digest(self) -> str:
        """A short name for the whole package."""
        return archive.digest(
            artefact.key.encode() for artefact in (*self.artefacts, *self.templates.values())
        )


def build(platforms: tuple[str, ...] = ()) -> Package:
    """Package everything; what is already built from the same contents is left as it is.

    Parameters
    ----------
    platforms
        The wheel platforms of the layers; none for this machine.

    Raises
    ------
    PackagingError
        The message says what could not be packaged and why.
    """
    BUILD.mkdir(exist_ok=True)
    # Two that build at once would write the same files.
    with (BUILD / "package.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        return _build(platforms)


def _build(platforms: tuple[str, ...]) -> Package:
    with ThreadPoolExecutor(max_workers=2) as workers:
        layers = dict(
            zip(
                places.layers(),
                workers.map(lambda name: build_layer(name, platforms), places.layers()),
                strict=True,
            )
        )
        apps = list(workers.map(_build_app, places.capabilities()))
    artefacts = list(layers.values())
    shared = load_template(INFRA / "shared.yaml")
    for resource in _of_type(shared, "AWS::Lambda::LayerVersion"):
        name = Path(resource["Content"]).name
        resource["Content"] = {"S3Bucket": _BUCKET, "S3Key": layers[name].key}
    templates = {"shared": _write_template("shared", shared)}
    for name, (app, template, machines) in zip(places.capabilities(), apps, strict=True):
        artefacts += [app, *machines]
        templates[name] = _write_template(name, template)
    return Package(tuple(artefacts), templates)


_BUCKET = {"Ref": "ArtefactBucket"}


def merge(base: Any, over: Any) -> Any:
    """`over` laid on `base`: mappings are merged, everything else is replaced.

    An intrinsic function is a value, not a mapping: `!GetAtt` laid on `!Sub` must not become
    both (which is what Chalice's own --merge-template makes of it).
    """
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    if _is_intrinsic(base) or _is_intrinsic(over):
        return over
    merged = dict(base)
    for key, value in over.items():
        merged[key] = merge(base.get(key), value)
    return merged


def _is_intrinsic(value: dict[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))


def _build_app(name: str) -> tuple[Artefact, Template, list[Artefact]]:
    """One capability's code archive, its finished template and its state machines."""
    made, code = _run_chalice(name)
    common = merge(made, load_template(INFRA / "capability.yaml"))
    template: Template = merge(common, load_template(INFRA / f"{name}.yaml"))
    _refuse_orphans(name, template)
    for resource in _of_type(template, "AWS::Serverless::Function"):
        resource["CodeUri"] = {"Bucket": _BUCKET, "Key": code.key}
    machines = []
    for resource in _of_type(template, "AWS::StepFunctions::StateMachine"):
        machine = _state_machine(INFRA / resource["DefinitionS3Location"])
        resource["DefinitionS3Location"] = {"Bucket": _BUCKET, "Key": machine.key}
        machines.append(machine)
    return code, template, machines


def _run_chalice(name: str) -> tuple[Template, Artefact]:
    """Let Chalice package the app, in a copy: its caches reuse zips by contents, not names."""
    source = FUNCTIONS / name
    code_hash = archive.digest(
        [
            archive.digest_of_files(_app_files(source), source).encode(),
            archive.digest_of_files((LAYERS / "shared" / "python").rglob("*.py"), LAYERS).encode(),
            sys.version.encode(),
            Path(__file__).read_bytes(),
        ]
    )
    kept = BUILD / "apps" / f"{name}.json"
    if kept.exists():
        known = json.loads(kept.read_text())
        code = Path(known["code"])
        if known["hash"] == code_hash and code.exists():
            return known["template"], Artefact(code, f"apps/{code.name}")
    work = BUILD / "apps" / f"{name}.work"
    shutil.rmtree(work, ignore_errors=True)
    project, out = work / "project", work / "out"
    for path in _app_files(source):
        copy = project / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    _call_chalice(name, project, out)
    template: Template = json.loads((out / "sam.json").read_text())
    code = _repack(name, out / "deployment.zip", project)
    shutil.rmtree(work)
    kept.write_text(json.dumps({"hash": code_hash, "code": str(code), "template": template}))
    return template, Artefact(code, f"apps/{code.name}")


def _app_files(source: Path) -> list[Path]:
    left_out = {"deployments", "deployed"}
    return [
        path
        for path in archive.sources(source)
        if not left_out & set(path.relative_to(source).parts)
    ]


def _call_chalice(name: str, project: Path, out: Path) -> None:
    chalice = str(Path(sys.executable).with_name("chalice"))
    command = [chalice, "--project-dir", str(project), "package"]
    command += ["--template-format", "json", str(out)]
    environment = os.environ | {
        "AWS_DEFAULT_REGION": _ANY_REGION,
        "PYTHONPATH": str(LAYERS / "shared" / "python"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        raise PackagingError(f"Chalice cannot package {name}:\n{(done.stderr or done.stdout)}")


def _repack(name: str, built: Path, project: Path) -> Path:
    """The app's archive without Chalice's runtime, which the layer has compiled already."""
    members: dict[str, bytes] = {}
    with zipfile.ZipFile(built) as archived:
        for member in archived.namelist():
            if member.startswith("chalice/"):
                continue
            members[member] = archived.read(member)
            if member.endswith(".py"):
                code = archive.compiled(project / member, f"/var/task/{member}")
                members[archive.cache_name(member)] = code
    content = archive.digest(part for item in sorted(members.items()) for part in _bytes(item))
    target = BUILD / "apps" / f"{name}-{content}.zip"
    for older in target.parent.glob(f"{name}-*.zip"):
        older.unlink()
    archive.write_zip(target, members)
    return target


def _bytes(item: tuple[str, bytes]) -> tuple[bytes, bytes]:
    return item[0].encode(), item[1]


def _refuse_orphans(name: str, template: Template) -> None:
    """A fragment for a function that was renamed becomes a resource without a type, silently."""
    orphans = sorted(key for key, value in template["Resources"].items() if "Type" not in value)
    if orphans:
        raise PackagingError(
            f"infra/{name}.yaml (or infra/capability.yaml) changes {', '.join(orphans)}, "
            f"which functions/{name}/app.py does not make"
        )


def _state_machine(definition: Path) -> Artefact:
    text = json.dumps(json.loads(definition.read_text()), ensure_ascii=False)
    name = definition.name.removesuffix(".asl.json")
    target = BUILD / "machines" / f"{name}-{archive.digest([text.encode()])}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return Artefact(target, f"machines/{target.name}")


def _write_template(name: str, template: Template) -> Artefact:
    text = json.dumps(template, indent=1, ensure_ascii=False)
    _TEMPLATES.mkdir(parents=True, exist_ok=True)
    target = _TEMPLATES / f"{name}.json"
    target.write_text(text)
    return Artefact(target, f"templates/{name}-{archive.digest([text.encode()])}.json")


def _of_type(template: Template, kind: str) -> Iterator[dict[str, Any]]:
    for resource in template["Resources"].values():
        if resource.get("Type") == kind:
            yield resource["Properties"]


def load_template(path: Path) -> Template:
    """A template of infra/, its short-form intrinsics written out."""
    loaded: Template = YAMLTemplateSerializer().load_template(path.read_text(), str(path))
    return loaded


def main() -> None:
    """Package everything and list the files."""
    parser = argparse.ArgumentParser(prog="python -m local.package", description=__doc__)
    parser.add_argument("--here", action="store_true", help="for this machine's emulator")
    arguments = parser.parse_args()
    try:
        package = build(() if arguments.here else LAMBDA)
    except PackagingError as error:
        sys.exit(str(error))
    for artefact in (*package.artefacts, *package.templates.values()):
        size = artefact.path.stat().st_size
        print(f"{size:>10,}  {artefact.path.relative_to(places.ROOT)}  → {artefact.key}")


if __name__ == "__main__":
    main()
