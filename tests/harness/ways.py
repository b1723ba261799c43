"""Which ways into a capability come to a function, a class or a constant, read from the source."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from local.source import Capability, Function, Module, Place, dotted_name, modules

LAYER = Path("layers", "shared", "python")


@dataclass(frozen=True)
class Ways(Capability):
    """The ways into a capability, and what they come to in it and in the layer below it."""

    @cached_property
    def ways_in(self) -> frozenset[str]:
        """Each has a sample of the event that wakes it."""
        return frozenset(path.stem for path in self.root.glob(f"events/{self.name}/*.json"))

    @cached_property
    def modules(self) -> dict[str, Module]:
        """Its Python files and those of the layer, by dotted name."""
        return modules(self.folder, self.root) | modules(self.root / LAYER, self.root)

    @cached_property
    def mentions(self) -> dict[Place, set[Place]]:
        """The functions that each function mentions, and methods by their bare names.

        A method counts where its class is known: in its module, and in those that import it.
        """
        methods: dict[str, set[Place]] = {}
        for module, name in super().mentions:
            if "." in name:
                methods.setdefault(name.rpartition(".")[2], set()).add((module, name))
        known = {
            module.dotted: {module.dotted}
            | {other.dotted for one in module.imports if (other := self.module_of(one))}
            for module in self.modules.values()
        }
        return {
            (module, name): found
            | {
                method
                for word in self._words[(module, name)]
                for method in methods.get(word, ())
                if method[0] in known[module]
            }
            for (module, name), found in super().mentions.items()
        }

    @cached_property
    def _words(self) -> dict[Place, set[str]]:
        """Every name that stands in a function, its decorators and its signature."""
        return {
            (module.dotted, name): {
                part.id if isinstance(part, ast.Name) else part.attr
                for part in ast.walk(function)
                if isinstance(part, ast.Name | ast.Attribute)
            }
            for module in self.modules.values()
            for name, function in module.functions.items()
        }

    @cached_property
    def _reached(self) -> dict[str, set[Place]]:
        """What each way in comes to, from all that bears its name."""
        bearing = {
            way_in: [place for place in self.mentions if place[1].split(".")[-1] == way_in]
            for way_in in self.ways_in
        }
        return {way_in: self.reach(*places) for way_in, places in bearing.items()}

    def things(self, ways_in: Iterable[str]) -> set[str]:
        """Ways in by the names under which they are attacked."""
        return {f"{self.name}.{way_in}" for way_in in ways_in}

    def named(self, unit: str) -> set[str]:
        """The way in whose name a function bears."""
        return self.things({unit.rpartition(".")[2]} & self.ways_in)

    def coming_to(self, path: str, unit: str) -> set[str]:
        """The ways in that come to a function, or in whose functions a name stands."""
        bare = unit.rpartition(".")[2]
        exact, by_name = set(), set()
        for way_in, places in self._reached.items():
            if any(self.modules[module].shown == path for module, name in places if name == unit):
                exact.add(way_in)
            if any(bare in self._words[place] for place in places):
                by_name.add(way_in)
        return self.things(exact or by_name)


def units(path: Path, numbers: set[int]) -> Counter[str]:
    """How many of the lines are of each function, method, class or constant, or of a sample.

    What has no name is counted under none; imports and what a module says of itself do nothing.
    """
    if path.suffix == ".json" and path.parent.parent.name == "events":
        return Counter({path.stem: len(numbers)})
    found: dict[int, str] = {}
    for node in ast.parse(path.read_text()).body if path.suffix == ".py" else ():
        says_only = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not says_only and not isinstance(node, ast.Import | ast.ImportFrom):
            found |= dict.fromkeys(_extent(node), _name(node))
        for part in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(part, Function):
                found |= dict.fromkeys(_extent(part), f"{_name(node)}.{part.name}")
    return Counter(found[number] for number in numbers if number in found)


def _extent(node: ast.stmt) -> range:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return range(first, (node.end_lineno or first) + 1)


def _name(node: ast.stmt) -> str:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return dotted_name(node.targets[0] if isinstance(node, ast.Assign) else node.target)
    return node.name if isinstance(node, Function | ast.ClassDef) else ""
