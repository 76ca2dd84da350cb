"""Every answer the sandbox can be made to give is one that Treadle's diagnosis knows."""

from __future__ import annotations

import pytest

from treadle_diagnosis import diagnose
from treadle_sandbox.answers import EXAMPLES, NAMED, named

LANES = {
    "content": ["text_too_long", "link_limit", "invalid_link_attachment", "invalid_link_attachment_publish",
                "duplicate_text"],
    "request_bug": ["text_required", "param_required", "param_invalid", "param_too_long", "param_choice",
                    "nonexisting_field", "unknown_path", "unknown_object", "syntax_error", "reply_to_invalid",
                    "media_param_invalid", "geo_gating_countries", "session_key_invalid", "token_missing",
                    "token_too_young", "invalid_parameters"],
    "media_fetch": ["image_url_invalid", "url_invalid", "media_fetch_failed", "media_fetch_failed_9004"],
    "media_validation": ["image_too_large", "image_format", "image_aspect"],
    "meta_token": ["token_garbage", "token_expired", "token_revoked", "token_password_changed", "token_other_app",
                   "code_invalid", "code_flat"],
    "account_restricted": ["token_checkpoint", "user_restricted", "activity_restricted", "blocked_for_policy",
                           "api_access_blocked"],
    "permission_app_review": ["access_tier", "not_a_tester", "secret_wrong", "app_invalid", "redirect_mismatch",
                              "permission_missing", "feature_not_available"],
    "rate_limit": ["rate_limit", "app_rate_limit", "user_rate_limit", "too_many_calls", "rate_limit_with_hint"],
    "platform_temporary": ["media_not_found", "carousel_children", "not_ready", "unexpected_error", "unknown_error",
                           "service_unavailable", "refused_after_effect", "bad_gateway", "not_json", "empty",
                           "authorization_error"],
    "unknown": ["empty_200"],  # a success without a body: nothing in it says what happened
}  # fmt: skip
LANE_OF = {name: lane for lane, names in LANES.items() for name in names}
OAUTH = ("code_", "secret", "app_invalid", "redirect")


@pytest.mark.parametrize("name", NAMED)
def test_a_named_answer_has_its_lane(name: str) -> None:
    reply = named(name, "A" + "x" * 22, **EXAMPLES)
    stage = "oauth" if name.startswith(OAUTH) else "create_container"
    found = diagnose({"surface": "threads", "stage": stage, "http_status": reply.status, "headers": dict(reply.headers),
                      "body": reply.encoded().decode()})  # fmt: skip
    given = f"{name} is diagnosed as {found.pattern}, lane {found.lane}"
    assert found.lane == LANE_OF.get(name), f"{given}: say so in LANES of this file, or add a pattern"


def test_the_table_names_only_answers_that_exist() -> None:
    assert set(LANE_OF) <= set(NAMED)
