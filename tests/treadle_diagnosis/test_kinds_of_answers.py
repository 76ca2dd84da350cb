"""Answers as strangers paste them, by kind: what each must lead to, and what it must never lead to."""

from __future__ import annotations

from typing import Any

import pytest

from treadle_diagnosis import catalog, diagnose

PAIRS = {
    "(190, 463)": "token_expired",
    "code 190, 460": "password_changed",
    "code: 190 (463)": "token_expired",
    "Graph said 190:467": "session_has_been_invalidated",
    "190;458": "app_removed_by_owner",
    "THApiException 100/10": "threads_basic_missing",
    "#100/33": "object_not_found",
    "code=100 sub 100/33 on GET": "object_not_found",
    "[24|4279009]": "container_not_found",
    "613_4279002": "threads_rate_limit",
    "[meta 613.4279002]": "threads_rate_limit",
    "error -1/4279047": "link_attachment_refused",
    "OAuthException (190)": "token_is_invalid",
    "THApiException: 10": "app_permission_missing",
    "IGApiException 4": "app_request_limit",
}
NO_PAIRS = ("190,463 views", "took 190 463 ms", "2024/10/33", "1.190.463 posts", "version 24.42", "ratio 100:33")

CONTAINERS = {
    "Container 17940000000000001 ended in ERROR": "container_error",
    "Container in unexpected state: error": "container_error",
    "container status: expired": "container_expired",
    "container_status is EXPIRED": "container_expired",
    "Processing finished with EXPIRED": "container_expired",
    "timed out waiting for the container to be FINISHED": "media_processing",
    "waiting until FINISHED, gave up after 20 polls": "media_processing",
    "Container state: in_progress": "media_processing",
    "container status was published": "already_published",
}

# Texts that Meta showed to somebody, in the languages of which one has been seen.
USER_TEXTS = {
    "Không tìm thấy file phương tiện có ID 10820000000000001.": "container_not_found",
    "유효하지 않은 링크 첨부": "link_attachment_refused",
    "유효하지 않은 인증 코드입니다.": "authorization_code_used",
    "影音素材下載失敗": "media_download_failed",
    "Error al descargar el contenido multimedia.": "media_download_failed",
    "El URI de este contenido no cumple nuestros requisitos.": "media_type_not_media",
    "Media belum siap untuk menerbitkan, tunggu beberapa saat lagi": "media_not_ready",
    "O formato do vídeo não é aceito.": "video_format",
    "Função de desenvolvedor é insuficiente": "app_in_development",
    "Confirmez votre identité avant de pouvoir publier": "identity_confirmation",
    "Threads не підключено": "account_disconnected",
}

