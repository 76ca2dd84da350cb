"""A finding can always be shown, whatever was given."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from treadle.domain.findings import Finding
from treadle.domain.patterns import PATTERN_OF

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
