"""Retry advice: schedule, hints, budget, jitter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_diagnosis import RetryAdvice, diagnose
from treadle_diagnosis.retry import delay_s, hinted_wait_s
from treadle_diagnosis.wording import duration, retry_sentence

LIMIT = {"error": {"message": "Application request limit reached", "code": 4}}


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120),
        ({"RETRY-AFTER": " 1.5 "}, 1.5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", "date": "Wed, 21 Oct 2026 07:27:00 GMT"}, 60),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "soon", "date": "now"}, None),
        ({"retry-after": "-5"}, None),
        ({"x-app-usage": '{"call_count":28,"total_time":25,"total_cputime":25}'}, None),
        ({"x-app-usage": '{"call_count":100,"total_time":25,"total_cputime":25}'}, 3600),
        ({"x-business-use-case-usage": '{"1":[{"type":"x","estimated_time_to_regain_access":7}]}'}, 420),
        ({"x-business-use-case-usage": "not json"}, None),
        ({"x-business-use-case-usage": "[1, null, {}]"}, None),
        ({"retry-after": "99999999"}, 7 * 86_400),
    ],
)
def test_the_wait_meta_asks_for(headers: dict[str, str], wait: float | None) -> None:
    assert hinted_wait_s(headers) == wait


def test_a_hint_overrides_the_schedule_only_upwards() -> None:
    plain = diagnose(LIMIT).retry
    assert not plain.hinted
    longer = diagnose(LIMIT, headers={"Retry-After": "4000"}).retry
    assert longer.hinted
    assert longer.after_s == 4000
    shorter = diagnose(LIMIT, headers={"Retry-After": "1"}).retry
    assert shorter.after_s == plain.after_s


def test_larger_video_waits_longer() -> None:
    body = {"status": "IN_PROGRESS"}
    small = diagnose(body, context={"media_bytes": 1_000_000}).retry
    large = diagnose(body, context={"media_bytes": 900_000_000}).retry
    assert small.after_s is not None
    assert large.after_s is not None
    assert large.after_s > small.after_s + 60
    assert small.max_delay_s is not None
    assert large.max_delay_s is not None
    assert large.max_delay_s > small.max_delay_s


ADVICE = st.builds(
    RetryAdvice,
    kind=st.just("later"),
    after_s=st.floats(0.1, 5000),
    max_attempts=st.integers(1, 20),
    max_delay_s=st.none() | st.floats(0.1, 9000),
    hinted=st.booleans(),
)


@given(advice=ADVICE, attempt=st.integers(-3, 2000), random01=st.floats(0, 1))
def test_delays_keep_to_their_bounds(advice: RetryAdvice, attempt: int, random01: float) -> None:
    delay = delay_s(advice, attempt, random01)
    assert advice.after_s is not None
    if advice.hinted:
        assert advice.after_s <= delay <= advice.after_s + max(60.0, 1.0)
    else:
        assert delay >= 0
        if advice.max_delay_s is not None:
            assert delay <= max(advice.max_delay_s, advice.after_s)


def test_the_first_delay_is_after_s_on_average_and_the_ceiling_doubles() -> None:
    advice = RetryAdvice("later", after_s=5, max_attempts=9, max_delay_s=30)
    assert delay_s(advice, 1, 0.5) == 5
    assert [delay_s(advice, n, 1.0) for n in (1, 2, 3, 9)] == [10, 20, 30, 30]
    assert delay_s(RetryAdvice(), 1, 0.7) == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 second"),
        (5, "5 seconds"),
        (120, "2 minutes"),
        (3600, "60 minutes"),
        (7200, "2 hours"),
        (200_000, "2 days"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_retry_sentences_say_yes_or_no() -> None:
    assert retry_sentence(RetryAdvice()).startswith("No.")
    assert retry_sentence(RetryAdvice("when_repaired")).startswith("Not as it is")
    assert retry_sentence(RetryAdvice("later", 60, 3, 600, "never", True)).startswith(
        "Yes: after about 60 seconds, as Meta"
    )
    assert "checking" in retry_sentence(RetryAdvice("verify_first", 10, 3))
    assert "guess" in retry_sentence(RetryAdvice(), known=False)
