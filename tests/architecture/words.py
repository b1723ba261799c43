"""The grammar of what a capability says: permissions, routes, codes and their texts."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from functools import cache

from local.places import ROOT
from local.source import (
    Capability,
    Module,
    Place,
    calls,
    dotted_name,
    endpoints,
    keyword,
    literal,
)
from shared.i18n import COMMON

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
# How a field is filled in, shown as an example: 3栋, A座, 502室.
_SPELLING = re.compile(r"\b[0-9A-Z]+[\u4e00-\u9fff]+")


def check_permissions(capability: Capability) -> Iterator[str]:
    """Every way in over HTTP declares who may use it, and no permission is left over."""
    used = set()
    for app, view, call in endpoints(capability):
        allows = keyword(call, "allows")
        name = dotted_name(allows) if allows else ""
        if name.startswith("permissions."):
            used.add(name.removeprefix("permissions."))
        elif name not in ("SIGNED_IN", "PUBLIC", "auth.SIGNED_IN", "auth.PUBLIC"):
            yield f"{app.at(call.lineno)} {view} must have allows=permissions.…"
    for app in _ways_in(capability):
        for name, call in calls(app.tree):
            if name == "app.route":
                yield f"{app.at(call.lineno)} makes a route without a permission: use app.endpoint"
    for module in capability.of_kind("permissions"):
        declared = _assigned(module)
        for name in sorted(used - declared):
            yield f"{capability.name} allows permissions.{name}, which nobody declares"
        for name in sorted(declared - used):
            yield f"{module.shown} declares {name}, which no route uses"


def _assigned(module: Module) -> set[str]:
    return {
        target.id
        for node in module.tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and dotted_name(node.value.func).endswith("permission")
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def check_names(capability: Capability) -> Iterator[str]:
    """One verb and noun runs through the way in and the action that it calls."""
    for app in _ways_in(capability):
        yield from _names(capability, app)


def _ways_in(capability: Capability) -> list[Module]:
    return [*capability.of_kind("app"), *capability.of_kind("routes")]


def _names(capability: Capability, app: Module) -> Iterator[str]:
    aliases = {imported.alias: capability.module_of(imported) for imported in app.imports}
    actions = {alias for alias, module in aliases.items() if module and module.kind == "actions"}
    for name, function in app.functions.items():
        called = {
            dotted_name(part).partition(".")[2]
            for part in capability.body((app.dotted, name))
            if isinstance(part, ast.Attribute) and dotted_name(part).partition(".")[0] in actions
        }
        if called and name not in called:
            words = " and ".join(sorted(called))
            yield f"{app.at(function.lineno)} {name} calls the action {words}: use one name"


def check_callers(capability: Capability) -> Iterator[str]:
    """What a route does asks the caller's right to the very thing it touches."""
    for app, view, call in endpoints(capability):
        allows = keyword(call, "allows")
        if allows is not None and dotted_name(allows).endswith("PUBLIC"):
            continue
        asked = {
            name.rpartition(".")[2]
            for place in capability.reach((app.dotted, view))
            for part in capability.body(place)
            if isinstance(part, ast.Call) and "caller" in (name := dotted_name(part.func))
        }
        if not asked & {"require", "reach", "own", "in_person", "may"}:
            yield (
                f"{app.at(call.lineno)} {view} never asks its caller's right: "
                "use caller.require, caller.reach, caller.may, caller.own or caller.in_person"
            )


def check_texts(capability: Capability) -> Iterator[str]:
    """Every text exists in zh-CN and in en, with the same values in both."""
    for module in capability.of_kind("texts"):
        seen: set[str] = set()
        for code, pair in _texts(module):
            where = f"{module.at(pair.lineno)} {code}"
            if code in seen or code in COMMON:
                yield f"{where} has its text twice"
            seen.add(code)
            words = [literal(part) for part in pair.elts] if isinstance(pair, ast.Tuple) else []
            if len(words) != 2 or not all(words):
                yield f"{where} must have a text in zh-CN and one in en"
                continue
            chinese, english = words[0] or "", words[1] or ""
            if not _CHINESE.search(chinese):
                yield f"{where} must have its Chinese text first"
            if _CHINESE.search(_SPELLING.sub("", english)) or not re.search("[A-Za-z]", english):
                yield f"{where} must have its English text second"
            if _values(chinese) != _values(english):
                yield f"{where} must name the same values in both languages"


