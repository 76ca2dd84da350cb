"""Where in a TOML file something is said, for messages: ``FILE:LINE``. ``tomllib`` keeps no positions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """A stretch of a file: one entry of it, or the file as a whole."""

    path: Path
    lines: tuple[str, ...]
    start: int = 0
    end: int = 0

    def at(self, key: str = "", value: object = "") -> str:
        """``FILE:LINE`` of the value or the key within the entry, else in the file's head, else of the entry."""
        shown = str(value)
        for begin, end in ((self.start, self.end), (0, self._head())):
            numbers = range(begin, end)
            keyed = [n for n in numbers if key and _names(self.lines[n], key)]
            if shown:
                from_key = range(keyed[0], end) if keyed else numbers
                if exact := [n for n in from_key if shown in self.lines[n]]:
                    return self._at(exact[0])
            if keyed:
                return self._at(keyed[0])
        return self._at(self.start)

    def entry(self, name: str, number: int, count: int) -> SourceLocation:
        """The ``number``-th entry ``[[name]]`` of ``count``; the whole file when they are written in another way."""
        begins = _begins(self.lines, name)
        if len(begins) != count:
            return self
        return SourceLocation(self.path, self.lines, begins[number], [*begins, len(self.lines)][number + 1])

    def _head(self) -> int:
        return next((n for n, line in enumerate(self.lines) if line.lstrip().startswith("[[")), len(self.lines))

    def _at(self, number: int) -> str:
        return f"{self.path}:{number + 1}"


def _begins(lines: tuple[str, ...], name: str) -> list[int]:
    header = f"[[{name}]]"
    return [number for number, line in enumerate(lines) if "".join(line.split()).startswith(header)]


def _names(line: str, key: str) -> bool:
    """Whether a line of TOML gives ``key`` a value, or names a table after it."""
    start = line.find(key)
    while start >= 0:
        before, after = line[:start].rstrip("\"'"), line[start + len(key) :].lstrip("\"'").lstrip()
        if (not before or before[-1] in " \t{,[") and after.startswith(("=", ".", "]")):
            return True
        start = line.find(key, start + 1)
    return False


def places_of(path: Path) -> SourceLocation:
    lines = tuple(path.read_text("utf-8").split("\n"))
    return SourceLocation(path, lines, 0, len(lines))
