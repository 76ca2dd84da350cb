"""A pattern as JSON: the twin of its page, and what ``GET /v1/patterns`` and ``explain --json`` show."""

from __future__ import annotations

from typing import Any

from treadle_diagnosis.catalog.model import Catalog, Example, Pattern


def pattern_json(pattern: Pattern, catalog: Catalog) -> dict[str, Any]:
    """Everything public about one pattern; matchers are left out, examples and near misses are not."""
    return {
        **pattern_summary(pattern),
        "what_happened": pattern.what_happened,
        "next_step": pattern.next_step,
        "what_to_do": {"owner": pattern.owner, "developer": pattern.developer},
        "treadle_does": pattern.treadle,
        "how_to_see_it_is_repaired": pattern.repaired,
        "repaired_by": list(pattern.repaired_by),
        "plan": list(pattern.plan),
        "decides": list(pattern.decides),
        "inferred": pattern.inferred,
        "codes": pattern_codes(pattern),
        "examples": [example_json(e) for e in pattern.examples],
        "near_misses": [{**example_json(e), "belongs_to": e.belongs_to} for e in pattern.near_misses],
        "look_alikes": dict(pattern.look_alikes),
        "references": [
            {"title": catalog.references[key].title, "url": catalog.references[key].url} for key in pattern.references
        ],
    }


def pattern_summary(pattern: Pattern) -> dict[str, Any]:
    """The one-line form for lists."""
    retry = pattern.retry
    return {
        "id": pattern.id,
        "public_name": pattern.public_name,
        "title": pattern.title,
        "category": pattern.category,
        "lane": pattern.lane,
        "action": pattern.action,
        "retry": {
            "kind": retry.kind,
            "after_s": retry.after_s,
            "max_attempts": retry.max_attempts,
            "max_delay_s": retry.max_delay_s,
            "then": retry.then,
        },
        "scope": pattern.scope,
        "who": pattern.who,
        "surface": pattern.family,
        "checked": pattern.checked,
        "guide": pattern.guide,
    }


def pattern_codes(pattern: Pattern) -> dict[str, list[Any]]:
    """The codes, subcodes and constants a pattern is recognized by, for searching and for the page's head."""
    codes: list[int] = []
    subcodes: list[int] = []
    constants: list[str] = []
    for match in pattern.matches:
        codes += [code for code in match.code if code not in codes]
        subcodes += [code for code in match.subcode if code not in subcodes]
        constants += [name for name in match.constant if name not in constants]
    return {"code": codes, "subcode": subcodes, "constant": constants}


def example_json(example: Example) -> dict[str, Any]:
    """An example without its empty fields."""
    out: dict[str, Any] = {"surface": example.surface, "stage": example.stage}
    if example.http_status is not None:
        out["http_status"] = example.http_status
    for name in ("headers", "body", "exception", "context"):
        value = getattr(example, name)
        if value not in (None, {}):
            out[name] = value
    return out
