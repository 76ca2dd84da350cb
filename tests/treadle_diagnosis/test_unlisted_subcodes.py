"""A subcode that no pattern names takes away what its code would have been sure of."""

from __future__ import annotations

import pytest

from treadle_diagnosis import diagnose

UNLISTED = 9_999_999
STAGES = ("unknown", "create_container", "container_status", "read")


def answer(code: int, subcode: int = UNLISTED, message: str = "Something") -> dict[str, object]:
    return {"error": {"message": message, "type": "OAuthException", "code": code, "error_subcode": subcode}}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("code", [-2, -1, 1, 2, 4, 9, 10, 17, 32, 100, 190, 200, 341, 368, 613, 9004, 80000, 80004])
def test_nothing_is_more_than_a_guess(code: int, stage: str) -> None:
    assert diagnose(answer(code), stage=stage, http_status=400).confidence == "guess"


@pytest.mark.parametrize("code", [17, 32, 341, 613, 80000, 80007, 80014])
def test_a_limit_waits_an_hour_three_times_and_then_asks_a_person(code: int) -> None:
    d = diagnose(answer(code), stage="create_container", http_status=400)
    assert (d.action, d.retry.kind, d.retry.after_s, d.retry.max_attempts) == ("retry_later", "later", 3600, 3)
    assert d.retry.then == "when_repaired"


def test_a_limit_waits_longer_when_meta_asks_for_it() -> None:
    d = diagnose(answer(613), stage="create_container", http_status=400, headers={"Retry-After": "7200"})
    assert d.retry.after_s == 7200


@pytest.mark.parametrize("code", [4, 9, 368])
def test_what_may_be_a_block_holds_the_account_until_a_person_has_looked(code: int) -> None:
    d = diagnose(answer(code), stage="create_container", http_status=400)
    assert (d.scope, d.who, d.retry.kind) == ("account", "owner", "when_repaired")


@pytest.mark.parametrize("code", [10, 190, 200])
def test_a_dead_token_or_a_missing_permission_stays_the_cause_and_is_not_retried(code: int) -> None:
    d = diagnose(answer(code), stage="create_container", http_status=400)
    assert d.pattern == diagnose(answer(code, 0), stage="create_container", http_status=400).pattern
    assert d.retry.kind in ("never", "when_repaired")


@pytest.mark.parametrize("code", [-2, -1, 1, 2])
def test_elsewhere_three_short_tries(code: int) -> None:
    d = diagnose(answer(code), stage="create_container", http_status=500)
    assert d.retry.kind == "later"
    assert d.retry.max_attempts <= 3


@pytest.mark.parametrize("code", [-2, -1, 1, 2, 4, 9, 10, 17, 100, 200, 341, 368, 613, 9004, 80004])
def test_at_the_publish_it_leaves_the_outcome_open(code: int) -> None:
    assert diagnose(answer(code), stage="publish", http_status=400).action == "verify_first"


@pytest.mark.parametrize("number", [1349027, 1349999, 4476123, 1400001])
def test_a_lone_number_is_not_retried_because_its_words_say_later(number: int) -> None:
    text = f"error_code={number}&error_message=Sorry, something went wrong. Please try again later."
    assert diagnose(text, stage="oauth").retry.kind == "never"


def test_words_that_name_the_cause_keep_it() -> None:
    d = diagnose(answer(4, message="We restrict certain activity to protect our community"), stage="create_container")
    assert d.pattern == "action_blocked"
    assert d.confidence == "likely"
