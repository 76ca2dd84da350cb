"""Loading the catalogue: what it must hold, and what it must refuse."""

from __future__ import annotations

import copy
import json
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from treadle_diagnosis import engine, types
from treadle_diagnosis.catalog import build, load, loading, words
from treadle_diagnosis.catalog.checking import check
from treadle_diagnosis.catalog.document import pattern_json, pattern_summary
from treadle_diagnosis.catalog.loading import assemble
from treadle_diagnosis.catalog.model import CatalogError
from treadle_diagnosis.cli import diagnose, explain

CORE = {
    "revoked_access_token": ("Authentication", "reconnect"),
    "token is invalid": ("Authentication", "reconnect"),
    "session has been invalidated": ("Authentication", "reconnect"),
    "media processing": ("Media processing", "retry_later"),
    "video format": ("Video", "fix_media"),
    "video codec": ("Video", "fix_media"),
    "duration exceed": ("Video", "fix_media"),
}


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
    return check(patterns, references)


def test_a_sound_catalogue_has_no_faults(sources: Any) -> None:
    assert check(*sources) == []


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
    assert any("claims the same example" in line for line in check(patterns, references))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the catalogue's TOML that may be changed; nothing is kept of it yet."""
    copied = tmp_path / "catalog"
    shutil.copytree(build.HERE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    for module, name, path in (
        (build, "HERE", copied),
        (build, "PATTERNS", copied / "patterns"),
        (build, "CLEAR_REFUSALS", copied / "clear_refusals.toml"),
        (build, "REFERENCES", copied / "references.toml"),
        (build, "SAMPLES", copied / "samples.toml"),
        (loading, "HERE", str(copied)),
        (loading, "CACHE", str(copied / "__pycache__" / "catalog.json")),
    ):
        monkeypatch.setattr(module, name, path)
    return copied


def test_a_checkout_is_read_from_its_toml_and_kept(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = loading._data()
    assert len(assemble(first)) == len(load())

    def not_again() -> None:
        raise AssertionError("read again although nothing changed")

    monkeypatch.setattr(build, "compile_catalog", not_again)
    assert loading._data() == first


def test_a_sample_that_does_not_exist_is_named_with_its_file_and_line(checkout: Path) -> None:
    samples = checkout / "samples.toml"
    samples.write_text(samples.read_text().replace("[publish]", "[publication]"))
    with pytest.raises(CatalogError, match=r"media_processing\.toml:\d+: container_ready: no sample 'publish'"):
        build.compile_catalog()


def test_a_sample_without_one_of_its_languages_is_a_fault(checkout: Path) -> None:
    samples = checkout / "samples.toml"
    samples.write_text(samples.read_text().replace("\ncurl = ", "\nwget = ", 1))
    with pytest.raises(CatalogError, match=r"samples\.toml:\d+: me: a sample is"):
        build.compile_catalog()


def _retitle(checkout: Path) -> None:
    file = checkout / "patterns" / "video.toml"
    text, count = re.subn(r'^title = ".*"', 'title = "Another title"', file.read_text(), count=1, flags=re.M)
    assert count == 1
    file.write_text(text)


@pytest.mark.parametrize("built", ["", '{"references": {}, "patterns": [], "clear_refusals": []}'])
def test_nothing_that_was_kept_hides_a_change(checkout: Path, built: str) -> None:
    if built:  # left by an older version in the same folder
        (checkout / "compiled.json").write_text(built)
    assert "Another title" not in {p["title"] for p in loading._data()["patterns"]}
    _retitle(checkout)
    for _ in "12":
        assert "Another title" in {p["title"] for p in loading._data()["patterns"]}


def test_a_change_of_the_code_that_reads_it_counts_as_well(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = str(loading.fingerprint())
    with (checkout / "build.py").open("a") as file:
        file.write("# other rules\n")
    assert str(loading.fingerprint()) != before


@pytest.mark.parametrize("left", ["", "{", "[]", "null", '{"fingerprint": "old"}', '{"fingerprint": "FINGERPRINT"}'])
def test_what_is_kept_may_be_damaged(checkout: Path, left: str) -> None:
    assert loading.CACHE is not None
    kept = Path(loading.CACHE)
    kept.parent.mkdir()
    kept.write_text(left.replace("FINGERPRINT", str(loading.fingerprint())))
    assert len(assemble(loading._data())) == len(load())
    assert json.loads(kept.read_text())["fingerprint"] == str(loading.fingerprint())
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_a_checkout_that_may_not_be_written_is_read(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / "file").write_text("")
    monkeypatch.setattr(loading, "CACHE", str(checkout / "file" / "catalog.json"))
    assert len(assemble(loading._data())) == len(load())
    monkeypatch.setattr(loading, "CACHE", None)  # an interpreter that keeps no byte code
    assert len(assemble(loading._data())) == len(load())


def test_a_wheel_is_read_from_what_was_built(checkout: Path) -> None:
    (checkout / "compiled.json").write_text(build.written(build.compile_catalog()), "utf-8")
    shutil.rmtree(checkout / "patterns")
    assert len(assemble(loading._data())) == len(load())


SLIPS = [  # what is written instead of what, and what the message says
    ('id = "video_codec"', 'id = "video_codec', "not TOML"),
    ('id = "video_codec"', 'id = "video_codec"\nidea = "x"', "'idea' is not a field"),
    ('id = "video_codec"', 'id = "video_codec"\nwho = "ownr"', "who 'ownr' is not known"),
    ('id = "video_codec"', 'id = "video_codec"\nretry = { kind = "latter" }', "retry kind 'latter'"),
    ('id = "video_codec"', 'id = "video_codec"\nretry = { knd = "later" }', "did you mean 'kind'?"),
    ('id = "video_codec"', 'id = "video_codec"\nplan = "Cut it."', "'plan' must be a list of texts"),
    ('id = "video_codec"', 'id = "video_codec"\nchecked = "yesterday"', "'checked' must be a date"),
    ('id = "video_codec"', 'id = "video_codec"\nnear_miss = [{ json = \'{"a":\', belongs_to = "unknown" }]',
     "'json' must be a text with JSON in it"),
    ('id = "video_codec"', 'id = "video_codec"\nrepaired_by = ["magic"]', "repair signal 'magic'"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "slip", "said"), SLIPS)
def test_a_slip_is_named_with_file_and_line(checkout: Path, written: str, slip: str, said: str) -> None:
    file = checkout / "patterns" / "video.toml"
    text = file.read_text()
    assert text.count(f"{written}\n") == 1, "the entry that these slips are made in is gone"
    number = text[: text.index(written)].count("\n") + slip.count("\n") + 1
    file.write_text(text.replace(f"{written}\n", f"{slip}\n"))
    with pytest.raises(CatalogError) as refused:
        build.compile_catalog()
    lines = str(refused.value).splitlines()
    assert any(line.startswith(f"{file}:{number}: ") and said in line for line in lines), lines


@pytest.mark.parametrize(
    ("path", "added", "said"),
    [
        ("patterns/video.toml", "[[patern]]\nid = 'x'\n", "'patern' is not known here"),
        ("clear_refusals.toml", "[[refusal]]\ncode = [1]\nsubcode = ['sum']\n", "subcode is a list of numbers"),
        ("clear_refusals.toml", "[[refusal]]\ncode = 1\n", "'code' must be a list of whole numbers"),
        ("references.toml", "odd = { title = 'x' }\n", "a reference is"),
    ],
)
def test_a_slip_at_the_end_of_any_file_is_named_too(checkout: Path, path: str, added: str, said: str) -> None:
    file = checkout / path
    text = file.read_text()
    file.write_text(text + added)
    with pytest.raises(CatalogError) as refused:
        build.compile_catalog()
    after = text.count("\n")
    near = re.compile(rf"{re.escape(str(file))}:({after + 1}|{after + 2}|{after + 3}): .*{re.escape(said)}")
    assert near.search(str(refused.value)), str(refused.value)


def test_an_unknown_pattern_of_words_is_told_from_its_line(checkout: Path) -> None:
    file = checkout / "patterns" / "video.toml"
    text = file.read_text()
    old = next(line for line in text.splitlines() if "words = [" in line)
    file.write_text(text.replace(old, old.replace('words = ["', 'words = ["Upper Case", "', 1)))
    with pytest.raises(CatalogError, match="must be lower case") as refused:
        build.compile_catalog()
    assert f"{file}:{text.splitlines().index(old) + 1}: " in str(refused.value)


def test_the_commands_say_the_slip_in_a_sentence(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = checkout / "patterns" / "video.toml"
    file.write_text(file.read_text() + "[[pattern]]\nid = 5\n")
    caches = (load, engine.rule_book, engine._prepared)
    for cached in caches:
        cached.cache_clear()
    try:
        for run in (diagnose.run, explain.run):
            assert run("x", ["code 190"]) == 1
            assert f"{file}:" in capsys.readouterr().err
    finally:
        for cached in caches:
            cached.cache_clear()
