"""From readable TOML to the compact form that is loaded: read, check, put in order.

A checkout reads the TOML; a wheel holds only the compact form, written when it is built (``hatch_build.py``).
``python -m treadle_diagnosis.catalog.build`` checks the TOML and prints what it holds.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from treadle_diagnosis.catalog import words
from treadle_diagnosis.catalog.checking import (
    check,
    check_refusals,
    unknown_samples,
    wrong_kinds,
    wrong_references,
    wrong_refusal_kinds,
    wrong_samples,
)
from treadle_diagnosis.catalog.model import CatalogError
from treadle_diagnosis.catalog.places import SourceLocation, places_of

HERE = Path(__file__).parent
PATTERNS = HERE / "patterns"
CLEAR_REFUSALS = HERE / "clear_refusals.toml"
REFERENCES = HERE / "references.toml"
SAMPLES = HERE / "samples.toml"


def compile_catalog() -> dict[str, Any]:
    """Read and check every TOML file. Raises :class:`CatalogError` naming all faults with their files and lines."""
    references = _parse(REFERENCES)
    faults = wrong_references(references, places_of(REFERENCES))
    samples = _parse(SAMPLES)
    faults += wrong_samples(samples, places_of(SAMPLES))
    entries: list[tuple[dict[str, Any], SourceLocation]] = []
    for path in sorted(PATTERNS.glob("*.toml")):
        entries += _entries(path, "pattern", faults)
    refusals = _entries(CLEAR_REFUSALS, "refusal", faults)
    for entry, place in entries:
        faults += wrong_kinds(entry, place)
    for entry, place in refusals:
        faults += wrong_refusal_kinds(entry, place)
    if faults:  # what the entries say can be compared once each is readable
        raise CatalogError("\n".join(faults))
    order = {name: index for index, name in enumerate(words.CATEGORIES)}
    entries.sort(key=lambda one: order.get(one[0].get("category", ""), 99))
    patterns, places = [_shape(entry) for entry, _ in entries], [place for _, place in entries]
    _add_near_misses(patterns)
    faults += check(patterns, references, places)
    faults += unknown_samples(patterns, samples, places)
    faults += check_refusals([entry for entry, _ in refusals], references, [place for _, place in refusals])
    if faults:
        raise CatalogError("\n".join(faults))
    return {
        "references": references,
        "samples": samples,
        "patterns": patterns,
        "clear_refusals": [entry for entry, _ in refusals],
    }


def _parse(path: Path) -> dict[str, Any]:
    import re
    import tomllib  # only here: the compact form is loaded without it

    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise CatalogError(f"{path}:{found[1] if found else 'end'}: not TOML: {error}") from None
    except UnicodeDecodeError as error:
        raise CatalogError(f"{path}: not UTF-8: {error}") from None


def _entries(path: Path, name: str, faults: list[str]) -> list[tuple[dict[str, Any], SourceLocation]]:
    """The entries ``[[name]]`` of a file, filled up from its ``[defaults]``, each with its place."""
    parsed, head = _parse(path), places_of(path)
    for key in parsed.keys() - {"defaults", name}:
        faults.append(f"{head.at(key)}: '{key}' is not known here; entries begin with [[{name}]]")
    found, defaults = parsed.get(name, []), parsed.get("defaults", {})
    if not isinstance(found, list) or not isinstance(defaults, dict) or not all(isinstance(e, dict) for e in found):
        faults.append(f"{head.at(name)}: entries begin with [[{name}]], their defaults with [defaults]")
        return []
    return [({**defaults, **entry}, head.entry(name, number, len(found))) for number, entry in enumerate(found)]


def written(compiled: dict[str, Any]) -> str:
    """The compact form as text."""
    return json.dumps(compiled, ensure_ascii=False, separators=(",", ":")) + "\n"


def _add_near_misses(patterns: list[dict[str, Any]]) -> None:
    """What looks alike must be told apart: the first real answer of each look-alike becomes a near miss."""
    answers = {
        p.get("id"): next((e for e in p.get("example", ()) if not e.get("context", {}).get("finding")), None)
        for p in patterns
    }
    for p in patterns:
        written = {item.get("belongs_to") for item in p.get("near_miss", ())}
        for other in p.get("look_alikes", {}):
            if other not in written and (answer := answers.get(other)) is not None:
                p.setdefault("near_miss", []).append({**answer, "belongs_to": other})


def _shape(entry: dict[str, Any]) -> dict[str, Any]:
    """One pattern with dates as text, JSON examples parsed, and long texts on one line."""
    out: dict[str, Any] = {}
    for key, value in entry.items():
        if isinstance(value, date):
            out[key] = value.isoformat()
        elif isinstance(value, str):
            out[key] = " ".join(value.split())
        elif key in ("plan", "decides"):
            out[key] = [" ".join(step.split()) for step in value]
        elif key in ("example", "near_miss"):
            out[key] = [_example(item) for item in value]
        else:
            out[key] = value
    out.setdefault("public_name", out.get("id", ""))
    return out


def _example(item: dict[str, Any]) -> dict[str, Any]:
    shaped = dict(item)
    if "json" in shaped:
        shaped["body"] = json.loads(shaped.pop("json"))
    return shaped


def main() -> int:
    """Check the TOML; prints what it holds, or every fault."""
    try:
        compiled = compile_catalog()
    except CatalogError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 1
    examples = sum(len(p.get("example", ())) + len(p.get("near_miss", ())) for p in compiled["patterns"])
    sys.stdout.write(f"{len(compiled['patterns'])} patterns, {examples} examples, no faults\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
