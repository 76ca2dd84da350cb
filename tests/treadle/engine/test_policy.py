"""Retried is only what can succeed, within a budget, and never sooner than Meta asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.domain.policy import (
    ANSWERLESS_ATTEMPTS,
    DEFAULT_ATTEMPTS,
    PATIENT_ATTEMPTS,
    PATIENT_WITH_ONE_POST,
    REBUILDS,
    AwaitRepair,
    Decision,
    Fail,
    RebuildAt,
    RetryAt,
    Situation,
    WaitUntil,
    answerless,
    decide,
)
from treadle_diagnosis import Diagnosis, Evidence, diagnose, from_pattern
from treadle_diagnosis.catalog import load
from treadle_diagnosis.types import RetryAdvice

NOW = 1_800_000_000.0
PATTERNS = [pattern.id for pattern in load().patterns]
SITUATIONS: tuple[Situation, ...] = get_args(Situation)
MOST = 150  # more retries of one cause than this are a loop


def diagnosis(pattern: str) -> Diagnosis:
    return from_pattern(pattern, Evidence())


def decided(found: Diagnosis, situation: Situation, met: int, random01: float = 0.5, scale: float = 1.0) -> Decision:
    return decide(found, situation, {found.pattern: met}, now=NOW, random01=random01, scale=scale)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_pattern_comes_to_an_end_in_every_situation(pattern: str, situation: Situation) -> None:
    found = diagnosis(pattern)
    for met in range(MOST + 1):
        decision = decided(found, situation, met)
        if isinstance(decision, AwaitRepair | Fail):
            return
        if isinstance(decision, WaitUntil):
            assert found.lane == "rate_limit"
            return
    pytest.fail(f"{pattern} is tried again for ever")


@pytest.mark.parametrize("pattern", [p for p in PATTERNS if diagnosis(p).retry.kind in ("never", "when_repaired")])
def test_what_cannot_succeed_is_not_tried_again(pattern: str) -> None:
    for situation in SITUATIONS:
        assert isinstance(decided(diagnosis(pattern), situation, 0), AwaitRepair | Fail)


@pytest.mark.parametrize("pattern", [p for p in PATTERNS if diagnosis(p).retry.kind == "when_repaired"])
def test_what_somebody_can_repair_waits_for_that(pattern: str) -> None:
    for situation in SITUATIONS:
        assert isinstance(decided(diagnosis(pattern), situation, 0), AwaitRepair)


WIDER = [
    pattern
    for pattern in PATTERNS
    if diagnosis(pattern).scope in ("account", "app", "media_host") and diagnosis(pattern).lane != "rate_limit"
]


@pytest.mark.parametrize("pattern", WIDER)
def test_a_cause_wider_than_the_post_parks_at_its_scope(pattern: str) -> None:
    found = diagnosis(pattern)
    decision = decided(found, "create", MOST)
    assert isinstance(decision, AwaitRepair)
    assert decision.scope == found.scope


@pytest.mark.parametrize("pattern", [p for p in PATTERNS if diagnosis(p).scope in ("post", "platform")])
def test_a_cause_of_one_post_or_of_the_platform_parks_no_other_post(pattern: str) -> None:
    decision = decided(diagnosis(pattern), "create", MOST)
    assert isinstance(decision, Fail | WaitUntil) or decision == AwaitRepair("post", decision.why)


def test_meta_s_catch_all_answer_is_outlasted_for_an_hour_at_least_and_not_for_ever() -> None:
    found = diagnosis("unknown_error")
    at, asked = NOW, 0
    while isinstance(decision := decide(found, "create", {found.pattern: asked}, now=at, random01=0.0), RetryAt):
        at, asked = decision.at, asked + 1
    assert at - NOW > 3600.0
    assert asked <= 12


@pytest.mark.parametrize("pattern", [p.id for p in load().patterns if p.scope == "media_host"])
def test_a_host_in_trouble_is_soon_left_to_one_probe_for_all_posts(pattern: str) -> None:
    found = diagnosis(pattern)
    asked = next(met for met in range(MOST) if not isinstance(decided(found, "media", met), RetryAt))
    assert asked <= 1
    assert decided(found, "media", asked) == AwaitRepair("media_host", decided(found, "media", asked).why)


def test_an_unknown_answer_is_not_repeated_for_ever_and_not_parked_for_everybody() -> None:
    found = diagnose(Evidence(stage="create_container", http_status=400, body={"error": {"code": 987654}}))
    assert found.pattern == "unknown"
    assert isinstance(decided(found, "create", 0), Fail)


@given(st.sampled_from(PATTERNS), st.sampled_from(SITUATIONS), st.integers(0, 60), st.floats(0, 1), st.floats(0.001, 1))
@settings(max_examples=300)
def test_nothing_is_due_in_the_past_or_in_a_year(
    pattern: str, situation: Situation, met: int, random01: float, scale: float
) -> None:
    decision = decided(diagnosis(pattern), situation, met, random01, scale)
    at = getattr(decision, "at", NOW)
    assert NOW <= at <= NOW + 366 * 86_400
    assert decision.why


@given(st.floats(1, 86_400), st.floats(0, 1), st.floats(0.001, 1), st.integers(0, 3))
def test_a_hint_of_meta_s_is_kept_and_not_scaled(hint: float, random01: float, scale: float, met: int) -> None:
    found = diagnose(
        Evidence(
            stage="create_container",
            http_status=429,
            headers={"retry-after": str(hint)},
            body={"error": {"message": "Application request limit reached", "code": 4}},
        )
    )
    assert found.lane == "rate_limit"
    decision = decided(found, "create", met, random01, scale)
    assert isinstance(decision, WaitUntil)
    assert decision.at >= NOW + hint - 0.01  # advice is kept to the millisecond


def test_a_new_container_is_made_a_few_times_only() -> None:
    found = next(d for d in map(diagnosis, PATTERNS) if d.retry.kind == "new_container")
    made = [decided(found, "status", met) for met in range(10)]
    assert isinstance(made[0], RebuildAt)
    assert sum(isinstance(d, RebuildAt) for d in made) <= REBUILDS
    assert not isinstance(made[-1], RebuildAt | RetryAt)


def test_a_missing_answer_is_asked_for_again_with_growing_gaps() -> None:
    quick: list[Any] = [answerless(met, now=NOW, random01=1.0) for met in range(ANSWERLESS_ATTEMPTS)]
    times = [d.at - NOW for d in quick]
    assert times == sorted(times)
    last = ANSWERLESS_ATTEMPTS + PATIENT_ATTEMPTS
    patient: list[Any] = [answerless(met, now=NOW, random01=0.5) for met in range(ANSWERLESS_ATTEMPTS, last)]
    assert sum(d.at - NOW for d in patient) >= 86_400  # an outage of a day loses no post that was alone in it
    assert isinstance(answerless(last, now=NOW, random01=1.0), Fail)


def test_a_publish_proven_absent_is_sent_again_only_for_trouble_that_passes() -> None:
    passing = replace(diagnosis("service_unavailable"), retry=diagnosis("outcome_unknown").retry)
    assert passing.retry.kind == "verify_first"
    assert isinstance(decided(passing, "publish", 0), RetryAt)
    assert not isinstance(decided(passing, "publish", DEFAULT_ATTEMPTS), RetryAt)
    lasting = replace(passing, lane="account_restricted", scope="account")
    assert isinstance(decided(lasting, "publish", 0), AwaitRepair)


def found(
    kind: Any, lane: Any = "unknown", scope: Any = "post", *, after_s: float | None = 60.0, **advice: Any
) -> Diagnosis:
    """A diagnosis with this advice."""
    return replace(
        diagnosis("unknown_error"), lane=lane, scope=scope, action="retry_later",
        retry=RetryAdvice(kind=kind, after_s=after_s, **{"max_attempts": 3, **advice}),
    )  # fmt: skip


def tried(of: Diagnosis, situation: Situation) -> list[str]:
    """What follows the first failure, the second ...; ended by what is no retry."""
    kinds: list[str] = []
    while not kinds or kinds[-1] in ("RetryAt", "RebuildAt"):
        kinds.append(type(decided(of, situation, len(kinds))).__name__)
    return kinds


def test_after_a_publish_that_is_proven_absent_a_lasting_cause_is_not_tried_again() -> None:
    assert tried(found("verify_first", "media_processing"), "publish") == ["AwaitRepair"]
    assert tried(found("verify_first"), "publish") == ["RetryAt"] * DEFAULT_ATTEMPTS + ["Fail"]
    # Anywhere else nothing was published, and nothing has to be proven.
    assert tried(found("verify_first", "media_format"), "create") == ["RetryAt"] * DEFAULT_ATTEMPTS + ["AwaitRepair"]
    assert tried(found("later", "media_format"), "publish") == ["RetryAt"] * 3 + ["AwaitRepair"]


def test_without_a_time_in_the_advice_pauses_are_short_and_grow() -> None:
    at = [decided(found("later", after_s=None), "create", met) for met in range(DEFAULT_ATTEMPTS + 1)]
    assert [getattr(each, "at", NOW) - NOW for each in at] == [3.5, 6.0, 11.0, 21.0, 0.0]
    assert getattr(decided(found("verify_first"), "create", 1), "at", None) == NOW + 6.0
    assert isinstance(decided(found("new_container", after_s=None), "create", 0), RebuildAt)


def test_the_budget_is_the_advice_s_and_a_usual_one_where_it_names_none() -> None:
    for named, retries in ((9, 9), (2, 2), (0, DEFAULT_ATTEMPTS)):
        assert tried(found("later", max_attempts=named), "create") == ["RetryAt"] * retries + ["Fail"]
    assert tried(found("later", scope="media_host", max_attempts=9), "media") == ["RetryAt", "AwaitRepair"]
    assert tried(found("new_container", max_attempts=9), "create") == ["RebuildAt"] * REBUILDS + ["Fail"]


def test_trouble_of_threads_is_outlasted_where_waiting_costs_nothing() -> None:
    cases: list[tuple[str, Situation, int]] = [
        ("platform", "create", PATIENT_ATTEMPTS),
        ("post", "status", PATIENT_ATTEMPTS),
        ("post", "read", PATIENT_ATTEMPTS),
        ("post", "create", 0),
    ]
    for scope, situation, slow in cases:
        passing = found("later", "platform_temporary", scope)
        assert tried(passing, situation) == ["RetryAt"] * (3 + slow) + ["Fail"], (scope, situation)
    assert tried(found("later", "unknown"), "status") == ["RetryAt"] * 3 + ["Fail"]
    still = found("later", "media_processing")
    assert tried(still, "status") == ["RetryAt"] * (3 + PATIENT_ATTEMPTS) + ["Fail"]
    assert tried(still, "create") == ["RetryAt"] * 3 + ["Fail"]
    perhaps = found("later", "platform_temporary", then="when_repaired")
    assert tried(perhaps, "create") == ["RetryAt"] * (3 + PATIENT_WITH_ONE_POST) + ["Fail"]
    assert tried(found("later", "media_format", then="when_repaired"), "create") == ["RetryAt"] * 3 + ["AwaitRepair"]


def test_where_waiting_does_not_help_a_new_container_is_made_of_the_same_files() -> None:
    stuck = found("later", then="new_container")
    assert tried(stuck, "create") == ["RetryAt"] * 3 + ["RebuildAt"] * REBUILDS + ["Fail"]
    assert tried(stuck, "media") == ["RetryAt"] * 3 + ["Fail"]
    assert tried(found("later", then="when_repaired"), "create") == ["RetryAt"] * 3 + ["Fail"]


@pytest.mark.parametrize(
    ("lane", "kind", "action", "decision"),
    [
        ("media_format", "never", "retry_later", AwaitRepair),
        ("media_format", "never", "contact_support", Fail),
        ("media_format", "when_repaired", "contact_support", AwaitRepair),
        ("unknown", "never", "retry_later", Fail),
        ("unknown", "when_repaired", "retry_later", AwaitRepair),
        ("platform_temporary", "never", "retry_later", Fail),
        ("media_processing", "never", "retry_later", AwaitRepair),
    ],
)
def test_a_post_waits_for_what_somebody_can_repair(lane: Any, kind: Any, action: Any, decision: type) -> None:
    assert isinstance(decided(replace(found(kind, lane), action=action), "create", 0), decision)
