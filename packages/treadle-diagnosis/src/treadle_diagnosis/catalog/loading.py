"""Loading the catalogue: the compact form when it is current, else the TOML files themselves."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from treadle_diagnosis.catalog import words
from treadle_diagnosis.catalog.model import Catalog, Category, ClearRefusal, Example, Match, Pattern, Reference, Retry


@lru_cache(maxsize=1)
def load() -> Catalog:
    """The catalogue, checked. Raises :class:`~treadle_diagnosis.catalog.build.CatalogError` if it is contradictory."""
    return assemble(_data())


def _data() -> dict[str, Any]:
    from treadle_diagnosis.catalog import build

    try:
        compiled: dict[str, Any] = json.loads(build.COMPILED.read_bytes())
    except (OSError, ValueError):
        return build.compile_catalog()
    if compiled.get("fingerprint") != build.fingerprint():
        return build.compile_catalog()
    return compiled


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
