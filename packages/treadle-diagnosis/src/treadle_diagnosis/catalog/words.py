"""The closed vocabularies of patterns and diagnoses, as types and as values, and the order of the categories."""

from __future__ import annotations

from typing import Literal, get_args

from treadle_diagnosis.catalog.circumstances import STAGES as STAGES
from treadle_diagnosis.catalog.circumstances import SURFACES as SURFACES
from treadle_diagnosis.catalog.circumstances import TRANSPORTS as TRANSPORTS

Lane = Literal[
    "meta_token",
    "linked_instagram_account",
    "account_restricted",
    "permission_app_review",
    "media_fetch",
    "media_processing",
    "media_validation",
    "content",
    "rate_limit",
    "platform_temporary",
    "request_bug",
    "resource_gone",
    "unknown",
]
Action = Literal[
    "reconnect",
    "retry_later",
    "fix_media",
    "fix_content",
    "fix_app_setup",
    "resolve_on_platform",
    "recreate_container",
    "verify_first",
    "fix_request",
    "contact_support",
]
RetryKind = Literal["never", "later", "new_container", "verify_first", "when_repaired"]
Who = Literal["nobody", "owner", "developer", "operator", "meta"]
Confidence = Literal["exact", "likely", "guess"]
BlockerScope = Literal["post", "account", "app", "media_host", "platform"]

LANES: tuple[Lane, ...] = get_args(Lane)
ACTIONS: tuple[Action, ...] = get_args(Action)
RETRY_KINDS: tuple[RetryKind, ...] = get_args(RetryKind)
WHO: tuple[Who, ...] = get_args(Who)
SCOPES: tuple[BlockerScope, ...] = get_args(BlockerScope)
CONFIDENCES: tuple[Confidence, ...] = get_args(Confidence)
REPAIR_SIGNALS = (
    "reconnect",  # the account was connected again, or its token replaced
    "content_changed",  # text, links, poll or options of the post were edited
    "media_changed",  # another file or address, or the file repaired
    "app_fixed",  # the Meta app: settings, permissions, review, testers
    "restriction_lifted",  # a person cleared a checkpoint or block on the platform
    "host_back",  # the media host answers Meta again
    "time",  # passes by itself
    "person",  # somebody has to look and say so
)

# name -> (slug, one line that says what belongs there)
CATEGORIES: dict[str, tuple[str, str]] = {
    "Authentication": ("authentication", "The access token: expired, revoked, malformed, or of another API."),
    "Linked account": ("linked-account", "The profile behind the connection: missing, not professional, not linked."),
    "Account restrictions": ("account-restrictions", "Meta holds the account back until a person clears it."),
    "App access": ("app-access", "The Meta app: review, permissions, testers, redirect addresses, app ids."),
    "Media fetch": ("media-fetch", "Meta could not download the file from its address."),
    "Media processing": ("media-processing", "The file arrived, and Meta could not turn it into a post, or not yet."),
    "Video": ("video", "The video breaks a rule: container, codec, length, size, frame rate, sound."),
    "Image": ("image", "The picture breaks a rule: format, size, shape."),
    "Content": ("content", "Text, links, poll, carousel or options that Threads does not take."),
    "Rate limits": ("rate-limits", "Too many calls or posts: wait, then it goes through."),
    "Platform": ("platform", "Meta's side or the line to it: trouble that passes, or an outcome nobody knows."),
    "Integration": ("integration", "The request is wrong: ids, fields, parameters, order of calls."),
}