def _texts(module: Module) -> Iterator[tuple[str, ast.expr]]:
    """Code and texts of each entry of the tables that are declared as `Texts`."""
    for node in module.tree.body:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.value, ast.Dict):
            continue
        if dotted_name(node.annotation).rpartition(".")[2] != "Texts":
            continue
        for key, value in zip(node.value.keys, node.value.values, strict=True):
            code = literal(key) if key else None
            if code is not None:
                yield code, value


def _values(text: str) -> list[str]:
    return sorted({field for _, field, _, _ in string.Formatter().parse(text) if field})


def check_codes(capability: Capability) -> Iterator[str]:
    """Every refusal has its words, and every conflict and limit stands at its routes."""
    known = set(COMMON) | {c for m in capability.of_kind("texts") for c, _ in _texts(m)}
    for module in capability.modules.values():
        for kind, code, line in _refusals(module.tree):
            if code is not None and code not in known:
                yield f"{module.at(line)} refuses with {code} ({kind}), which has no text"
    for app, view, call in endpoints(capability):
        errors, limits = _codes(app, call, "errors"), _codes(app, call, "limits")
        reached = capability.reach((app.dotted, view))
        said = {kind: _said(capability, reached, kind) for kind in ("Conflict", "Limited")}
        where = f"{app.at(call.lineno)} {view}"
        for code in sorted((errors | limits) - known):
            yield f"{where} declares {code}, which has no text"
        for code in sorted(said["Conflict"] - errors):
            yield f"{where} can refuse with {code}: declare it in errors"
        for code in sorted(said["Limited"] - limits):
            yield f"{where} can refuse with {code}: declare it in limits"
        mentioned = _mentioned(capability, reached) | said["Conflict"] | said["Limited"]
        for code in sorted((errors | limits) - mentioned):
            yield f"{where} declares {code}, which nothing it calls can say"


def _codes(app: Module, call: ast.Call, name: str) -> set[str]:
    """The codes in `errors=` or `limits=`, with lists of the module that stand in it by name."""
    value = keyword(call, name)
    if value is None:
        return set()
    parts = list(ast.walk(value))
    lists = {part.id for part in parts if isinstance(part, ast.Name)}
    for node in app.tree.body:
        if isinstance(node, ast.Assign) and dotted_name(node.targets[0]) in lists:
            parts += ast.walk(node.value)
    return {code for part in parts if isinstance(part, ast.expr) and (code := literal(part))}


def _refusals(tree: ast.AST) -> Iterator[tuple[str, str | None, int]]:
    """Kind, code (None where it is computed) and line of each refusal that is made here."""
    for name, call in calls(tree):
        kind = name.rpartition(".")[2]
        position = {"Conflict": 0, "Limited": 0, "invalid": 1}.get(kind)
        if position is not None and len(call.args) > position:
            yield kind, literal(call.args[position]), call.lineno


def _said(capability: Capability, reached: set[Place], kind: str) -> set[str]:
    """The codes that these functions can refuse with.

    A code that is computed was said somewhere: any text of the capability that these functions
    mention, and that is the code of no other refusal, may be it.
    """
    said: dict[str, set[str | None]] = {"Conflict": set(), "Limited": set(), "invalid": set()}
    for module, name in reached:
        function = capability.modules[module].functions[name]
        for found, code, _ in _refusals(function):
            said[found].add(code)
        for called, _ in calls(function):
            for found, code in _of_the_layer().get(called.rpartition(".")[2], ()):
                said[found].add(code)
    if None in said[kind]:
        elsewhere = set().union(*(codes for found, codes in said.items() if found != kind))
        said[kind] |= _mentioned(capability, reached) - elsewhere
    return {code for code in said[kind] if code is not None}


@cache
def _of_the_layer() -> dict[str, set[tuple[str, str]]]:
    """The conflicts and limits that functions of the shared layer say themselves, by their name."""
    found: dict[str, set[tuple[str, str]]] = {}
    for path in (ROOT / "layers" / "shared" / "python" / "shared").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                said = {(kind, code) for kind, code, _ in _refusals(node) if code is not None}
                found[node.name] = {(kind, code) for kind, code in said if kind != "invalid"}
    return found


def _mentioned(capability: Capability, reached: set[Place]) -> set[str]:
    """The codes that stand as texts in these functions."""
    known = {code for module in capability.of_kind("texts") for code, _ in _texts(module)}
    return known & {
        code
        for module, name in reached
        for part in capability.body((module, name))
        if isinstance(part, ast.expr) and (code := literal(part))
    }


CHECKS = (check_permissions, check_names, check_callers, check_texts, check_codes)
