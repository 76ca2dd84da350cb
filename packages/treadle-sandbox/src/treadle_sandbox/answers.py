"""Answers as Threads writes them: the envelope of an error, and the named errors.

Each name is the sandbox's own; a test maps it to whatever it calls the cause. ``source`` says where the form comes
from: ``seen`` in a real answer, ``documented`` by Meta, or ``guessed`` (then the field that is guessed is named).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from treadle_sandbox.words import words

JSON_TYPE = "application/json; charset=UTF-8"


@dataclass(slots=True)
class Reply:
    """One answer. ``body`` is an object to be written as JSON, or text or bytes as they are."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE

    def encoded(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode("utf-8", "replace")
        return _dumps(self.body).encode("utf-8", "replace")


_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def ok(body: Any) -> Reply:
    return Reply(200, body)


@dataclass(frozen=True, slots=True)
class Named:
    """One error by name. ``{...}`` in ``message`` and in the words are filled by whoever answers."""

    status: int
    code: int | str | None
    message: str
    subcode: int | None = None
    type: str | None = "OAuthException"
    transient: bool | None = None
    words: str | None = None
    source: str = "seen"
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: Any = None


TH = "THApiException"

NAMED: dict[str, Named] = {
    # Content and parameters. Status None in NAMED would hide the switch: these take `param_error_status`.
    "text_too_long": Named(500, 100, "Param text must be at most 500 characters long.", type=TH),
    "text_required": Named(400, 100, "The parameter text is required", type=TH, source="seen, status guessed"),
    "param_required": Named(400, 100, "The parameter {name} is required", type=TH, source="guessed from text_required"),
    "param_invalid": Named(400, 100, "Param {name} is not valid.", type=TH, source="guessed"),
    "param_too_long": Named(
        500, 100, "Param {name} must be at most {limit} characters long.", type=TH, source="guessed from text_too_long"
    ),
    "param_choice": Named(
        400, 100, 'Param {name} must be one of {{{choices}}} - got "{value}".', type=TH, source="guessed from Graph"
    ),
    "image_url_invalid": Named(400, 100, "Param image_url is not a valid URI.", type=TH, source="seen, status guessed"),
    "url_invalid": Named(400, 100, "Param {name} is not a valid URI.", type=TH, source="guessed from image_url"),
    "reply_to_invalid": Named(500, 100, "Param reply_to_id is not a valid threads_media ID", type=TH),
    "media_param_invalid": Named(
        500, 100, "Param {name} is not a valid threads_media ID", type=TH, source="guessed from reply_to_id"
    ),
    "link_limit": Named(
        400, 100, "THREADS_API__LINK_LIMIT_EXCEEDED", type=TH, source="constant documented, envelope guessed"
    ),
    "geo_gating_countries": Named(
        400,
        100,
        "THREADS_API__GEO_GATING_INVALID_COUNTRY_CODES",
        type=TH,
        source="constant documented, envelope guessed",
    ),
    "feature_not_available": Named(
        400, 100, "THREADS_API__FEATURE_NOT_AVAILABLE", type=TH, source="constant documented, envelope guessed"
    ),
    "invalid_link_attachment": Named(400, -1, "Fatal", 4279047, transient=False, words="link_attachment"),
    "invalid_link_attachment_publish": Named(
        400, 100, "Invalid parameter", 4279047, transient=False, words="link_attachment"
    ),
    "carousel_children": Named(400, 100, "Invalid parameter", 4279004, words="carousel_children"),
    "nonexisting_field": Named(500, 100, "Tried accessing nonexisting field ({name})", type=TH),
    "duplicate_text": Named(400, 506, "Duplicate status message", source="Graph documentation; unseen on Threads"),
    "syntax_error": Named(
        400,
        2500,
        'Syntax error "Expected end of string instead of "{got}"." at character {at}: {text}',
        source="guessed",
    ),
    # Things that are not there
    "media_not_found": Named(
        400, 24, "The requested resource does not exist", 4279009, transient=False, words="media_not_found"
    ),
    "not_ready": Named(
        400, 9007, "Media ID is not available", 2207027, transient=False, words="not_ready", source="Instagram's table"
    ),
    "unknown_object": Named(
        400,
        100,
        "Unsupported {verb} request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions,"
        " or does not support this operation",
        33,
        type=TH,
    ),
    "authorization_error": Named(
        400,
        100,
        "Authorization Error",
        33,
        type="GraphMethodException",
        source="guessed for Threads; seen on Instagram for days from 23 May 2026, while writes worked",
    ),
    "unknown_path": Named(400, 2500, "Unknown path components: /{path}", source="guessed from Graph"),
    # Media
    "media_fetch_failed": Named(400, 1, "An unknown error occurred", 2207052, words="media_fetch"),
    "media_fetch_failed_9004": Named(
        400, 9004, "Only photo or video can be accepted as media type.", 2207052, transient=False, words="media_fetch"
    ),
    "image_too_large": Named(400, 36000, "Fatal", 2207004, words="image_size", source="Instagram's table"),
    "image_format": Named(400, 36001, "Fatal", 2207005, words="image_format", source="Instagram's table"),
    "image_aspect": Named(400, 36003, "Fatal", 2207009, words="image_aspect", source="Instagram's table"),
    # Rights
    "permission_missing": Named(500, 10, "Application does not have permission for this action", type=TH),
    "access_tier": Named(
        400,
        10,
        "Application does not have permission for this action",
        4279067,
        words="access_tier",
        source="seen, status guessed",
    ),
    "not_a_tester": Named(
        400,
        100,
        "This action requires the threads_basic permission. You must submit for app review, or your user must be in the"
        " list of Threads testers.",
        10,
        type=TH,
    ),
    "api_access_blocked": Named(400, 200, "API access blocked."),
    "user_restricted": Named(400, 25, "User restricted", 4279013, words="user_restricted", source="seen, code guessed"),
    "activity_restricted": Named(
        400,
        4,
        "We restrict certain activity to protect our community",
        2207051,
        words="activity_restricted",
        source="seen, status guessed",
    ),
    "blocked_for_policy": Named(
        400,
        368,
        "The action attempted has been deemed abusive or is otherwise disallowed",
        source="Graph documentation; unseen on Threads",
    ),
    # Tokens
    "token_missing": Named(
        400, 104, "An access token is required to request this resource.", source="guessed from Graph"
    ),
    "token_garbage": Named(
        400, 190, "Invalid OAuth access token - Cannot parse access token", source="seen, status guessed"
    ),
    "token_expired": Named(
        400,
        190,
        "Error validating access token: Session has expired on {expired}. The current time is {now}.",
        463,
        source="seen; subcode documented",
    ),
    "token_revoked": Named(
        400,
        190,
        "Error validating access token: The user has not authorized application {app}.",
        458,
        source="guessed from Graph",
    ),
    "token_password_changed": Named(
        400,
        190,
        "Error validating access token: The session has been invalidated because the user changed their password or"
        " Facebook has changed the session for security reasons.",
        460,
        source="guessed from Graph",
    ),
    "token_checkpoint": Named(
        400,
        190,
        "You cannot access the app till you log in to www.threads.com and follow the instructions given.",
        459,
        source="seen; subcode documented",
    ),
    "token_other_app": Named(400, 190, "Invalid OAuth access token signature.", source="guessed from Graph"),
    "session_key_invalid": Named(
        400,
        452,
        "Session key invalid. This could be because the session key has an incorrect format, or because the user has"
        " revoked this session",
        4279019,
    ),
    "token_too_young": Named(
        400, 100, "The access token must be at least 24 hours old to be refreshed.", type=TH, source="guessed"
    ),
    "code_invalid": Named(400, 100, "Invalid parameter", 4279030, words="code_invalid", source="seen; message guessed"),
    "code_flat": Named(
        400,
        400,
        "",
        raw={
            "error_type": "OAuthException",
            "code": 400,
            "error_message": "Matching code was not found or was already used",
        },
        source="documented",
    ),
    "redirect_mismatch": Named(
        400,
        100,
        "Error validating verification code. Please make sure your redirect_uri is identical to the one you"
        " used in the OAuth dialog request",
        36008,
        source="guessed from Graph",
    ),
    "secret_wrong": Named(400, 1, "Error validating client secret.", source="guessed from Graph"),
    "app_invalid": Named(400, 191, "Invalid platform app", source="seen, status guessed"),
    # Rates
    "rate_limit": Named(
        400,
        613,
        "Calls to this api have exceeded the rate limit.",
        4279002,
        words="rate_limit",
        source="seen in one operator's tests",
    ),
    "app_rate_limit": Named(400, 4, "Application request limit reached", transient=True, source="seen, status guessed"),
    "user_rate_limit": Named(400, 17, "User request limit reached", transient=True, source="Graph documentation"),
    "too_many_calls": Named(429, 4, "Too many calls", headers={"Retry-After": "60"}),
    "rate_limit_with_hint": Named(
        400,
        80002,
        "There have been too many calls to this account. Wait a bit and try again.",
        transient=True,
        headers={
            "X-Business-Use-Case-Usage": '{"{account}":[{"type":"threads","call_count":100,"total_cputime":12,'
            '"total_time":15,"estimated_time_to_regain_access":7}]}',
            "Retry-After": "420",
        },
        source="Graph documentation; unseen on Threads",
    ),
    "refused_after_effect": Named(
        400,
        20,
        "The comment could not be created.",
        1772107,
        source="seen on Instagram after the comment was live; message guessed, unseen on Threads",
    ),
    "invalid_parameters": Named(
        400,
        -1,
        "Invalid Parameters: no action has been taken.",
        1363103,
        source="documented for Graph; rest of the message guessed",
    ),
    # The platform
    "unexpected_error": Named(
        500, 2, "An unexpected error has occurred. Please retry your request later.", transient=True
    ),
    "unknown_error": Named(500, 1, "An unknown error occurred", transient=False),
    "service_unavailable": Named(
        503, 2, "Service temporarily unavailable", transient=True, source="Graph documentation"
    ),
    "bad_gateway": Named(
        502, None, "", raw="<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>\n"
    ),
    "not_json": Named(500, None, "", raw="Sorry, something went wrong."),
    "empty": Named(500, None, "", raw=b""),
    "empty_200": Named(200, None, "", raw=b"", source="invented"),
}

# Answers to a status read that are not errors of HTTP: what the container itself is made to say.
CONTAINER_NAMES = ("container_error", "container_expired", "container_in_progress", "container_finished")
# What a creation can be made to leave behind.
EFFECT_NAMES = ("container_lost", "container_stuck")
MEDIA_ERRORS = (
    "FAILED_DOWNLOADING_VIDEO",
    "FAILED_PROCESSING_AUDIO",
    "FAILED_PROCESSING_VIDEO",
    "INVALID_ASPEC_RATIO",
    "INVALID_BIT_RATE",
    "INVALID_DURATION",
    "INVALID_FRAME_RATE",
    "INVALID_AUDIO_CHANNELS",
    "INVALID_AUDIO_CHANNEL_LAYOUT",
    "UNKNOWN",
)
_PARAM_STATUS = frozenset(("text_too_long", "param_too_long", "reply_to_invalid", "media_param_invalid"))


# What a failure on demand says where the call itself gives nothing to name.
EXAMPLES: Mapping[str, Any] = {
    "app": "1357924680123456",
    "at": "0",
    "choices": "a, b",
    "expired": "Sunday, 10-May-26 10:00:00 PDT",
    "got": "}",
    "id": "17900000000000001",
    "ids": "17900000000000002, 17900000000000003",
    "limit": "1000",
    "name": "id",
    "now": "Sunday, 10-May-26 11:00:00 PDT",
    "path": "me",
    "reason": "HTTP error code 403.",
    "text": "}",
    "url": "https://example.com/picture.jpg",
    "value": "c",
    "verb": "get",
}


def named(
    name: str,
    trace: str,
    /,
    *,
    lang: str = "en",
    param_status: int = 500,
    token_status: int = 400,
    **parts: object,
) -> Reply:
    """The error called ``name``; ``lang`` picks the language of its title and message for people.

    Every blank of the error has to be given in ``parts``: a ``KeyError`` names the one that is not.
    """
    answer = NAMED[name]
    filled = {key: str(value) for key, value in parts.items()}
    headers = {key: value.replace("{account}", filled.get("account", "0")) for key, value in answer.headers.items()}
    if answer.raw is not None:
        if isinstance(answer.raw, Mapping):
            return Reply(answer.status, dict(answer.raw), headers)
        return Reply(answer.status, answer.raw, headers, "text/html; charset=utf-8")
    error: dict[str, Any] = {"message": answer.message.format_map(filled)}
    if answer.type is not None:
        error["type"] = answer.type
    error["code"] = answer.code
    if answer.subcode is not None:
        error["error_subcode"] = answer.subcode
    if answer.transient is not None:
        error["is_transient"] = answer.transient
    if answer.words is not None:
        title, text = words(answer.words, lang)
        error["error_user_title"] = title
        error["error_user_msg"] = text.format_map(filled)
    error["fbtrace_id"] = trace
    status = answer.status
    if name in _PARAM_STATUS:
        status = param_status
    elif answer.code == 190:
        status = token_status
        if status == 401:
            headers["WWW-Authenticate"] = f'OAuth "Facebook Platform" "invalid_token" "{error["message"]}"'
    return Reply(status, {"error": error}, headers)


def window_error(message: str, code: int) -> Reply:
    """What the authorization window prints instead of a page: raw JSON (the HTTP status is a guess)."""
    return Reply(400, {"error_message": message, "error_code": code})
