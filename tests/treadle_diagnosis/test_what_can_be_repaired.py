"""The catalogue promises a repair exactly where the media check offers one."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import treadle_threads.media
from treadle_diagnosis import catalog
from treadle_threads.media.patterns import PATTERN_OF
from treadle_threads.media.sentences import SENTENCES

PROMISES = ("let treadle", "offers a repaired", "treadle can repair")


def fixes_of_patterns() -> dict[str, set[str]]:
    """Pattern -> the repairs its findings name: those of their sentences, and what a validator puts in their place."""
    found: dict[str, set[str]] = defaultdict(set)
    for says, said in SENTENCES.items():
        if says.startswith("repair_"):
            continue  # said of a repair that was offered
        found[PATTERN_OF[said.code or says]].add(said.fix)
    for path in Path(treadle_threads.media.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "finding" and node.args):
                continue
            named = node.args[0]
            fix = next((k.value for k in node.keywords if k.arg == "fix"), None)
            if fix is not None and isinstance(named, ast.Constant):
                code = SENTENCES[str(named.value)].code or str(named.value)
                found[PATTERN_OF[code]].add(str(fix.value) if isinstance(fix, ast.Constant) else "other")
    return found


FIXES = fixes_of_patterns()
HOPELESS = sorted(pattern for pattern, fixes in FIXES.items() if fixes <= {"reject", "none"} and "reject" in fixes)


def test_the_validators_are_read() -> None:
    assert {"image_aspect_ratio", "video_aspect_ratio", "video_too_large", "image_dimensions"} <= set(HOPELESS)
    assert FIXES["video_dimensions"] == {"video", "remux"}  # remux: where only the container names no size


@pytest.mark.parametrize("pattern", [p for p in HOPELESS if p != "media_damaged"])
def test_no_repair_is_promised_where_there_is_none(pattern: str) -> None:
    found = catalog.load().get(pattern)
    assert found is not None
    said = f"{found.owner} {found.developer} {found.treadle}".lower()
    assert not [promise for promise in PROMISES if promise in said]


def test_a_file_that_is_damaged_is_not_promised_to_be_repaired() -> None:
    found = catalog.load().get("media_damaged")
    assert found is not None
    assert "let treadle" not in found.owner.lower()


def test_nothing_says_that_treadle_crops() -> None:
    for pattern in catalog.load():
        said = f"{pattern.owner} {pattern.treadle}".lower()
        assert "treadle crop" not in said
        assert not ("crop" in said and "let treadle" in said), pattern.id
