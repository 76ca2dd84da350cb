"""Loading the catalogue: the compact form of a wheel, or the TOML of a checkout."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from treadle_diagnosis.catalog import words
from treadle_diagnosis.catalog.model import Catalog, Category, ClearRefusal, Example, Match, Pattern, Reference, Retry

HERE = Path(__file__).parent
PATTERNS = HERE / "patterns"  # only in a checkout; a wheel has the compact form instead
COMPILED = HERE / "compiled.json"
# Beside this module's byte code: where Python keeps what it made of sources, which git ignores.
CACHE = Path(__spec__.cached).with_name("catalog.json") if __spec__.cached else None


@lru_cache(maxsize=1)
def load() -> Catalog:
    """The catalogue, checked. Raises :class:`~treadle_diagnosis.catalog.model.CatalogError` if it is contradictory."""
    return assemble(_data())


def _data() -> dict[str, Any]:
    """The compact form: of a wheel as it was built, of a checkout from the TOML, kept for the next start."""
    if not PATTERNS.is_dir():
        built: dict[str, Any] = json.loads(COMPILED.read_bytes())
        return built
    from treadle_diagnosis.catalog import build

    wanted = build.fingerprint()
    try:
        kept = json.loads(CACHE.read_bytes()) if CACHE else {}
        if kept["fingerprint"] == wanted:
            found: dict[str, Any] = kept["catalog"]
            return found
    except (OSError, ValueError, KeyError, TypeError):
        pass
    compiled = build.compile_catalog()
    if CACHE:
        with suppress(OSError):  # a checkout that may not be written
            _keep(CACHE, json.dumps({"fingerprint": wanted, "catalog": compiled}))
    return compiled


def _keep(path: Path, text: str) -> None:
    """Write whole or not at all: another process may be reading or writing the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, "utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def assemble(data: dict[str, Any]) -> Catalog:
    """Values from the compact form; it was checked when it was written."""
    patterns = tuple(_pattern(entry) for entry in data["patterns"])
    categories = tuple(
        Category(name, slug, about, tuple(p for p in patterns if p.category == name))
        for name, (slug, about) in words.CATEGORIES.items()
    )
    refs = {key: Reference(key, ref["title"], ref["url"]) for key, ref in data["references"].items()}
    return Catalog(patterns, categories, refs, tuple(_clear_refusal(entry) for entry in data["clear_refusals"]))


def _clear_refusal(e: dict[str, Any]) -> ClearRefusal:
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


def _pattern(e: dict[str, Any]) -> Pattern:
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
        owner=e["owner"],
        developer=e["developer"],
        treadle=e["treadle"],
        repaired=e["repaired"],
        repaired_by=tuple(e["repaired_by"]),
        matches=tuple(_match(m) for m in e.get("match", ())),
        examples=tuple(Example(**x) for x in e.get("example", ())),
        near_misses=tuple(Example(**x) for x in e.get("near_miss", ())),
        look_alikes=e.get("look_alikes", {}),
        references=tuple(e["references"]),
        checked=e["checked"],
        plan=tuple(e.get("plan", ())),
        decides=tuple(e.get("decides", ())),
        family=e.get("family", "threads"),
    )


def _match(m: dict[str, Any]) -> Match:
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in m.items()}
    return Match(**fields)
