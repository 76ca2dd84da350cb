"""What the JavaScript diagnosis takes from Python as data: the catalogue, the expressions, the lists of words."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

from treadle_diagnosis import (
    __version__,
    clarity,
    contribution,
    copied,
    engine,
    facts,
    objects,
    other_platforms,
    publishing,
    reading,
    redact,
    rules,
    several,
    spent,
    texts,
    transport,
    types,
    wording,
)
from treadle_diagnosis.catalog import circumstances
from treadle_diagnosis.catalog.loading import load
from treadle_diagnosis.catalog.model import Catalog, Pattern
from treadle_diagnosis.javascript.expressions import javascript
from treadle_diagnosis.late import LateExpression

MODULES: tuple[ModuleType, ...] = (
    circumstances, clarity, contribution, copied, engine, facts, objects, other_platforms, publishing, reading, redact,
    rules, several, spent, texts, transport, types, wording,
)  # fmt: skip


def tables() -> dict[str, Any]:
    """``patterns`` and ``refusals`` of the catalogue; for every module its expressions and its plain values by name."""
    catalog = load()
    return {
        "version": __version__,
        "checked": catalog.checked,
        "patterns": [_pattern(catalog, number, p) for number, p in enumerate(catalog.patterns)],
        "refusals": [
            {
                "code": list(entry.code),
                "code_range": list(entry.code_range) if entry.code_range else None,
                "subcode": list(entry.subcode),
                "first_send_only": entry.first_send_only,
                "names_parameter": entry.names_parameter,
            }
            for entry in catalog.clear_refusals
        ],
        "modules": {module.__name__.rsplit(".", 1)[1]: _values(module) for module in MODULES},
    }


def _pattern(catalog: Catalog, number: int, p: Pattern) -> dict[str, Any]:
    """What a diagnosis needs of a pattern: no examples, no references."""
    names = (
        "id", "title", "category", "lane", "action", "scope", "who", "what_happened", "next_step", "owner", "developer",
        "treadle",
    )  # fmt: skip
    kept = {name: getattr(p, name) for name in names}
    entry = catalog.entries[number]
    kept |= {name: list(value) for name in ("plan", "decides") if (value := getattr(p, name))}
    if p.family != "threads":
        kept["family"] = p.family
    return {**kept, "retry": entry.get("retry", {}), "match": entry.get("match", [])}


def _values(module: ModuleType) -> dict[str, Any]:
    """The module's own constants that JSON can hold, expressions as ``{"re": [source, flags]}``."""
    found: dict[str, Any] = {}
    for name, value in sorted(vars(module).items()):
        if name.startswith("__") or name == "TYPE_CHECKING" or name.strip("_") != name.strip("_").upper():
            continue
        if isinstance(value, LateExpression):
            value = value.compiled
        if isinstance(value, re.Pattern):
            found[name.lstrip("_")] = {"re": list(javascript(value))}
        elif _plain(value):
            found[name.lstrip("_")] = _as_json(value)
    return found


def _plain(value: Any) -> bool:
    if isinstance(value, (tuple, list, set, frozenset)):
        return all(map(_plain, value))
    if isinstance(value, dict):
        return all(map(_plain, value)) and all(map(_plain, value.values()))
    return value is None or isinstance(value, (str, int, float))


def _as_json(value: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        return sorted(map(_as_json, value), key=lambda one: (one is not None, isinstance(one, str), one))
    if isinstance(value, (tuple, list)):
        return list(map(_as_json, value))
    if isinstance(value, dict):
        return {str(key): _as_json(inner) for key, inner in value.items()}
    return value
