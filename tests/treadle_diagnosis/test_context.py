"""The same bytes, several causes: context decides, and without it the advice is an ordered plan."""

from __future__ import annotations

from typing import Any

import pytest

from treadle_diagnosis import diagnose

NOT_FOUND = {"error": {"message": "The requested resource does not exist", "code": 24, "error_subcode": 4279009}}


def _pattern(stage: str, **context: Any) -> str:
    return diagnose(NOT_FOUND, stage=stage, context=context).pattern


@pytest.mark.parametrize(
    ("stage", "context", "pattern"),
    [
        ("publish", {}, "container_not_found"),
        ("publish", {"container_age_s": 4.0}, "container_not_found"),
        ("publish", {"container_age_s": 90_000}, "container_expired"),
        ("publish", {"container_status": "EXPIRED"}, "container_expired"),
        ("publish", {"container_status": "ERROR"}, "container_lost"),
        ("publish", {"container_status": "PUBLISHED"}, "already_published"),
        ("publish", {"seen_on_container": 2}, "container_not_found"),
        ("publish", {"seen_on_container": 5}, "container_lost"),
        ("publish", {"unclear_before": True}, "outcome_unknown"),
        ("create_container", {"reply_target": "own_recent"}, "container_not_found"),
        ("create_container", {"reply_target": "other"}, "reply_target_gone"),
        ("create_container", {"seen_on_container": 5}, "container_not_found"),
        ("create_container", {"reply_target": "own_recent", "seen_on_container": 5}, "reply_target_gone"),
        ("create_container", {"me_ok": False}, "token_dead_code_100"),
        ("create_container", {"me_ok": True}, "wrong_user_id"),
        ("create_container", {"me_ok": True, "reply_target": "own_recent"}, "container_not_found"),
    ],
)
def test_context_decides_between_the_causes_of_4279009(stage: str, context: dict[str, Any], pattern: str) -> None:
    assert _pattern(stage, **context) == pattern


def test_without_context_there_is_a_plan_and_what_would_decide() -> None:
    d = diagnose(NOT_FOUND, stage="publish")
    assert len(d.plan) >= 2
    assert d.decides
    assert (d.retry.kind, d.retry.then) == ("later", "new_container")


@pytest.mark.parametrize("code", [1, 2, 10])
def test_after_an_unclear_publish_the_vague_codes_are_unclear(code: int) -> None:
    d = diagnose({"error": {"code": code, "message": ""}}, stage="publish", context={"after_publish": True})
    assert d.action == "verify_first"


def test_other_accounts_failing_widens_the_scope() -> None:
    body = {"error": {"message": "API access blocked.", "code": 200, "type": "OAuthException"}}
    assert diagnose(body).scope == "account"
    assert diagnose(body, context={"other_accounts_fail": True}).scope == "app"


REVIEW = {
    "error": {"message": "This action requires the threads_basic permission. …", "code": 100, "error_subcode": 10}
}
GONE = {"error": {"message": "The requested resource does not exist", "code": 100}}
BOILERPLATE = {
    "error": {"message": "Unsupported get request. Object with ID '1' does not exist", "code": 100, "error_subcode": 33}
}


@pytest.mark.parametrize(
    ("body", "stage", "context", "pattern"),
    [
        (REVIEW, "read", {}, "threads_basic_missing"),
        (REVIEW, "read", {"other_accounts_fail": True}, "app_not_reviewed"),
        (GONE, "read", {}, "token_dead_code_100"),
        (GONE, "read", {"me_ok": True}, "object_not_found"),
        (BOILERPLATE, "read", {}, "object_not_found"),
        (BOILERPLATE, "read", {"me_ok": False}, "token_dead_code_100"),
        ({"error": {"code": 1, "message": ""}}, "create_container", {}, "unknown_error"),
        (
            {"error": {"code": 1, "message": ""}},
            "create_container",
            {"other_accounts_fail": True},
            "service_unavailable",
        ),
    ],
)
def test_me_and_other_accounts_decide(body: Any, stage: str, context: dict[str, Any], pattern: str) -> None:
    assert diagnose(body, stage=stage, context=context).pattern == pattern


def test_what_the_caller_knows_of_the_line_outranks_the_words() -> None:
    def found(text: str, told: str) -> str:
        return diagnose(exception=text, stage="publish", context={"transport": told}).pattern

    assert found("Cannot connect to host", "lost") == "outcome_unknown"
    assert found("something odd", "lost") == "outcome_unknown"
    assert found("timed out", "not_sent") == "meta_unreachable"


def test_a_spent_budget_moves_on_to_what_follows() -> None:
    body = {
        "error": {
            "message": "Only photo or video can be accepted as media type.",
            "code": 9004,
            "error_subcode": 2207052,
        }
    }
    first = diagnose(body, stage="create_container", context={"seen_on_container": 1})
    assert (first.action, first.retry.kind) == ("retry_later", "later")
    spent = diagnose(body, stage="create_container", context={"seen_on_container": 3})
    assert (spent.action, spent.retry.kind) == ("fix_media", "when_repaired")


@pytest.mark.parametrize(
    ("body", "scope"),
    [
        ({"error": {"code": 190, "error_subcode": 463}}, "account"),
        ({"error": {"code": 4, "message": "Application request limit reached"}}, "app"),
        ({"error": {"code": 2, "message": "x"}}, "platform"),
        ({"error": {"code": 100, "message": "Param text must be at most 500 characters long."}}, "post"),
        ({"status": "x", "error_message": "Media upload has failed with error code 2207077"}, "media_host"),
    ],
)
def test_the_scope_is_as_narrow_as_the_cause(body: dict[str, Any], scope: str) -> None:
    assert diagnose(body).scope == scope


def test_a_finding_names_its_pattern() -> None:
    d = diagnose(stage="media", context={"finding": "media_address_private"})
    assert (d.pattern, d.confidence) == ("media_address_private", "exact")
    assert diagnose(stage="media", context={"finding": "no such pattern"}).pattern == "unknown"
