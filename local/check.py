"""Every check that runs no code of ours: lint, types, templates, machines, security, locks.

python -m local.check
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from local import locks, package, states, templates, whole
from local.layers import PackagingError
from local.places import BUILD, FUNCTIONS, LAYERS, ROOT, capabilities

_SHARED = LAYERS / "shared" / "python"
# chalicelib is a namespace package: its folder is no package, and its parent is the base.
_APP_TYPES = ("--explicit-package-bases", "--config-file", str(ROOT / "pyproject.toml"))
Complaint = str


def check_style() -> Complaint:
    """Ruff, with the rules of pyproject.toml."""
    return _run("ruff", "check", "--quiet", ".")


def check_types() -> Complaint:
    """Mypy in strict mode: the layer, our tools and tests, and each app by itself.

    All apps are called `app`, so one run cannot hold two of them.
    """
    said = _run("mypy", str(_SHARED / "shared"), "local", "tests", paths=[_SHARED, *_apps()])
    for name in capabilities():
        folder = FUNCTIONS / name
        whole = (*_APP_TYPES, "app.py", "chalicelib")
        said += _run("mypy", *whole, cwd=folder, paths=[_SHARED, folder])
    return said


def check_templates() -> Complaint:
    """The templates as they are deployed: by cfn-lint, and for what no emulator enforces."""
    try:
        built = package.build()
    except PackagingError as error:
        return str(error)
    paths = {name: artefact.path for name, artefact in built.templates.items()}
    said = _run("cfn-lint", *(str(path) for path in paths.values()))
    unenforced = [
        sentence
        for name, path in paths.items()
        for sentence in templates.faults(name, json.loads(path.read_text()))
    ]
    return said + "\n".join(unenforced)


def check_machines() -> Complaint:
    """The definitions of all state machines."""
    return "\n".join(
        f"{path.relative_to(ROOT)} {sentence}"
        for path in states.definitions()
        for sentence in states.faults(path.read_text())
    )


def check_security() -> Complaint:
    """Bandit over everything that is deployed or deploys."""
    return _run(
        "bandit",
        "--quiet",
        "--recursive",
        "--configfile",
        "pyproject.toml",
        "functions",
        "layers",
        "local",
    )


def check_locks() -> Complaint:
    """The locks answer what we ask for, with hashes and without addresses."""
    return "\n".join(locks.faults())


def check_capabilities() -> Complaint:
    """Every folder of functions/ has its policies, samples, model, story, budgets and rows."""
    return "\n".join(whole.faults(ROOT))


CHECKS: tuple[tuple[str, Callable[[], Complaint]], ...] = (
    ("locks", check_locks),
    ("capabilities", check_capabilities),
    ("style", check_style),
    ("state machines", check_machines),
    ("templates", check_templates),
    ("security", check_security),
    ("types", check_types),
)


def _apps() -> list[Path]:
    return [FUNCTIONS / name for name in capabilities()]


def _run(
    tool: str, *arguments: str, cwd: Path = ROOT, paths: list[Path] | None = None
) -> Complaint:
    """What `tool` says when it is not content; nothing otherwise."""
    command = [str(Path(sys.executable).with_name(tool)), *arguments]
    if tool == "mypy":
        command += ["--cache-dir", str(BUILD / "mypy"), "--no-error-summary"]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    if paths:
        environment["MYPYPATH"] = os.pathsep.join(str(path) for path in paths)
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return ""
    return (done.stdout + done.stderr).strip() + "\n"


def main() -> None:
    """Run every check; show what each complains of."""
    failed = False
    for name, check in CHECKS:
        started = time.monotonic()
        complaint = check().strip()
        failed = failed or bool(complaint)
        mark, seconds = "✗" if complaint else "✓", time.monotonic() - started
        print(f"{mark} {name} ({seconds:.1f} s)", flush=True)
        if complaint:
            print(complaint, flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
