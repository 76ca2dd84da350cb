"""Planted bugs: what the simulation has to find.

Each replaces one place of one module while it is imported; files stay as they are. The list is ``mutants.toml``: by
hand, by what they break, and five that were drawn by chance from the rules of ``domain``. Others are drawn by
``drawn_SEED_1`` to ``drawn_SEED_5``, with any seed.
"""

from __future__ import annotations

import ast
import importlib.util
import random
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, ClassVar

LIST = Path(__file__).with_name("mutants.toml")
PACKAGES = ("treadle_diagnosis", "treadle_threads", "treadle")
DRAWN = "drawn_"
AT_ONCE = 5
RULES = (
    "treadle.domain.replacing", "treadle.domain.matching", "treadle.domain.steps", "treadle.domain.scope",
    "treadle.domain.admission", "treadle.domain.lateness", "treadle.domain.policy",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """``old`` becomes ``new``."""

    name: str
    area: str
    module: str
    old: str
    new: str

    def apply(self, source: str) -> str:
        """Raises :class:`ValueError` unless the place is there exactly once."""
        if source.count(self.old) != 1:
            raise ValueError(f"{self.name}: its place is {source.count(self.old)} times in {self.module}")
        return source.replace(self.old, self.new)


def _listed() -> Iterator[Mutant]:
    for row in tomllib.loads(LIST.read_text(encoding="utf-8"))["mutant"]:
        yield Mutant(row["name"], row["area"], _module_with(row["old"]), row["old"], row["new"])


@cache
def _sources() -> dict[str, str]:
    """By module, of all packages, none of which is imported for that."""
    found: dict[str, str] = {}
    for package in PACKAGES:
        for path in sorted(_folder_of(package).rglob("*.py")):
            inside = path.relative_to(_folder_of(package)).with_suffix("")
            found[".".join((package, *inside.parts))] = path.read_text(encoding="utf-8")
    return found


def _module_with(place: str) -> str:
    """Where a place is, wherever it was moved to; empty when it is nowhere, or in several modules."""
    modules = [module for module, source in _sources().items() if place in source]
    return modules[0] if len(modules) == 1 else ""


# ------------------------------------------------------------------------------------------------------- by chance


class _Places(ast.NodeVisitor):
    """Every place of a module's functions that can be changed into its opposite."""

    SWAPS: ClassVar[dict[type[ast.cmpop], type[ast.cmpop]]] = {
        ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
        ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    }  # fmt: skip

    def __init__(self) -> None:
        self.found: list[ast.AST] = []
        self._inside = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._inside += 1
        for each in node.body:
            self.visit(each)
        self._inside -= 1

    def generic_visit(self, node: ast.AST) -> None:
        fits = isinstance(node, ast.BoolOp) or (
            isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in self.SWAPS
        )
        if self._inside and fits:
            self.found.append(node)
        super().generic_visit(node)


def drawn(seed: int) -> Iterator[Mutant]:
    """Five places of the rules, each changed into its opposite."""
    dice = random.Random(seed)
    places = []
    for module in RULES:
        finder = _Places()
        finder.visit(ast.parse(source_of(module)))
        places += [(module, node) for node in finder.found]
    for turn, (module, node) in enumerate(dice.sample(places, AT_ONCE)):
        source = source_of(module)
        old = ast.get_source_segment(source, node)
        assert old is not None
        if isinstance(node, ast.Compare):
            changed: ast.expr = ast.Compare(node.left, [_Places.SWAPS[type(node.ops[0])]()], node.comparators)
        else:
            assert isinstance(node, ast.BoolOp)
            changed = ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        line = source.splitlines()[node.lineno - 1]
        words = " ".join(line.split())
        new = f"({ast.unparse(changed)})"
        yield _Somewhere(f"{DRAWN}{seed}_{turn + 1}", words, module, old, new, node.lineno, node.col_offset)


@dataclass(frozen=True, slots=True)
class _Somewhere(Mutant):
    """One whose place is told by line and column."""

    line: int
    column: int

    def apply(self, source: str) -> str:
        lines = source.splitlines(keepends=True)
        start = sum(len(each) for each in lines[: self.line - 1]) + self.column
        if source[start : start + len(self.old)] != self.old:
            raise ValueError(f"{self.name}: its place is gone")
        return source[:start] + self.new + source[start + len(self.old) :]


def source_of(module: str) -> str:
    """The source of a module."""
    return _sources().get(module, "")


def _folder_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations)))


def all_mutants() -> list[Mutant]:
    """The list."""
    return list(_listed())


def named(name: str) -> Mutant:
    """One of the list, or one that is drawn. Raises :class:`ValueError` when there is none of this name."""
    seed, _, _ = name.removeprefix(DRAWN).partition("_")
    among = drawn(int(seed)) if name.startswith(DRAWN) and seed.isdigit() else all_mutants()
    found = next((each for each in among if each.name == name), None)
    if found is None:
        raise ValueError(f"there is no planted bug {name}")
    return found


# ------------------------------------------------------------------------------------------------------- planting


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, mutant: Mutant) -> None:
        super().__init__(name, path)
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        source = Path(self.path).read_text(encoding="utf-8")
        return compile(self._mutant.apply(source), self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        spec: Any = PathFinder.find_spec(fullname, path, target)
        spec.loader = _Loader(fullname, spec.origin, self._mutant)
        found: ModuleSpec = spec
        return found


def plant(name: str) -> Mutant:
    """Before anything of the product is imported: this bug is in it from now on, in this process alone."""
    mutant = named(name)
    if mutant.module in sys.modules:
        raise RuntimeError(f"{mutant.module} was imported before the bug was planted")
    sys.meta_path.insert(0, _Finder(mutant))
    return mutant
