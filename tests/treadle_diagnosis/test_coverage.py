"""Every code, subcode, container message, window error and header that is known of Meta leads to a pattern."""

from __future__ import annotations

from typing import Any

import pytest

from treadle_diagnosis import diagnose

CODES = {
    "unknown_error": [1],
    "service_unavailable": [2],
    "capability_missing": [3],
    "app_request_limit": [4, 341],
    "publishing_quota": [9],
    "app_permission_missing": [10, 200, 230, 299],
    "api_deprecated": [12],
    "user_request_limit": [17, 32],
    "account_restricted": [25],
    "invalid_parameter": [100],
    "token_is_invalid": [102, 190],
    "redirect_uri_not_allowed": [191],
    "video_format": [352],
    "policy_block": [368],
    "video_download_failed": [389],
    "exchange_not_needed": [452],
    "account_checkpointed": [459],
    "duplicate_content": [506],
    "threads_rate_limit": [613],
    "object_not_found": [803],
    "syntax_error_in_request": [2500],
    "media_download_failed": [9004],
    "media_not_ready": [9007],
    "instagram_user_unavailable": [9009],
    "image_too_large": [36000],
    "image_format": [36001],
    "image_aspect_ratio": [36003],
    "caption_too_long": [36004],
    "business_use_case_limit": [80001, 80002, 80004, 80006],
    "link_not_scraped": [1609005],
}
SUBCODES: dict[str, list[tuple[int | None, int]]] = {
    "token_is_invalid": [(190, 456), (190, 457)],
    "app_removed_by_owner": [(190, 458)],
    "account_checkpointed": [(190, 459)],
    "password_changed": [(190, 460)],
    "session_has_been_invalidated": [(190, 461), (190, 465), (190, 466), (190, 467), (190, 468)],
    "token_expired": [(190, 463)],
    "account_unconfirmed": [(190, 464)],
    "page_role_changed": [(190, 492)],
    "object_not_found": [(100, 33)],
    "threads_basic_missing": [(100, 10)],
    "threads_rate_limit": [(613, 4279002)],
    "carousel_children_invalid": [(100, 4279004)],
    "container_not_found": [(24, 4279009)],
    "account_restricted": [(None, 4279013), (25, 2207050)],
    "exchange_not_needed": [(452, 4279019)],
    "authorization_code_used": [(100, 4279030)],
    "link_attachment_refused": [(-1, 4279047)],
    "access_tier_insufficient": [(10, 4279067)],
    "instagram_server_error": [(-1, 2207001)],
    "media_download_timeout": [(-2, 2207003)],
    "image_too_large": [(36000, 2207004)],
    "image_format": [(36001, 2207005), (1, 2207005)],
    "container_lost": [(24, 2207006)],
    "instagram_container_missing": [(24, 2207008)],
    "image_aspect_ratio": [(36003, 2207009)],
    "caption_too_long": [(36004, 2207010)],
    "container_expired": [(-2, 2207020)],
    "unknown_media_type": [(100, 2207023)],
    "video_format": [(352, 2207026)],
    "media_not_ready": [(9007, 2207027)],
    "carousel_count": [(100, 2207028)],
    "upload_failed_unknown": [(-1, 2207032), (-1, 2207053)],
    "tag_positions": [(100, 2207035), (100, 2207036)],
    "product_tags_refused": [(100, 2207037)],
    "too_many_tags": [(100, 2207040)],
    "publishing_quota": [(9, 2207042)],
    "action_blocked": [(4, 2207051)],
    "media_download_failed": [(1, 2207052)],
    "thumbnail_offset": [(1, 2207057)],
    "video_transcoding_failed": [(None, 2207076), (-1, 2207082)],
    "media_host_ignores_ranges": [(None, 2207077)],
}
CONTAINER = {
    "FAILED_DOWNLOADING_VIDEO": "video_download_failed",
    "FAILED_PROCESSING_AUDIO": "audio_processing_failed",
    "FAILED_PROCESSING_VIDEO": "video_processing_failed",
    "INVALID_ASPEC_RATIO": "video_aspect_ratio",
    "INVALID_ASPECT_RATIO": "video_aspect_ratio",
    "INVALID_BIT_RATE": "video_bit_rate",
    "INVALID_DURATION": "duration_exceed",
    "INVALID_FRAME_RATE": "video_frame_rate",
    "FAILED_FRAME_RATE": "video_frame_rate",
    "INVALID_AUDIO_CHANNELS": "audio_channels",
    "INVALID_AUDIO_CHANNEL_LAYOUT": "audio_channel_layout",
    "UNKNOWN": "container_error_unknown",
}
WINDOW = {
    1349245: "tester_invite_pending",
    1349168: "redirect_uri_not_allowed",
    1349126: "app_in_development",
    1349220: "login_unavailable",
    4476002: "wrong_app_id",
}
CONSTANTS = {
    "THREADS_API__LINK_LIMIT_EXCEEDED": "too_many_links",
    "THREADS_API__GEO_GATING_INVALID_COUNTRY_CODES": "country_codes_invalid",
    "THREADS_API__FEATURE_NOT_AVAILABLE": "feature_not_available",
    "REVOKED_ACCESS_TOKEN": "revoked_access_token",
}


@pytest.mark.parametrize(("pattern", "code"), [(p, c) for p, codes in CODES.items() for c in codes])
def test_codes(pattern: str, code: int) -> None:
    assert diagnose({"error": {"code": code, "type": "OAuthException"}}).pattern == pattern
    assert diagnose(f"OAuthException code={code}").pattern != "unknown"


@pytest.mark.parametrize(("pattern", "pair"), [(p, pair) for p, pairs in SUBCODES.items() for pair in pairs])
def test_subcodes(pattern: str, pair: tuple[int | None, int]) -> None:
    error: dict[str, Any] = {"error_subcode": pair[1], "message": "", "code": pair[0]}
    assert diagnose({"error": error}).pattern == pattern


@pytest.mark.parametrize(("message", "pattern"), CONTAINER.items())
def test_container_messages(message: str, pattern: str) -> None:
    assert diagnose({"status": "ERROR", "id": "1", "error_message": message}).pattern == pattern


@pytest.mark.parametrize(
    ("status", "pattern"),
    [
        ("IN_PROGRESS", "media_processing"),
        ("FINISHED", "container_ready"),
        ("PUBLISHED", "already_published"),
        ("EXPIRED", "container_expired"),
        ("ERROR", "container_error"),
    ],
)
def test_container_states(status: str, pattern: str) -> None:
    assert diagnose({"status": status, "id": "1"}).pattern == pattern
    assert diagnose({"status_code": status, "id": "1"}).pattern == pattern


@pytest.mark.parametrize(("code", "pattern"), WINDOW.items())
def test_window_errors(code: int, pattern: str) -> None:
    assert diagnose({"error_message": "…", "error_code": code}, stage="oauth").pattern == pattern
    assert diagnose(f"?error_code={code}&error_message=x", stage="oauth").pattern == pattern


@pytest.mark.parametrize(("constant", "pattern"), CONSTANTS.items())
def test_constants_in_any_place(constant: str, pattern: str) -> None:
    for body in ({"error": {"code": constant}}, {"error": {"message": f"Error: {constant}.", "code": 100}}, constant):
        assert diagnose(body, stage="create_container").pattern == pattern


def test_the_usage_headers_and_www_authenticate_are_read() -> None:
    header = 'OAuth "Facebook Platform" "invalid_request" "(#4) Application request limit reached"'
    d = diagnose(headers={"www-authenticate": header, "Retry-After": "900"})
    assert d.pattern == "app_request_limit"
    assert d.retry.after_s == 900
