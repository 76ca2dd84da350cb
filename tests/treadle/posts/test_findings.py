"""A finding can always be shown, whatever was given."""

from __future__ import annotations

import ast
import json
from string import Formatter
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st
from pydantic_core.core_schema import ErrorType

from tests.support.sources import SOURCES, modules
from treadle.domain.findings import Finding, ParameterName, finding
from treadle.domain.patterns import PATTERN_OF
from treadle.domain.sentences import SENTENCES
from treadle.web.finding_words import WORDS, words_of

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=40)
    | st.just("x" * 5000)
    | st.just("a\x00b\ud83d")
)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_a_finding_is_always_json_that_a_database_takes(value: object) -> None:
    shown = Finding("text", "rule", "message", "way out", given=value).to_json()
    text = json.dumps(shown, allow_nan=False, ensure_ascii=False)
    text.encode()
    assert "\\u0000" not in text
    assert len(text) < 1500


def test_short_values_are_shown_as_they_are() -> None:
    finding = Finding("media[0]", "rule", "message", "way out", given={"url": "x", "alt_text": None}, limit=[2, 4])
    assert finding.to_json()["given"] == {"url": "x", "alt_text": None}
    assert finding.to_json()["limit"] == [2, 4]
    assert finding.to_json()["severity"] == "error"


def test_every_pattern_named_is_in_the_catalogue() -> None:
    from treadle_diagnosis.catalog import load

    known = {pattern.id for pattern in load().patterns}
    assert set(PATTERN_OF.values()) <= known


def test_every_code_has_its_sentence_and_every_sentence_is_said() -> None:
    """By the texts of the sources: a code is a literal wherever a finding is made, and no sentence is left over."""
    literals: set[str] = set()
    for path in modules(SOURCES["treadle"]):
        if path.name in ("sentences.py", "finding_words.py"):
            continue
        text = path.read_text(encoding="utf-8")
        ours = "treadle.domain.findings import" in text or "treadle.domain.collecting import" in text
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literals.add(node.value)
            if (
                ours
                and isinstance(node, ast.Call)
                and ast.unparse(node.func) in ("finding", "found.say")
                and len(node.args) > 1
            ):
                code = node.args[1]
                either = [code.body, code.orelse] if isinstance(code, ast.IfExp) else [code]
                named = {one.value for one in either if isinstance(one, ast.Constant)}
                assert named <= SENTENCES.keys(), ast.unparse(node)
    pydantic = set(get_args(ErrorType))
    assert SENTENCES.keys() - literals - pydantic == set()


def test_a_page_says_its_own_words_of_what_the_usual_sentence_knows() -> None:
    for code, own in WORDS.items():
        said = SENTENCES[code]
        known = places(said.message) | places(said.way_out)
        for text in (own.message, own.way_out):
            assert text is None or places(text) <= known, code


def places(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_a_face_renders_a_finding_in_its_own_words() -> None:
    made = finding("media[0].id", "media_id", given="x")
    assert words_of(made, str) == (made.message, "Add the file again.")
    names = {"name": ParameterName("topc"), "meant": ParameterName("topic_tag")}
    nearly = finding("topc", "unknown_name_near", rule="unknown_option", what="option", **names)
    assert nearly.message == "There is no option 'topc'. Did you mean 'topic_tag'?"
    assert words_of(nearly, {"topic_tag": "Topic", "topc": "topc"}.__getitem__)[1] == "Write “Topic”."
