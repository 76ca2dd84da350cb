"""Every expression that the package compiles, found while it is imported, and what each costs.

``python -m tests.security.compiled_patterns`` prints JSON: ``found`` (where, expression, flags, methods), ``loose``
(expressions in functions that cannot be read off the source) and ``dear`` (expression, text, seconds). It runs in a
process of its own, because the hook has to be in place before the first module is imported.
"""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
import sys
import warnings
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import regex

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import sre_parse

from tests.support.growth import Judge, Shape
from tests.support.repetitions import shapes_of
from tests.support.sources import PACKAGES, SOURCES, modules, place_of

FUNCTIONS = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split")
ENGINES = ("re", "regex")
ALL_WAYS = ("search", "match", "fullmatch", "finditer")
_WAY = {"findall": "finditer", "sub": "finditer", "subn": "finditer", "split": "finditer"}


@dataclass(frozen=True, slots=True)
class Found:
    """One expression: its file and line, and the methods the package calls on it."""

    where: str
    engine: str
    pattern: str
    flags: int
    binary: bool = False
    ways: tuple[str, ...] = ALL_WAYS

    def dearest_ways(self) -> tuple[str, ...]:
        """Those that are no part of another one: finding all begins with a search, which begins with a match."""
        within = ("search", "match") if self.engine == "re" and "finditer" in self.ways else ()
        return tuple(way for way in self.ways if way not in within)

    def is_short(self) -> bool:
        """Whether a text of a thousand characters shows what the expression does with any length."""
        if self.engine != "re":
            return False
        return int(sre_parse.parse(self.pattern, self.flags & ~re.DEBUG).getwidth()[0]) < 1000

    def reader(self, way: str) -> Callable[[str], object]:
        made: Any
        if self.engine == "regex":
            made = regex.compile(self.pattern, self.flags)
        else:
            made = re.compile(self.pattern.encode("latin-1") if self.binary else self.pattern, self.flags)
        method = getattr(made, way)

        def read(text: str) -> object:
            given: Any = text.encode("latin-1", "replace") if self.binary else text
            if way != "finditer":
                return method(given)
            return deque(method(given), maxlen=1)  # the searching is the point

        return read


def _caller(frame: FrameType | None) -> FrameType | None:
    """The frame outside `re` and `regex` that asked for an expression, when it is the package's."""
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] in (*ENGINES, __name__):
        frame = frame.f_back
    if frame is None or not frame.f_code.co_filename.startswith(str(PACKAGES)):
        return None
    return frame


def hook(seen: dict[tuple[str, int, str, str], Found]) -> None:
    """From now on every expression compiled by a module of the package is noted in ``seen``."""

    def watch(module: Any, engine: str) -> None:
        real = module._compile

        def compile_(pattern: Any, flags: Any, *rest: Any) -> Any:
            made = real(pattern, flags, *rest)
            frame = _caller(sys._getframe(1))
            if frame is not None and isinstance(pattern, str | bytes):
                where = place_of(Path(frame.f_code.co_filename))
                binary = isinstance(pattern, bytes)
                text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
                key = (where, frame.f_lineno, engine, text)
                seen.setdefault(key, Found(f"{where}:{frame.f_lineno}", engine, text, int(flags), binary))
            return made

        module._compile = compile_

    watch(re, "re")
    watch(sys.modules[regex.compile.__module__], "regex")


def import_everything() -> list[str]:
    """Imports every module of the package; the names of those that could not be."""
    failed = []
    for module in [found for path in SOURCES.values() for found in pkgutil.walk_packages([str(path)], f"{path.name}.")]:
        if module.name.endswith("__main__") or ".migrations" in module.name:
            continue
        try:
            importlib.import_module(module.name)
        except Exception as error:
            failed.append(f"{module.name}: {type(error).__name__}: {error}")
    return failed


Nodes = list[tuple[str, list[ast.AST]]]
"""Every node of every module, outer ones first: walked once, and gone through for each question."""


def _sources() -> Nodes:
    return [(place_of(path), list(ast.walk(ast.parse(path.read_text("utf-8"))))) for path in modules()]


PARSER = ("_constants", "_parser")


