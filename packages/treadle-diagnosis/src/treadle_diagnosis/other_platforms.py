"""Errors of other networks, which people paste here because one program posts to several."""

from __future__ import annotations

import re
from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OTHER_PLATFORM = "other_platform"
_NAMED = re.compile(
    r"\b(?:twitter|tweets?|api\.x\.com|x api|linkedin|tiktok|bluesky|bsky\.(?:app|social)|atproto|mastodon|youtube"
    r"|pinterest|reddit|telegram|discord|snapchat|tumblr|twitch)\b"
)
_META = re.compile(
    r"\bthreads?\b|\binstagram\b|\bfacebook\b|\bmeta\b|graph\.|oauthexception|fbtrace|igapi|thapi|graphmethod|\bfb\b"
)
_TWITTER_CODES = frozenset({64, 88, 89, 186, 187, 226, 261, 326, 453})
_BLUESKY_ERRORS = frozenset(
    (
        "AccountTakedown", "AuthFactorTokenRequired", "AuthMissing", "AuthenticationRequired", "ExpiredToken",
        "InvalidToken", "InvalidSwap", "RateLimitExceeded",
    )
)  # fmt: skip
# As OpenAI and others shaped like it answer: a word as the code or the type of the error.
_MODEL_TYPES = frozenset(
    (
        "api_error", "authentication_error", "insufficient_quota", "invalid_request_error", "not_found_error",
        "overloaded_error", "permission_error", "rate_limit_error", "requests", "server_error", "tokens",
    )
)  # fmt: skip
_TWITTER_TYPES = ("https://api.twitter.com/", "https://api.x.com/")


def named_in(text: str) -> bool:
    """Whether a text, in lower case, names another network's API and nothing of Meta's."""
    return _NAMED.search(text) is not None and _META.search(text) is None


def answered(body: Any) -> bool:
    """Whether an object has the shape of another network's error: fields that Meta's answers never have."""
    if not isinstance(body, Mapping):
        return False
    if "serviceErrorCode" in body or "documentation_url" in body:  # LinkedIn, GitHub
        return True
    if body.get("ok") is False and ("description" in body or isinstance(body.get("error"), str)):  # Telegram, Slack
        return True
    if _is_discord(body):
        return True
    kind = body.get("type")
    if isinstance(kind, str) and (kind.startswith(_TWITTER_TYPES) or (kind == "about:blank" and "title" in body)):
        return True
    error, errors = body.get("error"), body.get("errors")
    if isinstance(error, str):
        return error in _BLUESKY_ERRORS and "message" in body
    if isinstance(error, Mapping):
        if "log_id" in error and isinstance(error.get("code"), str):  # TikTok
            return True
        if "fbtrace_id" not in error and error.get("type") in _MODEL_TYPES and not isinstance(error.get("code"), int):
            return True
        inner = error.get("errors")  # Google, YouTube
        return isinstance(inner, list) and any(isinstance(one, Mapping) and "domain" in one for one in inner[:5])
    first = errors[0] if isinstance(errors, list) and errors else None
    return isinstance(first, Mapping) and first.keys() <= {"code", "message"} and first.get("code") in _TWITTER_CODES


def _is_discord(body: Mapping[Any, Any]) -> bool:
    """Five digits in the first 1,100 of a ten thousand, where Meta has none, beside nothing but words."""
    code = body.get("code")
    if type(code) is not int or not 10_000 <= code < 70_000 or code % 10_000 >= 1_100:
        return False
    return "message" in body and body.keys() <= {"code", "message", "errors"}
