"""The grammar of a capability's files: what each may import, hold and say.

Each check takes a capability and gives sentences that say what is wrong, where, and what to do.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator

from local.source import (
    KINDS,
    Capability,
    Function,
    Module,
    calls,
    dotted_name,
)
from local.whole import check_functions

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70
MAX_COLUMNS = 100

_WAYS_IN = {"app", "routes"}
_AWS = {"boto3", "botocore", "pynamodb", "aws_lambda_powertools"}
# What each kind of file may import of the layer and of other people's libraries; None: anything
# that is not forbidden everywhere.  The capability's own files are judged in `_own_import`.
_SHARED: dict[str, set[str] | None] = {
    "app": None,
    "routes": None,
    "actions": None,
    "rules": {"auth", "clock", "errors", "ids", "money", "outbox"},
    "store": {
        *("auth", "clock", "errors", "events", "grants", "ids", "money", "outbox", "quotas"),
        "table",
    },
    "shapes": None,
    "permissions": {"auth"},
    "texts": {"auth", "i18n"},
    "idea": None,
    "__init__": set(),
}
_LIBRARIES: dict[str, set[str] | None] = {
    "app": {"chalice"},
    "routes": set(),
    "actions": set(),
    "rules": set(),
    "store": {"pynamodb", "msgspec"},
    "shapes": {"msgspec"},
    "permissions": set(),
    "texts": set(),
    "idea": None,
    "__init__": set(),
}
_NEVER_SHARED = {
    "app": {"aws", "grants", "table"},
    "routes": {"aws", "grants", "table"},
    "actions": {"app", "aws"},
    "shapes": {"app", "aws", "events", "grants"},
    "idea": {"app"},
}
_NEVER_OWN = {
    "app": {"rules", "store"},
    "routes": {*_WAYS_IN, "rules", "store"},
    "actions": _WAYS_IN,
    "rules": {*_WAYS_IN, "actions", "store", "shapes", "permissions", "texts"},
    "store": {*_WAYS_IN, "actions", "shapes", "permissions", "texts"},
    "shapes": {*_WAYS_IN, "actions", "store", "permissions"},
    "permissions": {*_WAYS_IN, *KINDS},
    "texts": {*_WAYS_IN, "actions", "store", "shapes", "permissions"},
    "idea": {*_WAYS_IN, "actions", "shapes", "permissions"},
    "__init__": {*_WAYS_IN, *KINDS, "idea"},
}
_IMPURE_MODULES = {
    "asyncio", "http", "multiprocessing", "os", "pathlib", "random", "requests", "secrets",
    "shutil", "socket", "subprocess", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
_IMPURE_CALLS = {
    "clock.now", "ids.new_id", "ids.random_bytes", "ids.ulid", "input", "open", "print",
}  # fmt: skip
_ENVIRONMENT = ("os.environ", "os.getenv")
_WALL_CLOCKS = re.compile(r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.time(_ns)?)$")


def check_files(capability: Capability) -> Iterator[str]:
    """All capabilities have the same files, and no others at their root."""
    folder, inner = capability.folder, capability.folder / "chalicelib" / capability.name
    wanted = [folder / "app.py", folder / "requirements.txt", folder / ".chalice" / "config.json"]
    wanted += [inner / f"{kind}.py" for kind in ("__init__", *KINDS)]
    for path in wanted:
        if not path.exists():
            yield f"{path.relative_to(capability.root)} is missing: every capability has it"
    for path in (folder / "__init__.py", folder / "chalicelib" / "__init__.py"):
        if path.exists():
            yield f"{path.relative_to(capability.root)} must go: all apps share one namespace"
    known = {"app.py", "requirements.txt", "chalicelib", ".chalice"}
    caches = {"__pycache__", ".mypy_cache", ".ruff_cache"}
    for path in sorted(folder.iterdir()):
        if path.name not in known | caches:
            yield f"{path.relative_to(capability.root)} has no place in a capability"
    requirements = folder / "requirements.txt"
    if requirements.exists() and requirements.read_text().strip():
        yield f"functions/{capability.name}/requirements.txt must be empty: layers carry libraries"
    for module in capability.modules.values():
        if module.path.stem in ("utils", "helpers", "common", "misc"):
            yield f"{module.shown} is named for nothing: name the file for its idea"
        if module.kind == "__init__" and not ast.get_docstring(module.tree):
            yield f"{module.shown} must say in a docstring what is promised"
    top = capability.modules.get(capability.package)
    if top and not re.search(r"\b[A-Z]{2}-\d\d\b", ast.get_docstring(top.tree) or ""):
        yield f"{top.shown} must name the catalogue rows that the capability covers"


def check_sizes(capability: Capability) -> Iterator[str]:
    """Files, functions and lines stay small enough to read."""
    for module in capability.modules.values():
        lines = module.text.splitlines()
        if len(lines) > MAX_FILE_LINES:
            yield f"{module.shown} has {len(lines)} lines, more than {MAX_FILE_LINES}: split it"
        for number, line in enumerate(lines, 1):
            # One long word, such as a pattern, and a reason at the end of a line cannot be broken.
            breakable = " " in line.strip() and "# type: ignore[" not in line
            if len(line) > MAX_COLUMNS and breakable:
                yield f"{module.at(number)} has {len(line)} columns, more than {MAX_COLUMNS}"
        for node in ast.walk(module.tree):
            if isinstance(node, Function):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MAX_FUNCTION_LINES:
                    yield (
                        f"{module.at(node.lineno)} {node.name} has {length} lines, "
                        f"more than {MAX_FUNCTION_LINES}"
                    )


def check_words(capability: Capability) -> Iterator[str]:
    """Modules say what they are for; nothing is left open, silenced or swallowed."""
    for module in capability.modules.values():
        if not ast.get_docstring(module.tree):
            yield f"{module.shown} must begin with a docstring"
        future = any(i.whole == "__future__.annotations" for i in module.imports)
        if module.kind != "__init__" and not future:
            yield f"{module.shown} must have `from __future__ import annotations`"
        for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
            if token.type == tokenize.COMMENT:
                yield from _comment(module, token.start[0], token.string)
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ExceptHandler):
                only = node.body[0] if len(node.body) == 1 else None
                if isinstance(only, ast.Pass) or node.type is None:
                    yield f"{module.at(node.lineno)} swallows an error: act on it or let it pass on"


def _comment(module: Module, line: int, comment: str) -> Iterator[str]:
    if re.search(r"\b(TODO|FIXME|XXX)\b", comment):
        yield f"{module.at(line)} leaves something to do: do it or open an issue"
    silenced = re.match(r"#\s*(type: ignore(\[[\w,-]+\])?|noqa(: [\w, ]+?)?)\s*(#.*)?$", comment)
    if silenced and not silenced.group(4):
        yield f"{module.at(line)} silences a check without giving the reason on the line"


def check_imports(capability: Capability) -> Iterator[str]:
    """Each kind of file imports what its place in the order allows, and nothing else."""
    for module in capability.modules.values():
        for imported in module.imports:
            sentence = _import_fault(capability, module, imported.whole)
            if sentence:
                yield f"{module.at(imported.line)} imports {imported.whole}: {sentence}"


def _import_fault(capability: Capability, module: Module, whole: str) -> str:
    top, _, rest = whole.partition(".")
    if top in sys.stdlib_module_names:
        return "use shared.aws.setting when it is needed" if whole.startswith("os.environ") else ""
    if top == "chalicelib":
        return _own_import(capability, module, whole)
    if top in ("local", "tests", "functions", "app"):
        return "a capability knows nothing of the repository around it"
    if top == "shared":
        part = rest.partition(".")[0]
        allowed, never = _SHARED[module.kind], _NEVER_SHARED.get(module.kind, set())
        if part in never or (allowed is not None and part not in allowed):
            return f"not for {_a(module)} file"
        if module.kind == "shapes" and part == "table" and whole != "shared.table.Page":
            return "shapes know of a page, and nothing else of the table"
        return ""
    libraries = _LIBRARIES[module.kind]
    if libraries is not None and top not in libraries:
        return f"not for {_a(module)} file"
    if module.kind == "idea" and (top == "chalice" or top in _AWS - {"pynamodb"}):
        return "AWS is reached through the layer, and ways in stand in app.py"
    return ""


def _own_import(capability: Capability, module: Module, whole: str) -> str:
    if whole != capability.package and not whole.startswith(capability.package + "."):
        return "capabilities tell each other things only by events"
    target = capability.modules.get(whole) or capability.modules.get(whole.rpartition(".")[0])
    if target is None:
        return "there is no such file"
    if target.kind in _NEVER_OWN.get(module.kind, set()):
        return f"{_a(module)} file stands below it in the order"
    return ""


def _a(module: Module) -> str:
    return f"an {module.kind}" if module.kind in ("idea", "app", "actions") else f"a {module.kind}"


def check_purity(capability: Capability) -> Iterator[str]:
    """Rules, and the ideas they stand on, decide by values alone: no AWS, no clock, no chance."""
    for module, because in _pure(capability).items():
        for imported in module.imports:
            top = imported.module.partition(".")[0]
            if top in _IMPURE_MODULES | _AWS | {"chalice"} or imported.whole == "shared.aws":
                yield f"{module.at(imported.line)} imports {imported.whole}, but {because}"
        for name, call in calls(module.tree):
            if name in _IMPURE_CALLS or _WALL_CLOCKS.search(name):
                yield f"{module.at(call.lineno)} calls {name}, but {because}: pass the value in"


def _pure(capability: Capability) -> dict[Module, str]:
    """Files that must be pure, and why."""
    found: dict[Module, str] = dict.fromkeys(capability.of_kind("rules"), "rules are pure")
    waiting = list(found)
    while waiting:
        module = waiting.pop()
        for imported in module.imports:
            target = capability.module_of(imported)
            if target and target.kind in ("idea", "rules") and target not in found:
                found[target] = f"{module.shown} stands on it and rules are pure"
                waiting.append(target)
    return found


def check_surroundings(capability: Capability) -> Iterator[str]:
    """Environment, clients and the clock are asked for through the layer, when needed."""
    for module in capability.modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and dotted_name(node) in _ENVIRONMENT:
                where = module.at(node.lineno)
                yield f"{where} reads {dotted_name(node)}: use shared.aws.setting"
        for name, call in calls(module.tree):
            if _WALL_CLOCKS.search(name):
                yield f"{module.at(call.lineno)} calls {name}: use shared.clock, or take `now`"
        for node in module.tree.body:
            if isinstance(node, Function | ast.ClassDef):
                continue
            for name, call in calls(node):
                if name in ("aws.client", "aws.session", "aws.setting", "clock.now"):
                    yield f"{module.at(call.lineno)} calls {name} at import: do it when needed"


def check_store(capability: Capability) -> Iterator[str]:
    """A store lists its access patterns, keeps its records private, and never scans."""
    records = _record_classes(capability)
    for module in capability.of_kind("store"):
        if "Access patterns\n---------------\n" not in (ast.get_docstring(module.tree) or ""):
            yield f"{module.shown} must list its access patterns in its docstring"
        for name in module.classes:
            if name in records and not name.startswith("_"):
                yield f"{module.shown} must keep its record {name} private"
        for name, function in module.functions.items():
            if "_" in (name[0], name.rpartition(".")[2][0]):
                continue
            if function.returns is None:
                yield f"{module.at(function.lineno)} {name} must say what it returns"
                continue
            used = {part.id for part in ast.walk(function.returns) if isinstance(part, ast.Name)}
            for record in sorted(used & records):
                yield f"{module.at(function.lineno)} {name} returns the record {record}"
    for module in capability.modules.values():
        for name, call in calls(module.tree):
            if name.rpartition(".")[2] in ("scan", "rate_limited_scan"):
                yield f"{module.at(call.lineno)} calls {name}: nothing here is found by scanning"


def _record_classes(capability: Capability) -> set[str]:
    """The names of classes that are records of the table, by their bases."""
    found = {"Record", "Model"}
    bases = {
        name: {dotted_name(base).rpartition(".")[2] for base in node.bases}
        for module in capability.modules.values()
        for name, node in module.classes.items()
    }
    while True:
        more = {name for name, named in bases.items() if named & found} - found
        if not more:
            return found
        found |= more


CHECKS = (
    check_files,
    check_sizes,
    check_words,
    check_imports,
    check_purity,
    check_surroundings,
    check_store,
    check_functions,
)
