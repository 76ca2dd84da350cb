"""Looking at a container neither too often nor too late."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.publishing.waiting import KEEP, expect, give_up_s, learn, next_look

KINDS = st.sampled_from(["TEXT", "IMAGE", "VIDEO", "CAROUSEL"])
SIZES = st.none() | st.floats(0.001, 1024)
LEARNED = st.dictionaries(KINDS, st.lists(st.floats(0.01, 50), max_size=KEEP), max_size=4)


def looks(kind: str, size: float | None, takes_s: float, learned: dict[str, Any]) -> tuple[int, float]:
    """(how many looks, seconds between ready and noticed) when the container is ready after ``takes_s``."""
    age, count = 0.0, 0
    while True:
        age += next_look(kind, size, age, learned)
        count += 1
        if age >= takes_s:
            return count, age - takes_s
        assert count < 10_000


@given(KINDS, SIZES, st.floats(0, 1e6), LEARNED)
def test_the_next_look_is_always_soon_enough_and_never_at_once(
    kind: str, size: float | None, age: float, learned: dict[str, Any]
) -> None:
    pause = next_look(kind, size, age, learned)
    assert pause >= 0.25
    assert pause <= max(60.0, expect(kind, size, learned).seconds)


@given(KINDS, SIZES, st.floats(0.0, 1800), LEARNED)
def test_a_wait_ends_with_a_bounded_number_of_looks(
    kind: str, size: float | None, takes_s: float, learned: dict[str, Any]
) -> None:
    count, late = looks(kind, size, takes_s, learned)
    assert count <= 10 + takes_s / 0.3
    assert late <= max(60.0, 0.15 * takes_s + 1.0, expect(kind, size, learned).seconds)


@given(st.floats(1, 500), st.floats(1, 500), LEARNED)
def test_larger_videos_are_given_more_time(one: float, other: float, learned: dict[str, Any]) -> None:
    small, large = sorted((one, other))
    assert expect("VIDEO", small, learned).seconds <= expect("VIDEO", large, learned).seconds
    assert give_up_s("VIDEO", small) <= give_up_s("VIDEO", large)


@given(st.lists(st.floats(0.5, 200), min_size=3, max_size=60))
def test_what_was_learned_bends_the_expectation_and_stays_small(times: list[float]) -> None:
    learned: dict[str, Any] = {}
    for took in times:
        learned = learn(learned, "VIDEO", 10.0, took)
    assert len(learned["VIDEO"]) <= KEEP
    expected = expect("VIDEO", 10.0, learned).seconds
    kept = sorted(times[-KEEP:])
    assert kept[0] * 0.99 <= expected <= kept[-1] * 1.01


@pytest.mark.parametrize("size", [2.0, 20.0, 200.0])
def test_where_an_account_s_videos_take_their_usual_time_few_looks_do(size: float) -> None:
    learned: dict[str, Any] = {}
    usual = 1.7 * (12.0 + 0.6 * size)
    for factor in (0.98, 1.0, 1.02, 1.0, 0.99):
        learned = learn(learned, "VIDEO", size, usual * factor)
    count, late = looks("VIDEO", size, usual, learned)
    assert count <= 14
    assert late <= 0.05 * usual


def test_kinds_that_have_no_expectation_learn_nothing() -> None:
    assert learn({}, "TEXT", None, 3.0) == {}
