"""Where each field that is read and each refusal comes from: documented by Meta, seen in a real answer, or guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from treadle_sandbox.answers import NAMED
from treadle_sandbox.lookups import PLACE_FIELDS, PUBLIC_PROFILE_FIELDS
from treadle_sandbox.reading import PROFILE_FIELDS, post_fields
from treadle_threads.options import OPTIONS

Basis = Literal["documented", "seen", "guessed"]


@dataclass(frozen=True, slots=True)
class Label:
    basis: Basis
    source: str


def _documented(*names: str, source: str) -> dict[str, Label]:
    return {name: Label("documented", source) for name in names}


_REFERENCE = "Threads API, Media; Meta's Postman collection"
_POST: dict[str, Label] = {
    **_documented(
        "id", "media_product_type", "media_type", "media_url", "permalink", "owner", "username", "text", "timestamp",
        "shortcode", "thumbnail_url", "children", "is_quote_post", "quoted_post", "reposted_post", "has_replies",
        "alt_text", "link_attachment_url", "gif_url", "poll_attachment", "location_id", "topic_tag", "is_verified",
        "profile_picture_url", "is_reply", "is_reply_owned_by_me", "root_post", "replied_to", "hide_status",
        "reply_audience", source=_REFERENCE,
    ),
    **_documented("ghost_post_status", "ghost_post_expiration_timestamp", source="Threads API, Ghost posts"),
    **_documented("reply_approval_status", source="Threads API, Reply approvals"),
    **_documented("text_attachment", source="Threads API, Text attachments"),
    **_documented("is_spoiler_media", source="Threads API, Spoilers"),
    **_documented("location", source="Threads API, Location tagging; without sub-fields an error was seen"),
    **_documented("allowlisted_country_codes", source="Threads API, Publishing"),
    "text_entities": Label("seen", "threads-go says {\"data\": [...]}, denim types a list (switch text_entities)"),
}  # fmt: skip
_OTHERS: dict[str, dict[str, Label]] = {
    "Container": {
        **_documented("id", "status", source="Threads API, Troubleshooting; Meta's Postman collection"),
        **_documented("error_message", source="Threads API, Troubleshooting; which fault gets which word is guessed"),
    },
    "List": {
        **_documented("data", "paging.cursors", source="Threads API, User; Meta's Postman collection"),
        "paging.next, paging.previous": Label("seen", "Meta's sample app reads them (switch paging)"),
        "no paging in an empty list": Label("guessed", "nothing found"),
    },
    "Creation and publish": {
        **_documented("id", source="Threads API, Publishing"),
        "crossreshare_to_ig_status": Label(
            "documented", "Threads API, Share to Instagram stories; in which answer is open (crossreshare_in)"
        ),
    },
    "Deletion": _documented("success", "deleted_id", source="Meta's Postman collection"),
    "Insights of a post": _documented(
        "name", "period", "values", "title", "description", "id", source="Meta's Postman collection"
    ),
    "Insights of a profile": {
        **_documented(
            "name", "period", "title", "description", "id", "values.end_time", "total_value", "paging",
            source="Meta's Postman collection",
        ),
        **_documented("link_total_values", "total_value.breakdowns", source="Threads API, Insights"),
        "the numbers": Label("guessed", "invented; they count what happened here"),
    },
    "Publishing limit": _documented(
        "quota_usage", "config", "reply_quota_usage", "reply_config", "delete_quota_usage", "delete_config",
        "location_search_quota_usage", "location_search_config", source="Threads API, Troubleshooting",
    ),
    "Tokens": {
        **_documented("access_token", "user_id", "expires_in", source="Threads API, Get access tokens"),
        "token_type": Label("seen", "reported in August 2026 for the code exchange; documented for the others"),
    },
    "debug_token": _documented(
        "type", "application", "data_access_expires_at", "expires_at", "is_valid", "issued_at", "scopes", "user_id",
        source="Threads API, Debug access token (4 June 2025)",
    ),
    "oEmbed": _documented(
        "type", "version", "html", "provider_name", "provider_url", "width",
        source="Meta's Postman collection; Meta's mark and its script are left out",
    ),
}  # fmt: skip
WINDOW: Mapping[int, Label] = {
    4476002: Label("seen", "an absent app id"),
    1349026: Label("seen", "an id that belongs to no Threads app; the end of the message is not kept"),
    1349168: Label("seen", "a redirect address that is not listed"),
    1349245: Label("seen", "a tester's invite that was not accepted"),
    1: Label("seen", "the code; that wrong scopes get it is guessed"),
}


@cache
def fields() -> Mapping[str, Mapping[str, Label]]:
    """Every field that can be read, by object. Raises ``KeyError`` for one without a label."""
    place = "Threads API, Location search; Meta's Postman collection"
    return {
        "Post": {name: _POST[name] for name in post_fields(OPTIONS)},
        "Profile": _documented(*PROFILE_FIELDS, source="Threads API, User; Meta's Postman collection"),
        "Public profile": _documented(*PUBLIC_PROFILE_FIELDS, source="Threads API, Profile discovery"),
        "Location": _documented(*PLACE_FIELDS, source=place),
        **_OTHERS,
    }


def refusal(name: str) -> Label:
    """The label of a named answer; what is only known of Instagram or of Graph in general counts as guessed."""
    source = NAMED[name].source
    for basis in ("seen", "documented"):
        if source.startswith((basis, f"constant {basis}")):
            return Label(basis, source)
    return Label("guessed", source)


EVIDENCE = "evidence.json"


def evidence() -> dict[str, dict[str, Any]]:
    """What reports of ``verify-live`` settled, by question: ``value`` and ``seen`` (a date)."""
    rows: dict[str, dict[str, Any]] = json.loads(
        files("treadle_sandbox").joinpath(EVIDENCE).read_text(encoding="utf-8")
    )
    return rows
