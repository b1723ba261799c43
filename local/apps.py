"""Loading a capability's `app.py`: they are all called `app`, so each gets a name of its own."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from local.places import FUNCTIONS, capabilities


def put_on_path() -> None:
    """Let `chalicelib.<capability>` of every capability be imported: one namespace package."""
    for name in capabilities():
        folder = str(FUNCTIONS / name)
        if folder not in sys.path:
            sys.path.append(folder)


def load_app(name: str, container: str = "") -> ModuleType:
    """The module `functions/<name>/app.py`, loaded once for each `container`.

    An app knows one request at a time, as Lambda gives a container no other; what answers two at
    once needs two containers.
    """
    put_on_path()
    module_name = f"app_of_{name}{container}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    spec = importlib.util.spec_from_file_location(module_name, FUNCTIONS / name / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    return module
