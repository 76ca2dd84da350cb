"""Facts that a caller adds: a misspelled one is refused, where a person typed it, with the nearest name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_diagnosis.catalog.loading import load
from treadle_diagnosis.cli.diagnose import run
from treadle_diagnosis.context import KEYS, wrong_facts
from treadle_diagnosis.types import Evidence


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("unclear_befor=true", "Did you mean 'unclear_before'?"),
        ("me_ok=yes", "me_ok is true or false"),
        ("container_status=EXPIRD", "Did you mean 'EXPIRED'?"),
        ("seen_on_container=-1", "a whole number from 0"),
        ("seen_on_container=true", "a whole number from 0"),
        ("container_age_s=old", "a number of seconds from 0"),
        ("finding=alt_text_to_long", "Did you mean 'alt_text_too_long'?"),
        ("after_publish", "KEY=VALUE"),
    ],
)
def test_the_command_refuses_a_fact_it_cannot_use(typed: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("diagnose", ["--context", typed, "190/463"]) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert not out


def test_the_command_takes_every_fact_that_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    facts = ["unclear_before=true", "container_status=expired", "container_age_s=9.5", "media_kind=video", "me_ok=null"]
    assert run("diagnose", [*(word for fact in facts for word in ("--context", fact)), "24/4279009"]) == 0
    assert "Check before retrying" in capsys.readouterr().out


def test_every_fact_of_the_catalogue_can_be_given() -> None:
    for pattern in load().patterns:
        for example in (*pattern.examples, *pattern.near_misses):
            assert not wrong_facts(example.context), (pattern.id, example.context)
        for match in pattern.matches:
            assert match.context.keys() <= KEYS, pattern.id


def test_every_fact_is_documented() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "command-line.md").read_text("utf-8")
    for name in KEYS:
        assert f"`{name}`" in page, name
        assert f"``{name}``" in re.sub(r"\s+", " ", Evidence.__doc__ or ""), name


@given(
    st.dictionaries(
        st.text(max_size=12) | st.sampled_from(sorted(KEYS)), st.none() | st.booleans() | st.text() | st.floats()
    )
)
def test_what_is_wrong_is_said_of_any_facts(facts: dict[str, object]) -> None:
    found = wrong_facts(facts)
    assert [wrong.key for wrong in found if wrong.unknown] == [key for key in facts if key not in KEYS]
    for wrong in found:
        assert wrong.key in facts
        assert wrong.sentence.startswith(("There is no fact", wrong.key))
        assert wrong.unknown is (wrong.key not in KEYS)
