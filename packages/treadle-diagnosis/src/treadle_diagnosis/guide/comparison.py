"""What one code means on Threads, on Instagram and on Facebook, as far as the catalogue knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from treadle_diagnosis.catalog import Match, Pattern, load
from treadle_diagnosis.catalog.circumstances import SURFACES


@dataclass(frozen=True, slots=True)
class SameCode:
    """A code that more than one platform sends; ``meanings`` in the order of :data:`SURFACES`."""

    code: int
    meanings: tuple[tuple[Pattern, ...], ...]


@lru_cache(maxsize=1)
def same_codes() -> tuple[SameCode, ...]:
    """The codes whose meaning differs between platforms, lowest first."""
    found: dict[int, dict[str, list[Pattern]]] = defaultdict(lambda: {surface: [] for surface in SURFACES})
    for pattern in load():
        for match in pattern.matches:
            for code in match.code:
                for surface in _surfaces(pattern, match, code):
                    if pattern not in found[code][surface]:
                        found[code][surface].append(pattern)
    rows = [SameCode(code, tuple(tuple(by[surface]) for surface in SURFACES)) for code, by in sorted(found.items())]
    return tuple(row for row in rows if len({tuple(p.id for p in meaning) for meaning in row.meanings if meaning}) > 1)


def _surfaces(pattern: Pattern, match: Match, code: int) -> Iterator[str]:
    """Where a pattern's code has been seen: its own platform, those its matcher names, those of its examples."""
    if pattern.family != "threads":
        yield pattern.family
    elif match.surface:
        yield from match.surface
    else:
        answers = [(e.surface, e.body.get("error")) for e in pattern.examples if isinstance(e.body, dict)]
        seen = {surface for surface, error in answers if isinstance(error, dict) and error.get("code") == code}
        yield from sorted(seen or {"threads"})
