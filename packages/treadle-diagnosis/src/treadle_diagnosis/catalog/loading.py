"""Loading the catalogue: the compact form of a wheel, or the TOML of a checkout."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import lru_cache

from treadle_diagnosis.catalog.model import Catalog, ClearRefusal, Example, Match, Pattern, Retry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Plain paths: pathlib takes longer to import than the catalogue takes to read.
HERE = os.path.dirname(os.path.abspath(__file__))
COMPILED = "compiled.json"  # only in a wheel, which has no TOML
# Beside this module's byte code: where Python keeps what it made of sources, which git ignores.
CACHE = os.path.join(os.path.dirname(__spec__.cached), "catalog.json") if __spec__.cached else None


@lru_cache(maxsize=1)
def load() -> Catalog:
    """The catalogue, checked. Raises :class:`~treadle_diagnosis.catalog.model.CatalogError` if it is contradictory."""
    return assemble(_data())


def _data() -> dict[str, Any]:
    """The compact form: of a wheel as it was built, of a checkout from the TOML, kept for the next start."""
    wanted = fingerprint()
    if wanted is None:
        built: dict[str, Any] = _read(os.path.join(HERE, COMPILED))
        return built
    try:
        kept = _read(CACHE) if CACHE else {}
        if kept["fingerprint"] == wanted:
            found: dict[str, Any] = kept["catalog"]
            return found
    except (OSError, ValueError, KeyError, TypeError):
        pass
    from treadle_diagnosis.catalog import build

    compiled = build.compile_catalog()
    if CACHE:
        from contextlib import suppress

        with suppress(OSError):  # a checkout that may not be written
            _keep(CACHE, json.dumps({"fingerprint": wanted, "catalog": compiled}))
    return compiled


def _read(path: str) -> Any:
    with open(path, "rb") as file:
        return json.loads(file.read())


def fingerprint() -> str | None:
    """What tells one state of a checkout from another: name, size and time of every file that the compact form follows
    from, the TOML and the code that reads it, as Python does for byte code. ``None`` in a wheel, which has no TOML.
    """
    try:
        patterns = [os.path.join("patterns", name) for name in os.listdir(os.path.join(HERE, "patterns"))]
    except OSError:
        return None
    files = [name for name in (*patterns, *os.listdir(HERE)) if name.endswith((".toml", ".py"))]
    states = [(name, os.stat(os.path.join(HERE, name))) for name in sorted(files)]
    return "\n".join(f"{name} {state.st_size} {state.st_mtime_ns} {state.st_ino}" for name, state in states)


def _keep(path: str, text: str) -> None:
    """Write whole or not at all: another process may be reading or writing the same file."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    unfinished = f"{path}.{os.getpid()}"
    try:
        with open(unfinished, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(unfinished, path)
    finally:
        if os.path.exists(unfinished):
            os.unlink(unfinished)


def assemble(data: Mapping[str, Any]) -> Catalog:
    """The catalogue from its compact form, which was checked when it was written."""
    return Catalog(data, _pattern, _clear_refusal)


def _clear_refusal(e: Mapping[str, Any]) -> ClearRefusal:
    bounds = e.get("code_range")
    return ClearRefusal(
        code=tuple(e.get("code", ())),
        code_range=(bounds[0], bounds[1]) if bounds else None,
        subcode=tuple(e["subcode"]),
        why=e["why"],
        sources=tuple(e["sources"]),
        first_send_only=e.get("first_send_only", False),
        names_parameter=e.get("names_parameter", False),
        seen=e.get("seen", ""),
    )


def _pattern(e: Mapping[str, Any]) -> Pattern:
    return Pattern(
        id=e["id"],
        public_name=e["public_name"],
        title=e["title"],
        category=e["category"],
        lane=e["lane"],
        action=e["action"],
        retry=Retry(**e.get("retry", {})),
        scope=e["scope"],
        who=e["who"],
        what_happened=e["what_happened"],
        next_step=e["next_step"],
        owner=e["owner"],
        developer=e["developer"],
        treadle=e["treadle"],
        repaired=e["repaired"],
        repaired_by=tuple(e["repaired_by"]),
        matches=tuple(match_of(m) for m in e.get("match", ())),
        examples=tuple(Example(**x) for x in e.get("example", ())),
        near_misses=tuple(Example(**x) for x in e.get("near_miss", ())),
        look_alikes=e.get("look_alikes", {}),
        references=tuple(e["references"]),
        checked=e["checked"],
        plan=tuple(e.get("plan", ())),
        decides=tuple(e.get("decides", ())),
        family=e.get("family", "threads"),
        inferred=e.get("inferred", ""),
        sample=e.get("sample", ""),
    )


def match_of(entry: Mapping[str, Any]) -> Match:
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Match(**fields)
