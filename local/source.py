"""A capability's source, read once: its modules by kind, their imports and their functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

KINDS = ("actions", "rules", "store", "shapes", "permissions", "texts")
Function = ast.FunctionDef | ast.AsyncFunctionDef
Place = tuple[str, str]
"""A function: the dotted name of its module, and its name there."""


@dataclass(frozen=True)
class Import:
    """One imported name: the module, the name taken from it if any, and what it is called here."""

    module: str
    name: str
    alias: str
    line: int

    @property
    def whole(self) -> str:
        """The dotted path of what was imported."""
        return f"{self.module}.{self.name}" if self.name else self.module


@dataclass(frozen=True)
class Module:
    """One file: `dotted` is `app` or `chalicelib.<capability>…`, `kind` what the file is for."""

    path: Path
    shown: str
    dotted: str
    kind: str
    text: str
    tree: ast.Module

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every import, also those inside functions."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [
                    Import(a.name, "", a.asname or a.name.partition(".")[0], node.lineno)
                    for a in node.names
                ]
            elif isinstance(node, ast.ImportFrom):
                found += [
                    Import(node.module or "", a.name, a.asname or a.name, node.lineno)
                    for a in node.names
                ]
        return tuple(found)

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Functions and methods by name; a method is `Class.method`."""
        found: dict[str, Function] = {}
        for node in self.tree.body:
            if isinstance(node, Function):
                found[node.name] = node
            elif isinstance(node, ast.ClassDef):
                methods = [part for part in node.body if isinstance(part, Function)]
                found |= {f"{node.name}.{method.name}": method for method in methods}
        return found

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """Classes by name."""
        return {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

    def at(self, line: int) -> str:
        """A place in this file, as a sentence names it."""
        return f"{self.shown}:{line}"

    def places(self, name: str) -> set[Place]:
        """The function of this name, or all methods of the class of this name."""
        first = name.partition(".")[0]
        if first in self.functions:
            return {(self.dotted, first)}
        return {(self.dotted, known) for known in self.functions if known.startswith(first + ".")}


@dataclass(frozen=True)
class Capability:
    """One folder of functions/, with the repository around it."""

    root: Path
    name: str

    @property
    def folder(self) -> Path:
        """functions/<name>."""
        return self.root / "functions" / self.name

    @property
    def package(self) -> str:
        """The dotted name of its package."""
        return f"chalicelib.{self.name}"

    @cached_property
    def modules(self) -> dict[str, Module]:
        """Its Python files by dotted name."""
        return modules(self.folder, self.root)

    def of_kind(self, kind: str) -> list[Module]:
        """Its files of one kind: its own and those of its idea folders."""
        return [module for module in self.modules.values() if module.kind == kind]

    def module_of(self, imported: Import) -> Module | None:
        """The file of this capability that an import leads to."""
        return self.modules.get(imported.whole) or self.modules.get(imported.module)

    def body(self, place: Place) -> Iterator[ast.AST]:
        """What a function does, without its decorators: they name the route's own declarations."""
        module, name = place
        for statement in self.modules[module].functions[name].body:
            yield from ast.walk(statement)

    def reach(self, *starts: Place) -> set[Place]:
        """The functions that these can come to, taking every mention of one for a call."""
        reached, waiting = set(starts), list(starts)
        while waiting:
            found = self.mentions[waiting.pop()] - reached
            reached |= found
            waiting += found
        return reached

    @cached_property
    def mentions(self) -> dict[Place, set[Place]]:
        """The functions that each function mentions."""
        return {
            (module.dotted, name): self._mentioned(module, name)
            for module in self.modules.values()
            for name in module.functions
        }

    def _mentioned(self, module: Module, name: str) -> set[Place]:
        aliases = {imported.alias: imported for imported in module.imports}
        found: set[Place] = set()
        for part in self.body((module.dotted, name)):
            spelled = dotted_name(part) if isinstance(part, ast.Name | ast.Attribute) else ""
            owner, _, rest = spelled.partition(".")
            if owner in aliases:
                target = self.module_of(aliases[owner])
                if target is not None:
                    inner = rest if target.dotted == aliases[owner].whole else aliases[owner].name
                    found |= target.places(inner)
            elif spelled:
                found |= module.places(spelled)
        return found


def modules(folder: Path, root: Path) -> dict[str, Module]:
    """The Python files below a folder by dotted name, their paths shown as `root` sees them."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if "__pycache__" in parts:
            continue
        dotted = ".".join(parts).removesuffix(".__init__")
        kind = parts[-1] if parts[-1] in (*KINDS, "app", "routes", "__init__") else "idea"
        text = path.read_text()
        shown = str(path.relative_to(root))
        found[dotted] = Module(path, shown, dotted, kind, text, ast.parse(text))
    return found


def dotted_name(node: ast.expr) -> str:
    """`a.b.c` for a name or a chain of attributes; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted_name(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def calls(node: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call below `node` with the name of what is called."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            yield dotted_name(part.func), part


def literal(node: ast.expr | None) -> str | None:
    """The text of a text literal."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((k.value for k in call.keywords if k.arg == name), None)


def endpoints(capability: Capability) -> Iterator[tuple[Module, str, ast.Call]]:
    """Each view with its file and its `@app.endpoint(…)`, or `@routes.endpoint(…)` of an idea."""
    for module in (*capability.of_kind("app"), *capability.of_kind("routes")):
        declared = f"{module.kind}.endpoint"
        for name, function in module.functions.items():
            for decorator in function.decorator_list:
                if isinstance(decorator, ast.Call) and dotted_name(decorator.func) == declared:
                    yield module, name, decorator