OTHER_NETWORKS: list[Any] = [
    "Tweet failed: 403 Forbidden, duplicate content",
    "Your tweets could not be sent: 429",
    {"errors": [{"code": 187, "message": "Status is a duplicate."}]},
    {"error": "ExpiredToken", "message": "Token has expired"},
    {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"},
    {"error": {"code": 403, "message": "quota", "errors": [{"domain": "youtube.quota", "reason": "quotaExceeded"}]}},
    {"error": {"code": "access_token_invalid", "message": "x", "log_id": "2"}},
]
META_AFTER_ALL: list[tuple[Any, str]] = [
    ({"errors": [{"code": 190, "message": "Invalid OAuth access token"}]}, "token_is_invalid"),
    ({"error": "invalid_scope", "message": "Invalid Scopes: instagram_basic"}, "invalid_scope"),
    ("Tweet went out, Threads failed: OAuthException 190/463", "token_expired"),
]

# At the publish, text that names a clear refusal is that refusal, also where it has lost a number.
NAMED = {
    "publish failed: code 9 The user has reached the maximum number of posts": "publishing_quota",
    "publishing failed: your Threads account needs to be reconnected": "account_disconnected",
    "Failed to post: Threads account not connected": "account_disconnected",
    "publishing failed: Param text must be at most 500 characters long.": "text_too_long",
    "Threads post failed: access token expired": "token_expired",
    "could not post: Calls to this api have exceeded the rate limit.": "threads_rate_limit",
    "posting to Threads failed: user access is restricted": "account_restricted",
    "publish error: Invalid parameter | Unsupported media type VIDEO": "unknown_media_type",
    "publishing failed: 190/463": "token_expired",
}
LEFT_OPEN = (
    "publishing failed: (#506) Duplicate status message",
    "publishing failed: Invalid parameter",
    "publish failed: code 10",
    "publish failed: code 1",
    "Threads post failed: 500 Internal Server Error",
    "posting to Threads failed with a timeout",
    "Failed to post: socket hang up",
    "Could not send your thread: network error",
    "unable to post: read ECONNRESET",
    "Threads post error: 502 Bad Gateway",
    "publish failed: code 20, subcode 1772107",
    "publish failed: code 4 subcode 9999991",
)
OTHER_CALLS = ("POST /v1.0/me/threads failed: read ECONNRESET", "reading the posting limit failed: read ECONNRESET")


@pytest.mark.parametrize(
    ("text", "pattern"), [*PAIRS.items(), *CONTAINERS.items(), *USER_TEXTS.items()], ids=lambda x: x[:40]
)
def test_each_form_is_read(text: str, pattern: str) -> None:
    assert diagnose(text).pattern == pattern


@pytest.mark.parametrize("text", NO_PAIRS)
def test_other_numbers_are_no_pairs(text: str) -> None:
    assert diagnose(text).pattern == "unknown"


@pytest.mark.parametrize("title", USER_TEXTS)
def test_a_translated_text_never_decides_beside_a_code(title: str) -> None:
    body = {"error": {"code": 190, "error_subcode": 463, "error_user_title": title, "error_user_msg": title}}
    assert diagnose(body, http_status=400).pattern == "token_expired"
    del body["error"]["code"], body["error"]["error_subcode"]
    assert diagnose({"error": {**body["error"], "code": 987_654}}, http_status=400).pattern == "unknown"


@pytest.mark.parametrize("body", OTHER_NETWORKS, ids=str)
def test_errors_of_other_networks_are_recognized(body: Any) -> None:
    assert diagnose(body).pattern == "other_platform"


@pytest.mark.parametrize(("body", "pattern"), META_AFTER_ALL, ids=str)
def test_what_is_metas_stays_metas(body: Any, pattern: str) -> None:
    assert diagnose(body).pattern == pattern


@pytest.mark.parametrize(("text", "pattern"), NAMED.items())
def test_text_names_a_clear_refusal(text: str, pattern: str) -> None:
    found = diagnose(text)
    assert found.pattern == pattern
    assert found.retry.kind != "verify_first"


@pytest.mark.parametrize("text", LEFT_OPEN)
def test_the_rest_of_what_answers_a_publish_is_checked_first(text: str) -> None:
    found = diagnose(text)
    assert (found.action, found.retry.kind) == ("verify_first", "verify_first"), found.pattern


@pytest.mark.parametrize("text", OTHER_CALLS)
def test_posting_to_an_address_is_no_publish(text: str) -> None:
    assert diagnose(text).retry.kind == "later"


def test_once_an_answer_was_unclear_no_text_is_clear() -> None:
    for text in NAMED:
        if "190" not in text:
            found = diagnose(text, context={"unclear_before": True})
            assert found.retry.kind in ("verify_first", "never", "when_repaired"), text


def test_parameters_that_are_refused_are_no_passing_fault() -> None:
    body = {"error": {"message": "Fatal", "code": -1, "error_subcode": 1363103, "is_transient": False}}
    for stage in ("publish", "create_container", "unknown"):
        found = diagnose(body, stage=stage, http_status=400)
        assert (found.action, found.retry.kind) == ("fix_request", "when_repaired")


def test_http_200_is_no_success_when_the_body_says_otherwise() -> None:
    found = diagnose({"success": False}, stage="read", http_status=200)
    assert (found.pattern, found.retry.kind) == ("not_done", "verify_first")
    assert diagnose({"success": True}, stage="read", http_status=200).pattern == "nothing_to_diagnose"
    refused = {"success": False, "error": {"code": 190, "error_subcode": 463}}
    assert diagnose(refused, stage="read").pattern == "token_expired"


def test_the_effect_may_be_there_behind_a_plain_400() -> None:
    body = {"error": {"message": "(#20) x", "code": 20, "error_subcode": 1772107}}
    assert diagnose(body, stage="create_container", http_status=400).retry.kind == "verify_first"


def test_waiting_for_a_medium_has_a_lane_of_its_own() -> None:
    assert diagnose({"status": "IN_PROGRESS", "id": "17950000000000002"}).lane == "media_processing"


@pytest.mark.parametrize("id_", ["account_restricted", "identity_confirmation", "policy_block", "action_blocked"])
def test_reading_shows_no_end_of_what_stops_writes(id_: str) -> None:
    pattern = catalog.load().get(id_)
    assert pattern is not None
    assert "person" in pattern.repaired_by
    assert "proves nothing" in pattern.repaired
