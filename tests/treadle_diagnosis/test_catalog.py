"""Loading the catalogue: what it must hold, and what it must refuse."""

from __future__ import annotations

import copy
import re
from datetime import date
from typing import Any

import pytest

from treadle_diagnosis import types
from treadle_diagnosis.catalog import build, load, words
from treadle_diagnosis.catalog.document import pattern_json, pattern_summary
from treadle_diagnosis.catalog.loading import assemble

CORE = {
    "revoked_access_token": ("Authentication", "reconnect"),
    "token is invalid": ("Authentication", "reconnect"),
    "session has been invalidated": ("Authentication", "reconnect"),
    "media processing": ("Media processing", "retry_later"),
    "video format": ("Video", "fix_media"),
    "video codec": ("Video", "fix_media"),
    "duration exceed": ("Video", "fix_media"),
}


def test_the_compact_form_is_current() -> None:
    """Run ``python -m treadle_diagnosis.catalog.build`` when this fails."""
    import json

    assert json.loads(build.COMPILED.read_text("utf-8")) == json.loads(json.dumps(build.compile_catalog()))


def test_every_action_has_a_label() -> None:
    assert set(types.ACTION_LABELS) == set(words.ACTIONS)


@pytest.mark.parametrize(("name", "expected"), CORE.items())
def test_the_seven_patterns_every_guide_has(name: str, expected: tuple[str, str]) -> None:
    from treadle_diagnosis import diagnose

    pattern = load().get(name)
    assert pattern is not None
    assert (pattern.category, pattern.action) == expected
    assert pattern.id == name.replace(" ", "_")
    assert load().get(pattern.id) is pattern
    assert diagnose(name).pattern == pattern.id


def test_names_are_found_in_any_spelling() -> None:
    for name in ("Token Is Invalid", "token_is_invalid", " token-is-invalid "):
        found = load().get(name)
        assert found is not None
        assert found.id == "token_is_invalid"
    assert load().get("no such thing") is None


def test_every_category_has_patterns_and_every_pattern_is_whole() -> None:
    catalog = load()
    assert all(category.patterns for category in catalog.categories)
    assert sum(len(category.patterns) for category in catalog.categories) == len(catalog)
    for pattern in catalog:
        assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", pattern.id)
        assert date.fromisoformat(pattern.checked)
        assert pattern.references, pattern.id
        assert pattern.repaired_by, pattern.id
        assert pattern.examples, pattern.id
        for text in (pattern.what_happened, pattern.owner, pattern.developer, pattern.treadle, pattern.repaired):
            assert len(text) > 10, pattern.id
            assert text[-1] in ".?)`", f"{pattern.id}: {text[-30:]}"


def test_references_point_to_meta() -> None:
    for reference in load().references.values():
        assert reference.url.startswith("https://")
        assert reference.title


def test_json_forms() -> None:
    catalog = load()
    pattern = catalog.get("container_not_found")
    assert pattern is not None
    whole = pattern_json(pattern, catalog)
    assert whole["codes"]["subcode"] == [4279009]
    assert whole["retry"]["then"] == "new_container"
    assert whole["references"][0]["url"].startswith("https://")
    assert set(pattern_summary(pattern)) <= set(whole)


@pytest.fixture
def sources() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    compiled = build.compile_catalog()
    return copy.deepcopy(compiled["patterns"]), compiled["references"]


def _faults(sources: tuple[list[dict[str, Any]], dict[str, Any]], **change: Any) -> list[str]:
    patterns, references = sources
    patterns[0].update(change)
    return build.check(patterns, references)


def test_a_sound_catalogue_has_no_faults(sources: Any) -> None:
    assert build.check(*sources) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": "token_expired"}, "is taken by"),
        ({"public_name": "token is invalid"}, "is taken by"),
        ({"lane": "nowhere"}, "lane 'nowhere' is not known"),
        ({"action": "pray"}, "action 'pray' is not known"),
        ({"category": "Odd"}, "category 'Odd' is not known"),
        ({"owner": ""}, "'owner' is missing"),
        ({"surprise": 1}, "'surprise' is not a field"),
        ({"references": ["nowhere"]}, "no reference 'nowhere'"),
        ({"look_alikes": {"nobody": "x"}}, "no pattern 'nobody'"),
        ({"repaired_by": ["magic"]}, "repair signal 'magic'"),
        ({"example": []}, "no example"),
        ({"match": [{"words": ["Upper Case"]}]}, "must be lower case"),
        ({"match": [{"stage": ["nowhere"]}]}, "stage 'nowhere'"),
        ({"match": [{"odd": 1}]}, "has no field 'odd'"),
        ({"retry": {"kind": "later"}}, "a retry needs"),
        ({"retry": {"kind": "later", "after_s": 1, "max_attempts": 1, "then": "never"}}, "never retried unchanged"),
        ({"near_miss": [{"body": "x", "belongs_to": "nobody"}]}, "not another pattern"),
        ({"near_miss": [{"body": "x", "belongs_to": "revoked_access_token"}]}, "not another pattern"),
    ],
)
def test_faults_are_named(sources: Any, change: dict[str, Any], fault: str) -> None:
    assert any(fault in line for line in _faults(sources, **change))


def test_no_two_patterns_claim_the_same_example(sources: Any) -> None:
    patterns, references = sources
    patterns[1]["example"] = [*patterns[1]["example"], patterns[0]["example"][0]]
    assert any("claims the same example" in line for line in build.check(patterns, references))


def test_a_stale_compact_form_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    from treadle_diagnosis.catalog import loading

    stale = tmp_path / "compiled.json"
    stale.write_text('{"fingerprint": "old", "patterns": [], "references": {}}')
    monkeypatch.setattr(build, "COMPILED", stale)
    assert len(assemble(loading._data())) == len(load())
    stale.unlink()
    assert len(assemble(loading._data())) == len(load())