def in_functions(sources: Nodes) -> tuple[list[Found], list[str]]:
    """Expressions handed straight to ``re.search`` and the like, which the hook sees only when they run; and those of
    them that are not written out, which nothing could test."""
    found, loose = [], []
    for where, nodes in sources:
        for node in nodes:
            # The engine's own parser matches nothing.
            matches = isinstance(node, ast.ImportFrom) and any(name.name not in PARSER for name in node.names)
            if isinstance(node, ast.ImportFrom) and node.module in ENGINES and matches:
                loose.append(f"{where}:{node.lineno} from {node.module} import …: import the module")
            if not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in ENGINES
                and node.func.attr in FUNCTIONS
            ):
                continue
            given = node.args[0] if node.args else None
            if not isinstance(given, ast.Constant) or not isinstance(given.value, str | bytes):
                loose.append(f"{where}:{node.lineno} {ast.unparse(node)[:80]}")
                continue
            flags = 0
            for extra in (*node.args[1:], *(word.value for word in node.keywords)):
                if ast.unparse(extra) in ("re.I", "re.S", "re.M", "re.ASCII", "re.IGNORECASE", "re.DOTALL"):
                    flags |= int(getattr(re, ast.unparse(extra)[3:]))
            text = given.value.decode("latin-1") if isinstance(given.value, bytes) else given.value
            way = _WAY.get(node.func.attr, node.func.attr)
            binary = isinstance(given.value, bytes)
            found.append(Found(f"{where}:{node.lineno}", node.func.value.id, text, flags, binary, (way,)))
    return found, loose


def ways_by_name(sources: Nodes) -> dict[str, set[str]]:
    """For every name, the methods of an expression that are called on it anywhere in the package."""
    ways: dict[str, set[str]] = defaultdict(set)
    for _, nodes in sources:
        for node in nodes:
            if isinstance(node, ast.Attribute) and node.attr in FUNCTIONS:
                owner = node.value.func if isinstance(node.value, ast.Call) else node.value
                if isinstance(owner, ast.Attribute) and owner.attr == "compiled":  # of a LateExpression
                    owner = owner.value
                name = getattr(owner, "id", "") or getattr(owner, "attr", "")
                ways[name].add(_WAY.get(node.attr, node.attr))
    return ways


def _named(sources: Nodes, ways: dict[str, set[str]]) -> dict[tuple[str, int], set[str]]:
    """(file, line) of every assignment to its ways: names assigned, or the method taken at once."""
    named: dict[tuple[str, int], set[str]] = {}
    for where, nodes in sources:
        for node in nodes:
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            if isinstance(node.value, ast.Attribute) and node.value.attr in FUNCTIONS:
                used = {_WAY.get(node.value.attr, node.value.attr)}
            else:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                used = {way for target in targets if isinstance(target, ast.Name) for way in ways.get(target.id, ())}
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                named[where, line] = used
    return named


def late(ways: dict[str, set[str]]) -> Iterator[Found]:
    """Expressions that are compiled when they are first used."""
    from treadle_diagnosis.late import LateExpression

    for module in list(sys.modules.values()):
        for name, value in list(vars(module).items()):
            if isinstance(value, LateExpression):
                where = f"{place_of(Path(str(module.__file__)))}:{name}"
                yield Found(
                    where, "re", value.expression, value.flags, False, tuple(sorted(ways.get(name, ()))) or ALL_WAYS
                )


def everything() -> tuple[list[Found], list[str]]:
    """Every expression of the package, and what stands in the way of knowing them all."""
    seen: dict[tuple[str, int, str, str], Found] = {}
    hook(seen)
    failed = import_everything()
    sources = _sources()
    by_name = ways_by_name(sources)
    named = _named(sources, by_name)
    found = []
    for (where, line, _, _), one in seen.items():
        ways = tuple(sorted(named.get((where, line), ()))) or ALL_WAYS
        found.append(Found(one.where, one.engine, one.pattern, one.flags, one.binary, ways))
    direct, loose = in_functions(sources)
    direct += late(by_name)
    return found + direct, failed + loose


def measure(found: list[Found], shapes: Callable[[Found], Iterator[Shape]]) -> list[dict[str, object]]:
    """The expressions that cost too much, each with the worst text found for each way of using it."""
    whole, glance = Judge(), Judge(glance=True)
    dear: list[dict[str, object]] = []
    for one in found:
        judge = glance if one.is_short() else whole
        for way in one.dearest_ways():
            read = one.reader(way)
            for shape in shapes(one):
                verdict = judge.judge(read, shape)
                if verdict.why:
                    told = [round(value, 4) for value in verdict.seconds]
                    dear.append({"where": one.where, "way": way, "why": verdict.why, "text": str(shape), "s": told})
                    break
    return dear


def main() -> int:
    warnings.simplefilter("ignore")
    found, loose = everything()
    dear = measure(found, lambda one: shapes_of(one.pattern, one.flags))
    json.dump({"found": [asdict(one) for one in found], "loose": loose, "dear": dear}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
