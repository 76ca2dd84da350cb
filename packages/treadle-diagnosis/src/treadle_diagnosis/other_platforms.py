"""Errors of other networks, which people paste here because one program posts to several."""

from __future__ import annotations

import re
from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OTHER_PLATFORM = "other_platform"
_NAMED = re.compile(
    r"\b(?:twitter|api\.x\.com|x api|linkedin|tiktok|bluesky|bsky\.(?:app|social)|atproto|mastodon|youtube|pinterest"
    r"|reddit|telegram|discord|snapchat|tumblr|twitch)\b"
)
_META = re.compile(
    r"\bthreads?\b|\binstagram\b|\bfacebook\b|\bmeta\b|graph\.|oauthexception|fbtrace|igapi|thapi|graphmethod|\bfb\b"
)
_TWITTER_TYPES = ("https://api.twitter.com/", "https://api.x.com/")


def named_in(text: str) -> bool:
    """Whether a text, in lower case, names another network's API and nothing of Meta's."""
    return _NAMED.search(text) is not None and _META.search(text) is None


def answered(body: Any) -> bool:
    """Whether an object has the shape of another network's error: fields that Meta's answers never have."""
    if not isinstance(body, Mapping):
        return False
    if "serviceErrorCode" in body:  # LinkedIn
        return True
    kind = body.get("type")
    if isinstance(kind, str) and (kind.startswith(_TWITTER_TYPES) or (kind == "about:blank" and "title" in body)):
        return True
    error = body.get("error")
    return isinstance(error, Mapping) and "log_id" in error and isinstance(error.get("code"), str)  # TikTok
